"""Accumulated evidence with a bound on the run length: bets on the sign of the next step of three-hour lows.

Shiryaev-Roberts e-detector (Shin, Ramdas, Rinaldo, "E-detectors", 2023) with a mixture of three bets. If steps up and
down are equally likely given the past, the mean time to a false alarm is at least `RUN` blocks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.leakbench.detectors.common import Array, Bools, each
from bench.leakbench.score import Fired
from leakdog.detect.grid import History

BLOCK = 36
BETS = np.array([0.3, 0.6, 0.9])
RUN = 2000.0


def rule(values: Array, _limit: float) -> Bools:
    """The wealth of all bets begun at any time passes the run length."""
    lows = values[: len(values) // BLOCK * BLOCK].reshape(-1, BLOCK).min(1)
    fires = np.zeros(len(values), bool)
    wealth = np.zeros(len(BETS))
    for number, sign in enumerate(np.sign(np.diff(lows))):
        wealth = (wealth + 1) * (1 + BETS * sign)
        if wealth.mean() >= RUN:
            fires[(number + 2) * BLOCK : (number + 3) * BLOCK] = True
            wealth[:] = 0
    return fires


def detect(histories: Sequence[History]) -> list[list[Fired]]:
    """Alerts of the rule."""
    return each(histories, rule)
