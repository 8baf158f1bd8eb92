"""What a daemon must still know after a restart: leaks, lives, and the detector's state of each series."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from leakdog.attribute.held import Held
from leakdog.detect.settings import Settings
from leakdog.errors import LeakdogError, StoreError
from leakdog.model import Leak, LeakState, Life, Signal, TargetKey
from leakdog.pipeline.functions import FUNCTIONS, KnownFunctions, load_functions
from leakdog.pipeline.lives import Facts
from leakdog.pipeline.signals import Signals
from leakdog.pipeline.sites import BESIDE, BY_SITE, Sites
from leakdog.pipeline.state import Lived, Watched
from leakdog.store.contract import Store

log = logging.getLogger("leakdog.daemon")

# Between the parts of a state's name; neither a job nor an instance may hold it.
SEPARATOR = "\x1f"
SIGNALS, SITES, LIVES, HELD = "signals", "sites", "lives", "held"
DENSE = f"{SEPARATOR}dense"  # belongs to no target
# How far back the last pass is looked for where no series tells when it was: little to read for each target.
FACTS_SECONDS = 6 * 3600.0
# Targets whose states are written in one transaction: some megabytes.
SAVED_TOGETHER = 20


class Memory:
    """Saves to the store, and gives back to targets as they are found again.

    Series are given back when a target is first read: there may be hundreds of megabytes of them, and until all had
    been read nobody would be watched.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stored: set[TargetKey] = set()  # targets that have states and were not found yet
        self._asleep: set[TargetKey] = set()  # targets that were found and not yet read
        self._leaks: dict[TargetKey, list[Leak]] = {}

    async def load(self) -> None:
        """See of which targets something was saved; their leaks are handed out by `restore`."""
        self._stored = {_key_of(name) for name in await self._store.state_names() if not name.startswith(SEPARATOR)}
        for leak in await self._store.leaks():
            if leak.state is not LeakState.INACTIVE:
                self._leaks.setdefault(leak.key, []).append(leak)

    async def dense_phases(self) -> dict[str, dict[str, float]]:
        """Who was read densely, and when: a daemon that is restarted again and again asks no more of targets."""
        data = (await self._store.states(DENSE)).get(DENSE, b"{}")
        try:
            return {job: {name: float(began) for name, began in of.items()} for job, of in json.loads(data).items()}
        except (ValueError, TypeError, AttributeError) as error:
            log.warning("dense phases before the restart are not known: %r", error)
            return {}

    async def acknowledged(self) -> tuple[KnownFunctions, ...]:
        """The functions that were acknowledged while a daemon ran."""
        return load_functions((await self._store.states(FUNCTIONS)).get(FUNCTIONS, b"[]"))

    def restore(self, watched: Watched, now: float) -> None:
        """Give a newly found target the leaks that were known of it; `wake` gives it the rest.

        Time in which nobody looked does not count as time in which growth was gone.
        """
        self._stored.discard(watched.key)
        self._asleep.add(watched.key)
        for leak in self._leaks.pop(watched.key, []):
            ended = leak.state is LeakState.RESOLVED
            watched.leaks[leak.leak_class] = leak if ended else replace(leak, updated=max(now, leak.updated))

    async def wake(self, watched: Watched, now: float, settings: Settings) -> None:
        """Give a target its series, before it is read for the first time; later it does nothing.

        Not on the loop: after an upgrade courses are made anew, a quarter of a second for a target of a month.
        """
        if watched.key not in self._asleep:
            return
        states = await self._store.states(_prefix(watched.key))
        life = await self._store.latest_life(watched.key)
        watched.lives = _lives(states.get(lives_name(watched.key), b"[]"))
        watched.held_heap = _held(states.get(held_name(watched.key), b"null"), life)
        watched.series = await self._series(watched.key, states, settings)
        for signal in BY_SITE:
            data = states.get(state_name(watched.key, signal, SITES))
            if data is None:
                continue
            try:
                beside = watched.sites.get(BESIDE[signal]) if signal in BESIDE else None
                watched.sites[signal] = await asyncio.to_thread(Sites.from_bytes, signal, data, settings, beside)
            except LeakdogError as error:
                log.warning("sites by %s of %s start afresh: %s", signal.value, watched.key, error)
        if life is not None:
            seen = -math.inf if watched.series.group is None else watched.series.group.last_time
            watched.facts = await self._facts(watched.key, life, seen if math.isfinite(seen) else now - FACTS_SECONDS)
        watched.life = life
        self._asleep.discard(watched.key)

    def unclaimed(self) -> dict[TargetKey, list[Leak]]:
        """The leaks that no target has asked for: those of targets that have gone while nobody watched."""
        found, self._leaks = self._leaks, {}
        return found

    async def save(
        self,
        targets: Iterable[Watched],
        dense: Mapping[str, Mapping[str, float]] | None = None,
        bytes_per_second: float = math.inf,
    ) -> None:
        """Store the detector's state of every series of these targets, and their leaks with their latest numbers.

        `dense` is the fleet's.

        A few targets at a time, no faster than this: neither scrapes nor the disk are to notice.

        States that no target has asked for by now belong to targets that are gone, and are deleted. A target whose
        series cannot be read back from where they were put away costs the others nothing: its series begin anew.

        Raises:
            StoreError: the store does not take them.

        """
        gone, self._stored = self._stored, set()
        for key in gone:
            await self._delete(key)
        if dense is not None:
            await self._store.put_states({DENSE: json.dumps(dense).encode()})
        awake = [watched for watched in targets if watched.key not in self._asleep]
        for first in range(0, len(awake), SAVED_TOGETHER):
            some = [watched for watched in awake[first : first + SAVED_TOGETHER] if not watched.removed]
            states = {name: data for watched in some for name, data in _states(watched).items()}
            await self._store.put_states(states)
            await self._store.put_leaks([leak for watched in some for leak in watched.leaks.values()])
            await asyncio.sleep(sum(len(data or b"") for data in states.values()) / bytes_per_second)

    async def forget(self, watched: Watched) -> None:
        """Delete the detector's state of a target that is watched no more."""
        self._asleep.discard(watched.key)
        await self._delete(watched.key)

    async def _delete(self, key: TargetKey) -> None:
        await self._store.put_states(dict.fromkeys(await self._store.state_names(_prefix(key))))

    async def _series(self, key: TargetKey, states: Mapping[str, bytes], settings: Settings) -> Signals:
        """The series of a target's signals. As the version before stored them, one by one, they are stored anew."""
        names = {signal: state_name(key, signal) for signal in Signal}
        before = {signal: states[name] for signal, name in names.items() if name in states}
        if before:
            series = await asyncio.to_thread(Signals.from_before, before, settings)
            gone: dict[str, bytes | None] = dict.fromkeys(names[signal] for signal in before)
            await self._store.put_states(gone | _series_state(key, series))
            return series
        data = states.get(signals_name(key))
        if data is None:
            return Signals()
        try:
            return await asyncio.to_thread(Signals.from_bytes, data, settings)
        except LeakdogError as error:
            log.warning("the series of %s start afresh: %s", key, error)
            return Signals()

    async def _facts(self, key: TargetKey, life: Life, since: float) -> Facts:
        """What the last pass of a life told, by which a restart in the meantime is seen."""
        start = max(life.first_seen, since)
        allocated: dict[Signal, float] = {}
        for signal in Signal:
            if signal.cumulative:
                readings = await self._store.readings(key, signal, start=start)
                if len(readings.values):
                    allocated[signal] = float(readings.values[-1])
        told = life.start_time if life.start_time != life.first_seen else None
        return Facts(start_time=told, pid=life.pid, allocated=allocated)


