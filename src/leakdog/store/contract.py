"""What a store promises, whichever backend keeps the data.

Times are unix seconds. A range is closed: `start <= time <= end`, and a bound left out does not bound. Every
method raises `StoreError` where the data cannot be read or written, and after `close`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from leakdog.detect.cells import Shelf
from leakdog.model import Kind, Leak, Life, Scrape, Signal, Snapshot, TargetKey

Floats = NDArray[np.float64]


def _no_points() -> Floats:
    return np.empty(0, np.float64)


@dataclass(frozen=True, slots=True)
class Readings:
    """One signal of one target over time: arrays of one length, oldest first.

    What is old may stand for all that was read in five minutes or an hour: it is the last value of these, with the
    time of the last scrape.

    Attributes:
        times: when each value was read.
        values: in the signal's unit.
        life_starts: `Life.start_time` of the run that each value belongs to.
        lows, means, highs: of the values that each stands for; the value itself where it stands for none but itself.
        counts: how many values that are.

    """

    times: Floats = field(default_factory=_no_points)
    values: Floats = field(default_factory=_no_points)
    life_starts: Floats = field(default_factory=_no_points)
    lows: Floats = field(default_factory=_no_points)
    means: Floats = field(default_factory=_no_points)
    highs: Floats = field(default_factory=_no_points)
    counts: Floats = field(default_factory=_no_points)


@dataclass(frozen=True, slots=True)
class StoreStats:
    """How much is kept, and how writing goes.

    Attributes:
        size_bytes: on disk (database and write-ahead log), or held in memory.
        points: single numbers kept; what was folded into one is one.
        kind_bytes: roughly what is taken by `numbers`, `profiles` and `leaks` (with the detector's states).
        writes_total: writes acknowledged since the store was opened; each step of retention is one.
        write_failures_total: those that raised since then.
        queue_length: calls waiting to be acknowledged.
        failing: why the last write raised; empty once one has gone through again.
        evidence_bytes: of `size_bytes`, what the evidence of leaks takes.
        shelf_bytes: of `size_bytes`, what was put away between passes, until the store is closed.
        damaged_total: pieces of stored data that could not be read since the store was opened, and were left out.

    """

    size_bytes: int
    snapshots: int
    points: int
    writes_total: int
    write_failures_total: int
    queue_length: int
    failing: str = ""
    kind_bytes: Mapping[str, int] = field(default_factory=dict)
    evidence_bytes: int = 0
    shelf_bytes: int = 0
    damaged_total: int = 0


@dataclass(frozen=True, slots=True)
class Deleted:
    """What retention took away. `bytes` is by how much the store shrank."""

    snapshots: int = 0
    points: int = 0
    bytes: int = 0

    def __add__(self, other: Deleted) -> Deleted:
        """The sum, field by field."""
        return Deleted(self.snapshots + other.snapshots, self.points + other.points, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file of a leak's evidence, and when it was put there."""

    time: float
    data: bytes


class Store(Protocol):
    """Keeps scrapes, leaks and detector states. Used from one event loop.

    What is awaited does not block it. The shelf does, while the system takes numbers or gives them back.
    """

    @property
    def shelf(self) -> Shelf | None:
        """Takes what the detector does not need between passes; None where that stays in memory."""
        ...

    async def append(self, scrape: Scrape) -> tuple[Snapshot, ...]:
        """Store a scrape whole or not at all, and return its snapshots, one for each profile, in order.

        The data is durable when this returns. For a `(key, slot)` that was stored before, only signals and
        kinds that it lacks are added: what is there stays, with its time and life, and its snapshot is
        returned. (A slot whose numbers were folded, or whose snapshot was thinned out, is not known any more.)
        Where the store has reached `retention.size`, the oldest snapshots make room first.
        """
        ...

    async def snapshots(
        self,
        *,
        key: TargetKey | None = None,
        kind: Kind | None = None,
        start: float | None = None,
        end: float | None = None,
        limit: int = 1000,
    ) -> list[Snapshot]:
        """At most `limit` stored snapshots that match all that is given, newest first."""
        ...

    async def profile(self, snapshot_id: int) -> bytes | None:
        """A snapshot's profile; None where there is no such snapshot.

        It is the profile that was appended: samples, tables, ids, labels and header are the same, in the same order,
        but it may be written and compressed otherwise. What is no profile comes back byte for byte. Raises
        `StoreCorrupted` where what is stored of it is damaged: others can be read all the same.
        """
        ...

    async def readings(
        self, key: TargetKey, signal: Signal, *, start: float | None = None, end: float | None = None
    ) -> Readings:
        """One signal of one target, oldest first; empty where nothing is known of it.

        Where a part of what is stored is damaged it is left out, and the rest is there.
        """
        ...

    async def latest_life(self, key: TargetKey) -> Life | None:
        """The life that the target's last appended scrape told; None for a target without data."""
        ...

    async def put_leaks(self, leaks: Sequence[Leak]) -> None:
        """Store leaks durably, each in place of an earlier one of the same id."""
        ...

    async def leaks(self) -> list[Leak]:
        """All stored leaks that are not damaged, by id."""
        ...

    async def put_evidence(self, leak_id: str, files: Mapping[str, bytes], time: float) -> list[str]:
        """Store files of a leak's evidence durably, each in place of an earlier one of the same name.

        Returns the names of those for which `evidence.leak_size` or `evidence.size` leaves no room. The former is
        given to files in their order; for the latter the evidence of leaks that have ended makes room, the leak
        that ended first before others.
        """
        ...

    async def evidence(self, leak_id: str) -> dict[str, EvidenceFile]:
        """All files of a leak's evidence by name, but for damaged ones; that which was first stored is first."""
        ...

    async def put_states(self, states: Mapping[str, bytes | None]) -> None:
        """Store detector states durably by name; None deletes one. Only the detector knows what they hold."""
        ...

    async def states(self, prefix: str = "") -> dict[str, bytes]:
        """Stored detector states by name: all whose names begin with a text."""
        ...

    async def state_names(self, prefix: str = "") -> list[str]:
        """The names of those states, without what they hold."""
        ...

    async def retain(self, now: float) -> Deleted:
        """Thin and delete what retention does not keep, oldest first, in steps between which appends go on.

        By time: numbers, snapshots and ended leaks older than `retention.time` or the time of their kind, and targets
        without data. By size, until each kind and the store are no larger than they may be: the oldest snapshots, then
        numbers. A store on disk thins before: numbers are folded into one for five minutes, later for an hour, and of
        the snapshots the last of each hour stays, later of each day; of each life so, and thereby its last.
        What a leak that is pending or firing needs stays whatever its age: of each kind of profile of its target the
        last before its onset, or the first there is, and the latest. Evidence goes with its leak, and counts for none
        of these sizes.
        """
        ...

    async def stats(self) -> StoreStats:
        """How much is kept now, and how writing goes."""
        ...

    async def close(self) -> None:
        """Finish all writes that were asked for, then release everything. A second call does nothing."""
        ...
