"""Trends of many series at once, and how much of each trend is sure, steady and still going on.

The slope is Theil and Sen's: the median over pairs of points, here pairs at least a third of the window
apart. From it two standard errors of the scatter about the line are taken off, so that what breathes does
not outrank a smaller leak; growth that came in one step, or that has stopped, counts less.

Sources: P. K. Sen, Estimates of the regression coefficient based on Kendall's tau, JASA 63 (1968). That a
sampled site moves in jumps of one period: documentation of Go's `runtime.MemProfileRate`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Growth of less than this many sampling periods may be chance.
NOISE_QUANTA = 2.0
STANDARD_ERRORS = 2.0
# Keeps divisions of nothing by nothing at nothing.
TINY = 1e-300


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """Trends of many series at once, each array (series,), in units per second.

    Attributes:
        growth: robust slope.
        error: standard error of it.
        score: what of the growth is sure, steady and still going on; 0 for all other.

    """

    growth: Floats
    error: Floats
    score: Floats


def trends(times: Floats, values: Floats, *, quantum: float = 0.0) -> Trend:
    """Trends of `values` (series, times) over rising `times` (times,), at least two of them.

    Growth of less than `NOISE_QUANTA` quanta over the whole window scores 0.
    """
    span = times[-1] - times[0]
    growth = _slope(times, values)
    error = _slope_error(times, values, growth)
    sure = np.clip(growth - STANDARD_ERRORS * error, 0, None)
    score = sure * _spread(values) * _going_on(times, values, growth)
    return Trend(growth, error, np.where(growth * span >= NOISE_QUANTA * quantum, score, 0.0))


def shared_slopes(times: Floats, values: Floats) -> Floats:
    """Least-squares slopes of `values` (series, times) over rising `times` (times,), at least two of them; (series,).

    They add up: the slope of a sum is the sum of the slopes. Medians of slopes do not: where one number rises by steps
    and another falls back with each of them, either has a median that the steps do not move, and it is not that of
    their sum.
    """
    centred = times - times.mean()
    return np.asarray(values @ centred / (centred @ centred), float)


def _slope(times: Floats, values: Floats) -> Floats:
    """Median slope over pairs of points at least a third of the window apart."""
    early, late = np.triu_indices(len(times), k=1)
    apart = times[late] - times[early]
    far = apart >= (times[-1] - times[0]) / 3
    early, late, apart = early[far], late[far], apart[far]
    return np.asarray(np.median((values[:, late] - values[:, early]) / apart, axis=1), float)


def _slope_error(times: Floats, values: Floats, growth: Floats) -> Floats:
    """Standard error of a slope from the scatter about it; 0 for two points, which have none."""
    if len(times) < 3:
        return np.zeros(len(values))
    centred = times - times.mean()
    residuals = values - growth[:, np.newaxis] * centred
    scatter = residuals.std(axis=1) * np.sqrt(len(times) / (len(times) - 2))
    return np.asarray(scatter / np.sqrt((centred**2).sum()), float)


def _spread(values: Floats) -> Floats:
    """1 where growth came in equal steps, 0 where all of it came in one; two points cannot tell and get 1."""
    if values.shape[1] < 3:
        return np.ones(len(values))
    rises = np.clip(np.diff(values, axis=1), 0, None)
    largest = rises.max(axis=1) / np.maximum(rises.sum(axis=1), TINY)
    return np.asarray((1 - largest) / (1 - 1 / rises.shape[1]), float)


def _going_on(times: Floats, values: Floats, growth: Floats) -> Floats:
    """1 where the last third of the window grew over the middle one at half the growth or more, else less."""
    if len(times) < 3:
        return np.ones(len(values))
    _, middle, last = np.array_split(np.arange(len(times)), 3)
    rise = np.median(values[:, last], axis=1) - np.median(values[:, middle], axis=1)
    late = rise / (np.median(times[last]) - np.median(times[middle]))
    rising = np.maximum(growth, 0)
    return np.asarray(np.clip(2 * late, 0, rising) / np.maximum(rising, TINY), float)
