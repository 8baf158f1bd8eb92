"""Which code is behind a leak: take a few stored profiles of its life and ask `attribute` what grew between them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from leakdog.attribute.before import before, with_past
from leakdog.attribute.blocked import with_blocked_culprit
from leakdog.attribute.code import has_own_frame
from leakdog.attribute.companions import companions
from leakdog.attribute.dump import GoroutineGroup, parse_dump
from leakdog.attribute.goroutines import goroutine_culprits
from leakdog.attribute.growth import culprits
from leakdog.attribute.held import with_held_heap
from leakdog.errors import FetchError, LeakdogError, ProfileError, StoreCorrupted
from leakdog.model import Culprit, Kind, Leak, LeakClass, Snapshot
from leakdog.pipeline.dense import may_be_asked
from leakdog.pipeline.gather import Gatherer
from leakdog.pipeline.state import Fleet, Watched
from leakdog.pprof.profile import Profile
from leakdog.store.contract import Store

log = logging.getLogger("leakdog.pipeline")

# Of a large profile the gist is compared, with so many sites: more than are told apart in a comparison.
SITES = 4096
# Profiles compared for one explanation: enough for a slope with an interval, few enough to decode in a blink.
PROFILES = 12
# How much before the onset the comparison begins, as a share of the time since: growth needs a "before".
LEAD = 0.1
# Sites with less of the growth than this are not told of, unless there is nothing better.
LEAST_SHARE = 0.02

SAMPLE_TYPES = {Kind.HEAP: "inuse_space", Kind.GOROUTINE: ""}

# Targets whose profiles are compared at the same time: a dozen large ones take half a gigabyte, and a leaking build may
# be found on many targets at once.
AT_ONCE = 2
# A Go thread that is held is held by a goroutine.
BLOCKED = frozenset({LeakClass.GOROUTINE, LeakClass.THREADS})

Profiles = tuple[list[Profile], list[float]]
Dump = tuple[GoroutineGroup, ...]


class Explainer:
    """Finds culprits for leaks from what the store holds."""

    def __init__(self, fleet: Fleet, store: Store, gatherer: Gatherer) -> None:
        self._fleet = fleet
        self._store = store
        self._gatherer = gatherer
        self._room = asyncio.Semaphore(AT_ONCE)

    async def explain(self, watched: Watched, leak: Leak, now: float) -> Leak:
        """The leak with its culprits as far as they are known; the same object if nothing new came of it."""
        dump = await self._dump(watched, now) if leak.leak_class in BLOCKED else ()
        try:
            async with self._room:
                found = await self._culprits(watched, leak, now, dump)
        except LeakdogError as error:
            self._fleet.counters.explain_failures += 1
            log.warning("naming the code behind leak %s of %s: %s", leak.id, leak.key, error)
            return leak
        told = tuple(culprit for culprit in found if culprit.share >= LEAST_SHARE) or found[:1]
        return replace(leak, culprits=told) if told and told != leak.culprits else leak

    async def _culprits(self, watched: Watched, leak: Leak, now: float, dump: Dump) -> tuple[Culprit, ...]:
        """The question to ask depends on the class; memory that is only kept by the runtime has no site."""
        if leak.leak_class is LeakClass.HEAP:
            return await self._with_past(watched, Kind.HEAP, await self._heap(watched, leak, now))
        if leak.leak_class in BLOCKED:
            return await self._goroutines(watched, leak, now, dump)
        if leak.leak_class is LeakClass.NOT_RETURNED:
            return ()
        return await self._companions(watched, leak, now)

    async def _goroutines(self, watched: Watched, leak: Leak, now: float, dump: Dump) -> tuple[Culprit, ...]:
        """Blocked sites; where none runs the program's own code, the heap says who is behind them."""
        profiles, times = await self._profiles(watched, leak, Kind.GOROUTINE, now)
        proofs = await self._store.snapshots(key=watched.key, kind=Kind.GOROUTINELEAK, end=now, limit=1)
        proof = await self._decoded(watched, proofs[0]) if proofs and _same_life(proofs[0], watched) else None
        found = await asyncio.to_thread(
            goroutine_culprits, profiles, times, proof=proof, dump=dump, leading=_leading(watched), own=watched.own
        )
        found = with_blocked_culprit(found, watched.blocked, dump, watched.own)
        found = found if dump else _with_starters(found, leak)
        if not watched.blocked and not any(has_own_frame(culprit.stack) for culprit in found):
            return await self._companions(watched, leak, now) or found
        try:
            heap = await self._heap(watched, leak, now)
        except (FetchError, ProfileError) as error:
            log.info("the heap of %s is not laid beside its goroutines: %s", watched.key, error)
            heap = ()
        found, watched.held_heap = with_held_heap(found, heap)
        return await self._with_past(watched, Kind.GOROUTINE, found)

    async def _with_past(self, watched: Watched, kind: Kind, found: tuple[Culprit, ...]) -> tuple[Culprit, ...]:
        """Culprits with what the life before tells of them. It is over, so it is asked once of each."""
        past = watched.past.get(kind)
        if past is None or not {culprit.stack_id for culprit in found} <= past.asked:
            try:
                profiles, times, start = await self._profiles_before(watched, kind)
                build = next((life.build for life in watched.lives if life.start_time == start), "")
                past = await asyncio.to_thread(before, found, profiles, times, SAMPLE_TYPES[kind], build, watched.own)
            except (FetchError, ProfileError) as error:
                log.info("what grew in %s before its restart is not known: %s", watched.key, error)
                return found
            watched.past[kind] = past
        return with_past(found, past, watched.build)

    async def _profiles_before(self, watched: Watched, kind: Kind) -> tuple[list[Profile], list[float], float]:
        """A few profiles of the life before this one, spread evenly over it, oldest first, and when it began."""
        assert watched.life is not None
        stored = await self._store.snapshots(key=watched.key, kind=kind, end=watched.life.first_seen)
        earlier = [each for each in stored if not _same_life(each, watched)]
        life = [each for each in reversed(earlier) if each.life_start == earlier[0].life_start]
        if not life:
            return [], [], 0.0
        chosen = [life[number] for number in np.unique(np.linspace(0, len(life) - 1, PROFILES).round().astype(int))]
        return *await self._readable(watched, chosen), life[0].life_start

    async def _heap(self, watched: Watched, leak: Leak, now: float) -> tuple[Culprit, ...]:
        """Sites of the heap that grow; none where the target has no heap profile."""
        profiles, times = await self._profiles(watched, leak, Kind.HEAP, now)
        return await asyncio.to_thread(
            culprits, profiles, times, sample_type="inuse_space", leading=_leading(watched), own=watched.own
        )

    async def _companions(self, watched: Watched, leak: Leak, now: float) -> tuple[Culprit, ...]:
        """Heap sites that grow in step with the leaking signal."""
        profiles, times = await self._profiles(watched, leak, Kind.HEAP, now)
        start = _window_start(watched, leak, now)
        series = await self._store.readings(leak.key, leak.signal, start=start, end=now)
        told = series.times.tolist(), series.values.tolist()
        return await asyncio.to_thread(companions, profiles, times, leak.signal, *told, own=watched.own)

    async def _dump(self, watched: Watched, now: float) -> Dump:
        """Who started the goroutines, from the text dump; without one the culprits are named all the same."""
        if not may_be_asked(self._fleet, watched.key, now):
            return ()
        try:
            data = await self._gatherer.goroutine_dump(watched)
            return await asyncio.to_thread(parse_dump, data) if data is not None else ()
        except (FetchError, ProfileError) as error:
            log.info("the goroutine dump of %s is not used: %s", watched.key, error)
            return ()

    async def _profiles(self, watched: Watched, leak: Leak, kind: Kind, now: float) -> Profiles:
        """A few profiles of this life, spread evenly from just before the onset until now, oldest first."""
        chosen: dict[float, Snapshot] = {}
        for moment in np.linspace(_window_start(watched, leak, now), now, PROFILES):
            last = await self._store.snapshots(key=watched.key, kind=kind, end=float(moment), limit=1)
            if last and _same_life(last[0], watched):
                chosen[last[0].time] = last[0]
        return await self._readable(watched, [chosen[time] for time in sorted(chosen)])

    async def _readable(self, watched: Watched, snapshots: Sequence[Snapshot]) -> Profiles:
        """The profiles of those snapshots that are not damaged, and their times."""
        found = [(await self._decoded(watched, each), each.time) for each in snapshots]
        kept = [(profile, time) for profile, time in found if profile is not None]
        return [profile for profile, _ in kept], [time for _, time in kept]

    async def _decoded(self, watched: Watched, snapshot: Snapshot) -> Profile | None:
        """A snapshot's profile; None where what is stored of it is damaged, which the store has told."""
        try:
            data = await self._store.profile(snapshot.id)
        except StoreCorrupted:
            return None
        if data is None:
            raise ProfileError(f"snapshot {snapshot.id} was deleted by retention while it was needed")
        return await self._gatherer.decoded(watched, snapshot.kind, data, SITES)


def _with_starters(found: tuple[Culprit, ...], leak: Leak) -> tuple[Culprit, ...]:
    """Culprits with who started them as an earlier dump has told."""
    known = {culprit.stack_id: culprit.created_by for culprit in leak.culprits}
    return tuple(replace(each, created_by=each.created_by or known.get(each.stack_id)) for each in found)


def _leading(watched: Watched) -> frozenset[str]:
    """Sites that leak when judged for themselves."""
    return frozenset(site.stack_id for sites in watched.sites.values() for site in sites if site.leaks)


def _window_start(watched: Watched, leak: Leak, now: float) -> float:
    """From when profiles are compared: a little before the onset, within this life."""
    assert watched.life is not None
    return max(watched.life.first_seen, leak.since - LEAD * (now - leak.since))


def _same_life(snapshot: Snapshot, watched: Watched) -> bool:
    return watched.life is not None and snapshot.life_start == watched.life.start_time
