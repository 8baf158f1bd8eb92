"""A gated robust trend: hourly lows of one life, a slope that must beat autocorrelated noise, and gates on its shape.

For the last one, two, four and seven days: the least-squares slope of hourly lows, its error widened for the first
autocorrelation of what is left (the effective sample size of Bayley and Hammersley, 1946), must be six errors from
zero; in eighths, six of seven steps must rise and none may be over 40 % of the rise; the last eighth must be above
everything before the window; the second half must rise at least 60 % as much as the first; and the growth must be 5 %
and 1 MiB. The first three hours of a life are not looked at. Two hours in a row.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.leakbench.detectors.common import Array, Bools, alerts, blocks, held_for, on_grid, spread, step_of
from bench.leakbench.score import Fired
from leakdog.detect.grid import History

WIDTHS = (24, 48, 96, 168)
SURE, STEPS, LARGEST, STILL = 6.0, 6, 0.4, 0.6
SHARE, BYTES, WARM_UP = 0.05, 1 << 20, 3


def _sure(windows: Array) -> Bools:
    """Whether the slope of each row is beyond doubt."""
    width = windows.shape[1]
    time = np.arange(width) - (width - 1) / 2
    slope = windows @ time / (time @ time)
    left = windows - windows.mean(1, keepdims=True) - slope[:, None] * time
    power = (left * left).sum(1) + 1e-300
    keep = np.clip((left[:, 1:] * left[:, :-1]).sum(1) / power + 4 / width, 0, 0.98)
    error = np.sqrt(power / (width - 2) / (time @ time) * (1 + keep) / (1 - keep))
    return np.asarray(slope > SURE * error)


def _shaped(windows: Array) -> Bools:
    """Whether each row rises all along, by enough."""
    eighths = np.median(windows.reshape(len(windows), 8, -1), axis=2)
    steps, rise = np.diff(eighths, axis=1), eighths[:, -1] - eighths[:, 0]
    worth = rise > np.maximum(SHARE * eighths[:, 0], BYTES)
    even = ((steps > 0).sum(1) >= STEPS) & (steps.max(1) < LARGEST * rise)
    still = eighths[:, -1] - eighths[:, 4] > STILL * (eighths[:, 3] - eighths[:, 0])
    return np.asarray(worth & even & still)


def _found(lows: Array, whole: Bools) -> Bools:
    """At the end of each hour, whether any window that lies in one life shows a leak."""
    found = np.zeros(len(lows), bool)
    before = np.concatenate(([-np.inf], np.maximum.accumulate(lows)))
    for width in WIDTHS:
        if len(lows) < width:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(lows, width)
        usable = np.lib.stride_tricks.sliding_window_view(whole, width)[:, 1:].all(1)
        above = windows[:, -width // 8 :].min(1) > before[: len(windows)]
        found[width - 1 :] |= usable & above & _sure(windows) & _shaped(windows)
    return found


def _fires(history: History) -> Bools:
    values, hour = on_grid(history), round(3600 / step_of(history))
    lows = blocks(values, hour).min(1)
    ends = history.time[0] + 3600 * np.arange(1, len(lows) + 1)
    assert history.life_start is not None
    start = history.life_start[np.minimum(np.searchsorted(history.time, ends), len(history.time) - 1)]
    whole = (ends - start >= 3600 * (WARM_UP + 1)) & np.concatenate(([True], np.diff(start) == 0))
    return spread(held_for(_found(lows, whole), 2), hour, len(values))


def detect(histories: Sequence[History]) -> list[list[Fired]]:
    """Alerts of the rule."""
    return [alerts(one, _fires(one)) for one in histories]
