"""The pass itself: gather, tell lives apart, store, detect, explain. One object serves all targets."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import replace

from leakdog.attribute.module import main_module
from leakdog.config.resolve import base_interval, dense_interval, of_whole_user, source_interval
from leakdog.config.schema import Config, ScrapeConfig
from leakdog.detect.settings import Settings
from leakdog.errors import FetchError, Reason, StoreError
from leakdog.model import Kind, Leak, LeakState, Scrape, Signal
from leakdog.pipeline.dense import KINDS, is_dense
from leakdog.pipeline.evidence import Collector
from leakdog.pipeline.explain import Explainer
from leakdog.pipeline.gather import METRICS, PROCESS, Gathered, Gatherer
from leakdog.pipeline.judge import begin_life, end_leaks, judge, observe
from leakdog.pipeline.known import note
from leakdog.pipeline.lives import Facts, next_life
from leakdog.pipeline.replicas import doubts
from leakdog.pipeline.room import Room
from leakdog.pipeline.state import Fleet, Watched
from leakdog.pprof.profile import ReadProfile
from leakdog.store.contract import Store

log = logging.getLogger("leakdog.pipeline")

SOURCES = (METRICS, PROCESS, *(kind.value for kind in Kind))
# Reasons of failed passes that mean that there is no process any more.
GONE = frozenset({Reason.CONNECT, Reason.PROCESS_GONE})
# Culprits are worked out anew after this many scrape intervals, and ever less often the longer a leak goes on: each
# time costs the target a goroutine dump, and a leak that is a week old has the culprits that it had yesterday.
EXPLAIN_INTERVALS = 10
EXPLAIN_AGE_SHARE = 0.25


def due_sources(config: Config, job: ScrapeConfig, slot: float, *, profiles_alone: bool = False) -> frozenset[str]:
    """The sources whose turn it is in this slot: each has its own interval, rounded to whole slots.

    `profiles_alone`: the target turned out to have nothing else, so that they are all it tells.
    """
    base = base_interval(config, job)

    def is_due(name: str) -> bool:
        return _is_turn(slot, base, source_interval(config, job, name, profiles_alone=profiles_alone))

    return frozenset(filter(is_due, SOURCES))


def dense_sources(config: Config, job: ScrapeConfig, slot: float) -> frozenset[str]:
    """What a suspect is asked for besides, where it is the turn of that."""
    turn = _is_turn(slot, base_interval(config, job), dense_interval(config, job))
    return frozenset(kind.value for kind in KINDS) if turn else frozenset()


def _is_turn(slot: float, base: float, interval: float) -> bool:
    return int(slot // base) % max(1, round(interval / base)) == 0


class Pipeline:
    """One pass over one target at a time each; targets run side by side up to `max_concurrent_scrapes`.

    Without a `collector` no evidence is kept: a scan is over when its verdict is told.
    """

    def __init__(
        self,
        fleet: Fleet,
        config: Config,
        settings: Settings,
        gatherer: Gatherer,
        explainer: Explainer,
        store: Store,
        clock: Callable[[], float],
        collector: Collector | None = None,
    ) -> None:
        self._fleet = fleet
        self._config = config
        self._settings = settings
        self._gatherer = gatherer
        self._explainer = explainer
        self._store = store
        self._clock = clock
        self._collector = collector
        self._room = Room(config.global_.max_concurrent_scrapes, len(config.scrape_configs))

    async def scrape(self, watched: Watched, slot: float) -> None:
        """Read the target for this slot, store what came, judge it. Never raises for what a target or a disk does."""
        async with self._room.place(watched.key.job):
            if watched.removed:
                return
            due, dense = self._due(watched, slot)
            started = self._clock()
            watched.first_scrape = started if watched.first_scrape is None else watched.first_scrape
            self._fleet.counters.scrapes += 1
            self._fleet.counters.lag_seconds = max(0.0, started - slot)
            try:
                got = await self._gatherer.gather(watched, due, dense)
            except FetchError as error:
                self._failed(watched, error)
                if watched.removed:
                    return
                ended = self._ended(watched, error, started)
                await self._announce(ended, {leak.id for leak in ended})
                await self._collect(watched, ended, started)
                return
            finally:
                watched.last_scrape = started
                watched.last_duration_seconds = max(0.0, self._clock() - started)
            # In its place until it is stored: what a slow disk holds up is bounded too.
            if (
                got.observations and not watched.removed
            ):  # else nothing was due but what the target lacks: that tells nothing, not even "up"
                await self._succeeded(watched, slot, started, got)

    def _due(self, watched: Watched, slot: float) -> tuple[frozenset[str], frozenset[str]]:
        """What is to be asked of the target in this slot, and what besides because it is a suspect."""
        if watched.last_success is None:
            return frozenset(SOURCES), frozenset()
        alone = METRICS in watched.absent and watched.target.pid is None and watched.local_pid is None
        due = due_sources(self._config, watched.job, slot, profiles_alone=alone)
        if not is_dense(self._fleet, watched, self._config, self._clock()):
            return due, frozenset()
        return due, dense_sources(self._config, watched.job, slot) - due

    def _failed(self, watched: Watched, error: FetchError) -> None:
        self._fleet.counters.failures[error.reason] += 1
        if watched.up is not False:
            ended = error.reason is Reason.PROCESS_GONE and of_whole_user(watched.job)
            log.log(logging.DEBUG if ended else logging.WARNING, "target %s is down: %s", watched.key, error)
        watched.up = False
        watched.last_error = str(error)

    def _ended(self, watched: Watched, error: FetchError, now: float) -> list[Leak]:
        """Leaks that end because nobody has listened at the target for the hold time: its process is gone.

        A target that is only slow, or answers nonsense, may leak on: nothing is known, and its leaks stay. So it is
        where leakdog itself could not ask. Of a target that nobody has answered for since leakdog was started, it is
        not known when its process ended: the hold time begins with the first pass.
        """
        since = watched.first_scrape if watched.last_success is None else watched.last_success
        if error.reason not in GONE or error.ours or since is None or now - since < self._settings.hold_seconds:
            return []
        return end_leaks(watched, now, self._settings)

    async def _succeeded(self, watched: Watched, slot: float, now: float, got: Gathered) -> None:
        if watched.up is False:
            log.info("target %s is up again", watched.key)
        watched.up, watched.last_error, watched.last_success = True, "", now
        values = got.values
        changed = _follow_life(watched, got, values, now, self._settings)
        watched.note_pages(got.answered, got.absent, now, self._settings.hold_seconds)
        watched.values.update(values)
        await self._keep(watched, slot, now, got, values)
        changed += self._judge(watched, now, values, got)
        known = {leak.id: _first(leak) for leak in watched.leaks.values()}
        explained = await self._explain(watched, now)
        explained += note(watched, self._fleet.acknowledged, now)
        if watched.removed:  # its leaks were ended and stored while the code behind them was looked for
            return
        told = [leak for leak in explained if _first(leak) != known[leak.id]]
        # As they stand now: they may have been acknowledged while the code behind them was looked for.
        latest = {leak.id: leak for leak in watched.leaks.values()}
        news = [latest.get(leak.id, leak) for leak in (*changed, *explained)]
        await self._announce(news, {leak.id for leak in (*changed, *told)})
        await self._collect(watched, changed, now)

    def _judge(self, watched: Watched, now: float, values: dict[Signal, float], got: Gathered) -> list[Leak]:
        """Feed the pass to the detector. Returns the leaks that are new or have changed state.

        What the detector had put away and cannot be read back is lost, and the target's series begin anew.
        """
        said = self._fleet.seconded(watched), doubts(self._fleet, watched)
        try:
            observe(watched, values, now, self._settings, got.tallies)
            changed = judge(watched, now, self._settings, *said)
        except StoreError as error:
            log.error("the series of %s: %s", watched.key, error)
            watched.forget_series()
            return []
        if self._store.shelf is not None:
            for group in watched.groups():
                group.put_away(self._store.shelf)
        return changed

    async def _collect(self, watched: Watched, changed: list[Leak], now: float) -> None:
        """Keep what proves the leaks that have just begun to fire, or ended with their process."""
        if self._collector is None:
            return
        for leak in changed:
            if leak.firing_since == now:
                await self._collector.fired(watched, leak)
            elif leak.ended_with_process and leak.process_ended == now:
                await self._collector.ended(leak)

    async def _keep(
        self, watched: Watched, slot: float, now: float, got: Gathered, values: dict[Signal, float]
    ) -> None:
        """Store the pass. A store that fails does not stop the watching: detection goes on from memory."""
        assert watched.life is not None
        scrape = Scrape(watched.key, slot, now, watched.life, values, tuple(got.profiles))
        try:
            await self._store.append(scrape)
        except StoreError as error:
            log.error("the scrape of %s was not stored: %s", watched.key, error)

    async def _explain(self, watched: Watched, now: float) -> list[Leak]:
        """Name the code behind leaks that are pending or firing, at first and then every few passes.

        Only a leak whose code is not known yet, or that of an earlier life, waits behind other targets: what is told to
        people must name it. Others would lose the very readings by which they are known.
        """
        least = EXPLAIN_INTERVALS * base_interval(self._config, watched.job)
        explained = []
        for leak_class, leak in list(watched.leaks.items()):
            last = watched.explained.get(leak_class, -math.inf)
            age = now - (leak.pending_since or now)
            ended = leak.state is LeakState.RESOLVED and leak.pending_since is None
            if ended or 0 <= now - last < max(least, EXPLAIN_AGE_SHARE * age):  # below 0: the clock was ahead then
                continue
            if leak.culprits and leak_class in watched.explained and self._explainer.busy:
                continue
            watched.explained[leak_class] = now
            after = await self._explainer.explain(watched, leak, now)
            if after is not leak and leak_class in watched.leaks:
                # Taken anew: it may have been acknowledged while the target was asked.
                after = replace(watched.leaks[leak_class], culprits=after.culprits)
                watched.leaks[leak_class] = after
                explained.append(after)
        return explained

    async def _announce(self, changed: list[Leak], told: set[str]) -> None:
        """Write changed leaks to the store; those in `told`, of another state or first culprit, to the log as well."""
        latest = {leak.id: leak for leak in changed}
        if not latest:
            return
        for leak in (leak for leak in latest.values() if leak.id in told):
            culprit = f": {_first(leak)}" if leak.culprits else ""
            level = logging.WARNING if leak.state is LeakState.FIRING else logging.INFO
            log.log(
                level, "leak %s of %s is %s (%s)%s", leak.id, leak.key, _state(leak), leak.leak_class.value, culprit
            )
        try:
            await self._store.put_leaks(list(latest.values()))
        except StoreError as error:
            log.error("the state of %d leaks was not stored: %s", len(latest), error)


def _state(leak: Leak) -> str:
    """Its state for the log. What was over with its process is not fixed by that."""
    if leak.told_state is not leak.state:
        return "pending again"
    if leak.resolved_since is not None and leak.updated > leak.resolved_since:
        return "no longer suspected"
    if leak.ended_with_process:
        return "over, as its process has ended"
    if leak.state is LeakState.INACTIVE:
        return "told in another class from now on" if leak.firing_since is not None else "no longer suspected"
    return leak.state.value


def _first(leak: Leak) -> str:
    """The function that is first among the culprits."""
    return leak.culprits[0].frame.function if leak.culprits else ""


def _follow_life(
    watched: Watched, got: Gathered, values: dict[Signal, float], now: float, settings: Settings
) -> list[Leak]:
    """Update life, load and limit from a pass; begins a new life where the process was restarted."""
    facts = _facts(got, values)
    life = next_life(watched.life, watched.facts, facts, now)
    changed: list[Leak] = []
    if watched.life is None or (life.start_time, life.first_seen) != (watched.life.start_time, watched.life.first_seen):
        changed = begin_life(watched, life, now, settings)
        watched.facts = facts
    else:
        if not watched.job.load_metrics:
            watched.load = _load(watched, facts, now)
        watched.facts = watched.facts.updated(facts)
    watched.life = life
    _count_load(watched, got)
    if Kind.GOROUTINE in {profile.kind for profile in got.profiles}:
        watched.blocked = got.blocked
    watched.remember_life(life.start_time, next((seen.build for seen in got.observations if seen.build), ""))
    watched.module = next((seen.module for seen in got.observations if seen.module), watched.module)
    if not watched.own:  # only here is it known whether this is a new process
        watched.module = _main_module(got)
    if facts.allocated:
        watched.facts_time = now
    limits = [seen.memory_limit for seen in got.observations if seen.memory_limit is not None]
    watched.memory_limit = watched.job.memory_limit or (min(limits) if limits else watched.memory_limit)
    return changed


def _main_module(got: Gathered) -> str:
    """The program's main module, as the first profile says that tells it."""
    told = (main_module(each.profile) for each in got.profiles if isinstance(each, ReadProfile))
    return next(filter(None, told), "")


