"""Which code is behind a leak: take a few stored profiles of its life and ask `attribute` what grew between them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from leakdog.attribute.alone import Beside, moments
from leakdog.attribute.before import before, with_past
from leakdog.attribute.blocked import with_blocked_culprit
from leakdog.attribute.code import has_own_frame
from leakdog.attribute.companions import companions
from leakdog.attribute.dump import GoroutineGroup, parse_dump
from leakdog.attribute.goroutines import goroutine_culprits
from leakdog.attribute.growth import culprits
from leakdog.attribute.held import Held, with_held_heap, with_held_last
from leakdog.errors import FetchError, LeakdogError, ProfileError
from leakdog.model import Culprit, Frame, Kind, Leak, LeakClass, Signal
from leakdog.pipeline.dense import may_be_asked
from leakdog.pipeline.gather import Gatherer
from leakdog.pipeline.state import Fleet, Watched
from leakdog.pipeline.stored import PROFILES, Profiles, StoredProfiles
from leakdog.store.contract import Store

log = logging.getLogger("leakdog.pipeline")

# How much before the onset the comparison begins, as a share of the time since: growth needs a "before".
LEAD = 0.1
# Sites with less of the growth than this are not told of, unless there is nothing better.
LEAST_SHARE = 0.02

SAMPLE_TYPES = {Kind.HEAP: "inuse_space", Kind.GOROUTINE: ""}

# With this much of the growth of a heap leak, a function is told there, and is no hint at memory that leaks outside.
OF_HEAP = 0.1

# Targets whose profiles are compared at the same time: two dozen large ones take some 90 MiB, and a leaking build may
# be found on many targets at once.
AT_ONCE = 2
# A Go thread that is held is held by a goroutine.
BLOCKED = frozenset({LeakClass.GOROUTINE, LeakClass.THREADS})

Dump = tuple[GoroutineGroup, ...]


@dataclass(frozen=True, slots=True)
class _Question:
    """Which code is behind one leak, asked at one time.

    Attributes:
        dump: who started the goroutines, where that was asked for.
        read: profiles that are asked for more than once.

    """

    watched: Watched
    leak: Leak
    now: float
    dump: Dump
    stored: StoredProfiles
    read: dict[Kind, Profiles] = field(default_factory=dict)

    @property
    def start(self) -> float:
        """From when profiles are compared: a little before the onset, within this life."""
        assert self.watched.life is not None
        return max(self.watched.life.first_seen, self.leak.since - LEAD * (self.now - self.leak.since))

    async def profiles(self, kind: Kind) -> Profiles:
        """A few profiles of the growth, oldest first, and their times."""
        if kind not in self.read:
            self.read[kind] = await self.stored.spread(kind, self.start, self.now)
        return self.read[kind]


class Explainer:
    """Finds culprits for leaks from what the store holds."""

    def __init__(self, fleet: Fleet, store: Store, gatherer: Gatherer) -> None:
        self._fleet = fleet
        self._store = store
        self._gatherer = gatherer
        self._room = asyncio.Semaphore(AT_ONCE)

    @property
    def busy(self) -> bool:
        """Whether whoever asks now must wait for others."""
        return self._room.locked()

    async def explain(self, watched: Watched, leak: Leak, now: float) -> Leak:
        """The leak with its culprits as far as they are known; the same object if nothing new came of it."""
        dump = await self._dump(watched, now) if leak.leak_class in BLOCKED else ()
        stored = StoredProfiles(self._store, self._gatherer, watched)
        try:
            async with self._room:
                found = await self._culprits(_Question(watched, leak, now, dump, stored))
        except LeakdogError as error:
            self._fleet.counters.explain_failures += 1
            log.warning("naming the code behind leak %s of %s: %s", leak.id, leak.key, error)
            return leak
        told = _notable(found) or found[:1]
        if stored.unread:
            log.warning("naming the code behind leak %s of %s without %s", leak.id, leak.key, ", ".join(stored.unread))
            told = (*(_without(each, stored.unread) for each in told[:1]), *told[1:])
        return replace(leak, culprits=told) if told and told != leak.culprits else leak

    async def _culprits(self, asked: _Question) -> tuple[Culprit, ...]:
        """The question to ask depends on the class; memory that is only kept by the runtime has no site."""
        if asked.leak.leak_class is LeakClass.HEAP:
            heap = await self._heap(asked)
            return await self._with_past(asked, Kind.HEAP, with_held_last(heap, _held(asked.watched)))
        if asked.leak.leak_class in BLOCKED:
            return await self._goroutines(asked)
        if asked.leak.leak_class is LeakClass.NOT_RETURNED:
            return ()
        return await self._companions(asked)

    async def _goroutines(self, asked: _Question) -> tuple[Culprit, ...]:
        """Blocked sites; where none runs the program's own code, the heap says who is behind them."""
        watched, dump = asked.watched, asked.dump
        found = await asyncio.to_thread(
            goroutine_culprits,
            *await asked.profiles(Kind.GOROUTINE),
            proof=await asked.stored.last(Kind.GOROUTINELEAK, asked.now),
            dump=dump,
            leading=_leading(watched),
            own=watched.own,
        )
        found = with_blocked_culprit(found, watched.blocked, dump, watched.own)
        found = found if dump else _with_starters(found, self._fleet, asked.leak)
        if not watched.blocked and not any(has_own_frame(culprit.stack) for culprit in found):
            return await self._companions(asked) or found
        found = await self._with_heap(asked, found)
        return await self._with_past(asked, Kind.GOROUTINE, found)

    async def _with_heap(self, asked: _Question, found: tuple[Culprit, ...]) -> tuple[Culprit, ...]:
        """Goroutines with what they hold of the heap, which is kept with the target."""
        watched, told = asked.watched, found
        known = watched.held_heap.alone if watched.held_heap is not None else ()
        try:
            heap = _notable(await self._heap(asked))
            told, held = await asyncio.to_thread(with_held_heap, found, heap, await self._evenly(asked), known)
            watched.held_heap = held
            if held is not None and held.sites:
                calm = await self._in_calm(asked)
                told, watched.held_heap = await asyncio.to_thread(with_held_heap, found, heap, calm, held.alone)
        except (FetchError, ProfileError) as error:
            log.info("the heap of %s is not laid beside its goroutines: %s", watched.key, error)
        return told

    async def _evenly(self, asked: _Question) -> Beside:
        """Profiles of the whole growth."""
        heap, goroutines = [await asked.profiles(kind) for kind in (Kind.HEAP, Kind.GOROUTINE)]
        return Beside(*heap, *goroutines, asked.watched.own)

    async def _in_calm(self, asked: _Question) -> Beside:
        """Profiles of the times in which the fewest goroutines were added; those of the whole growth are let go."""
        asked.read.clear()
        start, end = asked.start, asked.now
        count = await self._store.readings(asked.leak.key, Signal.GOROUTINES, start=start, end=end)
        lag = self._gatherer.heap_age_seconds
        when = moments(count.times, count.values, start, end, PROFILES, lag).tolist() if len(count.times) else []
        heap, goroutines = [await asked.stored.at(kind, when) for kind in (Kind.HEAP, Kind.GOROUTINE)]
        return Beside(*heap, *goroutines, asked.watched.own)

    async def _with_past(self, asked: _Question, kind: Kind, found: tuple[Culprit, ...]) -> tuple[Culprit, ...]:
        """Culprits with what the life before tells of them. It is over, so it is asked once of each."""
        asked.read.clear()
        watched = asked.watched
        past = watched.past.get(kind)
        if past is None or not {culprit.stack_id for culprit in found} <= past.asked:
            try:
                profiles, times, start = await asked.stored.of_life_before(kind)
                build = next((life.build for life in watched.lives if life.start_time == start), "")
                past = await asyncio.to_thread(before, found, profiles, times, SAMPLE_TYPES[kind], build, watched.own)
            except (FetchError, ProfileError) as error:
                log.info("what grew in %s before its restart is not known: %s", watched.key, error)
                return found
            watched.past[kind] = past
        return with_past(found, past, watched.build)

    async def _heap(self, asked: _Question) -> tuple[Culprit, ...]:
        """Sites of the heap that grow; none where the target has no heap profile."""
        watched, heap = asked.watched, await asked.profiles(Kind.HEAP)
        return await asyncio.to_thread(
            culprits, *heap, sample_type="inuse_space", leading=_leading(watched), own=watched.own
        )

    async def _companions(self, asked: _Question) -> tuple[Culprit, ...]:
        """Heap sites that grow in step with the leaking signal."""
        profiles, times = await asked.profiles(Kind.HEAP)
        series = await self._store.readings(asked.leak.key, asked.leak.signal, start=asked.start, end=asked.now)
        told = series.times.tolist(), series.values.tolist()
        own, apart = asked.watched.own, _of_heap(asked.watched) if asked.leak.leak_class is LeakClass.NATIVE else ()
        return await asyncio.to_thread(companions, profiles, times, asked.leak.signal, *told, own=own, apart=apart)

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


