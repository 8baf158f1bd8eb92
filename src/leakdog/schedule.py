"""When each target is read. The only importer of APScheduler.

APScheduler's own interval trigger counts from its last run, so a clock that jumps forward by a year makes it build
millions of run times. `PhaseTrigger` knows no last run: the next slot follows from the clock and the target's name
alone, which also spreads targets over the interval and keeps their slots over restarts.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

log = logging.getLogger("leakdog.schedule")

# How often wall clock and monotonic clock are compared, and the drift between them that is called a jump. The guard's
# beats are also what proves to systemd that the loop turns, a few times per watchdog interval.
GUARD_SECONDS = 0.5
JUMP_SECONDS = 2.0

Slot = float
Job = Callable[[Slot], Awaitable[None]]
OnSkip = Callable[[str], None]


def phase(name: str, interval_seconds: float) -> float:
    """Where in the interval this name's slots lie: 0 <= phase < interval, evenly spread, the same at each start."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64 * interval_seconds


class PhaseTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires at `phase + k * interval`, whatever happened before."""

    def __init__(self, interval_seconds: float, offset_seconds: float) -> None:
        self.interval_seconds = interval_seconds
        self.offset_seconds = offset_seconds

    def slot_at(self, now: float) -> Slot:
        """The latest slot at or before `now`, unix seconds."""
        passed = math.floor((now - self.offset_seconds) / self.interval_seconds)
        return self.offset_seconds + passed * self.interval_seconds

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The first slot after `now`, and after the one before it where a timer rang a little early."""
        after = now.timestamp()
        if previous_fire_time is not None:
            early = previous_fire_time.timestamp() - after
            after += early if 0 <= early < self.interval_seconds / 2 else 0.0
        slot = self.slot_at(after) + self.interval_seconds
        if slot - after < 1e-6:  # rounding put the slot that has just been onto its successor
            slot += self.interval_seconds
        return datetime.fromtimestamp(slot, UTC)


class _Executor(AsyncIOExecutor):  # type: ignore[misc]  # APScheduler has no types
    """Runs coroutines, and leaves those under way alone at the end: APScheduler's own cancels them at once."""

    def shutdown(self, wait: bool = True) -> None:
        """Nothing to do: no run begins any more once the scheduler is shut down."""


class Schedule:
    """Runs a job per name at its slots, never two runs of one name at a time.

    `on_skip(why)` is called for each slot that did not run: `overlap` (the last run has not ended) or `late` (the
    process was stopped, suspended or too busy).
    """

    def __init__(self, on_skip: OnSkip) -> None:
        self._on_skip = on_skip
        self._scheduler = AsyncIOScheduler(timezone=UTC, executors={"default": _Executor()})
        self._scheduler.add_listener(self._skipped, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
        self._scheduler.add_listener(self._failed, EVENT_JOB_ERROR)
        self._guard: asyncio.Task[None] | None = None
        self.beats = 0  # grows while the event loop turns
        # APScheduler writes a warning per skipped run and an error per failed one. The first are counted here (a slow
        # target would fill the log), the second told by `_failed`.
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)

    def start(self) -> None:
        """Begin to run jobs, in the running event loop."""
        self._scheduler.start()
        self._guard = asyncio.create_task(self._watch_clock(), name="clock guard")

    def stop(self) -> None:
        """Start no further run. Runs that are under way go on: who started them cancels them."""
        if self._guard is not None:
            self._guard.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def put(self, name: str, interval_seconds: float, job: Job) -> None:
        """Add the job of this name, or replace it; it is called with the slot it runs for."""
        trigger = PhaseTrigger(interval_seconds, phase(name, interval_seconds))

        async def run() -> None:
            await job(trigger.slot_at(time.time()))

        self._scheduler.add_job(
            run,
            trigger,
            id=name,
            replace_existing=True,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=max(1, math.ceil(interval_seconds / 2)),
        )

    def remove(self, name: str) -> None:
        """Run the job of this name no more."""
        self._scheduler.remove_job(name)

    def names(self) -> set[str]:
        """Names of all jobs."""
        return {job.id for job in self._scheduler.get_jobs()}

    async def _watch_clock(self) -> None:
        """Set all next runs anew when the wall clock is set: the scheduler's timers would wait for the old time."""
        base = time.time() - time.monotonic()
        while True:
            await asyncio.sleep(GUARD_SECONDS)
            self.beats += 1
            drift = time.time() - time.monotonic() - base
            if abs(drift) > JUMP_SECONDS:
                base += drift
                log.warning("the clock was set by %+.0f s: all scrapes are scheduled anew", drift)
                for job in self._scheduler.get_jobs():
                    job.reschedule(job.trigger)

    def _skipped(self, event: JobEvent) -> None:
        self._on_skip("overlap" if event.code == EVENT_JOB_MAX_INSTANCES else "late")

    @staticmethod
    def _failed(event: JobEvent) -> None:
        if not isinstance(event.exception, asyncio.CancelledError):  # one that was cancelled did as it was told
            log.error("the job %s ended with an error that nobody expected", event.job_id, exc_info=event.exception)
