"""With NumPy: what is taken out of a series before growth is looked for, load and the rhythm of the day."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from leakdog.detect.prepare import bridge, mean

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
# Weight of "load explains nothing" in the fit on load, as a share of mean load squared: where load hardly moves, it
# explains nothing, and no accidental coefficient is found.
LOAD_RIDGE = 0.004
# The growth beside load is held back by this much: what both could explain is load's.
GROWTH_RIDGE = 0.1
_LOAD_RIDGES = np.diag([0.0, LOAD_RIDGE**2, LOAD_RIDGE**2, 0.0])
_LEAST = 1e-9 * np.eye(4)


def median(values: Array) -> Array:
    """Of each row; `np.median` takes several times as long for few columns."""
    ordered, columns = np.sort(values, axis=1), values.shape[1]
    middle: Array = (ordered[:, (columns - 1) // 2] + ordered[:, columns // 2]) / 2
    return middle


def lagged(load: Array) -> Array:
    """The load one block before: memory follows load with a delay."""
    return np.concatenate((load[:, :1], load[:, :-1]), axis=1)


def load_coefficients(values: Array, load: Array, known: Bools, window_start: int) -> Array:
    """How much of each row load explains: coefficients of load and of lagged load, (N, 2).

    Beside load, growth from `window_start` on is fitted, so that growth which merely coincides with load is not all
    given to it.

    Args:
        values: (N, T) without gaps.
        load: (N, T), relative to its mean.
        known: (N, T), which columns count.

    """
    rows, columns = values.shape
    parts = np.empty((rows, 5, columns))  # what explains, and what is to be explained
    parts[:, 0] = 1.0
    np.subtract(load, 1, out=parts[:, 1])
    parts[:, 2, :1], parts[:, 2, 1:] = parts[:, 1, :1], parts[:, 1, :-1]
    parts[:, 3] = _growth(columns, window_start)
    np.subtract(values, values[:, -1:], out=parts[:, 4])
    products = np.matmul(parts[:, :4] * known[:, None, :], parts.transpose(0, 2, 1))
    normal = products[:, :, :4]
    normal[:, 3, 3] *= 1 + GROWTH_RIDGE
    normal += np.add.reduce(known, 1)[:, None, None] * _LOAD_RIDGES
    normal += _LEAST
    solved: Array = np.linalg.solve(normal, products[:, :, 4:])[:, 1:3, 0]
    return solved


@lru_cache
def _growth(columns: int, start: int) -> Array:
    """A line that rises from `start` on, up to 1."""
    growth: Array = np.maximum(np.arange(columns) - start + 1, 0) / (columns - start)
    return growth


def load_part(coefficients: Array, load: Array, before: Array) -> Array:
    """What load explains of a window, in the signal's unit, zero at mean load. `before`: load one coarse block ago."""
    return coefficients[:, :1] * (load - 1) + coefficients[:, 1:] * (before - 1)


def rhythm(past: Array, first: npt.NDArray[np.int64], day: int, least_days: int) -> tuple[Array, Bools]:
    """The rhythm of a day that the past shows, (N, day), column 0 for the past's first column, and where it is known.

    Of whole days, each without its mean and its own drift, the median at each time of day, smoothed over three blocks.
    Rows with fewer than `least_days` whole days get zeros.

    Args:
        past: (N, days * day) without gaps.
        first: (N,) column of each row's first real reading.

    """
    rows, columns = past.shape
    days = columns // day
    each = past.reshape(rows, days, day)
    mean = each.mean(2)
    inner = np.gradient(mean, axis=1) / day if days > 1 else np.zeros_like(mean)
    left = each - mean[:, :, None] - inner[:, :, None] * (np.arange(day) - (day - 1) / 2)
    whole = np.arange(days) * day >= first[:, None]
    count = whole.sum(1)
    ordered = np.sort(np.where(whole[:, :, None], left, np.inf), axis=1)
    middle = np.maximum(np.stack(((count - 1) // 2, count // 2), 1), 0)
    pair = np.take_along_axis(ordered, middle[:, :, None], 1)
    known = count >= least_days
    shape = np.where(known[:, None], pair.mean(1), 0.0)
    return (np.roll(shape, 1, 1) + 2 * shape + np.roll(shape, -1, 1)) / 4, known


__all__ = ["bridge", "lagged", "load_coefficients", "load_part", "mean", "median", "rhythm"]
