"""What the look-backs of a group of series found when they were last examined."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from leakdog.detect.blocks import arranged
from leakdog.detect.cells import Cells, Shelf
from leakdog.detect.evidence import Evidence
from leakdog.detect.score import NEVER
from leakdog.detect.settings import Look
from leakdog.model import Verdict

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
# What is told of a look-back; what else it measured has gone into its score.
TOLD = (
    "leak",
    "settling",
    "follows_load",
    "score",
    "growth",
    "error",
    "z",
    "rise",
    "rising",
    "max_step",
    "last",
    "base",
    "level",
    "excess",
    "repeated",
    "past",
    "record",
    "sure",
)
LEAK, SETTLING, FOLLOWS_LOAD, SCORE = range(4)
MAY_LEAK = SCORE  # among the flags: whether there is a score
FLAGS = (LEAK, SETTLING, FOLLOWS_LOAD)
UNUSED = -1  # a flag of a look-back that could not be used
# What was found stands for this share of its look-back while no new block can be judged.
MEMORY_SHARE = 0.25


class Found:
    """By look-back and series: the block before which it was examined, and what was found. Not saved, worked out anew.

    Attributes:
        ends: (looks, n), -1 where it was not examined yet.
        verdicts: of each series, as the engine reads them off the flags; None until it does, and when they change.
        onsets: of series that were asked for, from which blocks it was told when their growth began, and when.

    """

    __slots__ = ("_flags", "_levels", "_numbers", "ends", "onsets", "verdicts")

    def __init__(self, looks: Sequence[Look], rows: int) -> None:
        self.ends = np.full((len(looks), rows), -1)
        self._flags = np.full((len(looks), rows, len(FLAGS) + 1), UNUSED, np.int8)
        self._levels = _by_level(tuple(looks))
        # By level, (looks, n, len(TOLD)) of its look-backs, which change together; None until one could be used.
        self._numbers: list[Cells | None] = [None] * (1 + max((level for level, _ in self._levels), default=0))
        self.verdicts: list[Verdict] | None = None
        self.onsets: dict[int, tuple[tuple[int, int, int, bool], float]] = {}

    def note(self, number: int, rows: Ints, evidence: Evidence, end: int, blocks: int) -> None:
        """Take in what a look-back of so many blocks said of some rows.

        Where it could not be used, what it said before stands for a while.
        """
        self.verdicts = None
        usable = evidence.usable & ~np.isnan(evidence.growth)
        ends, flags = self.ends[number], self._flags[number]
        if usable.all():
            ends[rows] = end
        else:
            known = flags[rows, LEAK] != UNUSED
            stands = ~evidence.usable & known & ((end - ends[rows]) / blocks <= MEMORY_SHARE)
            ends[rows[~stands]] = end
            flags[rows[~stands]] = UNUSED
        if not usable.any():
            return
        told, rows = numbers_of(evidence)[usable], rows[usable]
        flags[rows, : len(FLAGS)] = told[:, FLAGS]
        flags[rows, MAY_LEAK] = told[:, SCORE] > NEVER
        self._of(number)[rows] = told

    def silent(self, number: int, rows: Ints) -> Bools:
        """Of which series a look-back has nothing to say, (n,)."""
        return np.asarray(self._flags[number, rows, LEAK] == UNUSED)

    def flags(self, rows: slice = slice(None)) -> npt.NDArray[np.int8]:
        """`leak`, `settling` and `follows_load` by look-back and series, (looks, n, 3); `UNUSED` if it could not be."""
        return self._flags[:, rows, : len(FLAGS)]

    def named(self, numbers: Sequence[int], row: int) -> list[dict[str, float]]:
        """What look-backs found of one series, by name; of such as could be used."""
        told: dict[int, npt.NDArray[np.float32]] = {}
        for level in {self._levels[number][0] for number in numbers}:
            cells = self._numbers[level]
            assert cells is not None
            told[level] = cells.read()
        places = (self._levels[number] for number in numbers)
        return [dict(zip(TOLD, told[level][place, row].tolist(), strict=True)) for level, place in places]

    def may_leak(self) -> Bools:
        """Where a look-back has found growth that only the weight of evidence keeps from being a leak, (n,)."""
        return np.asarray((self._flags[:, :, MAY_LEAK] > 0).any(0))

    def arrange(self, rows: npt.NDArray[np.intp]) -> None:
        """Keep these rows, in this order; a row of -1 is a new one, that was not examined yet."""
        self.verdicts = None
        self.onsets.clear()
        self.ends = arranged(self.ends, rows, -1, axis=1)
        self._flags = arranged(self._flags, rows, UNUSED, axis=1)
        for cells in filter(None, self._numbers):
            cells.cells = arranged(cells.cells, rows, np.nan, axis=1)

    def put_away(self, level: int, shelf: Shelf) -> None:
        """Take less memory for what the look-backs of a level found; verdicts are told without it."""
        if level < len(self._numbers) and (cells := self._numbers[level]) is not None:
            cells.put_away(shelf)

    def _of(self, number: int) -> npt.NDArray[np.float32]:
        """The numbers of a look-back, to be changed."""
        level, place = self._levels[number]
        cells = self._numbers[level]
        if cells is None:
            looks = sum(level == of for of, _ in self._levels)
            cells = Cells(np.full((looks, self.ends.shape[1], len(TOLD)), np.nan, np.float32))
            self._numbers[level] = cells
        numbers: npt.NDArray[np.float32] = cells.cells[place]
        return numbers


@lru_cache
def _by_level(looks: tuple[Look, ...]) -> tuple[tuple[int, int], ...]:
    """Of each look-back the level, and its place among those of that level."""
    levels = [look.level for look in looks]
    return tuple((level, levels[:number].count(level)) for number, level in enumerate(levels))


def numbers_of(evidence: Evidence) -> npt.NDArray[np.float64]:
    """What a look-back found of each series, (N, len(TOLD))."""
    flags = (evidence.leak, evidence.settling, evidence.follows_load)
    return np.concatenate([flags, evidence.table(TOLD[SCORE:])]).T


def named(evidence: Evidence, places: Ints) -> list[dict[str, float]]:
    """What a look-back found of some series, by name."""
    if not len(places):
        return []
    return [dict(zip(TOLD, row, strict=True)) for row in numbers_of(evidence)[places].tolist()]
