"""Comparison of explanations: a line against level, step, daily cycle and saturation, each with noise that remembers.

For the hourly lows of the last two and four days, each explanation is fitted by least squares after whitening by the
first-order autocorrelation of the line's residuals; the Bayesian information criterion gives the odds. The line must
have 99.9 % of them, and rise by 5 % or more, three hours in a row.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.leakbench.detectors.common import Array, Bools, blocks, each, held_for, spread
from bench.leakbench.score import Fired
from leakdog.detect.grid import History

WIDTHS = (48, 96)
ODDS = np.log(999.0)
HOLD = 3


def _criterion(values: Array, parts: list[Array], keep: float) -> float:
    model = np.column_stack([np.ones(len(values)), *parts])
    white, target = model[1:] - keep * model[:-1], values[1:] - keep * values[:-1]
    weights, *_ = np.linalg.lstsq(white, target, rcond=None)
    left = target - white @ weights
    count = len(target)
    return count * float(np.log(left @ left / count + 1e-30)) + len(weights) * float(np.log(count))


def _line_wins(values: Array) -> bool:
    count = len(values)
    time = np.arange(count) / count
    slope, start = np.polyfit(time, values, 1)
    if slope < 0.05 * abs(start):
        return False
    left = values - start - slope * time
    keep = float(np.clip(left[1:] @ left[:-1] / (left @ left + 1e-30), 0, 0.95))
    angle = 2 * np.pi * np.arange(count) / 24
    rivals: list[list[Array]] = [[]]
    rivals += [[(time > at).astype(float)] for at in np.linspace(0.1, 0.9, 9)]
    rivals += [[np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)]]
    rivals += [[1 - np.exp(-time / tau)] for tau in (0.1, 0.3, 0.6)]
    line = _criterion(values, [time], keep)
    others = np.array([_criterion(values, rival, keep) for rival in rivals])
    return bool(np.logaddexp.reduce(-others / 2) + line / 2 < -ODDS)


def rule(values: Array, _limit: float, hour: int) -> Bools:
    """The line has held the odds for some hours."""
    lows = blocks(values, hour).min(1)
    wins = np.zeros(len(lows), bool)
    for width in WIDTHS:
        for end in range(width, len(lows) + 1):
            if lows[end - width // 4 : end].mean() > 1.03 * lows[end - width : end - width * 3 // 4].mean():
                wins[end - 1] |= _line_wins(lows[end - width : end])
    return spread(held_for(wins, HOLD), hour, len(values))


def detect(histories: Sequence[History]) -> list[list[Fired]]:
    """Alerts of the rule."""
    return each(histories, rule)
