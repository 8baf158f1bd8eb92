"""Processes of this machine: their readings, and which of them a target on a loopback address is, if that is sure.

All of it is read by one thread: several would spend most of their time handing the interpreter to each other, as each
of the kernel's many small files gives it away three times. Where the kernel does not answer, as of a process that waits
for its disk with its memory map held, another thread goes on with the others.
"""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

from leakdog.errors import FetchError, Reason
from leakdog.fetch.listeners import Listeners, is_loopback
from leakdog.fetch.process import command_line, read_process
from leakdog.model import Observation
from leakdog.pipeline.state import Watched

T = TypeVar("T")
_Asked: TypeAlias = "SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]"
# Asks a target for a page by its path and parameters.
Ask = Callable[[Watched, str, Mapping[str, Sequence[str]]], Awaitable[bytes]]

# Between when a process began and when it says it did.
START_SECONDS = 5
# Reading takes milliseconds. What takes so long may take for ever.
STUCK_SECONDS = 10.0


class _Thread:
    """A thread, since when it is at work, and at which process. Stuck, it does not keep leakdog from ending."""

    def __init__(self) -> None:
        self.on: tuple[float, int | None] | None = None
        self._asked: _Asked = SimpleQueue()
        threading.Thread(target=_work_off, args=(self._asked,), name="leakdog-process", daemon=True).start()
        self.end = weakref.finalize(self, self._asked.put, None)  # also where nobody calls it

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Work in it, behind what it was given before."""
        given: Future[T] = Future()
        self._asked.put((given, work))
        return given


def _work_off(asked: _Asked) -> None:
    while (each := asked.get()) is not None:
        given, work = each
        if given.set_running_or_notify_cancel():
            try:
                given.set_result(work())
            except BaseException as error:  # noqa: BLE001  # whoever waits is told
                given.set_exception(error)
        del each, given, work


class LocalProcesses:
    """Reads processes of this machine, off the loop, at the times that `clock` tells."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._thread = _Thread()
        self._stuck: set[int | None] = set()
        self._lock = threading.Lock()  # of `_stuck`, and of what the thread is on
        self._looking = asyncio.Lock()
        self._looked = float("-inf")
        self._listeners: Listeners | None = None

    async def read(self, pid: int) -> Observation:
        """Readings of a process.

        Raises:
            FetchError: as `read_process`, and `timeout` where an earlier reading of it has not ended.

        """
        return await self._aside(lambda: read_process(pid, self._clock()), pid)

    async def find(self, watched: Watched, observations: Sequence[Observation], ask: Ask) -> int | None:
        """The pid that listens on the target's loopback address, if what the target says of itself agrees.

        A listener may be a tunnel (ssh, kubectl, docker-proxy): its memory is not the target's.

        Args:
            watched: the target.
            observations: what this pass has told of it so far.
            ask: how it is asked what it was started as, where it does not tell when.

        Raises:
            FetchError: `timeout` where an earlier reading of that process, or of who listens, has not ended.
            OSError: the kernel does not tell which processes there are.

        """
        url = urlsplit(watched.target.base_url or "")
        if not url.hostname or not is_loopback(url.hostname):
            return None
        listeners = await self._look()
        pid = listeners.find(url.hostname, url.port or (443 if url.scheme == "https" else 80))
        if pid is None:
            return None
        told = [seen.start_time for seen in observations if seen.start_time is not None]
        if told:
            try:
                seen = await self.read(pid)
            except FetchError as error:
                if error.reason is Reason.TIMEOUT:
                    raise
                return None
            return pid if seen.start_time is not None and abs(seen.start_time - told[-1]) < START_SECONDS else None
        if not watched.job.pprof_path:
            return None
        try:
            said = await ask(watched, f"{watched.job.pprof_path}/cmdline", {})
        except FetchError:
            return None
        return pid if said and said == await self._aside(lambda: command_line(pid), pid) else None

    async def _look(self) -> Listeners:
        """Who listens where. All that ask while one look is on share the next, which sees what they have seen."""
        asked = time.monotonic()
        async with self._looking:
            if self._listeners is None or self._looked < asked:
                began = time.monotonic()
                self._listeners = await self._aside(Listeners)
                self._looked = began
            return self._listeners

    async def _aside(self, work: Callable[[], T], pid: int | None = None) -> T:
        """Work in the thread; `pid` is the process that it is about, None for all of them."""
        self._leave_stuck()
        if pid in self._stuck:
            what = "who listens where" if pid is None else f"process {pid}"
            raise FetchError(Reason.TIMEOUT, f"{what} cannot be read: the kernel has not answered since it was")

        thread = self._thread

        def run() -> T:
            thread.on = time.monotonic(), pid
            try:
                return work()
            finally:
                with self._lock:
                    thread.on = None
                    self._stuck.discard(pid)

        return await asyncio.wrap_future(thread.begin(run))

    def _leave_stuck(self) -> None:
        """Go on in a new thread where this one is stuck. What it is stuck at is not read again until then."""
        with self._lock:
            on = self._thread.on
            if on is None or time.monotonic() - on[0] < STUCK_SECONDS:
                return
            self._stuck.add(on[1])
        self._thread.end()
        self._thread = _Thread()
