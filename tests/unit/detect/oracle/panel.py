"""Which rows are covered, and where their past and their window begin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from oracle.prepare import mean

from leakdog.detect.panel import EDGE, Panel, window_columns
from leakdog.detect.settings import Look, Settings

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rows:
    """As in `leakdog.detect.panel`, with all of it at hand."""

    floor: Array
    limit: Array
    life_start: Array
    lives: Array
    swing: Array
    highest: Array
    course: Array
    threshold: Array


def trimmed(past: Panel, least: int) -> tuple[Panel, Ints]:
    """The past from the first column that any row knows, and the first column that each row knows."""
    known = ~np.isnan(past.lows)
    columns: int = known.shape[1]
    begin = np.where(known.any(1), known.argmax(1), columns)
    cut = max(0, min(int(begin.min(initial=columns)), columns - least))
    if not cut:
        return past, begin
    return Panel(past.lows[:, cut:], past.load[:, cut:], past.end, past.block_seconds), begin - cut


def covered(lows: Array, settings: Settings) -> Bools:
    """Rows with enough readings in the window and at both of its ends."""
    known = ~np.isnan(lows)
    edge = max(lows.shape[1] // EDGE, 1)
    covered: Bools = (mean(known) >= settings.coverage) & known[:, :edge].any(1) & known[:, -edge:].any(1)
    return covered


def window_start(look: Look, window: Panel, past: Panel) -> int:
    """Column of the past's panel at which the look-back begins."""
    columns: int = past.lows.shape[1]
    return columns - window_columns(look, window, past)
