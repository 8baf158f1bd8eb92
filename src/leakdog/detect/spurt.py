"""What the last hours say of a climb, block by block of some minutes: the course of what may be over soon.

As `leakdog.detect.course`, of finer blocks: the network is told how a block stands to the last hours, to the same hours
of the day before and what came after them, to the steepest climbs that were seen, and to load. Its score is one of the
features that the trees of urgent look-backs weigh. It is not told for how long a series has been watched: the leaks
that it learned from end, and healthy series do not.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from leakdog.detect.network import SCORE, Floats, Network, Noted, average, logarithm, read

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
HOUR_BLOCKS, DAY_HOURS = 12, 24
# What is noted of each series beside what the network remembers: the score; the blocks that were taken in, and the
# last of them; of the logarithm of lows the last, the first of this life, the highest, that of this hour of the day
# before, averages that forget, the average step, and the steepest climb; of the logarithm of load the last, that of
# the day before, and averages; and by the hour of the day the last level, the steepest climb and the load. NaN where
# nothing is known.
SPANS, LOAD_SPANS, STEP_SPAN = (3, 12, 48, 144), (3, 12, 48), 48  # blocks, as those of courses
COUNT, BLOCK, LAST, FIRST, TOP, BEFORE = range(SCORE + 1, 7)
AVERAGES = slice(7, 7 + len(SPANS))
STEP, CLIMB, LOAD, LOAD_BEFORE = range(AVERAGES.stop, AVERAGES.stop + 4)
LOADS = slice(LOAD_BEFORE + 1, LOAD_BEFORE + 1 + len(LOAD_SPANS))
DAY = slice(LOADS.stop, LOADS.stop + DAY_HOURS)
CLIMBS = slice(DAY.stop, DAY.stop + DAY_HOURS)
LOAD_DAY = slice(CLIMBS.stop, CLIMBS.stop + DAY_HOURS)
NOTES = LOAD_DAY.stop
HOURLY = AVERAGES.start + 1  # the average over an hour, above which a level is a climb
AHEAD = (1, 2, 4)  # hours after this one on the day before
# How inputs are scaled, so that what matters is about 1.
STEP_SCALE, LEVEL_SCALE, SWING_SCALE, CLIMB_SCALE, LOAD_SCALE, NOISE_SCALE = 20, 5, 4, 10, 3, 0.5
SCALES = np.array((20, 12, 8, 5), np.float32)  # of what is above each average
MOST = 4.0  # of a scaled input
LEAST_STEP, LEAST_LOAD = 1e-4, 1e-3
MOST_LOG, LOG_SCALE = 9.0, 1 / 3  # of times, in blocks
TIMES = 4  # inputs that tell times, and how much steps vary
LOADS_TOLD = 2 + len(LOAD_SPANS) + len(AHEAD)
INPUTS = 12 + len(SPANS) + 2 * len(AHEAD) + LOADS_TOLD + TIMES


class Spurt(Noted):
    """The spurts of some series: a row each of notes, and of what the network remembers."""

    __slots__ = ()
    notes = NOTES

    @staticmethod
    def network() -> Network:
        """See `network` of this module."""
        return network()

    def take(self, low: Array, high: Array, load: float | Array, block: int, age: float | Array) -> None:
        """Take in a closed block; see `Course.take`."""
        rows = np.flatnonzero(np.isfinite(low))
        if not len(rows):
            return
        load, age = (np.broadcast_to(each, low.shape)[rows] for each in (load, age))
        cells = self.opened()
        some = cells[rows, :NOTES]
        told = note(some, low[rows], high[rows], load, block, age)
        cells[rows, :NOTES] = some
        self.go_on(rows, told)


def note(notes: Floats, low: Array, high: Array, load: Array, block: int, age: Array) -> Floats:
    """What the network is told of a block of each series, (n, INPUTS), from `notes`, which are brought up to date.

    Args:
        notes: (n, NOTES).
        low, high, load, block, age: as `Spurt.take` has them, all of `low` finite.

    """
    level, top = logarithm(low), logarithm(high)
    count, fresh = notes[:, COUNT].copy(), notes[:, COUNT] == 0
    _begin(notes, level, fresh)
    gap, before = np.where(fresh, 1, block - notes[:, BLOCK]), notes[:, BLOCK] // HOUR_BLOCKS
    born = ~fresh & (block + 1 - age > notes[:, BLOCK])
    notes[born, FIRST] = level[born]
    hour = block // HOUR_BLOCKS % DAY_HOURS
    _turn(notes, fresh | (before < block // HOUR_BLOCKS), hour)
    step = level - notes[:, LAST]
    average(notes[:, AVERAGES], level, count, SPANS)
    climb, noise = level - notes[:, HOURLY], np.maximum(notes[:, STEP], LEAST_STEP)
    day, climbs = notes[:, DAY], notes[:, CLIMBS]
    ahead = [(hour + each) % DAY_HOURS for each in AHEAD]
    out = np.empty((len(notes), INPUTS), np.float32)
    parts = [
        STEP_SCALE * step[:, None],
        (step / noise)[:, None] * NOISE_SCALE,
        LEVEL_SCALE * (level[:, None] - notes[:, [FIRST, TOP, BEFORE]]),
        SCALES * (level[:, None] - notes[:, AVERAGES]),
        LEVEL_SCALE * (level - np.fmax.reduce(day, 1))[:, None],
        LEVEL_SCALE * (level - np.fmin.reduce(day, 1))[:, None],
        SWING_SCALE * (top - level)[:, None],
        LEVEL_SCALE * (day[:, ahead] - notes[:, BEFORE, None]),
        CLIMB_SCALE * (climb[:, None] - climbs[:, ahead]),
        CLIMB_SCALE * (climb - np.fmax.reduce(climbs, 1))[:, None],
        CLIMB_SCALE * (climb - notes[:, CLIMB])[:, None],
        CLIMB_SCALE * climb[:, None],
        (NOISE_SCALE * climb / noise)[:, None],
        _told_load(notes, load, count, hour, ahead),
    ]
    np.concatenate(parts, axis=1, out=out[:, :-TIMES])
    np.clip(np.nan_to_num(out[:, :-TIMES], copy=False), -MOST, MOST, out=out[:, :-TIMES])
    out[:, -4] = LOG_SCALE * np.minimum(np.log1p(np.maximum(age, 0)), MOST_LOG)
    out[:, -3] = LOG_SCALE * np.minimum(np.log(np.maximum(gap, 1)), MOST_LOG)
    out[:, -2], out[:, -1] = born, LOG_SCALE * np.minimum(np.log(noise / LEAST_STEP), MOST_LOG)
    average(notes[:, STEP : STEP + 1], np.abs(step), count, (STEP_SPAN,))
    notes[:, DAY.start + hour] = level
    for place, now in ((TOP, level), (CLIMB, climb), (CLIMBS.start + hour, climb)):
        notes[:, place] = np.fmax(notes[:, place], now)
    notes[:, LAST], notes[:, BLOCK] = level, block
    notes[:, COUNT] += 1
    return out


def _begin(notes: Floats, level: Floats, fresh: Bools) -> None:
    """Of series of which nothing is noted: the first level is all that is known."""
    notes[fresh, LAST:NOTES] = np.nan
    for place in (LAST, FIRST, TOP, BEFORE, *range(AVERAGES.start, AVERAGES.stop)):
        notes[fresh, place] = level[fresh]
    notes[fresh, STEP], notes[fresh, CLIMB] = 0, 0


def _turn(notes: Floats, begun: Bools, hour: int) -> None:
    """As an hour begins: what was noted a day ago is what to compare with, and gives its place."""
    rows = np.flatnonzero(begun)
    known = ~np.isnan(notes[rows, DAY.start + hour])
    notes[rows[known], BEFORE] = notes[rows[known], DAY.start + hour]
    notes[rows, LOAD_BEFORE] = notes[rows, LOAD_DAY.start + hour]
    notes[rows, CLIMBS.start + hour] = np.nan


def _told_load(notes: Floats, load: Array, count: Floats, hour: int, ahead: list[int]) -> Floats:
    """How far load is above the last one, the day before and its averages, and what it was later that day."""
    out = np.full((len(notes), LOADS_TOLD), np.nan, np.float32)
    known = np.flatnonzero(np.isfinite(load))
    if not len(known):
        return out
    now, told = logarithm(load[known], LEAST_LOAD), notes[known]
    first = np.isnan(told[:, LOAD])
    told[first, LOAD], told[first, LOADS] = now[first], now[first, None]
    average(told[:, LOADS], now, count[known], LOAD_SPANS)
    before = told[:, LOAD_BEFORE]
    out[known, 0], out[known, 1] = now - told[:, LOAD], now - before
    out[known, 2 : 2 + len(LOAD_SPANS)] = now[:, None] - told[:, LOADS]
    out[known, 2 + len(LOAD_SPANS) :] = told[:, LOAD_DAY][:, ahead] - before[:, None]
    told[:, LOAD], told[:, LOAD_DAY.start + hour] = now, now
    notes[known] = told
    return LOAD_SCALE * out


@cache
def network() -> Network:
    """That of `spurt.json` in this package."""
    return read("spurt.json", INPUTS)
