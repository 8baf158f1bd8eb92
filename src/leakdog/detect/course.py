"""The course of many series so far, block by block of the coarsest level: what a small recurrent network made of it.

Look-backs see windows, one at a time. Here every block that has a reading is taken in as it closes, and what came
before is remembered in a few numbers: how a series moved after each start and with load, whether it was ever this high,
how long it has gone on. So the evidence of many blocks adds up, at the same cost after a month as after a day. What
comes of it, `score`, is one of the features that the trees of slow look-backs weigh; where it is sure, it tells of a
leak by itself (`leakdog.detect.score.by_course`).

The network is told shares of a series' own level, so that a process of any size is told in the same numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leakdog.detect.network import SCORE, Floats, Noted, average, logarithm

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
# What is noted of each series beside what the network remembers: the score; the blocks that were taken in, and the
# last of them; whether the block after it was not `believed`; of the logarithm of lows the last, the first of this
# life, the highest and averages that forget; of the logarithm of load the last and averages; and by the hour of the day
# when it was last seen both, and of the last days the highest. NaN where nothing is known.
SPANS, LOAD_SPANS = (6, 24, 72, 168), (4, 24, 168)  # blocks after which an average has forgotten two thirds
COUNT, BLOCK, DOUBTED, LAST, FIRST, TOP = range(SCORE + 1, 7)
AVERAGES = slice(7, 7 + len(SPANS))
LOAD = AVERAGES.stop
LOADS = slice(LOAD + 1, LOAD + 1 + len(LOAD_SPANS))
DAY_BLOCKS, DAYS = 24, 8
DAY = slice(LOADS.stop, LOADS.stop + DAY_BLOCKS)
LOAD_DAY = slice(DAY.stop, DAY.stop + DAY_BLOCKS)
WEEK = slice(LOAD_DAY.stop, LOAD_DAY.stop + DAYS)
NOTES = WEEK.stop
# How inputs are scaled, so that what matters is about 1: what a level is above others, in its logarithm, and load.
STEP_SCALE, TOP_SCALE, FIRST_SCALE, SWING_SCALE, PAST_SCALE, LOAD_STEP_SCALE, LOAD_SCALE = 10, 5, 3, 2, 4, 4, 2
SCALES = np.array((8, 5, 4, 3), np.float32)  # of what is above each average
MOST = 4.0  # of a scaled input
DEEP = 0.1  # below the lowest of a day, as a logarithm: one reading may be so deep by mistake
LEAST_LOAD = 1e-3
MOST_LOG, LOG_SCALE = 7.0, 1 / 3  # of times, in blocks
PASTS = 6  # parts of the day and week before that a level is compared with
TIMES = 5  # inputs that tell times, and what is known
INPUTS = 4 + len(SPANS) + PASTS + 2 + len(LOAD_SPANS) + TIMES


def believed(notes: Floats, low: Array, rows: Ints) -> Bools:
    """Of which of these series a block is to be taken in, and notes in `notes` where it is not, (rows,).

    One that lies deep below all of the last day is not before the next one does too: a single wrong reading would make
    of a leak, for days, what is set back now and then. It counts as one that was not read.
    """
    level, known = logarithm(low[rows]), notes[rows, COUNT] > 0
    deep = known & (level < np.fmin.reduce(notes[rows, DAY], 1) - DEEP)
    out: Bools = ~deep | (notes[rows, DOUBTED] > 0)
    notes[rows, DOUBTED] = ~out
    return out


def note(notes: Floats, low: Array, high: Array, load: Array, block: int, age: Array) -> Floats:
    """What the network is told of a block of each series, (n, INPUTS), from `notes`, which are brought up to date.

    Args:
        notes: (n, NOTES or more).
        low, high, load, block, age: as `take` has them, all of `low` finite.

    """
    level, top = logarithm(low), logarithm(high)
    count = notes[:, COUNT].copy()
    fresh = count == 0
    notes[fresh, LAST : AVERAGES.stop] = level[fresh, None]
    notes[fresh, LOAD:NOTES] = np.nan
    born = ~fresh & (block + 1 - age > notes[:, BLOCK])
    notes[born, FIRST] = level[born]
    average(notes[:, AVERAGES], level, count, SPANS)
    out = np.empty((len(notes), INPUTS), np.float32)
    out[:, 0] = STEP_SCALE * (level - notes[:, LAST])
    out[:, 1] = TOP_SCALE * (level - notes[:, TOP])
    out[:, 2] = FIRST_SCALE * (level - notes[:, FIRST])
    out[:, 3] = SWING_SCALE * (top - level)
    past, loads, times = np.cumsum((4 + len(SPANS), PASTS, 2 + len(LOAD_SPANS)))
    out[:, 4:past] = SCALES * (level[:, None] - notes[:, AVERAGES])
    out[:, past:loads] = PAST_SCALE * (level[:, None] - _past(notes, block))
    out[:, loads:times] = _note_load(notes, load, count, block)
    np.clip(np.nan_to_num(out[:, :times], copy=False), -MOST, MOST, out=out[:, :times])
    spans = np.stack((np.maximum(age, 0), count, np.where(fresh, 0, block - notes[:, BLOCK])), 1)
    out[:, times : times + 3] = LOG_SCALE * np.minimum(np.log1p(spans), MOST_LOG)
    out[:, times + 3], out[:, times + 4] = born, np.isfinite(load)
    _note_past(notes, level, block)
    notes[:, LAST], notes[:, BLOCK] = level, block
    np.maximum(notes[:, TOP], level, out=notes[:, TOP])
    notes[:, COUNT] += 1
    return out


def _past(notes: Floats, block: int) -> Floats:
    """Levels of the day and the week before, (n, PASTS).

    That of the same hour, of twelve hours before it, the lowest and highest of a day, the highest of a week, and that
    of the same day a week ago.
    """
    day, week, today = notes[:, DAY], notes[:, WEEK], block // DAY_BLOCKS
    hours = day[:, block % DAY_BLOCKS], day[:, (block - DAY_BLOCKS // 2) % DAY_BLOCKS]
    before = np.delete(week, today % DAYS, 1)
    extremes = np.fmin.reduce(day, 1), np.fmax.reduce(day, 1), np.fmax.reduce(before, 1)
    return np.stack((*hours, *extremes, week[:, (today + 1) % DAYS]), 1)


def _note_past(notes: Floats, level: Floats, block: int) -> None:
    """Take a level into the day and the week."""
    today = block // DAY_BLOCKS
    notes[:, DAY.start + block % DAY_BLOCKS] = level
    highest = notes[:, WEEK.start + today % DAYS]
    same_day = notes[:, BLOCK] // DAY_BLOCKS == today
    highest[:] = np.where(same_day, np.fmax(highest, level), level)


def _note_load(notes: Floats, load: Array, count: Floats, block: int) -> Floats:
    """How far load is above the last one, that of a day ago, and its averages; NaN where not known."""
    out = np.full((len(notes), 2 + len(LOAD_SPANS)), np.nan, np.float32)
    known = np.flatnonzero(np.isfinite(load))
    if not len(known):
        return out
    now, told = logarithm(load[known], LEAST_LOAD), notes[known]
    first, hour = np.isnan(told[:, LOAD]), LOAD_DAY.start + block % DAY_BLOCKS
    told[first, LOAD : LOADS.stop] = now[first, None]
    average(told[:, LOADS], now, count[known], LOAD_SPANS)
    out[known, 0] = LOAD_STEP_SCALE * (now - told[:, LOAD])
    out[known, 1] = LOAD_SCALE * (now - told[:, hour])
    out[known, 2:] = LOAD_SCALE * (now[:, None] - told[:, LOADS])
    told[:, LOAD], told[:, hour] = now, now
    notes[known] = told
    return out


class Course(Noted):
    """The courses of some series: a row each of notes, and of what the network remembers.

    Before the first block there are no columns: most processes are young.
    """

    __slots__ = ()
    file, inputs, notes = "course.json", INPUTS, NOTES
    note = staticmethod(note)
    believed = staticmethod(believed)
