"""Rows of numbers of one target: what each scrape told, or what several told that were folded into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# What is known of a value: that alone, where it was read once; else what it stands for as well.
LAST, BELOW, ABOVE, MEAN, COUNT = range(5)
READ, FOLDED = 1, 5

# A mean is told in parts of the range it lies in, of which there are so many times the root of how many values it is
# of: what is lost is below a tenth of what the mean of so many scattered values is sure to.
_PARTS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One signal of some rows.

    Attributes:
        at: the rows that have it, rising.
        figures: (1, n) the values, where each was read once; else (5, n): the last value of those folded into one,
            by how much the lowest lies below it and the highest above it, how many parts of that range the mean is
            above the lowest (see `parts`), and how many there were.

    """

    at: Ints
    figures: Floats

    @property
    def lows(self) -> Floats:
        """The lowest of the values that each stands for."""
        lows: Floats = self.figures[LAST] - self.figures[BELOW] if self._folded else self.figures[LAST]
        return lows

    @property
    def highs(self) -> Floats:
        """The highest."""
        highs: Floats = self.figures[LAST] + self.figures[ABOVE] if self._folded else self.figures[LAST]
        return highs

    @property
    def means(self) -> Floats:
        """Their mean, to the nearest part of their range."""
        if not self._folded:
            return self.lows
        means: Floats = np.clip(self.figures[LAST] + mean_offsets(self.figures), self.lows, self.highs)
        return means

    @property
    def counts(self) -> Floats:
        """How many they are."""
        counts: Floats = self.figures[COUNT] if self._folded else np.ones(len(self.at))
        return counts

    @property
    def _folded(self) -> bool:
        return len(self.figures) == FOLDED


def parts(counts: Floats) -> Floats:
    """Into how many parts a range is divided to tell the mean of so many values; a power of two."""
    found: Floats = np.exp2(np.ceil(np.log2(_PARTS * np.sqrt(counts))))
    return found


def mean_offsets(figures: Floats) -> Floats:
    """By how much each mean lies above the last value."""
    ranges = figures[BELOW] + figures[ABOVE]
    offsets: Floats = figures[MEAN] / parts(figures[COUNT]) * ranges - figures[BELOW]
    return offsets


def mean_parts(offsets: Floats, below: Floats, above: Floats, counts: Floats) -> Floats:
    """Where means lie in their ranges, given by how much they lie above the last values; undoes `mean_offsets`."""
    ranges = below + above
    shares = np.divide(offsets + below, ranges, out=np.zeros_like(ranges), where=ranges > 0)
    found: Floats = np.rint(np.clip(shares, 0, 1) * parts(counts))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows by time, and by slot where times are equal.

    Attributes:
        slots, times, life_starts: of each row; of rows that were folded, those of the last.
        columns: by signal id.

    """

    slots: Floats
    times: Floats
    life_starts: Floats
    columns: Mapping[int, Column]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.times)

    @property
    def points(self) -> int:
        """How many numbers they hold; a folded one is one."""
        return sum(len(column.at) for column in self.columns.values())

    def pick(self, rows: Ints) -> Rows:
        """These rows, each at most once, in this order."""
        place = np.full(len(self), -1)
        place[rows] = np.arange(len(rows))
        return Rows(
            self.slots[rows],
            self.times[rows],
            self.life_starts[rows],
            {signal: kept for signal, each in self.columns.items() if len((kept := _placed(each, place)).at)},
        )

    @classmethod
    def joined(cls, several: Sequence[Rows]) -> Rows:
        """All rows of several, in order. Either all were folded or none."""
        starts = np.cumsum([0, *map(len, several)])
        columns = {}
        for signal in {signal for rows in several for signal in rows.columns}:
            found = [
                (rows.columns[signal], start)
                for rows, start in zip(several, starts[:-1], strict=True)
                if signal in rows.columns
            ]
            columns[signal] = Column(
                np.concatenate([column.at + start for column, start in found]),
                np.concatenate([column.figures for column, _ in found], axis=1),
            )
        slots, times, life_starts = (
            np.concatenate([getattr(rows, name) for rows in several]) for name in ("slots", "times", "life_starts")
        )
        return cls(slots, times, life_starts, columns).pick(np.lexsort((slots, times)))


def _placed(column: Column, place: Ints) -> Column:
    """A column whose rows now have these places; -1 where they are left out."""
    at = place[column.at]
    order = np.argsort(at, kind="stable")[np.count_nonzero(at < 0) :]
    return Column(at[order], column.figures[:, order])
