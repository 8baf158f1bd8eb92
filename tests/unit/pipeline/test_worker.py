"""Large profiles are decoded in a process that may die: one target is told so, and the next profile is read."""

import asyncio
import errno
import gzip
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from leakdog.attribute.tally import tally
from leakdog.errors import FetchError, Reason
from leakdog.model import Kind
from leakdog.pipeline import worker as worker_module
from leakdog.pipeline.worker import Worker
from leakdog.pprof import DEFAULT_LIMITS, parse

SHOP = Path(__file__).parents[1] / "attribute" / "shop"
# 60 kB of gzip that unpack to 60 MB.
BOMB = gzip.compress(bytes(60 << 20))


async def test_a_large_profile_comes_back_with_its_sites(heap: bytes) -> None:
    """Totals and sites of the small profile are those of the large one."""
    async with Worker() as worker:
        small = parse(await worker.small(Kind.HEAP, heap, DEFAULT_LIMITS))
    whole, seen = tally(parse(heap), "inuse_space"), tally(small, "inuse_space")
    assert seen.total == whole.total > 0
    assert dict(zip(seen.keys, seen.values, strict=True)) == dict(zip(whole.keys, whole.values, strict=True))


async def test_no_process_is_started_before_it_is_needed(heap: bytes) -> None:
    """A daemon whose targets are small does not pay for a second process; one that is idle ends."""
    async with Worker(idle_seconds=0.05) as worker:
        assert worker.pid is None
        await worker.small(Kind.HEAP, heap, DEFAULT_LIMITS)
        process = psutil.Process(worker.pid)
        while worker.pid is not None:
            await asyncio.sleep(0.01)
        assert not process.is_running()
        assert await worker.small(Kind.HEAP, heap, DEFAULT_LIMITS)


async def test_the_process_ends_with_the_daemon(heap: bytes) -> None:
    """Nothing is left behind."""
    async with Worker() as worker:
        await worker.small(Kind.HEAP, heap, DEFAULT_LIMITS)
        process = psutil.Process(worker.pid)
    assert not process.is_running()


async def test_a_process_that_is_killed_costs_one_target_one_scrape(heap: bytes) -> None:
    """Killed in the middle of a profile: who brought it is told by what, who waits gets the next process."""
    deaths = []
    async with Worker(lambda: deaths.append(1)) as worker:
        await worker.small(Kind.HEAP, heap, DEFAULT_LIMITS)
        os.kill(worker.pid, signal.SIGSTOP)
        killed = asyncio.create_task(worker.small(Kind.HEAP, heap, DEFAULT_LIMITS))
        waits = asyncio.create_task(worker.small(Kind.HEAP, heap, DEFAULT_LIMITS))
        await asyncio.sleep(0.1)
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(FetchError, match=r"decode: the heap profile ended the process .* SIGKILL"):
            await killed
        assert await waits
    assert deaths == [1]


async def test_a_profile_that_needs_too_much_memory_fails_alone(heap: bytes) -> None:
    """The process refuses what does not fit into its memory, for want of it, and the next profile is read."""
    deaths = []
    async with Worker(lambda: deaths.append(1), memory_bytes=24 << 20) as worker:
        with pytest.raises(FetchError, match="more than 25,165,824 bytes of memory") as caught:
            await worker.small(Kind.HEAP, BOMB, DEFAULT_LIMITS)
        assert caught.value.reason is Reason.BODY_TOO_LARGE
        assert await worker.small(Kind.HEAP, heap, DEFAULT_LIMITS)
    assert deaths == [1]


async def test_a_profile_that_takes_too_long_is_given_up(heap: bytes) -> None:
    """Its process is killed, and the next profile is read by another."""
    async with Worker(seconds=3) as worker:
        await worker.small(Kind.HEAP, heap, DEFAULT_LIMITS)
        stopped = worker.pid
        os.kill(stopped, signal.SIGSTOP)
        with pytest.raises(FetchError, match="was not decoded within 3 s"):
            await worker.small(Kind.HEAP, heap, DEFAULT_LIMITS)
        assert await worker.small(Kind.HEAP, heap, DEFAULT_LIMITS)
        assert worker.pid != stopped


async def test_who_gives_up_leaves_no_answer_to_the_next(heap: bytes, goroutine: bytes) -> None:
    """A scrape that runs out of time in the middle takes its process with it: answers are never mixed up."""
    async with Worker() as worker:
        await worker.small(Kind.HEAP, heap, DEFAULT_LIMITS)
        os.kill(worker.pid, signal.SIGSTOP)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await worker.small(Kind.HEAP, heap, DEFAULT_LIMITS)
        small = parse(await worker.small(Kind.GOROUTINE, goroutine, DEFAULT_LIMITS))
    assert [each.type for each in small.sample_types] == ["goroutine"]


