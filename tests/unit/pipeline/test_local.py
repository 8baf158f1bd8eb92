"""The process behind a loopback address is read too, where it is surely the target."""

import asyncio
import errno
import gc
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace

import pytest

from leakdog.config.schema import Config
from leakdog.errors import FetchError, Reason
from leakdog.model import Kind, Observation, Signal, Source, Target
from leakdog.pipeline import local as room
from leakdog.pipeline.gather import METRICS, PROCESS, Gatherer
from leakdog.pipeline.state import Watched

ALL = frozenset({METRICS, PROCESS, *(kind.value for kind in Kind)})


def gatherer(paper, config: Config) -> Gatherer:
    """A gatherer that asks the paper target."""
    return Gatherer(paper, config, time.time)


def local(watched: Watched) -> Watched:
    """The same target on a loopback address."""
    address = watched.target.key._replace(instance="127.0.0.1:6060")
    return replace_target(watched, Target(address, base_url="http://127.0.0.1:6060"))


def replace_target(watched: Watched, target: Target) -> Watched:
    """The watched target with another address."""
    return Watched(target, watched.job)


def told(found: Observation | FetchError) -> Observation:
    """The observation, or the error raised."""
    if isinstance(found, FetchError):
        raise found
    return found


@dataclass(frozen=True)
class Look:
    """A look at a machine where this process listens on every port."""

    pid: int | None

    def find(self, host: str, port: int) -> int | None:
        """That process."""
        return self.pid


@pytest.fixture
def listener(monkeypatch) -> dict[int, Observation]:
    """A process that listens on every port, started at 1000, and what can be read of it."""
    seen = Observation(Source.PROCESS, 0.0, {Signal.RSS_ANON: 3e6}, start_time=1000.4, pid=7)
    found = {7: seen}
    monkeypatch.setattr(room, "Listeners", lambda: Look(7))
    monkeypatch.setattr(room, "read_process", lambda pid, time: told(found[pid]))
    monkeypatch.setattr(room, "command_line", lambda pid: b"shop\0--port=6060")
    return found


async def test_the_process_behind_a_loopback_address_is_read_too(paper, config, watched, listener) -> None:
    """The listener is the target if it began when the target says it did."""
    target = local(watched)
    got = await gatherer(paper, config).gather(target, ALL)
    assert got.values[Signal.RSS_ANON] == 3e6
    assert target.local_pid == 7


async def test_a_listener_that_ends_is_looked_for_anew(paper, config, watched, listener) -> None:
    """The process ends between two passes: that pass goes without its numbers, the next looks for the new one."""
    target = local(watched)
    asks = gatherer(paper, config)
    await asks.gather(target, ALL)
    seen = listener[7]
    listener[7] = FetchError(Reason.PROCESS_GONE, "process 7 has ended")
    got = await asks.gather(target, ALL)
    assert (Signal.RSS_ANON in got.values, target.local_pid, PROCESS in got.absent) == (False, None, False)
    listener[7] = seen
    assert Signal.RSS_ANON in (await asks.gather(target, ALL)).values


async def test_a_listener_that_cannot_be_read_is_not_guessed_at(paper, config, watched, listener, monkeypatch) -> None:
    """Neither one that ends while it is looked at, nor none at all."""
    listener[7] = FetchError(Reason.PROCESS_GONE, "process 7 may not be read by this user")
    assert PROCESS in (await gatherer(paper, config).gather(local(watched), ALL)).absent
    monkeypatch.setattr(room, "Listeners", lambda: Look(None))
    assert PROCESS in (await gatherer(paper, config).gather(local(watched), ALL)).absent


async def test_a_process_that_is_absent_is_not_looked_for_again(paper, config, watched, listener, monkeypatch) -> None:
    """Looking through all processes of a machine costs; once per life is enough."""
    target = local(watched)
    target.absent = {PROCESS}
    monkeypatch.setattr(room, "Listeners", lambda: pytest.fail("was looked for"))
    assert Signal.RSS_ANON not in (await gatherer(paper, config).gather(target, ALL)).values


async def test_a_tunnel_is_not_taken_for_the_target(paper, config, watched, listener) -> None:
    """A listener that began at another time is something in between: its memory is not the target's."""
    listener[7] = replace(listener[7], start_time=5000.0)
    got = await gatherer(paper, config).gather(local(watched), ALL)
    assert Signal.RSS_ANON not in got.values
    assert PROCESS in got.absent


@pytest.mark.parametrize(("expected", "said"), [(True, b"shop\0--port=6060"), (False, b"other"), (False, None)])
async def test_without_a_start_time_the_command_line_confirms(paper, config, watched, listener, expected, said) -> None:
    """Go's cmdline page must agree with the listener's command line; without that nothing is guessed."""
    del paper.pages["/metrics"]
    if said is not None:
        paper.pages["/debug/pprof/cmdline"] = said
    got = await gatherer(paper, config).gather(local(watched), ALL)
    assert (Signal.RSS_ANON in got.values) is expected


