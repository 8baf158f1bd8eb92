"""Whole histories, and how far they reach."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leakdog.detect.panel import least_crowd
from leakdog.detect.settings import Settings

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class History:
    """All points of one series, in order of time, times distinct.

    Attributes:
        time, value: (n,) unix seconds, and the signal's unit; all finite.
        load: (n,), NaN where not known; None where it never is.
        life_start: (n,) start of the process; None where not known: one life, older than its first point by the
            time that is hidden after a start, so that nothing is hidden.
        limit: in the signal's unit.

    """

    name: str
    time: Array
    value: Array
    load: Array | None = None
    life_start: Array | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Extent:
    """From when to when histories reach, and whether any is read often enough for the finest level."""

    first: float = math.inf
    last: float = -math.inf
    finest: bool = False

    def with_one(self, history: History, settings: Settings) -> Extent:
        """The extent with one more history."""
        time = history.time
        finest = self.finest
        many, width = least_crowd(settings, 0)
        if not finest and len(time) > many:
            near = time[many:] - time[: len(time) - many] < width * settings.levels[0].block_seconds
            finest = bool(near.any())
        return Extent(min(self.first, float(time[0])), max(self.last, float(time[-1])), finest)

    def columns(self, settings: Settings) -> float:
        """Of a grid, on all its levels."""
        levels = settings.levels if self.finest else settings.levels[1:]
        return sum((self.last - self.first) / level.block_seconds + level.length for level in levels)
