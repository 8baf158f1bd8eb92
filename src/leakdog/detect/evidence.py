"""What one look-back found of many series at once: what speaks for a leak, and what against it.

Each feature is there for a kind of healthy program that the others let through; docs/detection.md shows each with a
picture and with what it is worth.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
NEVER = -99.0  # score of what no weight of evidence could make a leak


@dataclass(slots=True)
class Evidence:
    """What one look-back found, (N,). Numbers of rows that were not looked at are NaN.

    Attributes:
        flags, numbers: all that follows, a row for each; the others are views of them.
        usable: the look-back is covered by readings.
        leak: growth that will not stop.
        settling: it grows, and slows down.
        follows_load: it grows, and load explains it.
        score: the weight of evidence that it is a leak; `leak` is a score of at least the threshold.
        growth, error: slope and its standard error, units per second.
        z, rise, rising, max_step, first, last, middle, least, leap, alpha: as in `Trend`.
        base: level in the window's first quarter.
        level: level in its last eighth.
        peak: lowest of the last three blocks over the highest of the past, as a share of the rise.
        above: last readings over the highest one of this life and the past week before the window, as a share of the
            rise; 1 where the window is as long as that week.
        excess: last mean over the highest mean of the past, as a share of the rise.
        late: `late_growth` as a share of the rise.
        line: `line_over_logarithm`.
        inner, within: `inner_growth`, the second as a share of the rise.
        repeated: `repeated_growth`.
        bend, gap: as shares of the rise.
        jump, floor: as shares of the rise; of urgent looks, as are the next three.
        record: the rise over the steepest climb of the past.
        same_time: what the climb of other days at this time leaves of the rise, as a share.
        usual: last readings over the highest of other days at this time, as a share of the rise.
        kept: share of the rise that load does not explain.
        noise: standard deviation around the line, as a share of the rise.
        past: blocks before the window, over its length.
        own_days: days of the current life before the window; less than 0 where it began within.
        past_days: the same over `history_blocks`, which are a day in production.
        asked: least rise that counts.
        age: of the life, over the window's length.
        age_days: of the life, over `history_blocks`.
        lives: in the window.
        loaded: 1 where load is known.
        left: time to the limit, in look-backs; infinite where there is no limit.
        fall: deepest fall that is remembered, as a share of the rise.
        course: what the course of the series so far says, log odds.
        sure: 1 where that alone tells of a leak.

    """

    flags: Bools
    numbers: Array
    usable: Bools
    leak: Bools
    settling: Bools
    follows_load: Bools
    score: Array
    growth: Array
    error: Array
    z: Array
    rise: Array
    rising: Array
    max_step: Array
    first: Array
    last: Array
    base: Array
    level: Array
    peak: Array
    above: Array
    excess: Array
    late: Array
    line: Array
    inner: Array
    within: Array
    repeated: Array
    bend: Array
    gap: Array
    jump: Array
    floor: Array
    record: Array
    same_time: Array
    usual: Array
    kept: Array
    noise: Array
    past: Array
    past_days: Array
    own_days: Array
    asked: Array
    age: Array
    age_days: Array
    lives: Array
    loaded: Array
    left: Array
    middle: Array
    least: Array
    leap: Array
    alpha: Array
    fall: Array
    course: Array
    sure: Array

    @classmethod
    def empty(cls, count: int) -> Evidence:
        """Nothing known of `count` series."""
        return cls._of(np.zeros((len(_FLAGS), count), bool), np.full((len(NUMBERS), count), np.nan))

    @classmethod
    def _of(cls, flags: Bools, numbers: Array) -> Evidence:
        return cls(flags, numbers, *flags, *numbers)

    def some(self, rows: Ints) -> Evidence:
        """Of some rows, a copy."""
        return self._of(self.flags[:, rows], self.numbers[:, rows])

    def put(self, rows: Ints | slice, **numbers: Array) -> None:
        """Fill in numbers of some rows."""
        for name, values in numbers.items():
            getattr(self, name)[rows] = values

    def put_all(self, rows: Ints, other: Evidence) -> None:
        """Fill in all that is known of some rows, which are those of `other`."""
        self.flags[:, rows], self.numbers[:, rows] = other.flags, other.numbers

    def table(self, names: tuple[str, ...]) -> Array:
        """Numbers of these names, a row for each, (names, N)."""
        return self.numbers[_places(names)]


_FLAGS = ("usable", "leak", "settling", "follows_load")
NUMBERS = tuple(each.name for each in fields(Evidence) if each.name not in ("flags", "numbers", *_FLAGS))


@cache
def _places(names: tuple[str, ...]) -> Ints:
    return np.array([NUMBERS.index(name) for name in names])
