"""A connection that only reads, in its own thread, so that no read waits for a write."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from leakdog.errors import StoreError
from leakdog.store.sqlite.faults import explained

T = TypeVar("T")
Query = Callable[[sqlite3.Connection], T]


class Reader:
    """Runs queries in order; each sees everything that was acknowledged before it was asked."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._thread = ThreadPoolExecutor(1, "leakdog-read")
        self._closed = False

    async def run(self, query: Query[T]) -> T:
        """What the query returns.

        Raises:
            StoreError: the database cannot be read, or the reader is closed.

        """
        if self._closed:
            raise StoreError("the store is closed: it can be read only while the daemon runs")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, query)

    async def close(self) -> None:
        """Finish the queries that were asked for, then close the connection."""
        if self._closed:
            return
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()

    def _read(self, query: Query[T]) -> T:
        with explained(self._path, "reading from"):
            return query(self._connection)
