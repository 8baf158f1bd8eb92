"""PromQL: `deriv(m[1h]) * 3600 > 0.01 * avg_over_time(m[1d])` for an hour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.leakbench.detectors.common import Array, Bools, each, held_for, line
from bench.leakbench.score import Fired
from leakdog.detect.grid import History


def rule(values: Array, _limit: float, hour: int) -> Bools:
    """Slope over an hour above one per cent of the mean of a day, an hour long."""
    slope, _, _ = line(values, hour)
    total = np.cumsum(np.concatenate((np.zeros(24 * hour), values)))
    width = np.minimum(np.arange(1, len(values) + 1), 24 * hour)
    mean = (total[24 * hour :] - total[: len(values)]) / width
    return held_for(np.nan_to_num(slope) * hour > 0.01 * mean, hour)


def detect(histories: Sequence[History]) -> list[list[Fired]]:
    """Alerts of the rule."""
    return each(histories, rule)
