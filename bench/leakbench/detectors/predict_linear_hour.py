"""PromQL: `predict_linear(m[1h], 4 * 3600) > limit` for a quarter of an hour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.leakbench.detectors.common import Array, Bools, each, held_for, line
from bench.leakbench.score import Fired
from leakdog.detect.grid import History


def rule(values: Array, limit: float, hour: int) -> Bools:
    """The line of an hour, four hours further, is over the limit."""
    slope, end, _ = line(values, hour)
    return held_for(np.nan_to_num(end + slope * 4 * hour) > limit, max(hour // 4, 1))


def detect(histories: Sequence[History]) -> list[list[Fired]]:
    """Alerts of the rule."""
    return each(histories, rule)