async def test_without_pprof_no_page_of_it_is_asked(paper, config, watched, listener) -> None:
    """With an empty pprof_path neither profiles, nor a command line, nor a dump are looked for at the root."""
    target = local(watched)
    target.job = replace(target.job, pprof_path="")
    paper.pages["/metrics"] = b"go_goroutines 5\n"
    got = await gatherer(paper, config).gather(target, ALL)
    assert (got.values, paper.asked) == ({Signal.GOROUTINES: 5.0}, ["/metrics"])
    assert await gatherer(paper, config).goroutine_dump(target) is None


async def test_a_local_process_is_read_without_http(config, watched, listener, paper) -> None:
    """A target that is only a process id is read by that id."""
    target = replace_target(watched, Target(watched.key, pid=7))
    got = await gatherer(paper, config).gather(target, ALL)
    assert (got.values, paper.asked) == ({Signal.RSS_ANON: 3e6}, [])


async def test_a_process_of_which_the_kernel_tells_nothing_holds_up_no_other(listener, monkeypatch) -> None:
    """Reading one never ends: after a while the others are read by another thread, and that one is when it ends."""
    monkeypatch.setattr(room, "STUCK_SECONDS", 0.1)
    over, asked, good = threading.Event(), [], listener[7]

    def read(pid: int, time: float) -> Observation:
        asked.append(pid)
        if pid == 6:
            over.wait(30)
        return good

    monkeypatch.setattr(room, "read_process", read)
    processes = room.LocalProcesses(time.time)
    try:
        for pid in (6, 7):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(processes.read(pid), 0.08)
        await asyncio.sleep(0.05)
        for _ in range(3):
            assert await asyncio.wait_for(processes.read(7), 5) is good
            with pytest.raises(FetchError, match="process 6 cannot be read: the kernel has not answered"):
                await processes.read(6)
    finally:
        over.set()
    async with asyncio.timeout(10):
        while processes._stuck:
            await asyncio.sleep(0.01)
    assert await processes.read(6) is good
    assert asked == [6, 7, 7, 7, 6]


STUCK = """
import asyncio, time
from leakdog.pipeline import local

local.read_process = lambda pid, now: time.sleep(60)


async def main():
    await asyncio.wait_for(local.LocalProcesses(time.time).read(6), 0.1)


asyncio.run(main())
"""


def test_a_process_of_which_the_kernel_tells_nothing_keeps_leakdog_not_from_ending() -> None:
    """Else a daemon that was told to stop would be waited for, and killed."""
    ended = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=30, check=False)
    assert ended.stderr.splitlines()[-1].startswith("TimeoutError")


async def test_the_thread_ends_with_who_reads(listener) -> None:
    """After each reload another one reads."""
    before = set(threading.enumerate())
    processes = room.LocalProcesses(time.time)
    assert await processes.read(7) is listener[7]
    (thread,) = set(threading.enumerate()) - before
    del processes
    async with asyncio.timeout(10):
        while thread.is_alive():
            gc.collect()
            await asyncio.sleep(0.01)


async def test_a_look_that_never_ends_is_one(listener, monkeypatch, watched, paper) -> None:
    """Each further one would take a thread for ever."""
    monkeypatch.setattr(room, "STUCK_SECONDS", 0.05)
    over, looks = threading.Event(), []

    def look() -> Look:
        looks.append(len(looks))
        over.wait(30)
        return Look(7)

    monkeypatch.setattr(room, "Listeners", look)
    processes, seen = room.LocalProcesses(time.time), [listener[7]]
    try:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(processes.find(local(watched), seen, paper.get), 0.1)
        for _ in range(3):
            with pytest.raises(FetchError, match="who listens where cannot be read: the kernel has not answered"):
                await processes.find(local(watched), seen, paper.get)
            await asyncio.sleep(0.06)
        assert await processes.read(7) is listener[7]
    finally:
        over.set()
    assert looks == [0]


async def test_a_kernel_that_does_not_tell_costs_only_the_process(
    paper, config, watched, listener, monkeypatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The pass goes on without its numbers, and the next one looks again."""
    target, asks = local(watched), gatherer(paper, config)

    def refused() -> Look:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr(room, "Listeners", refused)
        got = await asks.gather(target, ALL)
    assert (Signal.RSS_ANON in got.values, Signal.GOROUTINES in got.values, PROCESS in got.absent) == (
        False,
        True,
        False,
    )
    assert f"the process of {target.key} was not read: [Errno 24] Too many open files" in caplog.text
    assert Signal.RSS_ANON in (await asks.gather(target, ALL)).values


async def test_all_that_ask_during_a_look_share_the_next(paper, config, watched, listener, monkeypatch) -> None:
    """A hundred targets at once cost two looks, not a hundred; and no target is told what was seen before it asked."""
    looks, begun, on = [], threading.Event(), threading.Event()

    def look() -> Look:
        looks.append(len(looks))
        begun.set()
        assert on.wait(10)
        return Look(7)

    monkeypatch.setattr(room, "Listeners", look)
    asks = gatherer(paper, config)
    targets = [local(watched) for _ in range(100)]
    first = asyncio.ensure_future(asks.gather(targets[0], ALL))
    await asyncio.to_thread(begun.wait, 10)
    others = [asyncio.ensure_future(asks.gather(target, ALL)) for target in targets[1:]]
    await asyncio.sleep(0.2)
    on.set()
    await asyncio.gather(first, *others)
    assert ([target.local_pid for target in targets], looks) == ([7] * 100, [0, 1])