def _facts(got: Gathered, values: dict[Signal, float]) -> Facts:
    """Identity of the process as this pass tells it; the first source that tells a fact is believed."""
    starts = [seen.start_time for seen in got.observations if seen.start_time is not None]
    pids = [seen.pid for seen in got.observations if seen.pid is not None]
    allocated = {signal: value for signal, value in values.items() if signal.cumulative}
    profiling = [seen.profiling_bytes for seen in got.observations if seen.profiling_bytes is not None]
    return Facts(starts[0] if starts else None, pids[0] if pids else None, allocated, max(profiling, default=0.0))


def _count_load(watched: Watched, got: Gathered) -> None:
    """Load from the counters that the job names.

    Where their sum falls within a life, a counter was set back or a series has gone: that step tells nothing.
    """
    for seen in got.observations:
        if seen.load_total is None:
            continue
        if watched.counted is not None:
            before, value = watched.counted
            if seen.time > before and seen.load_total >= value:
                watched.load = (seen.load_total - value) / (seen.time - before)
        watched.counted = (seen.time, seen.load_total)


def _load(watched: Watched, facts: Facts, now: float) -> float | None:
    """Bytes that the program allocated per second for its own work, since the last pass that told them.

    The exact count is better than the sampled one. What it allocates to be profiled is not its work.
    """
    if watched.facts_time is None or now <= watched.facts_time:
        return watched.load
    for signal in (Signal.TOTAL_ALLOC, Signal.ALLOC_SPACE):
        if signal in facts.allocated and signal in watched.facts.allocated:
            work = facts.allocated[signal] - watched.facts.allocated[signal]
            work -= max(0.0, facts.profiling - watched.facts.profiling) if facts.profiling else 0.0
            return max(0.0, work) / (now - watched.facts_time)
    return watched.load
