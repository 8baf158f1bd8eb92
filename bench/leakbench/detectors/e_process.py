"""Accumulated evidence with a bound on the run length: bets on the sign of the next step of three-hour lows.

Shiryaev-Roberts e-detector (Shin, Ramdas, Rinaldo, "E-detectors", 2023) with a mixture of three bets. If steps up and
down are equally likely given the past, the mean time to a false alarm is at least `RUN` blocks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.leakbench.detectors.common import Array, Bools, blocks, each, spread
from bench.leakbench.score import Fired
from leakdog.detect.grid import History

HOURS = 3
BETS = np.array([0.3, 0.6, 0.9])
RUN = 2000.0


def rule(values: Array, _limit: float, hour: int) -> Bools:
    """The wealth of all bets begun at any time passes the run length."""
    lows = blocks(values, HOURS * hour).min(1)
    found = np.zeros(len(lows), bool)
    wealth = np.zeros(len(BETS))
    for number, sign in enumerate(np.sign(np.diff(lows)), 1):
        wealth = (wealth + 1) * (1 + BETS * sign)
        if wealth.mean() >= RUN:
            found[number] = True
            wealth[:] = 0
    return spread(found, HOURS * hour, len(values))


def detect(histories: Sequence[History]) -> list[list[Fired]]:
    """Alerts of the rule."""
    return each(histories, rule)
