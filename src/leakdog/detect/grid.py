"""Many whole histories as block lows side by side, the same blocks that `SeriesState` would hold at each time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from leakdog.detect.panel import Panel, take
from leakdog.detect.series import HIGHS, LIFE_TOLERANCE_SECONDS, MOST_LIVES, SWING_WEIGHT
from leakdog.detect.settings import Settings

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int32]
_Room = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], Bools]
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
class _Blocks:
    """Blocks of one level of all series, one after the other: (n,) each."""

    row: Ints
    index: Ints
    low: Array
    high: Array
    load: Array
    life_start: Array


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
        self._lows: list[npt.NDArray[np.float32]] = []
        self._load: list[npt.NDArray[np.float32]] = []
        self._present: list[Bools] = []
        # None: a level finer than the readings, which nobody looks at.
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
        here: Bools = self._present[level][:, end - self._base[level]]
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
        lows = self._lows[level][rows, column - length : column].astype(float)
        load = self._load[level][rows, column - length : column].astype(float)
        hidden = length - (end - self._life_first[level, rows])
        unsettled = np.flatnonzero(~self._settled[rows] & (hidden > 0))
        for each in unsettled:
            lows[each, : min(hidden[each], length)] = np.nan
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
        """Keep running sums of some rows, one column per row so that a time is read at once."""
        sums = self._sums[level]
        if sums is None:
            return
        lows = self._lows[level][rows]
        known = ~np.isnan(lows)
        total, count = sums
        total[1:, rows] = np.cumsum(np.where(known, lows, 0.0).T, axis=0, dtype=float)
        count[1:, rows] = np.cumsum(known.T, axis=0, dtype=np.int32)

    def next_time(self, row: int, time: float) -> float:
        """The first reading of a series at or after a time."""
        times = self.histories[row].time
        return float(times[min(int(np.searchsorted(times, time)), len(times) - 1)])

    def begin_life(self, row: int, life_start: float, previous: float) -> float:
        """The same as `SeriesState` does at the first reading of a new life.

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
                column = int(time // level.block_seconds) - self._base[number]
                self._lows[number][row, :column] = np.nan
                self._load[number][row, :column] = np.nan
                self._sum(number, np.array([row]))
        coarsest = self.settings.levels[-1].block_seconds
        self._high[row, : int(previous // coarsest) + 1 - self._base[-1]] = np.nan
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
        dense = np.zeros(len(levels), bool)
        finest: list[tuple[_Blocks, Array, Ints]] = []
        for number in range(len(levels)):
            lows, load, present = self._room(number, told=number > 0)
            self._lows.append(lows)
            self._load.append(load)
            self._present.append(present)
        self._high, _, __ = self._room(len(levels) - 1)
        swung = np.full(self._high.shape, np.nan)
        for first in range(0, self.count, TOGETHER):
            some = range(first, min(first + TOGETHER, self.count))
            blocks, time = self._readings(some, starts)
            start, row = time, blocks.row
            for number, level in enumerate(levels):
                shown = start >= blocks.life_start + level.warm_up_seconds
                blocks = _reduce(blocks, start, shown, level.block_seconds)
                start = blocks.index * np.float64(level.block_seconds)
                dense[number] |= self._dense(number, blocks)
                if number:
                    self._put(number, blocks, time, row)
                else:
                    finest.append((blocks, time, row))
            self._high[blocks.row, blocks.index - self._base[-1]] = blocks.high
            swung[blocks.row, blocks.index - self._base[-1]] = blocks.high - blocks.low
        if dense[0]:
            self._lows[0], self._load[0], self._present[0] = self._room(0)
            for blocks, time, row in finest:
                self._put(0, blocks, time, row)
        for number, lows in enumerate(self._lows):
            sums = np.zeros((lows.shape[1] + 1, self.count)), np.zeros((lows.shape[1] + 1, self.count), np.int32)
            self._sums.append(sums if dense[number] else None)
            self._sum(number, slice(None))
        self._swing = self._swings(swung)

    def _readings(self, some: range, starts: list[Array]) -> tuple[_Blocks, Array]:
        """The readings of some series, each a block of its own, and their times."""
        each = [self.histories[row] for row in some]
        row = np.repeat(np.arange(some.start, some.stop), [len(one.time) for one in each])
        value = np.concatenate([one.value for one in each])
        load = [np.full(len(one.time), np.nan) if one.load is None else one.load for one in each]
        life_start = np.concatenate([starts[number] for number in some])
        blocks = _Blocks(row, row, value, value, np.concatenate(load), life_start)
        return blocks, np.concatenate([one.time for one in each])

    def _room(self, level: int, *, told: bool = True) -> _Room:
        """Lows, loads and where readings are, all still empty; without columns where nothing is told."""
        last = int(self.last_time.max() // self.settings.levels[level].block_seconds)
        shape = (self.count, last - self._base[level] + 2 if told else 0)
        return np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32), np.zeros(shape, bool)

    def _put(self, level: int, blocks: _Blocks, time: Array, row: Ints) -> None:
        """Put blocks on the grid of a level, and note where readings are, hidden ones too."""
        column = blocks.index - self._base[level]
        self._lows[level][blocks.row, column] = blocks.low
        if not np.isnan(blocks.load).all():
            self._load[level][blocks.row, column] = blocks.load
        self._present[level][row, _block(time, self.settings.levels[level].block_seconds) - self._base[level]] = True

    def _swings(self, swung: Array) -> npt.NDArray[np.float32]:
        """The average swing of each series after each of its coarsest blocks, on their grid."""
        out = np.zeros(swung.shape, np.float32)
        swing = np.zeros(self.count)
        for column, now in enumerate(swung.T):
            swing += np.where(np.isnan(now), 0.0, SWING_WEIGHT * (now - swing))
            out[:, column] = swing
        return out

    def swing(self, rows: Ints, end: int) -> Array:
        """By how much readings exceed the lows, as known at block `end` of the coarsest level, (n,)."""
        known: Array = self._swing[rows, max(end - self._base[-1] - 1, 0)].astype(float)
        return known

    def highest(self, rows: Ints, before: int) -> Array:
        """The same as `SeriesState.highest` of some series, (n,)."""
        column = max(before - self._base[-1], 0)
        highs = self._high[rows, max(column - HIGHS, 0) : column]
        top = np.where(np.isnan(highs), -np.inf, highs).max(1, initial=-np.inf)
        return np.where(np.isfinite(top), top, np.nan).astype(float)

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
                begin = max(0, self._life_first[number, row] - base)
                self._lows[number][row, begin:after] = np.nan
                self._load[number][row, begin:after] = np.nan
                self._sum(number, np.array([row]))

    def _dense(self, level: int, blocks: _Blocks) -> bool:
        """Whether any series has readings in enough blocks of a level for its look-backs."""
        looks = [look for look in self.settings.looks if look.level == level]
        if not looks:
            return False
        width = min(look.blocks for look in looks)
        many = math.ceil(self.settings.coverage * width) - 1
        if len(blocks.index) <= many:
            return False
        near = blocks.index[many:] - blocks.index[: len(blocks.index) - many] < width
        return bool((near & (blocks.row[many:] == blocks.row[: len(blocks.row) - many])).any())


def _block(time: Array, seconds: float) -> Ints:
    """`time // seconds`, several times as fast."""
    index = np.floor(time / seconds)
    index -= index * seconds > time
    return index.astype(np.int64)


def _reduce(blocks: _Blocks, start: Array, shown: Bools, seconds: float) -> _Blocks:
    """Readings or finer blocks to blocks: lowest value, mean load."""
    if not shown.all():
        blocks, start = take(blocks, np.flatnonzero(shown)), start[shown]
    row, index = blocks.row, _block(start, seconds)
    first = np.ones(len(row), bool)
    first[1:] = (row[1:] != row[:-1]) | (index[1:] != index[:-1])
    begins = np.flatnonzero(first)
    if len(begins) == len(row):  # each in a block of its own
        return replace(blocks, index=index)
    lows, highs = np.minimum.reduceat(blocks.low, begins), np.maximum.reduceat(blocks.high, begins)
    load = _mean_load(blocks.load, begins)
    return _Blocks(row[begins], index[begins], lows, highs, load, blocks.life_start[begins])


def _mean_load(load: Array, begins: Ints) -> Array:
    """Mean load of each block, of those that are known."""
    mean, known = np.full(len(begins), np.nan), ~np.isnan(load)
    if known.any():
        number = np.add.reduceat(known.astype(float), begins)
        total = np.add.reduceat(np.where(known, load, 0.0), begins)
        np.divide(total, number, out=mean, where=number > 0)
    return mean