async def test_a_profile_of_another_kind_is_told_as_ever(goroutine: bytes) -> None:
    """What is wrong with a profile is told in the same words as where it is decoded at once; the process goes on."""
    async with Worker() as worker:
        with pytest.raises(FetchError, match="wrong_type: reading the heap profile: this is no heap profile"):
            await worker.small(Kind.HEAP, goroutine, DEFAULT_LIMITS)
        assert worker.pid is not None


async def test_processes_that_die_again_and_again_are_started_ever_more_slowly(monkeypatch) -> None:
    """After the second death in a row there is a pause before each start, twice as long each time up to a limit."""
    pauses = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async with Worker(memory_bytes=8 << 20) as worker:
        monkeypatch.setattr("leakdog.pipeline.worker.asyncio.sleep", sleep)
        for _ in range(5):
            with pytest.raises(FetchError):
                await worker.small(Kind.HEAP, BOMB, DEFAULT_LIMITS)
    assert pauses == [0.5, 1.0, 2.0]


async def test_a_process_that_cannot_be_started_costs_no_more_than_one_that_dies(
    heap: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the machine has no memory left, which is when leaks are to be told; the next time it is tried again."""

    def refused(*_: object) -> None:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    async with Worker() as worker:
        with monkeypatch.context() as context:
            context.setattr("leakdog.pipeline.worker._spawn", refused)
            with pytest.raises(FetchError, match="no process can be started for it: Cannot allocate memory") as found:
                await worker.small(Kind.HEAP, heap, DEFAULT_LIMITS)
        assert (found.value.reason, found.value.ours) == (Reason.DECODE, True)
        assert await worker.small(Kind.HEAP, heap, DEFAULT_LIMITS)


async def test_the_time_to_start_is_not_that_of_a_profile(heap: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a process takes longer to start than a profile may take, or a pass has time, none would ever be read."""

    def slowly(stream: socket.socket, memory_bytes: int) -> subprocess.Popen[bytes]:
        command = ["sh", "-c", f"sleep 2; exec {sys.executable} -m leakdog.pipeline.apart {memory_bytes}"]
        return subprocess.Popen(command, stdin=stream.fileno(), stdout=stream.fileno())

    monkeypatch.setattr(worker_module, "_spawn", slowly)
    async with Worker(seconds=1.5) as worker:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(worker.small(Kind.HEAP, heap, DEFAULT_LIMITS), 0.5)
        started = worker.pid
        assert started is not None
        assert await worker.small(Kind.HEAP, heap, DEFAULT_LIMITS)
        assert worker.pid == started


async def test_a_process_that_never_starts_is_replaced(heap: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where each pass that waits for it gives up sooner: else none would ever be read again."""
    spawn = worker_module._spawn

    def never(stream: socket.socket, memory_bytes: int) -> subprocess.Popen[bytes]:
        monkeypatch.setattr(worker_module, "_spawn", spawn)
        return subprocess.Popen(["sleep", "60"], stdin=stream.fileno(), stdout=stream.fileno())

    monkeypatch.setattr(worker_module, "_spawn", never)
    monkeypatch.setattr(worker_module, "START_SECONDS", 0.5)
    async with Worker() as worker:
        for _ in range(2):
            with pytest.raises((TimeoutError, FetchError)):
                await asyncio.wait_for(worker.small(Kind.HEAP, heap, DEFAULT_LIMITS), 0.3)
        monkeypatch.setattr(worker_module, "START_SECONDS", 60.0)
        assert await asyncio.wait_for(worker.small(Kind.HEAP, heap, DEFAULT_LIMITS), 30.0)


async def test_two_profiles_are_compared_there(heap: bytes, goroutine: bytes) -> None:
    """What leaked between them comes back gzipped; what cannot be compared is told, and the process goes on."""
    later = (SHOP / "heap-6.pb.gz").read_bytes()
    async with Worker() as worker:
        made = await worker.difference(Kind.HEAP, heap, later, DEFAULT_LIMITS)
        assert made[:2] == b"\x1f\x8b"
        pid = worker.pid
        with pytest.raises(FetchError, match="wrong_type: reading the heap profile: this is no heap profile"):
            await worker.difference(Kind.HEAP, goroutine, later, DEFAULT_LIMITS)
        assert await worker.difference(Kind.HEAP, heap, later, DEFAULT_LIMITS) == made
        assert worker.pid == pid
    base, latest, diff = map(parse, (heap, later, made))
    assert diff.values.sum(axis=0).tolist() == (latest.values.sum(axis=0) - base.values.sum(axis=0)).tolist()
    assert diff.duration_nanos == latest.time_nanos - base.time_nanos > 0
