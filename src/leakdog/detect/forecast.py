"""When growth began, when it will reach the limit, and where growth that slows down will settle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
LEAST_BLOCKS = 4  # on either side of an onset
INTERVAL_90 = 1.645
SETTLED = 0.05  # share of the whole rise that is left when growth is said to have settled
LEAST_SLOWING = 0.85  # of each third's growth to that before: nearer to 1, the end is anybody's guess


def onset_column(values: Array) -> int:
    """Where a level line turns into a rising one: the bend that fits best, by least squares.

    Args:
        values: (T,) without gaps, growing at the end.

    Returns:
        Column of the bend; 0 where the whole of it grows.

    """
    count = len(values)
    if count < 3 * LEAST_BLOCKS:
        return 0
    centred = values - values.mean()
    tails = np.cumsum(centred[::-1])  # of the values from each column on, the last column first
    common = np.maximum(np.cumsum(tails[:-1])[::-1], 0.0)  # bend times values, summed
    explained = common**2 / _bends(count)
    return int(np.argmax(explained[: count - LEAST_BLOCKS]))


@lru_cache(maxsize=64)
def _bends(count: int) -> Array:
    """Of bends `max(place - column, 0)` at each column but the last the squares around their mean, summed."""
    after = np.arange(count - 1, 0, -1.0)  # blocks after each column
    total = after * (after + 1) / 2
    spread: Array = np.maximum(after * (after + 1) * (2 * after + 1) / 6 - total**2 / count, 1e-12)
    return spread


def growth_interval(growth: float, error: float) -> tuple[float, float]:
    """90 % interval of the growth."""
    return growth - INTERVAL_90 * error, growth + INTERVAL_90 * error


@dataclass(frozen=True)
class Spread:
    """How far straight lines to the limit are off: the farther the limit is off, the earlier it comes than they say.

    Measured on leaks of many kinds. Growth that speeds up, starts anew after a restart or follows load is what makes
    it wide, not the slope's own error; and what is found at its steepest slows down again.

    Attributes:
        blocks: (k,) times of straight lines for which it was measured, in blocks of the coarsest level, rising.
        early, late: (k,) quantiles of 10 and 90 % of the logarithm of true over straight-line time, for each.

    """

    blocks: Array
    early: Array
    late: Array

    @classmethod
    def of(cls, rows: Sequence[Sequence[float]]) -> Spread:
        """From rows of blocks, early and late."""
        return cls(*np.array(rows, float).T)

    def around(self, straight: float, block_seconds: float) -> tuple[float, float]:
        """The interval around so many seconds, with so long blocks of the coarsest level."""
        place = math.log(max(straight / block_seconds, 1e-9))
        early, late = (float(np.interp(place, np.log(self.blocks), each)) for each in (self.early, self.late))
        return straight * math.exp(early), straight * math.exp(late)


def time_to_limit(
    level: float, limit: float | None, growth: float, swing: float, spread: Spread, block_seconds: float
) -> tuple[float, tuple[float, float]] | None:
    """Seconds until the highest readings reach `limit`, with an interval of 80 %; None without limit or growth.

    Args:
        level: of the lows.
        growth: units per second.
        swing: by how much readings exceed the lows.
        spread: how far such forecasts are off.
        block_seconds: of the coarsest level, which is what times are long or short against.

    """
    if limit is None or growth <= 0:
        return None
    straight = max(limit - level - swing, 0.0) / growth
    return straight, spread.around(straight, block_seconds)


def plateau(values: Array) -> tuple[float, float] | None:
    """Where growth that slows down evenly will settle, and blocks until it has; None where it does not slow down.

    The thirds of such growth rise less and less, by one factor, and so does all that follows (Aitken's delta-squared).

    Args:
        values: (T,) without gaps.

    """
    width = len(values) // 3
    if width < LEAST_BLOCKS:
        return None
    first, second, third = (float(np.median(part)) for part in values[-3 * width :].reshape(3, width))
    if not 0 < third - second <= LEAST_SLOWING * (second - first):
        return None
    factor = (third - second) / (second - first)
    rest = (third - second) * factor / (1 - factor)
    settled = SETTLED * (third + rest - first)
    wait = width * (math.log(settled / rest) / math.log(factor) - 0.5)
    return third + rest, max(wait, 0.0)
