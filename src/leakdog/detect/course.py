"""The course of many series so far, block by block of the coarsest level: what a small recurrent network made of it.

Look-backs see windows, one at a time. Here every block that has a reading is taken in as it closes, and what came
before is remembered in a few numbers: how a series moved after each start and with load, whether it was ever this high,
how long it has gone on. So the evidence of many blocks adds up, at the same cost after a month as after a day. What
comes of it, `score`, is one of the features that the trees of slow look-backs weigh; by itself it decides nothing.

A gated recurrent unit (Cho and others, EMNLP 2014), learned by `python -m bench.leakbench.learn_course` from labelled
series. It is told shares of a series' own level, so that a process of any size is told in the same numbers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib import resources

import numpy as np
import numpy.typing as npt

from leakdog.detect.blocks import arranged
from leakdog.detect.cells import Cells

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
# What is noted of each series beside what the network remembers: the score; the blocks that were taken in, and the
# last of them; whether the block after it was not `believed`; of the logarithm of lows the last, the first of this
# life, the highest and averages that forget; of the logarithm of load the last and averages; and by the hour of the day
# when it was last seen both, and of the last days the highest. NaN where nothing is known.
SPANS, LOAD_SPANS = (6, 24, 72, 168), (4, 24, 168)  # blocks after which an average has forgotten two thirds
SCORE, COUNT, BLOCK, DOUBTED, LAST, FIRST, TOP = range(7)
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


@dataclass(frozen=True)
class Network:
    """A layer that takes inputs, a gated recurrent unit of `width` numbers, and two layers that read a score off them.

    Attributes:
        first, first_bias: of the layer of the inputs, (width, INPUTS) and (width,).
        taken: (3 * width, width) weights of what it gives, for what is reset, what is kept, and what is new.
        kept: (3 * width, width) weights of what was remembered.
        taken_bias, kept_bias: (3 * width,).
        inner, inner_bias, outer, outer_bias: of the layers, (k, width), (k,), (k,) and a number.

    """

    first: Floats
    first_bias: Floats
    taken: Floats
    kept: Floats
    taken_bias: Floats
    kept_bias: Floats
    inner: Floats
    inner_bias: Floats
    outer: Floats
    outer_bias: Floats

    @property
    def width(self) -> int:
        """Numbers that are remembered of a series."""
        width: int = self.kept.shape[1]
        return width

    @cached_property
    def mark(self) -> bytes:
        """Eight bytes that no other network has: what one remembers means nothing to another."""
        weights = [getattr(self, each.name).astype("<f4").tobytes() for each in fields(self)]
        return hashlib.blake2b(b"".join([*weights, b"%d" % NOTES]), digest_size=8).digest()

    def step(self, memory: Floats, inputs: Floats) -> Floats:
        """What is remembered after one more block, (n, width)."""
        width = self.width
        first = np.maximum(inputs @ self.first.T + self.first_bias, 0)
        taken = first @ self.taken.T + self.taken_bias
        kept = memory @ self.kept.T + self.kept_bias
        gates = _squashed(taken[:, : 2 * width] + kept[:, : 2 * width])
        reset, stays = gates[:, :width], gates[:, width:]
        new = np.tanh(taken[:, 2 * width :] + reset * kept[:, 2 * width :])
        out: Floats = new + stays * (memory - new)
        return out

    def score(self, memory: Floats) -> Floats:
        """Log odds of a leak, as the network has learned them, (n,)."""
        inner = np.maximum(memory @ self.inner.T + self.inner_bias, 0)
        score: Floats = inner @ self.outer + self.outer_bias
        return score


class Course(Cells):
    """The courses of some series: a row each of notes, and of what the network remembers.

    Before the first block there are no columns: most processes are young.
    """

    __slots__ = ()

    def __init__(self, rows: int) -> None:
        super().__init__(np.empty((rows, 0), np.float32))

    def take(self, low: Array, high: Array, load: float | Array, block: int, age: float | Array) -> None:
        """Take in a closed block.

        Args:
            low, high: (n,) lowest and highest reading; series of which `low` is not finite have none, and are left.
            load: mean load; NaN where not known.
            block: its index, above that of the block before.
            age: of the life at the block's end, in blocks.

        """
        if not np.isfinite(low).any():
            return
        if not self.shape[1]:
            self.cells = np.zeros((len(low), NOTES + network().width), np.float32)
        cells, load, age = self.cells, np.broadcast_to(load, low.shape), np.broadcast_to(age, low.shape)
        rows, told = taken_in(cells, low, high, load, block, age)
        if len(rows):
            memory = network().step(cells[rows, NOTES:], told)
            cells[rows, NOTES:], cells[rows, SCORE] = memory, network().score(memory)

    @property
    def score(self) -> Array:
        """Of each series what its course so far says, (n,): log odds of a leak, 0 where nothing is known yet."""
        rows, columns = self.shape
        return self.read()[:, SCORE].astype(float) if columns else np.zeros(rows)

    def arrange(self, rows: npt.NDArray[np.intp]) -> None:
        """Keep these rows, in this order; a row of -1 is a new one."""
        self.cells = arranged(self.cells, rows, 0.0)


def taken_in(notes: Floats, low: Array, high: Array, load: Array, block: int, age: Array) -> tuple[Ints, Floats]:
    """The series of which a block is taken in, and what the network is told of each of these, (rows, INPUTS).

    Args:
        notes: (n, NOTES or more), brought up to date.
        low, high, load, block, age: as `Course.take` has them, all (n,).

    """
    rows = np.flatnonzero(np.isfinite(low))
    rows = rows[believed(notes, low, rows)]
    some = notes[rows, :NOTES]
    told = note(some, low[rows], high[rows], load[rows], block, age[rows])
    notes[rows, :NOTES] = some
    return rows, told


def believed(notes: Floats, low: Array, rows: Ints) -> Bools:
    """Of which of these series a block is to be taken in, and notes in `notes` where it is not, (rows,).

    One that lies deep below all of the last day is not before the next one does too: a single wrong reading would make
    of a leak, for days, what is set back now and then. It counts as one that was not read.
    """
    level, known = _logarithm(low[rows]), notes[rows, COUNT] > 0
    deep = known & (level < np.fmin.reduce(notes[rows, DAY], 1) - DEEP)
    out: Bools = ~deep | (notes[rows, DOUBTED] > 0)
    notes[rows, DOUBTED] = ~out
    return out


def note(notes: Floats, low: Array, high: Array, load: Array, block: int, age: Array) -> Floats:
    """What the network is told of a block of each series, (n, INPUTS), from `notes`, which are brought up to date.

    Args:
        notes: (n, NOTES or more).
        low, high, load, block, age: as `Course.take` has them, all of `low` finite.

    """
    level, top = _logarithm(low), _logarithm(high)
    count = notes[:, COUNT].copy()
    fresh = count == 0
    notes[fresh, LAST : AVERAGES.stop] = level[fresh, None]
    notes[fresh, LOAD:NOTES] = np.nan
    born = ~fresh & (block + 1 - age > notes[:, BLOCK])
    notes[born, FIRST] = level[born]
    _average(notes[:, AVERAGES], level, count, SPANS)
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
    now, told = _logarithm(load[known], LEAST_LOAD), notes[known]
    first, hour = np.isnan(told[:, LOAD]), LOAD_DAY.start + block % DAY_BLOCKS
    told[first, LOAD : LOADS.stop] = now[first, None]
    _average(told[:, LOADS], now, count[known], LOAD_SPANS)
    out[known, 0] = LOAD_STEP_SCALE * (now - told[:, LOAD])
    out[known, 1] = LOAD_SCALE * (now - told[:, hour])
    out[known, 2:] = LOAD_SCALE * (now[:, None] - told[:, LOADS])
    told[:, LOAD], told[:, hour] = now, now
    notes[known] = told
    return out


def _average(averages: Floats, value: Floats, count: Floats, spans: tuple[int, ...]) -> None:
    """Move averages on: plain ones until they are as old as their span, then such that forget."""
    weight = np.maximum(1 / np.array(spans, np.float32), 1 / (count[:, None] + 1))
    averages += weight * (value[:, None] - averages)


def _logarithm(value: Array, least: float = 1.0) -> Floats:
    return np.log(np.maximum(value, least)).astype(np.float32)


def _squashed(value: Floats) -> Floats:
    out: Floats = 0.5 * np.tanh(0.5 * value) + 0.5
    return out


@cache
def network() -> Network:
    """That of `course.json` in this package; see `read`."""
    return read(resources.files("leakdog.detect").joinpath("course.json").read_text())


def read(text: str) -> Network:
    """A network as it is written down.

    Raises:
        ValueError: it was learned for other inputs.

    """
    found = Network(**{name: np.array(values, np.float32) for name, values in json.loads(text).items()})
    if found.first.shape[1] != INPUTS:
        raise ValueError("the network of courses was learned for other inputs than these; learn it anew")
    return found
