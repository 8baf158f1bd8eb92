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
    best, best_squares = 0, math.inf
    place = np.arange(count, dtype=float)
    centred = values - values.mean()
    total = float(centred @ centred)
    for column in range(0, count - LEAST_BLOCKS, max(1, count // 64)):
        bend = np.maximum(place - column, 0)
        bend -= bend.mean()
        slope = float(bend @ centred) / float(bend @ bend)
        squares = total - slope * float(bend @ centred)
        if slope > 0 and squares < best_squares * (1 - 1e-9):
            best, best_squares = column, squares
    return best


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
