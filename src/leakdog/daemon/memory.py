"""What a daemon must still know after a restart: leaks, lives, and the detector's state of each series."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace

from leakdog.detect.series import SeriesState
from leakdog.detect.settings import Settings
from leakdog.errors import LeakdogError
from leakdog.model import Leak, LeakState, Life, Signal, TargetKey
from leakdog.pipeline.lives import Facts
from leakdog.pipeline.sites import BY_SITE, Sites
from leakdog.pipeline.state import Lived, Watched
from leakdog.store.contract import Store

log = logging.getLogger("leakdog.daemon")

# Between the parts of a state's name; neither a job nor an instance may hold it.
SEPARATOR = "\x1f"
SITES = "sites"
DENSE, LIVES = "dense", "lives"
# How far back the last pass is looked for: further than a daemon is down, and little to read for each target.
FACTS_SECONDS = 6 * 3600.0


class Memory:
    """Saves to the store, and gives back to targets as they are found again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._states: dict[str, bytes] = {}
        self._leaks: dict[TargetKey, list[Leak]] = {}

    async def load(self) -> None:
        """Read all that was saved; each part is handed out once, by `restore`."""
        self._states = await self._store.states()
        for leak in await self._store.leaks():
            self._leaks.setdefault(leak.key, []).append(leak)

    def dense_phases(self) -> dict[str, dict[str, float]]:
        """Who was read densely, and when: a daemon that is restarted again and again asks no more of targets."""
        data = self._states.pop(DENSE, b"{}")
        try:
            saved = {job: {name: float(began) for name, began in of.items()} for job, of in json.loads(data).items()}
        except (ValueError, TypeError, AttributeError) as error:
            log.warning("dense phases before the restart are not known: %r", error)
            return {}
        return saved

    async def restore(self, watched: Watched, now: float, settings: Settings) -> None:
        """Give a newly found target what was known of it before.

        Time in which nobody looked does not count as time in which growth was gone.
        """
        for leak in self._leaks.pop(watched.key, []):
            if leak.state is not LeakState.INACTIVE:
                ended = leak.state is LeakState.RESOLVED
                watched.leaks[leak.leak_class] = leak if ended else replace(leak, updated=max(now, leak.updated))
        watched.life = life = await self._store.latest_life(watched.key)
        watched.lives = _lives(self._states.pop(lives_name(watched.key), b"[]"))
        if life is not None:
            watched.facts = await self._facts(watched.key, life, now)
        for signal in Signal:
            data = self._states.pop(state_name(watched.key, signal), None)
            if data is None:
                continue
            try:
                watched.series[signal] = SeriesState.from_bytes(data, settings)
            except LeakdogError as error:
                log.warning("%s of %s starts afresh: %s", signal.value, watched.key, error)

        for signal in BY_SITE.values():
            data = self._states.pop(state_name(watched.key, signal, SITES), None)
            if data is None:
                continue
            try:
                watched.sites[signal] = Sites.from_bytes(signal, data, settings)
            except LeakdogError as error:
                log.warning("sites by %s of %s start afresh: %s", signal.value, watched.key, error)

    async def save(self, targets: Iterable[Watched], dense: Mapping[str, Mapping[str, float]] | None = None) -> None:
        """Store the detector's state of every series of these targets, and their leaks with their latest numbers.

        `dense` is the fleet's.

        States that no target has asked for by now belong to targets that are gone, and are deleted.
        """
        states: dict[str, bytes | None] = dict.fromkeys(self._states)
        self._states.clear()
        leaks: list[Leak] = []
        for watched in targets:
            leaks += watched.leaks.values()
            if watched.lives:
                states[lives_name(watched.key)] = json.dumps(watched.lives).encode()
            for signal, series in watched.series.items():
                states[state_name(watched.key, signal)] = series.to_bytes()
            for signal, sites in watched.sites.items():
                states[state_name(watched.key, signal, SITES)] = sites.to_bytes()
        if dense is not None:
            states[DENSE] = json.dumps(dense).encode()
        await self._store.put_states(states)
        await self._store.put_leaks(leaks)

    async def forget(self, watched: Watched) -> None:
        """Delete the detector's state of a target that is watched no more."""
        names = [state_name(watched.key, signal) for signal in watched.series]
        names += [state_name(watched.key, signal, SITES) for signal in watched.sites]
        await self._store.put_states(dict.fromkeys([*names, lives_name(watched.key)]))

    async def _facts(self, key: TargetKey, life: Life, now: float) -> Facts:
        """What the last pass of a life told, by which a restart in the meantime is seen."""
        start = max(life.first_seen, now - FACTS_SECONDS)
        allocated: dict[Signal, float] = {}
        for signal in Signal:
            if signal.cumulative:
                readings = await self._store.readings(key, signal, start=start)
                if len(readings.values):
                    allocated[signal] = float(readings.values[-1])
        told = life.start_time if life.start_time != life.first_seen else None
        return Facts(start_time=told, pid=life.pid, allocated=allocated)


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


def state_name(key: TargetKey, signal: Signal, *part: str) -> str:
    """Name under which the state of one series is stored, or of a part of it."""
    return SEPARATOR.join((*key, signal.value, *part))
