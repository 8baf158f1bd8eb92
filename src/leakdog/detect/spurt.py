"""What the last hours say of a climb, block by block of some minutes: the course of what may be over soon.

As `leakdog.detect.course`, of finer blocks: the network is told how a block stands to the last hours, to the same hours
of the day before and what came after them, to the steepest climbs that were seen, and to load. Its score is one of the
features that the trees of urgent look-backs weigh. It is not told for how long a series has been watched: the leaks
that it learned from end, and healthy series do not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leakdog.detect.network import SCORE, Floats, Noted, average, logarithm

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
HOUR_BLOCKS, DAY_HOURS = 12, 24
# Finer blocks with a reading from which a block is taken in. What is read every five minutes is told as a leak in time
# hardly ever, and would take five sixths of the time that judging it takes.
LEAST_FINER = 2
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
HOURS_AHEAD = (1, 2, 4)  # after this one, on the day before
AHEAD = (np.arange(DAY_HOURS)[:, None] + HOURS_AHEAD) % DAY_HOURS  # by the hour of the day
BELOW = np.array([FIRST, TOP, BEFORE, *range(AVERAGES.start, AVERAGES.stop)])  # what a level is told above of
# Places of the inputs: the step, by itself and in steps that there usually are; what a level is above; the highest and
# the lowest of a day, and the swing; the day before from now on; what a climb is above; load; times.
ABOVE = slice(2, 2 + len(BELOW))
OF_DAY = ABOVE.stop
DAY_AHEAD = slice(OF_DAY + 3, OF_DAY + 3 + len(HOURS_AHEAD))
CLIMB_AHEAD = slice(DAY_AHEAD.stop, DAY_AHEAD.stop + len(HOURS_AHEAD))
OF_CLIMB = CLIMB_AHEAD.stop
OF_LOAD = slice(OF_CLIMB + 4, OF_CLIMB + 6 + len(LOAD_SPANS) + len(HOURS_AHEAD))
TIMES = 4  # the age, the time since the block before, whether the life is new, and how much steps vary
INPUTS = OF_LOAD.stop + TIMES
# How they are scaled, but for times, so that what matters is about 1.
SCALES = np.concatenate(
    [
        *((20, 0.5), (5,) * 3, (20, 12, 8, 5), (5, 5, 4), (5,) * len(HOURS_AHEAD), (10,) * len(HOURS_AHEAD)),
        *((10, 10, 10, 0.5), (3,) * (OF_LOAD.stop - OF_LOAD.start)),
    ]
).astype(np.float32)
MOST = 4.0  # of a scaled input
LEAST_STEP, LEAST_LOAD = 1e-4, 1e-3
MOST_LOG, LOG_SCALE = 9.0, 1 / 3  # of times, in blocks


def note(notes: Floats, low: Array, high: Array, load: Array, block: int, age: Array) -> Floats:
    """What the network is told of a block of each series, (n, INPUTS), from `notes`, which are brought up to date.

    Args:
        notes: (n, NOTES).
        low, high, load, block, age: as `take` has them, all of `low` finite.

    """
    level, top = logarithm(low), logarithm(high)
    count, fresh = notes[:, COUNT].copy(), notes[:, COUNT] == 0
    if fresh.any():
        _begin(notes, level, fresh, block)
    last, hour = notes[:, BLOCK], block // HOUR_BLOCKS % DAY_HOURS
    gap, born = block - last, ~fresh & (block + 1 - age > last)
    np.copyto(notes[:, FIRST], level, where=born)
    begun = fresh | (last // HOUR_BLOCKS < block // HOUR_BLOCKS)
    if begun.any():
        _turn(notes, begun, hour)
    ahead = AHEAD[hour]
    out = np.empty((len(notes), INPUTS), np.float32)
    step = level - notes[:, LAST]
    average(notes[:, AVERAGES], level, count, SPANS)
    climb, noise = level - notes[:, HOURLY], np.maximum(notes[:, STEP], LEAST_STEP)
    day, climbs = notes[:, DAY], notes[:, CLIMBS]
    out[:, 0], out[:, 1] = step, step / noise
    out[:, ABOVE] = level[:, None] - notes[:, BELOW]
    out[:, OF_DAY], out[:, OF_DAY + 1] = level - np.fmax.reduce(day, 1), level - np.fmin.reduce(day, 1)
    out[:, OF_DAY + 2] = top - level
    out[:, DAY_AHEAD] = day[:, ahead] - notes[:, BEFORE, None]
    out[:, CLIMB_AHEAD] = climb[:, None] - climbs[:, ahead]
    out[:, OF_CLIMB], out[:, OF_CLIMB + 1] = climb - np.fmax.reduce(climbs, 1), climb - notes[:, CLIMB]
    out[:, OF_CLIMB + 2], out[:, OF_CLIMB + 3] = climb, climb / noise
    _told_load(out[:, OF_LOAD], notes, load, count, hour)
    out[:, :-TIMES] *= SCALES
    np.clip(np.nan_to_num(out[:, :-TIMES], copy=False), -MOST, MOST, out=out[:, :-TIMES])
    logs = np.log1p(np.maximum(age, 0)), np.log(np.maximum(gap, 1)), np.log(noise / LEAST_STEP)
    out[:, [-4, -3, -1]] = LOG_SCALE * np.minimum(np.stack(logs, 1), MOST_LOG)
    out[:, -2] = born
    average(notes[:, STEP : STEP + 1], np.abs(step), count, (STEP_SPAN,))
    notes[:, DAY.start + hour] = level
    for place, now in ((TOP, level), (CLIMB, climb), (CLIMBS.start + hour, climb)):
        np.fmax(notes[:, place], now, out=notes[:, place])
    notes[:, LAST], notes[:, BLOCK] = level, block
    notes[:, COUNT] += 1
    return out


def _begin(notes: Floats, level: Floats, fresh: Bools, block: int) -> None:
    """Of series of which nothing is noted: the first level is all that is known."""
    notes[fresh, LAST:NOTES] = np.nan
    for place in (LAST, FIRST, TOP, BEFORE, *range(AVERAGES.start, AVERAGES.stop)):
        notes[fresh, place] = level[fresh]
    notes[fresh, STEP], notes[fresh, CLIMB], notes[fresh, BLOCK] = 0, 0, block - 1


def _turn(notes: Floats, begun: Bools, hour: int) -> None:
    """As an hour begins: what was noted a day ago is what to compare with, and gives its place."""
    rows = np.flatnonzero(begun)
    known = ~np.isnan(notes[rows, DAY.start + hour])
    notes[rows[known], BEFORE] = notes[rows[known], DAY.start + hour]
    notes[rows, LOAD_BEFORE] = notes[rows, LOAD_DAY.start + hour]
    notes[rows, CLIMBS.start + hour] = np.nan


def _told_load(out: Floats, notes: Floats, load: Array, count: Floats, hour: int) -> None:
    """How far load is above the last one, the day before and its averages, and what it was later that day."""
    out[:] = np.nan
    known = np.isfinite(load)
    if not known.any():
        return
    rows = slice(None) if known.all() else np.flatnonzero(known)
    now, told = logarithm(load[rows], LEAST_LOAD), notes[rows]
    first = np.isnan(told[:, LOAD])
    if first.any():
        told[first, LOAD], told[first, LOADS] = now[first], now[first, None]
    average(told[:, LOADS], now, count[rows], LOAD_SPANS)
    before = told[:, LOAD_BEFORE]
    out[rows, 0], out[rows, 1] = now - told[:, LOAD], now - before
    out[rows, 2 : 2 + len(LOAD_SPANS)] = now[:, None] - told[:, LOADS]
    out[rows, 2 + len(LOAD_SPANS) :] = told[:, LOAD_DAY][:, AHEAD[hour]] - before[:, None]
    told[:, LOAD], told[:, LOAD_DAY.start + hour] = now, now
    notes[rows] = told


class Spurt(Noted):
    """The spurts of some series: a row each of notes, and of what the network remembers."""

    __slots__ = ()
    file, inputs, notes = "spurt.json", INPUTS, NOTES
    note = staticmethod(note)
