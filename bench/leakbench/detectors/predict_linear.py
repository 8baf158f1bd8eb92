"""PromQL: `predict_linear(m[6h], 86400) > limit`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.leakbench.detectors.common import Array, Bools, each, line
from bench.leakbench.score import Fired
from leakdog.detect.grid import History

HOUR = 12


def rule(values: Array, limit: float) -> Bools:
    """The line of six hours, a day further, is over the limit."""
    slope, end, _ = line(values, 6 * HOUR)
    return np.asarray(np.nan_to_num(end + slope * 24 * HOUR) > limit, bool)


def detect(histories: Sequence[History]) -> list[list[Fired]]:
    """Alerts of the rule."""
    return each(histories, rule)
