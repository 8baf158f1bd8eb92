"""What recurrent networks are told of labelled series, block by block as in the detector, and what they should say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from bench.leakbench.corpus import T0, Labelled
from bench.leakbench.kinds.fast import SHORT
from bench.leakbench.seen import TRUE, Array
from leakdog.detect import course, spurt
from leakdog.detect.filled import Filled
from leakdog.detect.history import History
from leakdog.detect.settings import PRODUCTION, Settings

GREW, EARLY = 0.03, 0.4  # leaked shares: a leak; worth less to be found
LATE_WORTH, HEALTHY_WORTH = 0.25, 1 / 6
FAST_GREW, FAST_EARLY, FAST_LATE_WORTH = 0.12, 0.6, 0.3  # the same of fast leaks, shares of the time to the limit
# Of these kinds most false alarms are: what wanders, and what rises for days before it falls.
DEAR = {"ar1": 2.0, "longsaw": 2.0}
BLOCKS_ALONE = replace(PRODUCTION, false_alarms=None)  # a course is not weighed while it is learned
assert PRODUCTION.spurt_level is not None
SPURT_SECONDS = PRODUCTION.levels[PRODUCTION.spurt_level].block_seconds


@dataclass
class Told:
    """What the network is told of a corpus, (N, blocks, ...): the blocks that have a reading, one after the other.

    Attributes:
        inputs: (N, blocks, inputs).
        leaks: (N, blocks) what it should say.
        worth: (N, blocks) of saying it.
        counts: (N,) what a false alarm of each series costs beside that of another.

    """

    inputs: np.ndarray
    leaks: np.ndarray
    worth: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, many: Sequence[Told]) -> Told:
        """All of them, one after the other."""
        return cls(*(np.concatenate([getattr(each, field.name) for each in many]) for field in fields(cls)))


def of_course(corpus: Sequence[Labelled]) -> Told:
    """What the network of courses is told of these series, and what it should say."""
    filled = Filled([each.history for each in corpus], BLOCKS_ALONE)
    seconds = PRODUCTION.levels[-1].block_seconds
    blocks = list(filled.coarsest())
    notes, tape = np.zeros((len(corpus), course.NOTES), np.float32), Tape(len(corpus), len(blocks), course.INPUTS)
    for block, low, high, load, age in blocks:
        rows, inputs = course.Course.taken_in(notes, low, high, load, block, age)
        tape.put(rows, inputs, (block + 1) * seconds - T0)
    leaked = np.array([each.leaked[_places(each, ends)] for each, ends in zip(corpus, tape.ends, strict=True)])
    _label(tape.told, corpus, leaked, tape.ends, tape.seen)
    tape.told.counts[:] = [DEAR.get(each.kind, 1.0) for each in corpus]
    return tape.told


def of_spurts(corpus: Sequence[Labelled]) -> Told:
    """The same of the network of spurts, from fast leaks and what is read as often."""
    blocks = max(math.ceil(len(each.leaked) * each.step / SPURT_SECONDS) for each in corpus) + 1
    taken = Taken([each.history for each in corpus], BLOCKS_ALONE)
    tape = Tape(len(corpus), blocks, spurt.INPUTS)
    for first, count, turns in taken.turns:
        notes = np.zeros((count, spurt.NOTES), np.float32)
        for block, low, high, load, born in turns:
            age = block + 1 - born / SPURT_SECONDS
            rows, inputs = spurt.Spurt.taken_in(notes, low, high, load, block, age)
            tape.put(first + rows, inputs, (block + 1) * SPURT_SECONDS - T0)
    _label_fast(tape.told, corpus, tape.ends, tape.seen)
    return tape.told


class Taken(Filled):
    """Histories whose blocks are kept as spurts would take them in, not gone through.

    Attributes:
        turns: of some series side by side the first, how many they are, and their blocks in turn.

    """

    def __init__(self, histories: Sequence[History], settings: Settings) -> None:
        self.turns: list[tuple[int, int, list[tuple[int, Array, Array, Array, Array]]]] = []
        super().__init__(histories, settings)

    def go_on(self, rows: range, blocks: Iterator[tuple[int, Array, Array, Array, Array]]) -> None:
        """Keep them."""
        self.turns.append((rows.start, len(rows), list(blocks)))


class Tape:
    """What is told of series, each from its first block on, and when each block ended."""

    def __init__(self, series: int, blocks: int, inputs: int) -> None:
        shape = series, blocks
        worth, counts = np.zeros(shape, np.float32), np.ones(series, np.float32)
        self.told = Told(np.zeros((*shape, inputs), np.float16), np.zeros(shape, bool), worth, counts)
        self.ends = np.zeros(shape)
        self._count = np.zeros(series, int)

    def put(self, rows: np.ndarray, inputs: np.ndarray, end: float) -> None:
        """One block of some series."""
        self.told.inputs[rows, self._count[rows]], self.ends[rows, self._count[rows]] = inputs, end
        self._count[rows] += 1

    @property
    def seen(self) -> np.ndarray:
        """Where there is a block, (series, blocks)."""
        return np.arange(self.ends.shape[1]) < self._count[:, None]


def _places(each: Labelled, ends: np.ndarray) -> np.ndarray:
    """Of the last readings before some times."""
    return np.clip((ends / each.step).astype(int) - 1, 0, len(each.leaked) - 1)


def _label(told: Told, corpus: Sequence[Labelled], leaked: np.ndarray, ends: np.ndarray, seen: np.ndarray) -> None:
    """Each leak is worth the same, however long it goes on, and less once much has leaked."""
    leaks, hard = (np.array([getattr(each, name) for each in corpus])[:, None] for name in ("leaks", "hard"))
    over = np.array([each.over * each.step for each in corpus])[:, None]
    told.leaks[:] = seen & leaks & (leaked >= GREW) & (ends <= over)
    healthy = seen & ((~leaks & ~hard) | (leaks & (leaked < TRUE)))
    early = np.where(leaked < EARLY, 1.0, LATE_WORTH) * told.leaks
    _weigh(told, early, healthy)


def _label_fast(told: Told, corpus: Sequence[Labelled], ends: np.ndarray, seen: np.ndarray) -> None:
    """The same for fast leaks, of which what counts is the part of the time to the limit that is gone."""
    leaks, hard = (np.array([getattr(each, name) for each in corpus])[:, None] for name in ("leaks", "hard"))
    onset = np.array([(each.leaked > 0).argmax() if each.leaks else np.inf for each in corpus])[:, None] * SHORT
    over = np.array([each.over for each in corpus])[:, None] * SHORT
    gone = (ends - np.where(leaks, onset, 0)) / np.maximum(over - onset, 1)
    told.leaks[:] = seen & leaks & (gone >= FAST_GREW) & (ends <= over + SPURT_SECONDS)
    healthy = seen & ((~leaks & ~hard) | (leaks & (ends <= onset)))
    _weigh(told, np.where(gone < FAST_EARLY, 1.0, FAST_LATE_WORTH) * told.leaks, healthy)


def _weigh(told: Told, early: np.ndarray, healthy: np.ndarray) -> None:
    told.worth[:] = early / np.maximum(early.sum(1, keepdims=True), 1e-9)
    told.worth[healthy] = (HEALTHY_WORTH / np.sqrt(np.maximum(healthy.sum(1, keepdims=True), 1)) * healthy)[healthy]
