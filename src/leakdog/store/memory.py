"""The store that forgets at exit: for tests, demonstrations, and daemons that need no history.

It is bounded by time and size, and thins nothing: what it keeps is as it came.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from leakdog.config.schema import EvidenceConfig, RetentionConfig
from leakdog.detect.cells import Shelf
from leakdog.errors import StoreError
from leakdog.model import Kind, Leak, Life, RawProfile, Scrape, Signal, Snapshot, TargetKey
from leakdog.store.bundles import Bundles
from leakdog.store.codec import ended_at
from leakdog.store.contract import Deleted, EvidenceFile, Readings, StoreStats

# What Python keeps beside the data itself, measured with tracemalloc and rounded up.
POINT_BYTES = 60
ROW_BYTES = 480
SNAPSHOT_BYTES = 450

# A full store is emptied by a twentieth, so that it need not look for its oldest data at every scrape.
SHRINK_TO = 0.95


@dataclass(slots=True)
class _Row:
    """The numbers of one slot."""

    time: float
    life_start: float
    values: dict[Signal, float]

    @property
    def size_bytes(self) -> int:
        return ROW_BYTES + POINT_BYTES * len(self.values)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A snapshot with its profile and the slot it came from."""

    snapshot: Snapshot
    slot: float
    data: bytes

    @property
    def size_bytes(self) -> int:
        return SNAPSHOT_BYTES + len(self.data)


