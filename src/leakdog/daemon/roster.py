"""Keeps the watched targets equal to what the configuration names and what is there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from leakdog.config.resolve import base_interval, of_whole_user
from leakdog.config.schema import Config, ScrapeConfig
from leakdog.daemon.memory import Memory
from leakdog.detect.settings import Settings, settings_of
from leakdog.discover import discover, pid_of, static
from leakdog.discover.process import runs
from leakdog.errors import StoreError
from leakdog.model import Leak, Target, TargetKey
from leakdog.pipeline.judge import end_leaks, ended_with
from leakdog.pipeline.state import Fleet, Watched
from leakdog.report.down import idle
from leakdog.report.leak import UNWATCHED
from leakdog.schedule import Schedule
from leakdog.store.contract import Store

log = logging.getLogger("leakdog.daemon")

ScrapeOne = Callable[[Watched, float], Awaitable[None]]
KeepLast = Callable[[Leak], Awaitable[None]]


class Roster:
    """Adds, changes and removes targets, with their slots in the schedule.

    `scrape(watched, slot)` is what a slot runs; the runs under way are kept in `running` for an orderly stop.
    `keep_last(leak)` is run for each leak that ends because its target is there no more.
    """

    def __init__(
        self,
        fleet: Fleet,
        schedule: Schedule,
        store: Store,
        memory: Memory,
        scrape: ScrapeOne,
        keep_last: KeepLast,
    ) -> None:
        self._fleet = fleet
        self._schedule = schedule
        self._store = store
        self._memory = memory
        self._scrape = scrape
        self._keep_last = keep_last
        self._intervals: dict[TargetKey, float] = {}
        self._refreshing = asyncio.Lock()
        self.running: set[asyncio.Task[object]] = set()

    async def refresh(self, config: Config, now: float) -> None:
        """Look for all targets of the configuration and follow what has changed since the last time.

        One after the other: what was looked for before a reload would remove the targets that this has brought.
        """
        async with self._refreshing:
            await self._refresh(config, now)

    async def _refresh(self, config: Config, now: float) -> None:
        self._settings = settings = settings_of(config)
        wanted: dict[TargetKey, Watched] = {}
        nobody = []
        for job in config.scrape_configs:
            found = await self._found(job)
            for target in found:
                wanted.setdefault(target.key, Watched(target, job))
            if job.process is not None and not any(target.pid for target in found):
                nobody.append(job.job_name)
        self._tell_idle(nobody)
        for key in set(self._fleet.targets) - set(wanted):
            await self._remove(key, now, settings)
        for key, fresh in wanted.items():
            known = self._fleet.targets.get(key)
            if known is None:
                self._memory.restore(fresh, now)
                fresh.leaks |= {leak.leak_class: leak for leak in self._fleet.departed.pop(key, ())}
                self._fleet.targets[key] = fresh
            elif (known.target, known.job) != (fresh.target, fresh.job):
                known.target, known.job = fresh.target, fresh.job
                known.absent.clear()
                known.answered.clear()
                known.memory_limit = None
            interval = base_interval(config, fresh.job)
            if self._intervals.get(key) != interval:
                self._schedule.put(str(key), interval, self._slot_of(key))
                self._intervals[key] = interval

        for key, leaks in self._memory.unclaimed().items():
            ended = _over(ended_with(leaks, now, settings), runs_on=await _may_run(pid_of(key)))
            self._fleet.depart(key, {leak.id: leak for leak in (*leaks, *ended)}.values())
            await self._put_down(ended)

    def _tell_idle(self, jobs: list[str]) -> None:
        """Tell once of each job that none of its processes is found: one that is mistyped looks like all is well."""
        for job in jobs:
            if job not in self._fleet.idle:
                log.warning("%s; it is looked for again", idle([job]))
        self._fleet.idle = tuple(jobs)

    async def _found(self, job: ScrapeConfig) -> list[Target]:
        """The targets of a job; where the kernel does not tell of processes, those that were found before."""
        try:
            return await asyncio.to_thread(discover, job)
        except OSError as error:
            log.error("the processes of job %s are not looked for: %s; those known are watched on", job.job_name, error)
        known = (each.target for key, each in self._fleet.targets.items() if key.job == job.job_name)
        return [*static(job), *(target for target in known if target.pid is not None)]

    async def _remove(self, key: TargetKey, now: float, settings: Settings) -> None:
        """Watch a target no more; its leaks do not go on firing in the store."""
        watched = self._fleet.targets[key]
        runs_on = bool(watched.leaks) and await _may_run(watched.target.pid)
        self._schedule.remove(str(key))
        del self._intervals[key]
        self._fleet.remove(key)
        ended = _over(end_leaks(watched, now, settings), runs_on=runs_on)
        watched.leaks |= {leak.leak_class: leak for leak in ended}
        self._fleet.depart(key, watched.leaks.values())
        await self._put_down(ended)
        await self._memory.forget(watched)
        level = logging.DEBUG if of_whole_user(watched.job) else logging.INFO
        log.log(level, "target %s is no longer watched", key)

    async def _put_down(self, ended: list[Leak]) -> None:
        """Store leaks that have ended with their targets, with the last profiles of these."""
        await self._store.put_leaks(ended)
        for leak in ended:
            code = f": {leak.culprits[0].frame.function}" if leak.culprits else ""
            log.info(
                "leak %s of %s is over, as its target is gone (%s)%s", leak.id, leak.key, leak.leak_class.value, code
            )
            await self._keep_last(leak)

    def _slot_of(self, key: TargetKey) -> Callable[[float], Awaitable[None]]:
        async def run(slot: float) -> None:
            watched = self._fleet.targets.get(key)
            task = asyncio.current_task()
            if watched is None or task is None:
                return
            self.running.add(task)
            try:
                await self._memory.wake(watched, slot, self._settings)
                await self._scrape(watched, slot)
            except StoreError as error:
                log.error("target %s is not read: what is known of it cannot be read: %s", key, error)
            except Exception as error:
                watched.up, watched.last_error = False, f"leakdog itself failed, see its log: {error!r}"
                raise  # the schedule logs it with its traceback
            finally:
                self.running.discard(task)

        return run


async def _may_run(pid: int | None) -> bool:
    """Whether a process that is watched no more may run on; None: it is not on this machine, or it is not known."""
    return pid is None or await asyncio.to_thread(runs, pid)


def _over(ended: list[Leak], *, runs_on: bool) -> list[Leak]:
    """Leaks that have ended with their target; of one whose process may run on, it is only told that nobody looks."""
    return [replace(leak, reasons=(*leak.reasons, UNWATCHED)) for leak in ended] if runs_on else ended
