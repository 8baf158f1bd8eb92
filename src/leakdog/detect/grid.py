"""Many whole histories as block lows side by side, the same blocks that `Group` would hold at each time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from leakdog.detect.climb import Past
from leakdog.detect.filled import Filled
from leakdog.detect.group import HIGHS
from leakdog.detect.history import Extent, History
from leakdog.detect.lives import MOST_LIVES
from leakdog.detect.panel import Panel
from leakdog.detect.settings import Settings

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Grid(Filled):
    """Histories on common blocks. Time only goes forward: `panel(level, end)` shows what was known at its end."""

    def __init__(self, histories: Sequence[History], settings: Settings) -> None:
        super().__init__(histories, settings)
        joining = [number for number, level in enumerate(settings.levels) if level.joins_lives]
        self._joining = joining[0] if joining else None
        self._before = np.full(self.count, np.nan)
        self._settled = np.ones(self.count, bool)
        self._life_first = np.full((len(settings.levels), self.count), -(1 << 60))
        self.lives = np.full((self.count, MOST_LIVES), np.nan)
        self.lives[:, -1] = (self.life_start + settings.levels[-1].warm_up_seconds) // settings.levels[-1].block_seconds

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
        if self._joining is not None:  # the open block is closed as a life ends, and may be the last that was wanted
            last = int(previous // self.settings.levels[self._joining].block_seconds)
            self.settle(last + 1, slice(row, row + 1))
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

    def settle(self, end: int, rows: slice = slice(None)) -> None:
        """Move the past of lives that have shown their level by block `end` of the first joining level."""
        if self._joining is None:
            return
        level, need = self._joining, self.settings.settle_blocks
        for row in np.arange(self.count)[rows][~self._settled[rows]]:
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

    def swing(self, rows: Ints | int, end: int) -> Array:
        """By how much readings exceed the lows, as known at block `end` of the coarsest level, (n,) or a number."""
        known: Array = self._swing[rows, max(end - self._base[-1] - 1, 0)].astype(float)
        return known

    def course(self, rows: Ints, end: int) -> Array:
        """What the course of some series says, as known at block `end` of the coarsest level, (n,)."""
        known: Array = self._course[rows, max(end - self._base[-1] - 1, 0)].astype(float)
        return known

    def spurt(self, rows: Ints, time: float) -> Array:
        """What the spurts of some series say, as known at a time, (n,)."""
        level = self.settings.spurt_level
        if level is None or not self._spurt.size:
            return np.zeros(len(rows))
        column = int(time // self.settings.levels[level].block_seconds) - self._base[level] - 1
        known: Array = self._spurt[rows, max(column, 0)].astype(float)
        return known

    def highest(self, rows: Ints, before: int, end: int) -> Array:
        """The same as `Group.highest` of some series, (n,)."""
        known = self.settings.levels[-1].length + 1  # columns before it are before the first reading of all
        stop = max(before - self._base[-1], known)
        begin = min(max(end - self._base[-1] - HIGHS, known), stop)
        top = self._high[:, begin:stop][rows].max(1, initial=-np.inf)
        return np.where(np.isfinite(top), top, np.nan).astype(float)

    def past(self, rows: Ints, end: int) -> Past:
        """The last `HIGHS` coarsest blocks before `end`, with their highest readings."""
        column = end - self._base[-1]
        highs = np.full((len(rows), HIGHS), np.nan)
        known = self._high[rows, max(column - HIGHS, 0) : column]
        highs[:, HIGHS - known.shape[1] :] = np.where(np.isfinite(known), known, np.nan)
        return Past(self.panel(len(self._lows) - 1, end, rows).lows[:, -HIGHS:], highs)

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


__all__ = ["Extent", "Grid", "History"]
