"""With NumPy: a rise beside what was seen before, and its shape from near."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from oracle.correct import Corrected
from oracle.prepare import mean, median

from leakdog.detect.settings import Settings

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def above(seen: Corrected, total: Array, first: Ints, start: int, span: int, settings: Settings) -> tuple[Array, Array]:
    """By how much the present is above the past: lowest of three blocks over the top, mean over highest mean, (N,).

    Args:
        total: running sums of `seen.coarse`, as `convexity.running` gives them.
        first: (N,) column from which each row is real.
        start: column at which the look-back begins.
        span: blocks whose mean is the present.

    """
    coarse, begin = seen.coarse, max(0, start - settings.excess_blocks)
    if start <= begin:
        nothing = np.full(len(coarse), np.nan)
        return nothing, nothing
    real = np.arange(begin, start) >= first[:, None]
    top = np.where(real, coarse[:, begin:start], -np.inf).max(1)
    smooth = settings.smooth_blocks
    ends = np.arange(begin + smooth, start + 1)
    means = (total[:, ends] - total[:, ends - smooth]) / smooth + coarse[:, -1:]
    highest = np.where(ends - smooth >= first[:, None], means, -np.inf).max(1, initial=-np.inf)
    highest = np.where(np.isfinite(highest), highest, top)
    return seen.window[:, -3:].min(1) - top, mean(coarse[:, -span:]) - highest


def bend(window: Array) -> Array:
    """By how much more it rises in the second half of a look-back than in the first, by medians of quarters, (N,)."""
    quarter, half = window.shape[1] // 4, window.shape[1] // 2
    middle = window[:, half - quarter // 2 : half - quarter // 2 + quarter]
    out: Array = median(window[:, -quarter:]) - 2 * median(middle) + median(window[:, :quarter])
    return out


def gap(window: Array) -> Array:
    """By how much all of the last third of a look-back is above all of the first, (N,)."""
    third = window.shape[1] // 3
    out: Array = window[:, -third:].min(1) - window[:, :third].max(1)
    return out


def jump(window: Array) -> Array:
    """The largest rise from one block to the next, (N,): most of the climb, where it is a step."""
    out: Array = np.diff(window).max(1)
    return out


def floor(window: Array) -> Array:
    """The climb of what is never gone below again, from the first quarter to the last, (N,): bursts are above it."""
    quarter = window.shape[1] // 4
    lowest = np.minimum.accumulate(window[:, ::-1], axis=1)[:, ::-1]
    return mean(lowest[:, -quarter:]) - mean(lowest[:, :quarter])


def fall(values: Array) -> Array:
    """The deepest fall below what was reached before, (N,): what has fallen back may do so again."""
    out: Array = (np.maximum.accumulate(values, 1) - values).max(1)
    return out
