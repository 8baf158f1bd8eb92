"""Processes of this machine: their readings, and which of them a target on a loopback address is, if that is sure.

All of it is read by one thread: several would spend most of their time handing the interpreter to each other, as each
of the kernel's many small files gives it away three times.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from urllib.parse import urlsplit

from leakdog.errors import FetchError
from leakdog.fetch.listeners import Listeners, is_loopback
from leakdog.fetch.process import command_line, read_process
from leakdog.model import Observation
from leakdog.pipeline.state import Watched

T = TypeVar("T")
# Asks a target for a page by its path and parameters.
Ask = Callable[[Watched, str, Mapping[str, Sequence[str]]], Awaitable[bytes]]

# Between when a process began and when it says it did.
START_SECONDS = 5


class LocalProcesses:
    """Reads processes of this machine, off the loop, at the times that `clock` tells."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "leakdog-process")
        self._looking = asyncio.Lock()
        self._looked = float("-inf")
        self._listeners: Listeners | None = None

    async def read(self, pid: int) -> Observation:
        """Readings of a process.

        Raises:
            FetchError: as `read_process`.

        """
        return await self._aside(lambda: read_process(pid, self._clock()))

    async def find(self, watched: Watched, observations: Sequence[Observation], ask: Ask) -> int | None:
        """The pid that listens on the target's loopback address, if what the target says of itself agrees.

        A listener may be a tunnel (ssh, kubectl, docker-proxy): its memory is not the target's.

        Args:
            watched: the target.
            observations: what this pass has told of it so far.
            ask: how it is asked what it was started as, where it does not tell when.

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
            except FetchError:
                return None
            return pid if seen.start_time is not None and abs(seen.start_time - told[-1]) < START_SECONDS else None
        if not watched.job.pprof_path:
            return None
        try:
            said = await ask(watched, f"{watched.job.pprof_path}/cmdline", {})
        except FetchError:
            return None
        return pid if said and said == await self._aside(lambda: command_line(pid)) else None

    async def _look(self) -> Listeners:
        """Who listens where. All that ask while one look is on share the next, which sees what they have seen."""
        asked = time.monotonic()
        async with self._looking:
            if self._listeners is None or self._looked < asked:
                began = time.monotonic()
                self._listeners = await self._aside(Listeners)
                self._looked = began
            return self._listeners

    async def _aside(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
