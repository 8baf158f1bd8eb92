"""PromQL: `predict_linear(m[6h], 86400) > limit` for an hour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.leakbench.detectors.common import Array, Bools, each, held_for, line
from bench.leakbench.score import Fired
from leakdog.detect.grid import History


def rule(values: Array, limit: float, hour: int) -> Bools:
    """The line of six hours, a day further, is over the limit."""
    slope, end, _ = line(values, 6 * hour)
    return held_for(np.nan_to_num(end + slope * 24 * hour) > limit, hour)


def detect(histories: Sequence[History]) -> list[list[Fired]]:
    """Alerts of the rule."""
    return each(histories, rule)
