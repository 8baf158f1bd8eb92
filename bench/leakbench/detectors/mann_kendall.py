"""Mann-Kendall over two days of half-hour means, corrected for autocorrelation by Hamed and Rao, with Sen's slope.

Hamed, Rao: "A modified Mann-Kendall trend test for autocorrelated data", Journal of Hydrology 204 (1998). The trend
must have p < 0.001 and come to 5 % of the median.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.leakbench.detectors.common import Array, Bools, blocks, each, spread
from bench.leakbench.score import Fired
from leakdog.detect.grid import History

WIDTH = 96  # half hours
SURE, WORTH = 3.09, 0.05
EARLIER, LATER = np.triu_indices(WIDTH, 1)
VARIANCE = WIDTH * (WIDTH - 1) * (2 * WIDTH + 5) / 18
SIGNIFICANT = 1.96 / np.sqrt(WIDTH)
LAGS = np.arange(1, WIDTH - 2)
WEIGHTS = (WIDTH - LAGS) * (WIDTH - LAGS - 1) * (WIDTH - LAGS - 2) * 2 / (WIDTH * (WIDTH - 1) * (WIDTH - 2))


def _rises(window: Array) -> bool:
    steps = window[LATER] - window[EARLIER]
    score = float(np.sign(steps).sum()) - 1
    if score / np.sqrt(VARIANCE) < SURE:  # the correction for autocorrelation widens, as a rule
        return False
    slope = float(np.median(steps / (LATER - EARLIER)))
    if slope * WIDTH < WORTH * np.median(window):
        return False
    ranks = (window - slope * np.arange(WIDTH)).argsort().argsort() - (WIDTH - 1) / 2
    lagged = np.correlate(ranks, ranks, "full")[WIDTH - 1 :] / (ranks @ ranks)
    known = np.where(np.abs(lagged[LAGS]) > SIGNIFICANT, lagged[LAGS], 0)
    return bool(score / np.sqrt(VARIANCE * max(1 + WEIGHTS @ known, 0.05)) > SURE)


def rule(values: Array, _limit: float, hour: int) -> Bools:
    """A significant trend of the last two days, looked at each hour."""
    means = blocks(values, max(hour // 2, 1)).mean(1)
    found = np.zeros(len(means), bool)
    for end in range(WIDTH, len(means) + 1, 2):
        found[end - 1 : end + 1] = _rises(means[end - WIDTH : end])
    return spread(found, max(hour // 2, 1), len(values))


def detect(histories: Sequence[History]) -> list[list[Fired]]:
    """Alerts of the rule."""
    return each(histories, rule)
