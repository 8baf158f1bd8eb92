"""Histories reduced to blocks of every level, on one grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from leakdog.detect.course import Course
from leakdog.detect.group import LIFE_TOLERANCE_SECONDS, SWING_WEIGHT
from leakdog.detect.history import History
from leakdog.detect.panel import least_crowd, take
from leakdog.detect.reduce import Blocks, block_of, crowded, in_turn, reduce
from leakdog.detect.settings import Settings
from leakdog.detect.spurt import LEAST_FINER, Spurt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
TOGETHER = 100  # series that are reduced to blocks together: their arrays fit into the processor's cache
ABREAST = 512  # series whose courses go on together, for the same reason


class Filled:
    """The blocks of many histories side by side, as they were read. A `Grid` shows what of them was known at a time.

    Attributes:
        life_start, first_time, last_time: (n,) of the first life, and of the first and the last reading.
        restarts: see `_find_restarts`.

    """

    def __init__(self, histories: Sequence[History], settings: Settings) -> None:
        self.histories = histories
        self.settings = settings
        self.count = len(histories)
        starts = [self._starts(each) for each in histories]
        self.life_start = np.array([start[0] for start in starts])
        self.first_time = np.array([each.time[0] for each in histories])
        self.last_time = np.array([each.time[-1] for each in histories])
        earliest = self.first_time.min()
        self._base = [int(earliest // level.block_seconds) - level.length - 1 for level in settings.levels]
        self._loaded = any(each.load is not None for each in histories)
        self._lows: list[Floats] = []
        self._load: list[Floats] = []
        # One column per series, so that a time is read at once. None: a level finer than all readings.
        self._present: list[Bools] = []
        self._sums: list[tuple[Array, Counts] | None] = []
        self._spurt: Floats = np.zeros((0, 0), np.float32)
        self._fill(starts)
        self._course = self._courses()
        self.restarts = self._find_restarts(starts)

    def ends(self) -> list[tuple[float, list[int]]]:
        """Times at which blocks end, with the levels that end then; levels finer than the readings are left out."""
        levels = [k for k, sums in enumerate(self._sums) if sums is not None]
        if not levels:
            return []
        seconds = self.settings.levels[levels[0]].block_seconds
        first, last = int(self.first_time.min() // seconds) + 1, int(self.last_time.max() // seconds)
        out = []
        for end in range(first, last + 1):
            time = end * seconds
            closed = [k for k in levels if time % self.settings.levels[k].block_seconds == 0]
            out.append((time, closed))
        return out

    def coarsest(self, rows: slice = slice(None)) -> Iterator[tuple[int, Array, Array, Array, Array]]:
        """The coarsest blocks of some series, as they were read: index, and low, high, load and age of the life, (n,).

        NaN where missing; ages are in blocks.
        """
        seconds, lows = self.settings.levels[-1].block_seconds, self._lows[-1][rows]
        load = self._load[-1][rows] if self._loaded else np.full(lows.shape, np.nan, np.float32)
        highs, born = self._high[rows], self._born[rows]
        for column in range(self.settings.levels[-1].length + 1, lows.shape[1]):
            block = column + self._base[-1]
            low, high, work = (each[:, column].astype(float) for each in (lows, highs, load))
            yield block, low, high, work, block + 1 - born[:, column] / seconds

    def _courses(self) -> Floats:
        """What the course of each series says after each of its coarsest blocks, on their grid."""
        out = np.zeros(self._high.shape, np.float32)
        if not self.settings.weighs_course:
            return out
        for first in range(0, self.count, ABREAST):
            rows = slice(first, min(first + ABREAST, self.count))
            course = Course(rows.stop - first)
            for block, low, high, load, age in self.coarsest(rows):
                course.take(low, high, load, block, age)
                out[rows, block - self._base[-1]] = course.score
        return out

    def go_on(self, rows: range, blocks: Iterator[tuple[int, Array, Array, Array, Array]]) -> None:
        """Work out what the spurts of some series say after each of their blocks, which are as of `in_turn`."""
        level = self.settings.spurt_level
        assert level is not None
        seconds, spurt = self.settings.levels[level].block_seconds, Spurt(len(rows))
        if not self._spurt.size:
            self._spurt = np.zeros((self.count, self._columns[level]), np.float32)
        out, known = self._spurt[rows.start : rows.stop], self._columns[level]
        for block, low, high, load, born in blocks:
            column = block - self._base[level]
            out[:, known:column] = spurt.score[:, None]
            spurt.take(low, high, load, block, block + 1 - born / seconds)
            known = column
        out[:, known:] = spurt.score[:, None]

    def _sum(self, level: int, rows: Ints | slice) -> None:
        """Keep running sums of some rows."""
        sums = self._sums[level]
        if sums is None:
            return
        begin = self.settings.levels[level].length + 1  # there is nothing before
        lows = self._lows[level][rows, begin:].T
        known = ~np.isnan(lows)
        total, count = sums
        total[begin + 1 :, rows] = np.cumsum(np.where(known, lows, 0.0), axis=0, dtype=float)
        count[begin + 1 :, rows] = np.cumsum(known, axis=0, dtype=np.int32)

    def _starts(self, history: History) -> Array:
        """Start of the process at each reading; where it is not known one from which nothing is hidden."""
        if history.life_start is not None:
            return history.life_start
        return np.full(len(history.time), history.time[0] - self.settings.levels[-1].warm_up_seconds)

    def _fill(self, starts: list[Array]) -> None:
        """Blocks of every level, each from the level before, on a grid with room for a ring before the first.

        The grid of the finest has no columns where the readings are further apart.
        """
        levels = self.settings.levels
        dense = np.zeros((len(levels), self.count), bool)
        self._make_room()
        swung = np.full(self._high.shape, np.nan)
        for first in range(0, self.count, TOGETHER):
            some = range(first, min(first + TOGETHER, self.count))
            blocks, start = self._readings(some, starts)
            limited = np.array([self.histories[row].limit is not None for row in some])
            hidden = start[:0], blocks.row[:0]
            for number, level in enumerate(levels):
                shown = start >= blocks.life_start + level.warm_up_seconds
                if not shown.all():
                    hidden = np.append(hidden[0], start[~shown]), np.append(hidden[1], blocks.row[~shown])
                    blocks, start = take(blocks, np.flatnonzero(shown)), start[shown]
                blocks = reduce(blocks, start, level.block_seconds)
                start = blocks.index * np.float64(level.block_seconds)
                dense[number, crowded(blocks, *least_crowd(self.settings, number))] = True
                if number or dense[0].any():
                    self._put(number, blocks, *hidden)
                if number == self.settings.spurt_level and limited.any():
                    hasty = limited[blocks.row - first] & (blocks.count >= (LEAST_FINER if number else 1))
                    self.go_on(some, in_turn(blocks, some, hasty))
            self._high[blocks.row, blocks.index - self._base[-1]] = blocks.high
            self._born[blocks.row, blocks.index - self._base[-1]] = blocks.life_start
            swung[blocks.row, blocks.index - self._base[-1]] = blocks.high - blocks.low
        for number, rows in enumerate(dense):
            self._add_up(number, rows)
        self._swing = self._swings(swung)

    def _readings(self, some: range, starts: list[Array]) -> tuple[Blocks, Array]:
        """The readings of some series, each a block of its own, and their times."""
        each = [self.histories[row] for row in some]
        row = np.repeat(np.arange(some.start, some.stop), [len(one.time) for one in each])
        value = np.concatenate([one.value for one in each])
        load = [np.full(len(one.time), np.nan) if one.load is None else one.load for one in each]
        life_start = np.concatenate([starts[number] for number in some])
        blocks = Blocks(row, row, value, value, np.concatenate(load), life_start, np.ones_like(row))
        return blocks, np.concatenate([one.time for one in each])

    def _make_room(self) -> None:
        """Grids of all levels but the finest, still empty, with a column per block; none of load that nobody knows."""
        seconds = [level.block_seconds for level in self.settings.levels]
        ends = [int(self.last_time.max() // each) + 2 for each in seconds]
        self._columns = [end - base for end, base in zip(ends, self._base, strict=True)]
        for number, columns in enumerate(self._columns):
            shape = (self.count, columns if number else 0)
            self._lows.append(np.full(shape, np.nan, np.float32))
            self._load.append(np.full(shape if self._loaded else (self.count, 0), np.nan, np.float32))
            self._present.append(np.zeros(shape[::-1], bool))
        self._high = np.full(shape, -np.inf, np.float32)
        self._born = np.full(shape, np.nan)

    def _put(self, level: int, blocks: Blocks, hidden: Array, rows: Ints) -> None:
        """Put blocks on the grid of a level, and note where hidden readings are."""
        if not self._lows[level].size:
            shape = (self.count, self._columns[level])
            self._lows[level] = np.full(shape, np.nan, np.float32)
            self._present[level] = np.zeros(shape[::-1], bool)
            if self._loaded:
                self._load[level] = np.full(shape, np.nan, np.float32)
        column = blocks.index - self._base[level]
        self._lows[level][blocks.row, column] = blocks.low
        if self._loaded:
            self._load[level][blocks.row, column] = blocks.load
        if len(rows):
            seconds = self.settings.levels[level].block_seconds
            self._present[level][block_of(hidden, seconds) - self._base[level], rows] = True

    def _add_up(self, level: int, dense: Bools) -> None:
        """Running sums of a level, and where readings are, hidden ones too, of series that are dense enough for it."""
        self._sums.append(None)
        if not dense.any():
            return
        shape = (self._columns[level] + 1, self.count)
        sums = self._sums[level] = np.zeros(shape), np.zeros(shape, np.int32)
        for first in range(0, self.count, TOGETHER):
            self._sum(level, slice(first, first + TOGETHER))
        self._present[level] |= sums[1][1:] > sums[1][:-1]
        self._present[level] &= dense

    def _swings(self, swung: Array) -> Floats:
        """The average swing of each series after each of its coarsest blocks, on their grid."""
        out = np.zeros(swung.shape, np.float32)
        swing = np.zeros(self.count)
        for column in range(self.settings.levels[-1].length + 1, swung.shape[1]):
            now = swung[:, column]
            swing += np.where(np.isnan(now), 0.0, SWING_WEIGHT * (now - swing))
            out[:, column] = swing
        return out

    def _find_restarts(self, starts: list[Array]) -> list[tuple[float, int, float]]:
        """Time of the last reading before each restart, its series, and the new life's start; in order of time."""
        return sorted(
            (float(self.histories[row].time[place - 1]), row, float(start[place]))
            for row, start in enumerate(starts)
            if self.histories[row].life_start is not None
            for place in np.flatnonzero(np.abs(np.diff(start)) > LIFE_TOLERANCE_SECONDS) + 1
        )
