"""Least squares over a day, R squared above 0.8, growth of 5 % or more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.leakbench.detectors.common import Array, Bools, each, line
from bench.leakbench.score import Fired
from leakdog.detect.grid import History

DAY = 288


def rule(values: Array, _limit: float) -> Bools:
    """A good straight line that rises."""
    slope, end, explained = (np.nan_to_num(part) for part in line(values, DAY))
    return np.asarray((explained > 0.8) & (slope * DAY > 0.05 * np.maximum(end - slope * DAY, 1)), bool)


def detect(histories: Sequence[History]) -> list[list[Fired]]:
    """Alerts of the rule."""
    return each(histories, rule)
