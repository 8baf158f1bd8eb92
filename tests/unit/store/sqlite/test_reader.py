"""The reading connection's thread."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from leakdog.errors import StoreError
from leakdog.store.sqlite.connection import connect_reader
from leakdog.store.sqlite.reader import Reader


async def test_queries_run_in_one_other_thread(connection: sqlite3.Connection, path: Path) -> None:
    """All queries run in one thread that is not the event loop's, and see what is committed."""
    reader = Reader(connect_reader(path), path)
    connection.execute("INSERT INTO states (name, body) VALUES ('a', x'00')")
    threads = await asyncio.gather(*(reader.run(lambda _: threading.get_ident()) for _ in range(5)))
    count = await reader.run(lambda c: c.execute("SELECT count(*) FROM states").fetchone())
    await reader.close()
    assert len({*threads, threading.get_ident()}) == 2
    assert count == (1,)


async def test_read_does_not_wait_for_a_write(connection: sqlite3.Connection, path: Path) -> None:
    """While a transaction is open, a read returns what was there before it."""
    reader = Reader(connect_reader(path), path)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO states (name, body) VALUES ('a', x'00')")
    count = await reader.run(lambda c: c.execute("SELECT count(*) FROM states").fetchone())
    connection.execute("COMMIT")
    await reader.close()
    assert count == (0,)


async def test_error_is_explained_and_the_next_query_works(connection: sqlite3.Connection, path: Path) -> None:
    """A query that fails raises `StoreError`; the reader goes on."""
    reader = Reader(connect_reader(path), path)
    with pytest.raises(StoreError, match=r"reading from .*leakdog.db: .*no such table: absent"):
        await reader.run(lambda c: c.execute("SELECT * FROM absent"))
    assert await reader.run(lambda c: c.execute("SELECT 1").fetchone()) == (1,)
    await reader.close()


async def test_closed_reader_says_so(connection: sqlite3.Connection, path: Path) -> None:
    """After `close` a query is refused, and closing again does nothing."""
    reader = Reader(connect_reader(path), path)
    await reader.close()
    await reader.close()
    with pytest.raises(StoreError, match="the store is closed"):
        await reader.run(lambda _: None)
