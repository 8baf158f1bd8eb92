"""PromQL: `deriv(m[1h]) * 3600 > 0.01 * avg_over_time(m[1d])` for an hour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.leakbench.detectors.common import Array, Bools, each, line
from bench.leakbench.score import Fired
from leakdog.detect.grid import History

HOUR = 12


def rule(values: Array, _limit: float) -> Bools:
    """Slope over an hour above one per cent of the mean so far, an hour long."""
    slope, _, _ = line(values, HOUR)
    mean = np.cumsum(values) / np.arange(1, len(values) + 1)
    over = np.nan_to_num(slope) * HOUR > 0.01 * mean
    held = np.convolve(over, np.ones(HOUR), "full")[: len(over)] >= HOUR
    return np.asarray(held, bool)


def detect(histories: Sequence[History]) -> list[list[Fired]]:
    """Alerts of the rule."""
    return each(histories, rule)
