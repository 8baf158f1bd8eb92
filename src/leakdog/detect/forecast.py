"""When the growth began, and when it will reach the limit."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
LEAST_BLOCKS = 4  # on either side of an onset
INTERVAL_90, INTERVAL_80 = 1.645, 1.282


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
    after = np.arange(count - 1, -1, -1.0)  # blocks after each column
    total = after * (after + 1) / 2  # of the bend max(place - column, 0), its sum and its sum of squares
    spread = after * (after + 1) * (2 * after + 1) / 6 - total**2 / count
    tails = np.cumsum(centred[::-1])[::-1]  # of the values from each column on
    common = np.append(np.cumsum(tails[:0:-1])[::-1], 0.0)  # bend times values, summed
    explained = np.where(common > 0, common**2 / np.maximum(spread, 1e-12), 0.0)
    return int(np.argmax(explained[: count - LEAST_BLOCKS]))


def growth_interval(growth: float, error: float) -> tuple[float, float]:
    """90 % interval of the growth."""
    return growth - INTERVAL_90 * error, growth + INTERVAL_90 * error


def time_to_limit(
    level: float, limit: float | None, growth: float, error: float
) -> tuple[float, tuple[float, float]] | None:
    """Seconds until `limit` with an interval of 80 %; None without limit or growth."""
    if limit is None or growth <= 0:
        return None
    room = max(limit - level, 0.0)
    fastest, slowest = growth + INTERVAL_80 * error, growth - INTERVAL_80 * error
    latest = room / slowest if slowest > 0 else math.inf
    return room / growth, (room / fastest, latest)
