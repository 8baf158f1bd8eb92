"""A long series as few spans of time, with the lowest, mean and highest of each: pure functions of arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MISSED = 4.0  # times as long as it usually is around it: a distance in which points are missing
AROUND = 5  # distances on either side that tell what is usual; old points lie farther apart than new ones


@dataclass(frozen=True, slots=True)
class Spans:
    """Arrays of one length, oldest first.

    Attributes:
        starts, ends: times of the first and the last point of each.
        lows, means, highs: of its values. The mean is that of its points, whatever they stand for.
        lasts: the value of its last point.

    """

    starts: Floats
    ends: Floats
    lows: Floats
    means: Floats
    highs: Floats
    lasts: Floats

    @classmethod
    def of(cls, times: Floats, values: Floats, lows: Floats, means: Floats, highs: Floats) -> Spans:
        """Each point as a span of its own."""
        return cls(times, times, lows, means, highs, values)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.ends)

    def at_most(self, most: int) -> Spans:
        """As so many spans of equal length, those without a point left out; as it is where it has no more."""
        if len(self) <= most:
            return self
        begin, length = self.starts[0], self.ends[-1] - self.starts[0] or 1.0
        part = np.minimum((self.ends - begin) / length * most, most - 1).astype(int)
        first = np.flatnonzero(np.diff(part, prepend=-1))
        last = np.append(first[1:], len(part)) - 1
        return Spans(
            starts=self.starts[first],
            ends=self.ends[last],
            lows=np.minimum.reduceat(self.lows, first),
            means=np.add.reduceat(self.means, first) / (last - first + 1),
            highs=np.maximum.reduceat(self.highs, first),
            lasts=self.lasts[last],
        )

    def pieces(self, cuts: Floats) -> list[Spans]:
        """Cut after the spans that end at these times; a cut within a span does not show."""
        whole = (self.starts, self.ends, self.lows, self.means, self.highs, self.lasts)
        at = np.flatnonzero(np.isin(self.ends[:-1], cuts)) + 1
        return [Spans(*each) for each in zip(*(np.split(column, at) for column in whole), strict=True)]


def missing(times: Floats) -> Floats:
    """The times after which points are missing: the next one is several usual distances away."""
    apart = np.diff(times)
    if len(apart) < 2:
        return times[:0]
    air = np.full(AROUND, np.nan)
    padded = np.lib.stride_tricks.sliding_window_view(np.concatenate([air, apart, air]), AROUND)
    usual = np.fmax(_median(padded[: len(apart)]), _median(padded[AROUND + 1 :]))
    return np.asarray(times[:-1][apart > MISSED * usual], float)


def _median(windows: Floats) -> Floats:
    """Of each window, the upper median of what is known of it; NaN where nothing is."""
    known = np.isfinite(windows).sum(axis=1)
    return np.asarray(np.take_along_axis(np.sort(windows, axis=1), known[:, np.newaxis] // 2, axis=1)[:, 0], float)
