"""The one connection that writes, in its own thread: a bounded queue, and many jobs in one transaction."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from leakdog.errors import StoreError
from leakdog.store.sqlite.faults import explained

T = TypeVar("T")
Job = Callable[[], T]

# Callers beyond this wait outside the queue; a daemon stores at most as many scrapes at once as it makes.
QUEUE_LIMIT = 256

# One commit costs one flush of the disk, whatever it holds; but the first of its jobs waits for the last.
BATCH_JOBS = 128
BATCH_BYTES = 4 << 20


@dataclass(slots=True)
class _Entry:
    """A job in the queue, and its caller's future."""

    job: Job[Any]
    size_bytes: int
    done: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a job returned, or why it did not."""

    value: Any = None
    error: Exception | None = None


class Writer:
    """Runs jobs in order, each inside a transaction that is committed before its caller goes on.

    A job that raises leaves nothing behind and spoils no other: a batch that cannot be committed is rolled
    back and its jobs are tried again one by one.

    Attributes:
        waiting: callers not yet answered.
        written, failed: callers answered, by how it ended.
        closed: whether `close` was called.
        failing: why the last job raised; empty once one has gone through again.

    """

    def __init__(self, connection: sqlite3.Connection, path: Path, on_rollback: Callable[[], None]) -> None:
        self._connection = connection
        self._path = path
        self._file = _file_id(path)
        self._on_rollback = on_rollback
        self._thread = ThreadPoolExecutor(1, "leakdog-write")
        self._places = asyncio.Semaphore(QUEUE_LIMIT)
        self._queue: deque[_Entry] = deque()
        self._draining: asyncio.Task[None] | None = None
        self.closed = False
        self.waiting = self.written = self.failed = 0
        self.failing = ""

    async def run(self, job: Job[T], size_bytes: int = 0) -> T:
        """What the job returns, once that is durable.

        Args:
            job: runs in the writer's thread, inside a transaction.
            size_bytes: roughly what it writes.

        Raises:
            StoreError: the database cannot be written, or the writer is closed.
            Exception: whatever else the job raises.

        """
        if self.closed:
            raise StoreError("the store is closed: it can be written only while the daemon runs")
        self.waiting += 1
        try:
            async with self._places:
                entry = _Entry(job, size_bytes, asyncio.get_running_loop().create_future())
                self._queue.append(entry)
                self._wake()
                result: T = await entry.done
                return result
        finally:
            self.waiting -= 1

    async def checkpoint(self) -> None:
        """Copy the log into the database and cut both files to size, as far as readers allow."""
        await self._in_thread(lambda: self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())

    async def close(self) -> None:
        """Answer all callers, then close the connection."""
        if self.closed:
            return
        self.closed = True
        for _ in range(QUEUE_LIMIT):  # places are given in order, so the last comes after all who wait
            await self._places.acquire()
        if self._draining is not None:
            await self._draining
        await self._in_thread(self._connection.close)
        self._thread.shutdown()

    def _wake(self) -> None:
        if self._draining is None or self._draining.done():
            self._draining = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        while self._queue:
            batch = self._next_batch()
            outcomes = await self._in_thread(lambda: self._commit([entry.job for entry in batch]))  # noqa: B023
            for entry, outcome in zip(batch, outcomes, strict=True):
                self._answer(entry, outcome)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _next_batch(self) -> list[_Entry]:
        """The first job and those behind it that fit into one commit, without jobs whose caller has gone."""
        batch: list[_Entry] = []
        size = 0
        while self._queue and len(batch) < BATCH_JOBS:
            if batch and size + self._queue[0].size_bytes > BATCH_BYTES:
                break
            entry = self._queue.popleft()
            if not entry.done.cancelled():
                batch.append(entry)
                size += entry.size_bytes
        return batch

    def _answer(self, entry: _Entry, outcome: _Outcome) -> None:
        if outcome.error is None:
            self.written += 1
            self.failing = ""
        else:
            self.failed += 1
            self.failing = str(outcome.error)
        if entry.done.cancelled():
            return
        if outcome.error is None:
            entry.done.set_result(outcome.value)
        else:
            entry.done.set_exception(outcome.error)

    def _commit(self, jobs: Sequence[Job[Any]]) -> list[_Outcome]:
        """Run in the thread: all in one transaction, or else each in its own."""
        try:
            return self._transaction(jobs)
        except Exception as error:  # noqa: BLE001  # whatever it is, it belongs to the caller and must reach it
            if len(jobs) == 1:
                return [_Outcome(error=error)]
        return [outcome for job in jobs for outcome in self._commit([job])]

    def _check_file(self) -> None:
        """SQLite would go on writing to a file that has been deleted, and nobody would find what it wrote."""
        if _file_id(self._path) != self._file:
            raise StoreError(f"{self._path} was deleted or replaced while in use: restart leakdog")

    def _transaction(self, jobs: Sequence[Job[Any]]) -> list[_Outcome]:
        self._check_file()
        with explained(self._path, "writing to"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                outcomes = [_Outcome(job()) for job in jobs]
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # on some errors SQLite has rolled back by itself
                    self._connection.execute("ROLLBACK")
                self._on_rollback()
                raise
            return outcomes


def _file_id(path: Path) -> tuple[int, int] | None:
    """What tells a file from any other; None where it cannot be seen."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