class MemoryStore:
    """Implements `contract.Store` in dictionaries. `retention.size` bounds an estimate of their memory."""

    shelf: Shelf | None = None

    def __init__(self, retention: RetentionConfig, evidence: EvidenceConfig) -> None:
        self._retention = retention
        self._lives: dict[TargetKey, Life] = {}
        self._rows: dict[TargetKey, dict[float, _Row]] = {}
        self._stored: dict[int, _Stored] = {}
        self._places: dict[tuple[TargetKey, float, Kind], int] = {}
        self._leaks: dict[str, Leak] = {}
        self._states: dict[str, bytes] = {}
        self._bundles = Bundles(evidence)
        self._ids = count(1)
        self._size = self._points = self._writes = 0
        self._closed = False

    async def append(self, scrape: Scrape) -> tuple[Snapshot, ...]:
        """See `Store.append`."""
        self._write()
        self._lives[scrape.key] = scrape.life
        if scrape.values:
            self._add_values(scrape)
        snapshots = tuple(self._add_profile(scrape, profile) for profile in scrape.profiles)
        self._shrink()
        return snapshots

    async def snapshots(
        self,
        *,
        key: TargetKey | None = None,
        kind: Kind | None = None,
        start: float | None = None,
        end: float | None = None,
        limit: int = 1000,
    ) -> list[Snapshot]:
        """See `Store.snapshots`."""
        self._check_open()
        found = [
            stored.snapshot
            for stored in self._oldest_stored()
            if key in (None, stored.snapshot.key)
            and kind in (None, stored.snapshot.kind)
            and _within(stored.snapshot.time, start, end)
        ]
        return found[::-1][: max(limit, 0)]

    async def profile(self, snapshot_id: int) -> bytes | None:
        """See `Store.profile`."""
        self._check_open()
        stored = self._stored.get(snapshot_id)
        return stored.data if stored else None

    async def readings(
        self, key: TargetKey, signal: Signal, *, start: float | None = None, end: float | None = None
    ) -> Readings:
        """See `Store.readings`."""
        self._check_open()
        points = sorted(
            (row.time, slot, row.values[signal], row.life_start)
            for slot, row in self._rows.get(key, {}).items()
            if signal in row.values and _within(row.time, start, end)
        )
        times, _, values, life_starts = np.array(points, np.float64).reshape(-1, 4).T.copy()
        return Readings(times, values, life_starts, values, values, values, np.ones(len(values)))

    async def latest_life(self, key: TargetKey) -> Life | None:
        """See `Store.latest_life`."""
        self._check_open()
        return self._lives.get(key)

    async def put_leaks(self, leaks: Sequence[Leak]) -> None:
        """See `Store.put_leaks`."""
        self._write()
        self._leaks |= {leak.id: leak for leak in leaks}

    async def leaks(self) -> list[Leak]:
        """See `Store.leaks`."""
        self._check_open()
        return [self._leaks[name] for name in sorted(self._leaks)]

    async def put_evidence(self, leak_id: str, files: Mapping[str, bytes], time: float) -> list[str]:
        """See `Store.put_evidence`."""
        self._write()
        return self._bundles.put(leak_id, files, time, self._leaks)

    async def evidence(self, leak_id: str) -> dict[str, EvidenceFile]:
        """See `Store.evidence`."""
        self._check_open()
        return self._bundles.of(leak_id)

    async def put_states(self, states: Mapping[str, bytes | None]) -> None:
        """See `Store.put_states`."""
        self._write()
        merged = {**self._states, **states}
        self._states = {name: state for name, state in merged.items() if state is not None}

    async def states(self, prefix: str = "") -> dict[str, bytes]:
        """See `Store.states`."""
        self._check_open()
        return {name: state for name, state in self._states.items() if name.startswith(prefix)}

    async def state_names(self, prefix: str = "") -> list[str]:
        """See `Store.state_names`."""
        return list(await self.states(prefix))

    async def retain(self, now: float) -> Deleted:
        """See `Store.retain`."""
        self._write()
        kept = self._retention
        numbers, profiles, leaks = (now - kept.seconds(kind.time) for kind in (kept.numbers, kept.profiles, kept.leaks))
        deleted = self._delete_stored(s for s in self._oldest_stored() if s.snapshot.time < profiles)
        deleted += self._delete_rows(row for row in self._oldest_rows() if row[0] < numbers)
        self._leaks = {name: leak for name, leak in self._leaks.items() if ended_at(leak, math.inf) >= leaks}
        self._bundles.keep(self._leaks)
        deleted += self._shrink_kinds()
        deleted += self._shrink()
        known = {stored.snapshot.key for stored in self._stored.values()} | self._rows.keys()
        self._lives = {key: life for key, life in self._lives.items() if key in known}
        return deleted

    async def stats(self) -> StoreStats:
        """See `Store.stats`."""
        return StoreStats(
            size_bytes=self._size + self._bundles.size_bytes,
            snapshots=len(self._stored),
            points=self._points,
            writes_total=self._writes,
            write_failures_total=0,
            queue_length=0,
            kind_bytes=self._kind_bytes(),
            evidence_bytes=self._bundles.size_bytes,
        )

    async def close(self) -> None:
        """See `Store.close`."""
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("the store is closed: it can be read and written only while the daemon runs")

    def _write(self) -> None:
        self._check_open()
        self._writes += 1

    def _add_values(self, scrape: Scrape) -> None:
        rows = self._rows.setdefault(scrape.key, {})
        if scrape.slot not in rows:
            rows[scrape.slot] = _Row(scrape.time, scrape.life.start_time, {})
            self._size += ROW_BYTES
        values = rows[scrape.slot].values
        new = {signal: float(value) for signal, value in scrape.values.items() if signal not in values}
        values |= new
        self._size += POINT_BYTES * len(new)
        self._points += len(new)

    def _add_profile(self, scrape: Scrape, profile: RawProfile) -> Snapshot:
        place = (scrape.key, scrape.slot, profile.kind)
        if place in self._places:
            return self._stored[self._places[place]].snapshot
        snapshot = Snapshot(
            id=next(self._ids),
            key=scrape.key,
            kind=profile.kind,
            time=profile.time,
            size_bytes=len(profile.data),
            life_start=scrape.life.start_time,
        )
        stored = _Stored(snapshot, scrape.slot, profile.data)
        self._places[place] = snapshot.id
        self._stored[snapshot.id] = stored
        self._size += stored.size_bytes
        return snapshot

    def _oldest_stored(self) -> list[_Stored]:
        return sorted(self._stored.values(), key=lambda stored: (stored.snapshot.time, stored.snapshot.id))

    def _oldest_rows(self) -> list[tuple[float, TargetKey, float]]:
        """Time, target and slot of all rows."""
        return sorted((row.time, key, slot) for key, rows in self._rows.items() for slot, row in rows.items())

    def _needed(self) -> set[int]:
        """Snapshots that open leaks need: see `Store.retain`."""
        needed = set()
        for leak in self._leaks.values():
            if ended_at(leak, None) is not None:
                continue
            series: dict[Kind, list[Snapshot]] = {}
            for stored in self._oldest_stored():
                if stored.snapshot.key == leak.key:
                    series.setdefault(stored.snapshot.kind, []).append(stored.snapshot)
            for found in series.values():
                before = [snapshot for snapshot in found if snapshot.time <= leak.since] or found[:1]
                needed |= {before[-1].id, found[-1].id}
        return needed

    def _kind_bytes(self) -> dict[str, int]:
        profiles = sum(stored.size_bytes for stored in self._stored.values())
        return {"numbers": self._size - profiles, "profiles": profiles}

    def _shrink_kinds(self) -> Deleted:
        """Delete the oldest of each kind that takes more than is allowed for it."""
        sizes, kept = self._kind_bytes(), self._retention
        over = {
            "profiles": sizes["profiles"] - (kept.profiles.size or math.inf),
            "numbers": sizes["numbers"] - (kept.numbers.size or math.inf),
        }
        deleted = Deleted()
        if over["profiles"] > 0:
            deleted += self._delete_stored(self._oldest_stored(), self._size - int(over["profiles"]))
        if over["numbers"] > 0:
            deleted += self._delete_rows(self._oldest_rows(), self._size - int(over["numbers"]))
        return deleted

    def _shrink(self) -> Deleted:
        """Delete the oldest snapshots, then the oldest numbers, where the size is above what is allowed."""
        if self._size <= self._retention.size:
            return Deleted()
        goal = int(self._retention.size * SHRINK_TO)
        return self._delete_stored(self._oldest_stored(), goal) + self._delete_rows(self._oldest_rows(), goal)

    def _delete_stored(self, oldest: Iterable[_Stored], goal: int = -1) -> Deleted:
        """Delete these in order, but for what open leaks need, until the size is at most `goal`."""
        deleted, needed = Deleted(), self._needed()
        for stored in oldest:
            if self._size <= goal:
                break
            snapshot = stored.snapshot
            if snapshot.id in needed:
                continue
            del self._stored[snapshot.id], self._places[snapshot.key, stored.slot, snapshot.kind]
            self._size -= stored.size_bytes
            deleted += Deleted(snapshots=1, bytes=stored.size_bytes)
        return deleted

    def _delete_rows(self, oldest: Iterable[tuple[float, TargetKey, float]], goal: int = -1) -> Deleted:
        """Delete these in order, until the size is at most `goal`."""
        deleted = Deleted()
        for _, key, slot in oldest:
            if self._size <= goal:
                break
            row = self._rows[key].pop(slot)
            if not self._rows[key]:
                del self._rows[key]
            self._size -= row.size_bytes
            self._points -= len(row.values)
            deleted += Deleted(points=len(row.values), bytes=row.size_bytes)
        return deleted


def _within(time: float, start: float | None, end: float | None) -> bool:
    return (start is None or start <= time) and (end is None or time <= end)
