"""How many targets are read at the same time, and whose turn it is: fair between jobs."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# Of all places, those that one job leaves to others, however many of its targets hang until they time out.
LEFT_SHARE = 0.25


class Room:
    """A number of places. Where they do not suffice, the next free one goes to the job that has fewest.

    Args:
        places: passes that go on at the same time.
        jobs: how many there are; one that is alone takes all places.

    """

    def __init__(self, places: int, jobs: int) -> None:
        self._free = places
        self._most = places - (round(LEFT_SHARE * places) if jobs > 1 else 0)
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def place(self, job: str) -> AsyncIterator[None]:
        """Have a place in the block; waits for one. Passes of one job get theirs in the order in which they came."""
        given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(job, deque()).append(given)
        self._give()
        try:
            await given
            yield
        finally:
            if given.done() and not given.cancelled():
                self._held[job] -= 1
                self._free += 1
            self._give()

    def _give(self) -> None:
        """Give free places to those who wait and may have one."""
        while self._free:
            for job, queue in list(self._waiting.items()):
                while queue and queue[0].done():  # cancelled while it waited
                    queue.popleft()
                if not queue:
                    del self._waiting[job]
            able = [job for job in self._waiting if self._held[job] < self._most]
            if not able:
                return
            job = min(able, key=self._held.__getitem__)
            self._waiting[job].popleft().set_result(None)
            self._held[job] += 1
            self._free -= 1
