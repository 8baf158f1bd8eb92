"""Least squares over a day, R squared above 0.8, growth of 5 % or more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.leakbench.detectors.common import Array, Bools, each, line
from bench.leakbench.score import Fired
from leakdog.detect.grid import History


def rule(values: Array, _limit: float, hour: int) -> Bools:
    """A good straight line that rises."""
    day = 24 * hour
    slope, end, explained = (np.nan_to_num(part) for part in line(values, day))
    return np.asarray((explained > 0.8) & (slope * day > 0.05 * np.maximum(end - slope * day, 1)), bool)


def detect(histories: Sequence[History]) -> list[list[Fired]]:
    """Alerts of the rule."""
    return each(histories, rule)
