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
HOLD, RISE = 3, 0.05


def _rivals(width: int) -> list[Array]:
    """(width, k) what each explanation but the line is made of."""
    time = np.arange(width) / width
    angle = 2 * np.pi * np.arange(width) / 24
    parts: list[list[Array]] = [[]]
    parts += [[(time > at).astype(float)] for at in np.linspace(0.1, 0.9, 9)]
    parts += [[np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)]]
    parts += [[1 - np.exp(-time / tau)] for tau in (0.1, 0.3, 0.6)]
    return [np.column_stack([np.ones(width), *part]) for part in parts]


def _criterion(windows: Array, model: Array, keep: Array) -> Array:
    """Of each row, after whitening by its own autocorrelation."""
    white = model[1:] - keep[:, None, None] * model[:-1]
    target = windows[:, 1:] - keep[:, None] * windows[:, :-1]
    across, along = np.swapaxes(white, 1, 2) @ white, np.einsum("rtk,rt->rk", white, target)
    weights = np.linalg.solve(across + 1e-9 * np.eye(model.shape[1]), along[..., None])[..., 0]
    left = target - np.einsum("rtk,rk->rt", white, weights)
    count = target.shape[1]
    return np.asarray(count * np.log((left**2).sum(1) / count + 1e-12) + model.shape[1] * np.log(count))


def _line_wins(windows: Array) -> Bools:
    """Whether the line has the odds, for each row."""
    width = windows.shape[1]
    time = np.arange(width) / width
    centred = windows - windows.mean(1, keepdims=True)
    slope = centred @ (time - time.mean()) / ((time - time.mean()) ** 2).sum()
    start = windows.mean(1) - slope * time.mean()
    rises = slope >= RISE * np.abs(start)
    scaled = centred[rises] / (centred[rises].std(1, keepdims=True) + 1e-300)
    line = np.column_stack([np.ones(width), time])
    left = scaled - (scaled @ np.linalg.pinv(line).T) @ line.T
    keep = np.clip((left[:, 1:] * left[:, :-1]).sum(1) / ((left * left).sum(1) + 1e-30), 0, 0.95)
    others = np.array([_criterion(scaled, rival, keep) for rival in _rivals(width)])
    wins = np.zeros(len(windows), bool)
    wins[rises] = np.logaddexp.reduce(-others / 2) + _criterion(scaled, line, keep) / 2 < -ODDS
    return wins


def rule(values: Array, _limit: float, hour: int) -> Bools:
    """The line has held the odds for some hours."""
    lows = blocks(values, hour).min(1)
    wins = np.zeros(len(lows), bool)
    for width in WIDTHS:
        if len(lows) >= width:
            windows = np.lib.stride_tricks.sliding_window_view(lows, width)
            wins[width - 1 :] |= _line_wins(windows)
    return spread(held_for(wins, HOLD), hour, len(values))


def detect(histories: Sequence[History]) -> list[list[Fired]]:
    """Alerts of the rule."""
    return each(histories, rule)
