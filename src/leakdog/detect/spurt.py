"""What the minutes since say of a climb, block by block of a fine level: the course of what may be over in hours.

As `leakdog.detect.course`, but of five minutes: it is told how a block stands to the last hours, to the same hours of the
day before and what came after them, to the steepest climbs that were seen, and to load. What comes of it is one of the
features that the trees of urgent look-backs weigh. It is not told how long a series has been watched: leaks to learn
from end, and healthy series do not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
HOUR_BLOCKS, DAY_HOURS = 12, 24
# What is noted of each series: the score; the blocks that were taken in, and the last of them; of the logarithm of lows
# the last, the first of this life, the highest, what it was at this hour of the day before, averages that forget; the
# average step; the steepest climb over an hour; of the logarithm of load the last, that of the day before, averages; by
# the hour of the day the last level, the steepest climb and the load. NaN where nothing is known.
SPANS, LOAD_SPANS, STEP_SPAN = (3, 12, 48, 144), (3, 12, 48), 48
SCORE, COUNT, BLOCK, LAST, FIRST, TOP, BEFORE = range(7)
AVERAGES = slice(7, 7 + len(SPANS))
STEP, CLIMB, LOAD, LOAD_BEFORE = range(AVERAGES.stop, AVERAGES.stop + 4)
LOADS = slice(LOAD_BEFORE + 1, LOAD_BEFORE + 1 + len(LOAD_SPANS))
DAY = slice(LOADS.stop, LOADS.stop + DAY_HOURS)
CLIMBS = slice(DAY.stop, DAY.stop + DAY_HOURS)
LOAD_DAY = slice(CLIMBS.stop, CLIMBS.stop + DAY_HOURS)
NOTES = LOAD_DAY.stop
HOURLY = 1  # of the averages, the one over an hour
AHEAD = (1, 2, 4)  # hours after this one on the day before
MOST, LEAST_STEP, LEAST_LOAD = 4.0, 1e-4, 1e-3
MOST_LOG, LOG_SCALE = 9.0, 1 / 3
STEP_SCALE, LEVEL_SCALE, SWING_SCALE, CLIMB_SCALE, LOAD_SCALE, NOISE_SCALE = 20, 5, 4, 10, 3, 0.5
SCALES = np.array((20, 12, 8, 5), np.float32)
TIMES = 4
INPUTS = 1 + 1 + 3 + len(SPANS) + 3 + 2 * len(AHEAD) + 4 + 2 + len(LOAD_SPANS) + len(AHEAD) + TIMES


def note(notes: Floats, low: Array, high: Array, load: Array, block: int, age: Array) -> Floats:
    """What the network is told of a block of each series, (n, INPUTS), from `notes`, which are brought up to date."""
    level, top = _log(low), _log(high)
    fresh = notes[:, COUNT] == 0
    notes[fresh, LAST:NOTES] = np.nan
    for place in (LAST, FIRST, TOP, BEFORE):
        notes[fresh, place] = level[fresh]
    notes[fresh, AVERAGES] = level[fresh, None]
    notes[fresh, STEP], notes[fresh, CLIMB] = 0, 0
    count, gap = notes[:, COUNT].copy(), np.where(fresh, 1, block - notes[:, BLOCK])
    born = ~fresh & (block + 1 - age > notes[:, BLOCK])
    notes[born, FIRST] = level[born]
    hour = block // HOUR_BLOCKS % DAY_HOURS
    begun = fresh | (notes[:, BLOCK] // HOUR_BLOCKS < block // HOUR_BLOCKS)
    _turn(notes, begun, block, hour)
    step = level - notes[:, LAST]
    _average(notes[:, AVERAGES], level, count, SPANS)
    climb = level - notes[:, AVERAGES.start + HOURLY]
    noise = np.maximum(notes[:, STEP], LEAST_STEP)
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
    out[:, -2], out[:, -1] = born, LOG_SCALE * np.log(noise / LEAST_STEP)
    _average(notes[:, STEP : STEP + 1], np.abs(step), count, (STEP_SPAN,))
    notes[:, DAY.start + hour] = level
    notes[:, CLIMBS.start + hour] = np.fmax(notes[:, CLIMBS.start + hour], climb)
    np.maximum(notes[:, TOP], level, out=notes[:, TOP])
    np.maximum(notes[:, CLIMB], climb, out=notes[:, CLIMB])
    notes[:, LAST], notes[:, BLOCK] = level, block
    notes[:, COUNT] += 1
    return out


def _turn(notes: Floats, begun: npt.NDArray[np.bool_], block: int, hour: int) -> None:
    """As an hour begins: what was noted a day ago is what to compare with, and gives its place."""
    rows = np.flatnonzero(begun)
    if not len(rows):
        return
    known = ~np.isnan(notes[rows, DAY.start + hour])
    notes[rows[known], BEFORE] = notes[rows[known], DAY.start + hour]
    notes[rows, LOAD_BEFORE] = notes[rows, LOAD_DAY.start + hour]
    notes[rows, CLIMBS.start + hour] = np.nan


def _told_load(notes: Floats, load: Array, count: Floats, hour: int, ahead: list[int]) -> Floats:
    """How far load is above the last one, the day before and its averages, and what it was later that day."""
    out = np.full((len(notes), 2 + len(LOAD_SPANS) + len(AHEAD)), np.nan, np.float32)
    known = np.flatnonzero(np.isfinite(load))
    if not len(known):
        return out
    now, told = _log(load[known], LEAST_LOAD), notes[known]
    first = np.isnan(told[:, LOAD])
    told[first, LOAD], told[first, LOADS] = now[first], now[first, None]
    _average(told[:, LOADS], now, count[known], LOAD_SPANS)
    before = told[:, LOAD_BEFORE]
    out[known, 0], out[known, 1] = now - told[:, LOAD], now - before
    out[known, 2 : 2 + len(LOAD_SPANS)] = now[:, None] - told[:, LOADS]
    out[known, 2 + len(LOAD_SPANS) :] = told[:, LOAD_DAY][:, ahead] - before[:, None]
    told[:, LOAD], told[:, LOAD_DAY.start + hour] = now, now
    notes[known] = told
    return LOAD_SCALE * out


def _average(averages: Floats, value: Floats, count: Floats, spans: tuple[int, ...]) -> None:
    weight = np.maximum(1 / np.array(spans, np.float32), 1 / (count[:, None] + 1))
    averages += weight * (value[:, None] - averages)


def _log(value: Array, least: float = 1.0) -> Floats:
    return np.log(np.maximum(value, least)).astype(np.float32)