def _states(watched: Watched) -> dict[str, bytes | None]:
    """All that is saved of a target, by name; where its series cannot be read back, they are forgotten."""
    others: dict[str, bytes | None] = {held_name(watched.key): _dumped(watched)}
    if watched.lives:
        others[lives_name(watched.key)] = json.dumps(watched.lives).encode()
    try:
        return _read_states(watched) | others
    except StoreError as error:
        log.error("the series of %s: %s", watched.key, error)
        watched.forget_series()
        return others


def _read_states(watched: Watched) -> dict[str, bytes | None]:
    """The series of a target's signals and sites, by name."""
    series: dict[str, bytes | None] = {**_series_state(watched.key, watched.series)}
    sites = {
        state_name(watched.key, signal, SITES): each.to_bytes()
        for signal, each in watched.sites.items()
        if each.group is not None
    }
    return series | sites


def _series_state(key: TargetKey, series: Signals) -> dict[str, bytes]:
    return {} if series.group is None else {signals_name(key): series.to_bytes()}


def signals_name(key: TargetKey) -> str:
    """Name under which the series of a target's signals are stored."""
    return SEPARATOR.join((*key, SIGNALS))


def lives_name(key: TargetKey) -> str:
    """Name under which the builds of a target's last lives are stored."""
    return SEPARATOR.join((*key, LIVES))


def _lives(data: bytes) -> list[Lived]:
    """The lives that were saved; none where they cannot be read, which costs a culprit no more than a remark."""
    try:
        return [Lived(float(start), str(build)) for start, build in json.loads(data)]
    except (ValueError, TypeError) as error:
        log.warning("builds of earlier lives are not known: %r", error)
        return []


def held_name(key: TargetKey) -> str:
    """Name under which it is stored what leaked goroutines hold of a target's heap."""
    return SEPARATOR.join((*key, HELD))


def _dumped(watched: Watched) -> bytes | None:
    """What is held, with the start of the life in which it is: it is saved later than a new life is."""
    held, life = watched.held_heap, watched.life
    if held is None or life is None:
        return None
    return json.dumps([held.share, held.apart, sorted(held.sites), sorted(held.alone), life.start_time]).encode()


def _held(data: bytes, life: Life | None) -> Held | None:
    """What was saved of it in this life; None where that cannot be read, until the stacks have been compared again."""
    try:
        found = json.loads(data)
        held = found and Held(float(found[0]), float(found[1]), frozenset(found[2]), frozenset(found[3]))
        return held if held and life is not None and life.start_time == found[4] else None
    except (ValueError, TypeError, IndexError, KeyError) as error:
        log.warning("what goroutines hold of the heap is not known: %r", error)
        return None


def _prefix(key: TargetKey) -> str:
    """What the names of all states of a target begin with."""
    return SEPARATOR.join((*key, ""))


def _key_of(name: str) -> TargetKey:
    """The target that a state belongs to."""
    job, _, rest = name.partition(SEPARATOR)
    return TargetKey(job, rest.partition(SEPARATOR)[0])


def state_name(key: TargetKey, signal: Signal, *part: str) -> str:
    """Name under which what belongs to one signal is stored."""
    return SEPARATOR.join((*key, signal.value, *part))
