"""Blocks of many series side by side, and what else is known of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from leakdog.detect.settings import Look, Settings

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
T = TypeVar("T")
EDGE = 8  # the first and last of so many parts of a look-back must hold a reading


@dataclass(frozen=True, slots=True)
class Panel:
    """Blocks of one level of many series: the last column is the last closed block.

    Attributes:
        lows, load: (N, T), NaN where missing.
        end: index of the block after the last column.

    """

    lows: Array
    load: Array
    end: int
    block_seconds: float


@dataclass(frozen=True, slots=True)
class Rows:
    """What else is known of the series of a panel, (N,).

    Attributes:
        floor: least growth that counts, in the signal's unit.
        limit: NaN where there is none.
        life_start: of the current life.
        lives: (N, L) first blocks of the lives that are remembered, on the coarsest level; NaN where there are fewer.
        swing: by how much readings exceed the lows.
        highest: gives the highest reading of this life before the look-back, NaN where none is known.
        course: gives what their course so far says, to urgent look-backs their spurt.
        threshold: gives the score from which growth is a leak. All three are asked for only where something surely
            grows.

    """

    floor: Array
    limit: Array
    life_start: Array
    lives: Array
    swing: Array
    highest: Callable[[], Array]
    course: Callable[[], Array]
    threshold: Callable[[], Array]


def take(value: T, rows: Ints) -> T:
    """Some rows of an array, or of all arrays in a dataclass; what is neither stays as it is."""
    if isinstance(value, np.ndarray):
        return value[rows] if value.ndim == 1 else value.take(rows, axis=0)  # type: ignore[return-value]
    kind: type = type(value)
    names = _names(kind)
    return kind(*[take(getattr(value, name), rows) for name in names]) if names else value


@cache
def _names(kind: type) -> tuple[str, ...]:
    """Of the attributes of a dataclass; of anything else none."""
    return tuple(each.name for each in fields(kind)) if is_dataclass(kind) else ()


def window_columns(look: Look, window: Panel, past: Panel) -> int:
    """How many columns of the past's panel the look-back covers, a part of one counted as one."""
    if look.level == look.past:
        return look.blocks
    begin = (window.end - look.blocks) * window.block_seconds
    return past.end - int(begin // past.block_seconds)


def least_crowd(settings: Settings, level: int) -> tuple[int, int]:
    """More than so many blocks of a level must lie within so many, that readings cover any of its look-backs."""
    width = min((look.blocks for look in settings.looks if look.level == level), default=0)
    return max(math.ceil(settings.coverage * width) - 1, 0), width


def read_often(finest: Panel, settings: Settings) -> Bools:
    """Of which series the last blocks of the finest level have readings enough for its shortest look-back, (N,)."""
    many, width = least_crowd(settings, 0)
    often: Bools = (~np.isnan(finest.lows[:, -width:])).sum(1) > many
    return often
