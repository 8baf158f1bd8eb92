"""A rise beside what was seen before: how high, how steep, and at the same time of other days.

The evening's load, a nightly job and a collector climb as a fast leak does, but not for the first time, and not in a
line.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leakdog.detect.correct import Corrected
from leakdog.detect.prepare import mean, median
from leakdog.detect.settings import Settings

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
NOT_YET = 6  # of the last blocks of the past: in these a leak may climb already, so they say nothing of what is normal
LEAST_CLIMB = 1e-9  # so that nothing is divided by nothing
AROUND = 1  # a job of the day may begin so many blocks sooner or later


@dataclass(frozen=True, slots=True)
class Past:
    """The coarsest blocks of many series up to now, of as many as their highs are remembered of.

    Attributes:
        lows: (N, T), joined over lives.
        highs: (N, T) highest readings, of the current life only. NaN where missing, in both.

    """

    lows: Array
    highs: Array


def beside(past: Past, rise: Array, level: Array, blocks: float, settings: Settings) -> dict[str, Array]:
    """A rise beside those of the past, as numbers of `Evidence`. What is not known is 0: it never speaks for a leak.

    Args:
        rise: over a look-back of so many blocks of the past, above 0.
        level: at its end.

    """
    climb, usual = same_time(past, blocks, settings)
    return {
        "record": np.nan_to_num(rise / np.maximum(record(past, blocks), LEAST_CLIMB)),
        "same_time": np.nan_to_num(1 - climb / rise),
        "usual": np.nan_to_num((level - usual) / rise),
    }


def record(past: Past, blocks: float) -> Array:
    """The steepest climb of the past over so many blocks, from a low to a highest reading, (N,); NaN where none is."""
    apart = _apart(blocks)
    lows, highs = _without_last(past.lows, blocks), _without_last(past.highs, blocks)
    climbs = [_highest(highs[:, more:] - lows[:, : lows.shape[1] - more]) for more in range(apart + 1)]
    out: Array = np.fmax.reduce(climbs)
    return out


def same_time(past: Past, blocks: float, settings: Settings) -> tuple[Array, Array]:
    """On the days before at this time: steepest climb of the lows, and their highest, (N,) each; NaN where not known.

    Args:
        blocks: length of the climb.
        settings: of a `rhythm_blocks` that is not 0.

    """
    apart, columns, day = _apart(blocks), past.lows.shape[1], settings.rhythm_blocks
    places = (last + near for last in range(columns - 1 - day, -1, -day) for near in range(-AROUND, AROUND + 1))
    ends = [place for place in places if place >= apart]
    lows = past.lows[:, ends]
    return _highest(lows - past.lows[:, [end - apart for end in ends]]), _highest(lows)


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


def quarters(window: Array) -> tuple[Array, Array]:
    """Mean of the first quarter of a look-back, and by how much that of the last is above it, (N,) each."""
    quarter = window.shape[1] // 4
    base = mean(window[:, :quarter])
    return base, mean(window[:, -quarter:]) - base


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


def _apart(blocks: float) -> int:
    """Blocks of the past between the begin and the end of a climb: one that begins within a block ends within one."""
    return 1 + math.ceil(blocks) if blocks > 1 else 1


def _without_last(values: Array, blocks: float) -> Array:
    return values[:, : values.shape[1] - max(NOT_YET, math.ceil(blocks))]


def _highest(climbs: Array) -> Array:
    top = np.where(np.isnan(climbs), -np.inf, climbs).max(1, initial=-np.inf)
    out: Array = np.where(np.isfinite(top), top, np.nan)
    return out
