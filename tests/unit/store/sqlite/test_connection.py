"""Opening the database file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from leakdog.errors import StoreCorrupted, StoreError
from leakdog.store.sqlite import connection as module
from leakdog.store.sqlite.connection import (
    connect_reader,
    connect_writer,
    data_bytes,
    encoded,
    wal_pages,
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("auto_vacuum", 2),
        ("foreign_keys", 1),
        ("page_size", 1024),
        ("wal_autocheckpoint", 4000),
        ("journal_size_limit", 4000 * 1024),
        ("cache_spill", 6000),
    ],
)
def test_writer_is_durable_and_can_shrink(connection: sqlite3.Connection, name: str, value: object) -> None:
    """Each commit is flushed, the file can give pages back, and the log is bounded and written once a commit."""
    assert connection.execute(f"PRAGMA {name}").fetchone() == (value,)


def test_reader_cannot_write(connection: sqlite3.Connection, path: Path) -> None:
    """The reading connection refuses to write: two that write could corrupt the file."""
    reader = connect_reader(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM leaks")
    assert reader.execute("SELECT count(*) FROM leaks").fetchone() == (0,)
    reader.close()


@pytest.mark.parametrize(("size", "pages"), [(1, 128), (10_000_000, 488), (2_000_000_000, 4000)])
def test_log_is_a_twentieth_within_bounds(size: int, pages: int) -> None:
    """The log has a twentieth of the store's size, not under 128 KiB and not over 4 MB."""
    assert pages == wal_pages(size)


@pytest.mark.parametrize(("size", "data"), [(1, 0), (2_000_000_000, 2_000_000_000 - 2 * 4_096_000)])
def test_data_leaves_room_for_the_log(size: int, data: int) -> None:
    """Of the store's size, twice the log is kept free."""
    assert data == data_bytes(size)


@pytest.mark.parametrize("text", ["", "a\0b", "é", "\udcff"])
def test_any_text_survives_the_cast(connection: sqlite3.Connection, text: str) -> None:
    """Text goes in as bytes cast to TEXT and comes out equal."""
    kind, back = connection.execute(
        "SELECT typeof(t), t FROM (SELECT CAST(? AS TEXT) AS t)", (encoded(text),)
    ).fetchone()
    assert ("text", text) == (kind, back)


def test_file_that_is_no_database_is_refused(path: Path) -> None:
    """A file of another kind raises SQLite's own error, which callers explain."""
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        connect_writer(path, 1)


def test_damaged_page_is_found_at_opening(path: Path) -> None:
    """A page overwritten in the middle of the file is found before the daemon starts."""
    connection = connect_writer(path, 1)
    connection.executemany(
        "INSERT INTO states (name, body) VALUES (?, ?)", [(str(number), bytes(100)) for number in range(2000)]
    )
    connection.close()
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    with pytest.raises(
        StoreCorrupted,
        match=r"leakdog.db is damaged .*: take out what can still be read with .*move it away together with its -wal",
    ):
        connect_writer(path, 1)


def test_file_cut_short_is_found_at_opening(path: Path) -> None:
    """A file that lost its end is damaged."""
    connection = connect_writer(path, 1)
    connection.execute("INSERT INTO states (name, body) VALUES ('a', ?)", (bytes(100_000),))
    connection.close()
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 50_000)
    with pytest.raises((StoreCorrupted, sqlite3.DatabaseError), match=r"damaged|malformed"):
        connect_writer(path, 1)


def test_file_system_without_shared_memory_is_explained(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where SQLite cannot keep a shared log, the store does not open."""
    monkeypatch.setattr(module, "_connect", lambda *_: sqlite3.connect(":memory:", isolation_level=None))
    with pytest.raises(StoreError, match=r"is on a file system without shared memory"):
        connect_writer(path, 1)
