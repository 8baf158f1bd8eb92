"""How many targets are read at the same time, and whose turn it is: fair between jobs."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# As many passes go on however busy this process is. More at a time would only be later, each and all, until none is in
# time: forty targets that are read every second on half a core were lost in turn for minutes.
FEW = 8
# A turn of the event loop in which nobody else had anything to do takes a fiftieth of this, whatever other threads do.
IDLE_TURN_SECONDS = 0.0005
# Of all places, those that one job leaves to others, however many of its targets hang until they time out.
LEFT_SHARE = 0.25


class Room:
    """A number of places. Where they do not suffice, the next free one goes to the job that has fewest.

    Args:
        places: passes that go on at the same time.
        jobs: how many there are; one that is alone takes all places.

    """

    def __init__(self, places: int, jobs: int) -> None:
        self._places = self._free = places
        self._most = places - (round(LEFT_SHARE * places) if jobs > 1 else 0)
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._keeper: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def place(self, job: str) -> AsyncIterator[None]:
        """Have a place in the block; waits for one, and until those who have one leave this process time for more.

        Passes of one job get theirs in the order in which they came.
        """
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
        """Give free places to those who wait and may have one, while few are taken; the others as there is time."""
        while self._places - self._free < FEW and self._give_one():
            pass
        if self._keeper is None and self._next() is not None:
            self._keeper = asyncio.get_running_loop().create_task(self._keep(), name="places as there is time")

    async def _keep(self) -> None:
        """Give one place after the other, each when all who have one wait for their targets."""
        try:
            while self._next() is not None:
                if self._places - self._free < FEW or await _turn_seconds() <= IDLE_TURN_SECONDS:
                    self._give_one()
        finally:
            self._keeper = None

    def _give_one(self) -> bool:
        """Give a place to whose turn it is; whether there was one."""
        job = self._next()
        if job is None:
            return False
        queue = self._waiting.pop(job)
        queue.popleft().set_result(None)
        self._waiting[job] = queue  # behind the others that have as few
        self._held[job] += 1
        self._free -= 1
        return True

    def _next(self) -> str | None:
        """Whose turn it is: of the jobs that wait and may have a place, the one that has fewest."""
        for job, queue in list(self._waiting.items()):
            while queue and queue[0].done():  # cancelled while it waited
                queue.popleft()
            if not queue:
                del self._waiting[job]
        able = [job for job in self._waiting if self._held[job] < self._most]
        return min(able, key=self._held.__getitem__) if able and self._free else None


async def _turn_seconds() -> float:
    """How long the event loop takes for everything that is ready now."""
    time = asyncio.get_running_loop().time
    began = time()
    await asyncio.sleep(0)
    return time() - began