def _notable(found: tuple[Culprit, ...]) -> tuple[Culprit, ...]:
    return tuple(culprit for culprit in found if culprit.share >= LEAST_SHARE)


def _without(culprit: Culprit, unread: Sequence[str]) -> Culprit:
    """The culprit with what could not be read told in its note."""
    more = f" and {len(unread) - 1} more" if len(unread) > 1 else ""
    return replace(culprit, note="; ".join(filter(None, (culprit.note, f"found without {unread[0]}{more}"))))


def _with_starters(found: tuple[Culprit, ...], fleet: Fleet, leak: Leak) -> tuple[Culprit, ...]:
    """Culprits with who started them as an earlier dump has told, or that of another instance of the job.

    Of a job of thousands all may leak alike, so the others are gone through only as far as is needed.
    """
    job = (each for each in fleet.targets.values() if each.key.job == leak.key.job)
    others = (other for each in job for other in each.leaks.values())
    wanted = {culprit.stack_id for culprit in found if culprit.created_by is None}
    known = dict[str, Frame]()
    for culprit in (culprit for each in chain([leak], others) for culprit in each.culprits):
        if culprit.created_by is not None and culprit.stack_id in wanted:
            known.setdefault(culprit.stack_id, culprit.created_by)
        if len(known) == len(wanted):
            break
    return tuple(replace(each, created_by=each.created_by or known.get(each.stack_id)) for each in found)


def _of_heap(watched: Watched) -> frozenset[str]:
    """Functions behind the target's heap leak. What they hold is resident, so they grow in step with all memory."""
    if not watched.leaks_as(LeakClass.HEAP):
        return frozenset()
    heap = watched.leaks[LeakClass.HEAP].culprits
    return frozenset(each.frame.function for each in heap if each.share >= OF_HEAP)


def _held(watched: Watched) -> Held | None:
    """What goroutines hold that leak now; those that have ended hold nothing."""
    return watched.held_heap if any(map(watched.leaks_as, BLOCKED)) else None


def _leading(watched: Watched) -> frozenset[str]:
    """Sites that leak when judged for themselves."""
    return frozenset(site.stack_id for sites in watched.sites.values() for site in sites if site.leaks)
