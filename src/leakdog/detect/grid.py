"""Many whole histories as block lows side by side, the same blocks that `Group` would hold at each time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leakdog.detect.climb import Past
from leakdog.detect.group import HIGHS, LIFE_TOLERANCE_SECONDS, SWING_WEIGHT
from leakdog.detect.lives import MOST_LIVES
from leakdog.detect.panel import Panel, least_crowd, take
from leakdog.detect.reduce import Blocks, block_of, crowded, reduce
from leakdog.detect.settings import Settings

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
TOGETHER = 100  # series that are reduced to blocks together: their arrays fit into the processor's cache


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
        if not finest:
            many, width = least_crowd(settings, 0)
            near = time[many:] - time[: len(time) - many] < width * settings.levels[0].block_seconds
            finest = bool(near.any())
        return Extent(min(self.first, float(time[0])), max(self.last, float(time[-1])), finest)

    def columns(self, settings: Settings) -> float:
        """Of a grid, on all its levels."""
        levels = settings.levels if self.finest else settings.levels[1:]
        return sum((self.last - self.first) / level.block_seconds + level.length for level in levels)


class Grid:
    """Histories on common blocks. Time only goes forward: `panel(level, end)` shows what was known at its end."""

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
        self._fill(starts)
        self.restarts = self._find_restarts(starts)
        joining = [number for number, level in enumerate(settings.levels) if level.joins_lives]
        self._joining = joining[0] if joining else None
        self._before = np.full(self.count, np.nan)
        self._settled = np.ones(self.count, bool)
        self._life_first = np.full((len(settings.levels), self.count), -(1 << 60))
        self.lives = np.full((self.count, MOST_LIVES), np.nan)
        self.lives[:, -1] = (self.life_start + settings.levels[-1].warm_up_seconds) // settings.levels[-1].block_seconds

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

    def present(self, level: int, end: int) -> Bools:
        """Rows that have a reading in block `end`: those are judged once the block before has closed."""
        here: Bools = self._present[level][end - self._base[level]]
        return here

    def panel(self, level: int, end: int, rows: npt.NDArray[np.int64], least: int = 0) -> Panel:
        """The last blocks before `end`, as a ring would hold them.

        With `least`, blocks before the first reading of all are left out, down to so many.
        """
        length = self.settings.levels[level].length
        if not self._lows[level].size:
            nothing = np.full((len(rows), length), np.nan)
            return Panel(nothing, nothing, end, self.settings.levels[level].block_seconds)
        column = end - self._base[level]
        if least:
            length = min(length, max(least, column - length))
        begin = column - length
        lows = self._lows[level][rows, begin:column].astype(float)
        hidden = length - (end - self._life_first[level, rows])
        unsettled = np.flatnonzero(~self._settled[rows] & (hidden > 0))
        for each in unsettled:
            lows[each, : min(hidden[each], length)] = np.nan
        if not self._loaded:
            return Panel(lows, np.broadcast_to(np.nan, lows.shape), end, self.settings.levels[level].block_seconds)
        load = self._load[level][rows, begin:column].astype(float)
        for each in unsettled:
            load[each, : min(hidden[each], length)] = np.nan
        return Panel(lows, load, end, self.settings.levels[level].block_seconds)

    def climbs(self, level: int, end: int, blocks: int) -> tuple[Array, Array, Bools]:
        """Quick means of the first and the last quarter of a look-back, and whether both have a reading, (N,)."""
        sums = self._sums[level]
        assert sums is not None
        total, count = sums
        last = end - self._base[level]
        quarter = blocks // 4

        def mean(begin: int, end: int) -> tuple[Array, Bools]:
            number = count[end] - count[begin]
            return (total[end] - total[begin]) / np.maximum(number, 1), number > 0

        early, some = mean(last - blocks, last - blocks + quarter)
        late, more = mean(last - quarter, last)
        return early, late, some & more

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

    def next_time(self, row: int, time: float) -> float:
        """The first reading of a series at or after a time."""
        times = self.histories[row].time
        return float(times[min(int(np.searchsorted(times, time)), len(times) - 1)])

    def begin_life(self, row: int, life_start: float, previous: float) -> float:
        """The same as `Group` does at the first reading of a new life.

        Args:
            previous: time of the last reading of the old life.

        Returns:
            Time of the first reading of the new one.

        """
        times = self.histories[row].time
        time = float(times[int(np.searchsorted(times, previous)) + 1])
        self._remember_level(row, previous)
        self.life_start[row], self.first_time[row] = life_start, time
        for number, level in enumerate(self.settings.levels):
            first = max(life_start, previous) + level.warm_up_seconds
            self._life_first[number, row] = int(first // level.block_seconds)
            if not level.joins_lives:
                self._forget(number, row, 0, int(time // level.block_seconds) - self._base[number])
        coarsest = self.settings.levels[-1].block_seconds
        self._high[row, : int(previous // coarsest) + 1 - self._base[-1]] = -np.inf
        self.lives[row] = np.append(self.lives[row, 1:], float(self._life_first[-1, row]))
        self._settled[row] = bool(np.isnan(self._before[row]))
        return time

    def settle(self, end: int) -> None:
        """Move the past of lives that have shown their level by block `end` of the first joining level."""
        if self._joining is None:
            return
        level, need = self._joining, self.settings.settle_blocks
        for row in np.flatnonzero(~self._settled):
            begin = self._life_first[level, row] - self._base[level]
            seen = self._lows[level][row, begin : end - self._base[level]]
            seen = seen[~np.isnan(seen)]
            if len(seen) < need:
                continue
            shift = np.float32(float(np.median(seen[:need])) - self._before[row])
            for number, each in enumerate(self.settings.levels):
                if each.joins_lives:
                    self._lows[number][row, : self._life_first[number, row] - self._base[number]] += shift
                    self._sum(number, np.array([row]))
            self._settled[row], self._before[row] = True, math.nan

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
            blocks, start = self._readings(range(first, min(first + TOGETHER, self.count)), starts)
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
            self._high[blocks.row, blocks.index - self._base[-1]] = blocks.high
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
        blocks = Blocks(row, row, value, value, np.concatenate(load), life_start)
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

    def swing(self, rows: Ints | int, end: int) -> Array:
        """By how much readings exceed the lows, as known at block `end` of the coarsest level, (n,) or a number."""
        known: Array = self._swing[rows, max(end - self._base[-1] - 1, 0)].astype(float)
        return known

    def highest(self, rows: Ints, before: int) -> Array:
        """The same as `Group.highest` of some series, (n,)."""
        known = self.settings.levels[-1].length + 1  # columns before it are before the first reading of all
        stop = max(before - self._base[-1], known)
        begin = max(stop - HIGHS, known)
        top = self._high[:, begin:stop][rows].max(1, initial=-np.inf)
        return np.where(np.isfinite(top), top, np.nan).astype(float)

    def past(self, rows: Ints, end: int) -> Past:
        """The last `HIGHS` coarsest blocks before `end`, with their highest readings."""
        column = end - self._base[-1]
        highs = np.full((len(rows), HIGHS), np.nan)
        known = self._high[rows, max(column - HIGHS, 0) : column]
        highs[:, HIGHS - known.shape[1] :] = np.where(np.isfinite(known), known, np.nan)
        return Past(self.panel(len(self._lows) - 1, end, rows).lows[:, -HIGHS:], highs)

    def _find_restarts(self, starts: list[Array]) -> list[tuple[float, int, float]]:
        """Time of the last reading before each restart, its series, and the new life's start; in order of time."""
        return sorted(
            (float(self.histories[row].time[place - 1]), row, float(start[place]))
            for row, start in enumerate(starts)
            if self.histories[row].life_start is not None
            for place in np.flatnonzero(np.abs(np.diff(start)) > LIFE_TOLERANCE_SECONDS) + 1
        )

    def _remember_level(self, row: int, previous: float) -> None:
        if self._joining is None:
            return
        if not self._settled[row]:
            self.lives[row] = np.append(np.nan, self.lives[row, :-1])
        for number, level in enumerate(self.settings.levels):
            if not level.joins_lives:
                continue
            base = self._base[number]
            after = int(previous // level.block_seconds) + 1 - base
            if self._settled[row]:
                if number == self._joining:
                    seen = self._lows[number][row, max(0, after - self.settings.settle_blocks) : after]
                    seen = seen[~np.isnan(seen)]
                    self._before[row] = float(np.median(seen)) if len(seen) else math.nan
            else:
                self._forget(number, row, max(0, self._life_first[number, row] - base), after)

    def _forget(self, level: int, row: int, begin: int, end: int) -> None:
        """Leave some blocks of a series out."""
        self._lows[level][row, begin:end] = np.nan
        if self._loaded:
            self._load[level][row, begin:end] = np.nan
        self._sum(level, np.array([row]))
