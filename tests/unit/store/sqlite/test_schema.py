"""Migrations."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from leakdog.errors import StoreError, StoreTooNew
from leakdog.store.sqlite import schema
from leakdog.store.sqlite.connection import connect_writer


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
