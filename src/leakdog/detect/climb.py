"""A rise beside what was seen before: how high, how steep, and at the same time of other days.

The evening's load, a nightly job and a collector climb as a fast leak does, but not for the first time, and not in a
line.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leakdog.detect.prepare import mean
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


def quarters(window: Array) -> tuple[Array, Array]:
    """Mean of the first quarter of a look-back, and by how much that of the last is above it, (N,) each."""
    quarter = window.shape[1] // 4
    base = mean(window[:, :quarter])
    return base, mean(window[:, -quarter:]) - base


def _apart(blocks: float) -> int:
    """Blocks of the past between the begin and the end of a climb: one that begins within a block ends within one."""
    return 1 + math.ceil(blocks) if blocks > 1 else 1


def _without_last(values: Array, blocks: float) -> Array:
    return values[:, : values.shape[1] - max(NOT_YET, math.ceil(blocks))]


def _highest(climbs: Array) -> Array:
    top = np.where(np.isnan(climbs), -np.inf, climbs).max(1, initial=-np.inf)
    out: Array = np.where(np.isfinite(top), top, np.nan)
    return out
