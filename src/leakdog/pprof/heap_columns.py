"""The columns that text forms of heap profiles come to, and the correction for sampling they need."""

from __future__ import annotations

import math
from typing import NamedTuple

from leakdog.pprof import legacy
from leakdog.pprof.build import Builder
from leakdog.pprof.limits import Limits
from leakdog.pprof.maps import Mapping
from leakdog.pprof.profile import Label, Profile, ValueType

_SPACE = ValueType("space", "bytes")
# Allocated before in use: without a default, the last column is the one shown.
_FOUR = tuple(
    ValueType(f"{state}_{what}", unit)
    for state in ("alloc", "inuse")
    for what, unit in (("objects", "count"), ("space", "bytes"))
)
_TWO = (ValueType("objects", "count"), _SPACE)


class Counted(NamedTuple):
    """Objects and bytes in use, and allocated ever, of the allocations that were sampled."""

    objects: int
    size: int
    all_objects: int
    all_size: int

    def is_sound(self) -> bool:
        """Whether there are objects where there are bytes."""
        return (self.objects != 0 or not self.size) and (self.all_objects != 0 or not self.all_size)


class HeapBuilder(Builder):
    """Collects samples of a heap as they are in the text.

    Two columns are enough where the totals do not tell allocated and in use apart.
    """

    def __init__(self, totals: Counted, period: int, limits: Limits, *, sampled: bool = True) -> None:
        self._four = totals.all_objects not in (totals.objects, 0) or totals.all_size not in (totals.size, 0)
        self._period = period
        self._sampled = sampled
        super().__init__(_FOUR if self._four else _TWO, limits)

    def add(self, counted: Counted, stack: list[int]) -> None:
        """Add a sample, corrected; its label tells the size of one object."""
        pairs = [counted[2:], counted[:2]] if self._four else [counted[:2]]
        if self._sampled:
            pairs = [unsampled(*pair, self._period) for pair in pairs]
        count, size = counted[:2] if counted.objects or not self._four else counted[2:]
        self.sample([value for pair in pairs for value in pair], stack, [Label("bytes", size // count if count else 0)])

    def finish(self, mappings: list[Mapping]) -> Profile:
        """The profile of all that was added."""
        return self.build(_SPACE, self._period, mappings=mappings, uninteresting=legacy.HEAP)


def unsampled(count: int, size: int, period: int) -> tuple[int, int]:
    """Objects and bytes as they were before sampling, estimated from those sampled.

    Method: allocations are sampled by a Poisson process of one event per `period` bytes, so one of `s` bytes
    is seen with probability 1 - exp(-s / period); the numbers are divided by it (google/pprof,
    `scaleHeapSample`). With a period of 1 all is seen, with 0 the period is not known; both leave the numbers
    as they are.
    """
    if not count or not size:
        return 0, 0
    if period <= 1 or (count < 0) != (size < 0):  # such a pair has no average that means something
        return count, size
    scale = -1 / math.expm1(-(size / count) / period)
    return int(count * scale), int(size * scale)
