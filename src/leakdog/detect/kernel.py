"""The part of the detector that is in C (`csrc/`): from blocks to evidence, and from features to a score.

What is compiled works through a look-back row by row, in arrays that are made here: it knows nothing of Python,
allocates nothing, and keeps nothing between calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from leakdog import library
from leakdog.detect.design import ALPHAS, design
from leakdog.detect.evidence import NEVER, NUMBERS, Evidence
from leakdog.detect.lives import MOST_LIVES
from leakdog.detect.panel import EDGE, Panel, Rows, window_columns
from leakdog.detect.settings import Look, Settings
from leakdog.detect.trees import Trees

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LIBRARY = Path(__file__).with_name("_kernel.so")
VERSION = 2
# Growth of this share of what is asked, below which an urgent look leaves a row alone. Others do not: a fall of load or
# the rhythm of the day may hide growth.
HURDLE = 0.5
# What is measured, in the order of csrc/kernel.h.
MEASURED = (
    *("z", "rise", "rising", "max_step", "last", "growth", "error", "base", "level", "past"),
    *("first", "middle", "least", "leap", "alpha", "kept", "noise", "bend", "gap", "past_days", "own_days"),
    *("asked", "age", "age_days", "lives", "loaded", "left", "jump", "floor"),
    *("peak", "excess", "late", "line", "inner", "within", "repeated", "fall"),
)
HOPEFUL, WEIGHED = 2, 3  # how far a row came: its trend is known; all is
ROOM, DAYS_ROOM = 13, 2  # rows, and days, of numbers in which a row is worked out: `needed` in csrc/examine.c
_PLACES = np.array([NUMBERS.index(name) for name in MEASURED])
# By function, a letter for each parameter: an array, or a number.
_PARAMETERS = {"examine": "a" * 12 + "n" * 10 + "an" + "a" * 7, "grown": "anna" + "aana" + "annaa"}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the kernel is told of a look-back and its settings: a Whole and a Real, and its designs."""

    whole: Ints
    real: Array
    designs: Array
    points: int
    parameters: int


def examine(
    out: Evidence,
    look: Look,
    window: Panel,
    past: Panel,
    rows: Rows,
    settings: Settings,
    chosen: Ints,
    *,
    full: bool,
) -> Ints:
    """Measure one look-back of many series, into `out`, and give those of the chosen that are to be weighed.

    Args:
        window: blocks of the look's level, at least as many as it is long.
        past: blocks of the level its past is read from; the same panel where that is the same level.
        chosen: the rows of both that are looked at, in whose order they are in `out`.
        full: also tell the trend of rows that cannot be a leak, and whether they follow load.

    Raises:
        ValueError: the arrays are of shapes that do not fit together, or a row is chosen that is not there.

    """
    count, width = window.lows.shape
    stride, many = past.lows.shape[1], len(chosen)
    plan = _plan(look, settings)
    lows, load = _table(window.lows, count, width), _table(window.load, count, width)
    past_lows, past_load = lows, load
    if past is not window:
        past_lows, past_load = _table(past.lows, count, stride), _table(past.load, count, stride)
    each = (rows.floor, rows.limit, rows.life_start)
    known = [*(_table(numbers, count) for numbers in each), _table(rows.lives, count, MOST_LIVES)]
    if out.numbers.shape != (len(NUMBERS), many):
        raise ValueError("the evidence is of other rows than the chosen")
    size = ROOM * (max(width, stride) + 1) + DAYS_ROOM * settings.rhythm_blocks
    stage = np.empty(many, np.uint8)
    weighed = call(
        "examine",
        *(plan.whole, plan.real, plan.designs, lows, load, past_lows, past_load, *known),
        *(np.ascontiguousarray(chosen, np.int64), many, count),
        *(width, stride, window.end, past.end, window_columns(look, window, past)),
        *(plan.points, plan.parameters, full and not look.urgent, np.empty(size), size, np.empty(stride, bool)),
        *(np.empty(many, np.int64), _PLACES, out.numbers, out.usable, out.follows_load, stage),
    )
    if weighed < 0:
        raise ValueError(
            f"{look.blocks} blocks cannot be examined in {width}, with a past of {stride}, of {count} rows"
        )
    if full and not look.urgent:
        out.score[stage >= HOPEFUL] = NEVER
    return np.flatnonzero(stage == WEIGHED)


def grown(values: Array, trees: Trees) -> Array:
    """Sum of the leaves that each row of features, (N, features), falls into, (N,)."""
    rows, features = values.shape
    count, leaves = trees.value.shape
    total = np.empty(rows)
    wrong = call(
        "grown",
        *(_table(values, rows, features), rows, features, trees.bounds, trees.begin, trees.owner, len(trees.owner)),
        *(trees.open, trees.value, count, leaves, np.empty(count, np.uint16), total),
    )
    if wrong:
        raise ValueError(f"trees of other features than these {features}")
    return total


def load() -> Any:
    """The compiled part.

    Raises:
        NotCompiled: it is not there, or of another version of leakdog; the text says what to do.

    """
    return library.load(LIBRARY, VERSION)


def call(name: str, *arguments: npt.NDArray[Any] | int) -> int:
    """What a function returns."""
    return int(_function(name)(*[each if isinstance(each, int) else library.address(each) for each in arguments]))


@cache
def _function(name: str) -> Any:
    return library.function(load(), name, _PARAMETERS[name])


def _table(numbers: Array, *shape: int) -> Array:
    """The same as doubles one behind the other.

    Raises:
        ValueError: they are not of this shape.

    """
    if numbers.shape != shape:
        raise ValueError(f"numbers of shape {numbers.shape} where {shape} are wanted")
    return np.ascontiguousarray(numbers, float)


@lru_cache(maxsize=256)
def _plan(look: Look, settings: Settings) -> _Plan:
    level, past = settings.levels[look.level], settings.levels[look.past]
    length = look.blocks * level.block_seconds / past.block_seconds
    points = look.blocks // look.merge
    plain, _ = design(points, look.merge, 0, settings.rhythm_blocks)
    harmonic, parameters = design(points, look.merge, look.harmonics, settings.rhythm_blocks)
    whole = (
        *(look.blocks, look.merge, look.lows, look.harmonics, look.urgent, EDGE, look.level == look.past),
        *(round(past.block_seconds / level.block_seconds), settings.rhythm_blocks, settings.rhythm_days),
        *(settings.history_blocks, settings.excess_blocks, settings.smooth_blocks, settings.convex_blocks),
        max(1, min(settings.smooth_blocks, round(length / 2))),
    )
    real = (
        *(level.block_seconds, past.block_seconds, settings.coverage, settings.min_growth_ratio, settings.urgent_share),
        *(HURDLE, settings.confidence, settings.z_least, settings.rising_least, settings.z, length),
    )
    designs = np.concatenate((ALPHAS, plain, harmonic))
    return _Plan(np.array(whole, np.int64), np.array(real, float), designs, points, parameters)
