"""What the look-backs of a group of series found when they were last examined."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leakdog.detect.blocks import arranged
from leakdog.detect.evidence import Evidence
from leakdog.detect.score import NEVER
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
)
LEAK, SETTLING, FOLLOWS_LOAD, SCORE, GROWTH = range(5)
# What was found stands for this share of its look-back while no new block can be judged.
MEMORY_SHARE = 0.25


class Found:
    """By look-back and series: the block before which it was examined, and what was found. Not saved, worked out anew.

    Attributes:
        ends: (looks, n), -1 where it was not examined yet.
        numbers: (looks, n, len(TOLD)), NaN where it could not be used; None until one can be.
        verdicts: of each series, as the engine reads them off these numbers; None until it does, and when they change.

    """

    __slots__ = ("ends", "numbers", "verdicts")

    def __init__(self, looks: int, rows: int) -> None:
        self.ends = np.full((looks, rows), -1)
        self.numbers: npt.NDArray[np.float32] | None = None
        self.verdicts: list[Verdict] | None = None

    def note(self, number: int, rows: Ints, evidence: Evidence, end: int, blocks: int) -> None:
        """Take in what a look-back of so many blocks said of some rows.

        Where it could not be used, what it said before stands for a while.
        """
        self.verdicts = None
        usable = evidence.usable & ~np.isnan(evidence.growth)
        ends = self.ends[number]
        if self.numbers is None:
            ends[rows] = end
            if not usable.any():
                return
            self.numbers = np.full((*self.ends.shape, len(TOLD)), np.nan, np.float32)
        numbers = self.numbers[number]
        if usable.all():
            ends[rows], numbers[rows] = end, numbers_of(evidence)
            return
        stands = ~evidence.usable & ~np.isnan(numbers[rows, GROWTH]) & ((end - ends[rows]) / blocks <= MEMORY_SHARE)
        ends[rows[~stands]] = end
        numbers[rows[~stands]] = np.nan
        numbers[rows[usable]] = numbers_of(evidence)[usable]

    def silent(self, number: int, rows: Ints) -> Bools:
        """Of which series a look-back has nothing to say, (n,)."""
        if self.numbers is None:
            return np.ones(len(rows), bool)
        return np.asarray(np.isnan(self.numbers[number, rows, GROWTH]))

    def flags(self, row: int) -> npt.NDArray[np.float32]:
        """`leak`, `settling` and `follows_load` of each look-back of one series, (looks, 1, 3); NaN if not usable."""
        if self.numbers is None:
            return np.full((len(self.ends), 1, FOLLOWS_LOAD + 1), np.nan, np.float32)
        return self.numbers[:, row : row + 1, : FOLLOWS_LOAD + 1]

    def named(self, number: int, row: int) -> dict[str, float]:
        """What a look-back found of one series, by name."""
        assert self.numbers is not None
        return dict(zip(TOLD, self.numbers[number, row].tolist(), strict=True))

    def may_leak(self) -> Bools:
        """Where a look-back has found growth that only the weight of evidence keeps from being a leak, (n,)."""
        if self.numbers is None:
            return np.zeros(self.ends.shape[1], bool)
        growing = self.numbers[:, :, SCORE] > NEVER
        return np.asarray(growing.any(0))

    def arrange(self, rows: npt.NDArray[np.intp]) -> None:
        """Keep these rows, in this order; a row of -1 is a new one, that was not examined yet."""
        self.verdicts = None
        self.ends = arranged(self.ends, rows, -1, axis=1)
        if self.numbers is not None:
            self.numbers = arranged(self.numbers, rows, np.nan, axis=1)


def numbers_of(evidence: Evidence) -> npt.NDArray[np.float64]:
    """What a look-back found of each series, (N, len(TOLD))."""
    flags = (evidence.leak, evidence.settling, evidence.follows_load)
    return np.concatenate([flags, evidence.table(TOLD[SCORE:])]).T


def named(evidence: Evidence, places: Ints) -> list[dict[str, float]]:
    """What a look-back found of some series, by name."""
    if not len(places):
        return []
    return [dict(zip(TOLD, row, strict=True)) for row in numbers_of(evidence)[places].tolist()]
