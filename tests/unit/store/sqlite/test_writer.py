"""The writing connection's thread: one commit for many jobs, and failures that stay with their own."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from leakdog.errors import StoreError
from leakdog.store.sqlite import writer as module
from leakdog.store.sqlite.writer import Writer


@pytest.fixture
def rollbacks() -> list[None]:
    """Grows by one at each rollback."""
    return []


@pytest.fixture
async def writer(connection: sqlite3.Connection, path: Path, rollbacks: list[None]) -> AsyncIterator[Writer]:
    """A writer to a new database."""
    opened = Writer(connection, path, lambda: rollbacks.append(None))
    yield opened
    await opened.close()


@pytest.fixture
def put(connection: sqlite3.Connection) -> Callable[[str], Callable[[], str]]:
    """Make a job that stores a state of this name."""

    def build(name: str, size: int = 1) -> Callable[[], str]:
        def job() -> str:
            connection.execute("INSERT INTO states (name, body) VALUES (?, zeroblob(?))", (name, size))
            return name

        return job

    return build


@pytest.fixture
def commits(connection: sqlite3.Connection) -> list[str]:
    """Every COMMIT that the connection runs."""
    seen: list[str] = []
    connection.set_trace_callback(lambda sql: seen.append(sql) if sql == "COMMIT" else None)
    return seen


def names(path: Path) -> list[str]:
    """The states that another connection sees."""
    with sqlite3.connect(path) as reader:
        found = [name for (name,) in reader.execute("SELECT name FROM states ORDER BY name")]
    reader.close()
    return found


async def test_job_is_committed_when_run_returns(
    writer: Writer, put: Callable[[str], Callable[[], str]], path: Path
) -> None:
    """The job's value is returned, and others see what it wrote."""
    assert await writer.run(put("a")) == "a"
    assert names(path) == ["a"]
    assert (writer.written, writer.failed, writer.waiting) == (1, 0, 0)


async def test_jobs_that_wait_share_a_commit(
    writer: Writer, put: Callable[[str], Callable[[], str]], commits: list[str]
) -> None:
    """Jobs asked for together are committed together, at most 128 at a time, in their order."""
    order = [f"{number:03}" for number in range(200)]
    assert order == await asyncio.gather(*(writer.run(put(name)) for name in order))
    assert len(commits) == 2


async def test_large_jobs_do_not_share_a_commit(
    writer: Writer, put: Callable[[str], Callable[[], str]], commits: list[str]
) -> None:
    """Jobs that would pass the batch's size together are committed apart."""
    await asyncio.gather(*(writer.run(put(name), 5 << 20) for name in "abc"))
    assert len(commits) == 3


async def test_failing_job_spoils_no_other(
    writer: Writer, put: Callable[[str], Callable[[], str]], path: Path, rollbacks: list[None]
) -> None:
    """Of jobs in one batch only the one that raises fails, with its own error."""

    def raises() -> str:
        put("half")()
        raise ValueError("no such number")

    outcomes = await asyncio.gather(
        writer.run(put("a")), writer.run(raises), writer.run(put("b")), return_exceptions=True
    )
    assert [outcomes[0], outcomes[2]] == ["a", "b"]
    assert str(outcomes[1]) == "no such number"
    assert names(path) == ["a", "b"]
    assert len(rollbacks) == 2
    assert (writer.written, writer.failed, writer.failing) == (2, 1, "")


async def test_full_database_is_an_error_until_there_is_room(
    writer: Writer,
    connection: sqlite3.Connection,
    put: Callable[..., Callable[[], str]],
    path: Path,
) -> None:
    """A write beyond the largest size raises and leaves nothing; once there is room it works."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 5}")
    with pytest.raises(StoreError, match=r"the disk or its quota is full: free space there"):
        await writer.run(put("large", 100_000))
    assert "is full" in writer.failing
    assert await writer.run(put("small")) == "small"
    assert writer.failing == ""
    connection.execute("PRAGMA max_page_count = 100000")
    await writer.run(put("large", 100_000))
    assert names(path) == ["large", "small"]


async def test_queue_is_bounded(
    writer: Writer, put: Callable[[str], Callable[[], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the thread is busy, at most the limit is queued and the rest waits outside; all are served."""
    gate = threading.Event()
    first = asyncio.create_task(writer.run(gate.wait))
    tasks = [asyncio.create_task(writer.run(put(f"{number:03}"))) for number in range(600)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert writer.waiting == 601
    assert len(writer._queue) <= module.QUEUE_LIMIT
    gate.set()
    await asyncio.gather(first, *tasks)
    assert writer.written == 601


async def test_job_of_a_caller_who_left_is_not_run(
    writer: Writer, put: Callable[[str], Callable[[], str]], path: Path
) -> None:
    """A job whose caller was cancelled before its turn is dropped."""
    began, gate = threading.Event(), threading.Event()
    first = asyncio.create_task(writer.run(lambda: (began.set(), gate.wait())))
    while not began.is_set():  # then the first job is in the thread, and the next ones wait
        await asyncio.sleep(0)
    second, third = (asyncio.create_task(writer.run(put(name))) for name in "bc")
    await asyncio.sleep(0)
    second.cancel()
    gate.set()
    await asyncio.gather(first, third)
    assert second.cancelled()
    assert names(path) == ["c"]


async def test_close_serves_all_who_wait(writer: Writer, put: Callable[[str], Callable[[], str]], path: Path) -> None:
    """Callers in and outside the queue are answered before the connection closes; later ones are refused."""
    tasks = [asyncio.create_task(writer.run(put(f"{number:03}"))) for number in range(600)]
    await asyncio.sleep(0)
    await writer.close()
    assert all(task.done() and task.exception() is None for task in tasks)
    assert len(names(path)) == 600
    with pytest.raises(StoreError, match="the store is closed"):
        await writer.run(put("late"))


async def test_checkpoint_empties_the_log(writer: Writer, put: Callable[[str], Callable[[], str]], path: Path) -> None:
    """After a checkpoint the log takes no room, and all is in the database."""
    await writer.run(put("a"))
    log = Path(f"{path}-wal")
    assert log.stat().st_size > 0
    await writer.checkpoint()
    assert log.stat().st_size == 0
    assert names(path) == ["a"]


@pytest.mark.parametrize("replacement", [None, b"another file"])
async def test_file_that_is_gone_is_noticed(
    writer: Writer, put: Callable[[str], Callable[[], str]], path: Path, replacement: bytes | None
) -> None:
    """Nothing is acknowledged that went into a deleted file."""
    path.rename(path.with_suffix(".moved"))
    if replacement is not None:
        path.write_bytes(replacement)
    with pytest.raises(StoreError, match=r"leakdog.db was deleted or replaced while in use: restart leakdog"):
        await writer.run(put("a"))
    path.with_suffix(".moved").rename(path)
    assert await writer.run(put("b")) == "b"
    assert names(path) == ["b"]
