"""Migrations."""

from __future__ import annotations

import sqlite3
import zlib
from pathlib import Path

import pytest

from leakdog.errors import StoreError, StoreTooNew
from leakdog.model import Kind, Signal, TargetKey
from leakdog.store.sqlite import aging, reads, schema
from leakdog.store.sqlite.connection import connect_writer
from leakdog.store.sqlite.numbers import pack

TRIGGERS = 687280784  # a checksum


def tables(connection: sqlite3.Connection) -> set[str]:
    """Names of all tables."""
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_new_file_gets_all_migrations(connection: sqlite3.Connection, path: Path) -> None:
    """A new file has the latest version and our mark, and opening it again changes nothing."""
    before = tables(connection)
    schema.migrate(connection, path)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)
    assert connection.execute("PRAGMA application_id").fetchone() == (schema.APPLICATION_ID,)
    assert {"targets", "readings", "snapshots", "profiles", "leaks", "states"} <= before == tables(connection)


def test_what_tables_take_is_counted_as_in_files_already_written(connection: sqlite3.Connection) -> None:
    """A migration that was released never changes: the triggers that are made now are those that were made then."""
    triggers = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name").fetchall()
    assert len(triggers) == 15
    assert zlib.crc32("\n".join(sql for (sql,) in triggers).encode()) == TRIGGERS


def test_later_schema_is_refused(connection: sqlite3.Connection, path: Path) -> None:
    """A file from a later version is not touched, and the message has both numbers."""
    connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreTooNew, match=r"has schema 99, and this version of leakdog knows \d+: install"):
        schema.migrate(connection, path)
    assert connection.execute("PRAGMA user_version").fetchone() == (99,)


def test_other_programs_database_is_refused(path: Path) -> None:
    """A database with tables and without our mark is left alone."""
    stranger = sqlite3.connect(path)
    stranger.execute("CREATE TABLE theirs (x)")
    stranger.close()
    with pytest.raises(StoreError, match=r"is another program's database: use another storage.path"):
        connect_writer(path, 1)


def test_each_migration_is_whole_or_not_there(
    connection: sqlite3.Connection, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration that fails leaves the version before it with its data, and runs again later."""
    first = len(schema.MIGRATIONS)
    connection.execute("INSERT INTO states (name, body) VALUES ('a', x'00')")
    broken = (
        *schema.MIGRATIONS,
        "CREATE TABLE one (x);",
        "CREATE TABLE two (x); INSERT INTO absent VALUES (1);",
    )
    monkeypatch.setattr(schema, "MIGRATIONS", broken)
    with pytest.raises(sqlite3.OperationalError, match="no such table: absent"):
        schema.migrate(connection, path)
    assert connection.execute("PRAGMA user_version").fetchone() == (first + 1,)
    assert "one" in tables(connection)
    assert "two" not in tables(connection)
    monkeypatch.setattr(schema, "MIGRATIONS", (*broken[:-1], "CREATE TABLE two (x);"))
    schema.migrate(connection, path)
    assert connection.execute("PRAGMA user_version").fetchone() == (first + 2,)
    assert connection.execute("SELECT name FROM states").fetchall() == [("a",)]


def test_profiles_of_the_first_schema_are_carried_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is there byte for byte, with its time and size; no id that was given out means another snapshot now."""
    monkeypatch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
    old = connect_writer(path, 1_000_000)
    old.execute("INSERT INTO targets VALUES (7, 'shop', 'web', 1.0, 2.0, NULL)")
    rows = [(number, 7, 10.0 * number, kind, 11.0 * number, 1.0, 3) for number, kind in ((3, "heap"), (9, "mutex"))]
    old.executemany("INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    old.executemany("INSERT INTO profiles VALUES (?, ?)", [(3, b"a\0b"), (9, b"c\0d")])
    old.execute("UPDATE totals SET snapshots = 2")
    old.close()
    monkeypatch.undo()
    connection = connect_writer(path, 1_000_000)
    listed = reads.snapshots(connection, TargetKey("shop", "web"), None, None, None, 9)
    assert [(each.kind, each.time, each.size_bytes, each.life_start) for each in listed] == [
        (Kind.MUTEX, 99.0, 3, 1.0),
        (Kind.HEAP, 33.0, 3, 1.0),
    ]
    assert [reads.profile(connection, each.id) for each in listed] == [b"c\0d", b"a\0b"]
    assert min(each.id for each in listed) > 9
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_an_empty_store_of_the_first_schema_is_carried_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that never had a profile."""
    monkeypatch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
    connect_writer(path, 1_000_000).close()
    monkeypatch.undo()
    connection = connect_writer(path, 1_000_000)
    assert reads.snapshots(connection, None, None, None, None, 9) == []
    connection.close()


def test_numbers_of_the_second_schema_are_carried_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They read the same and are counted; retention seals them in steps, between each of which all is there."""
    monkeypatch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:2])
    old = connect_writer(path, 1_000_000)
    old.execute("INSERT INTO targets VALUES (7, 'shop', 'web', 1.0, 2.0, NULL)")
    old.execute("INSERT INTO signals VALUES (1, 'rss')")
    rows = [(7, 60.0 * row, 60.0 * row + 0.5, 1.0, pack({1: 4096.0 * row})) for row in range(3000)]
    old.executemany("INSERT INTO readings VALUES (?, ?, ?, ?, ?)", rows)
    old.execute("UPDATE totals SET points = 3000")
    old.close()
    monkeypatch.undo()
    connection = connect_writer(path, 1_000_000)
    assert reads.sizes(connection) == {"numbers": 3000 * (9 + 80), "leaks": 0, "profiles": 0}
    more, parts = True, []
    while more:
        more = aging.seal(connection, 7, 1e6)
        found = reads.readings(connection, TargetKey("shop", "web"), Signal.RSS, None, None)
        assert found.values.tolist() == [4096.0 * row for row in range(3000)]
        parts.append(connection.execute("SELECT count(*) FROM readings").fetchone()[0])
    assert parts == [1000, 0]
    assert reads.totals(connection)[1] == 3000
    assert reads.sizes(connection)["numbers"] < 3000
    connection.close()
