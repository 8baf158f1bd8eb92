"""What is measured of a learned score: how often a healthy series exceeds it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bench.leakbench.seen import Array, Bools, Seen
from leakdog.detect import score
from leakdog.detect.settings import HOUR, PRODUCTION

YEAR_HOURS = 365.25 * 24
REARM_HOURS = 12
SCORES = np.arange(-1.0, 7.01, 0.25)
Scored = Sequence[tuple[Seen, Array]]  # what was seen, with the score that trees give to each of its rows


def best_scores(seen: Seen, scores: Array) -> Array:
    """The highest score of each series at each hour, (N, hours), that stood for as long as a leak must.

    What the course says need not stand.
    """
    hours = round(seen.leaked.shape[1] * seen.step / HOUR) + 1
    best = _highest(seen, scores, hours + 9)
    if PRODUCTION.looks[seen.look[0]].urgent:
        return best[:, :hours]
    hold = round(PRODUCTION.hold_seconds / HOUR)
    held = sliding_window_view(best, hold + 1, axis=1).min(2)
    held = np.concatenate((np.full((len(best), hold), -50.0), held), 1)
    return np.maximum(held, _highest(seen, courses(seen), hours + 9))[:, :hours]


def courses(seen: Seen) -> Array:
    """The score that the course gives to each row by itself, (n,)."""
    return seen.values[:, score.FEATURES.index("course")].astype(float) - score.COURSE_LESS


def _highest(seen: Seen, scores: Array, hours: int) -> Array:
    """Of all rows of each series at each hour, for as long as each look-back's word stands, (N, hours)."""
    best = np.full((len(seen.leaks), hours), -50.0)
    for number, look in enumerate(PRODUCTION.looks):
        rows = np.flatnonzero(seen.look == number)
        stands = max(1, int(look.every * PRODUCTION.levels[look.level].block_seconds / HOUR))
        for later in range(stands):
            np.maximum.at(best, (seen.series[rows], (seen.time[rows] // HOUR).astype(int) + later), scores[rows])
    return best


def alarm_rates(many: Scored) -> list[tuple[float, float]]:
    """How many alarms a year a healthy series gives at each score; alarms within 12 h are one."""
    alarms, hours = np.zeros(len(SCORES)), 0.0
    for seen, scored in many:
        best = best_scores(seen, scored)
        for number in np.flatnonzero(~seen.leaks & ~seen.hard):
            hours += best.shape[1]
            alarms += [_begun(best[number] >= least) for least in SCORES]
    rates = np.minimum.accumulate(alarms) / hours * YEAR_HOURS
    return [(float(s), round(float(r), 4)) for s, r, n in zip(SCORES, rates, alarms, strict=True) if n > 2]


def _begun(fires: Bools) -> int:
    on = np.flatnonzero(fires)
    return int((np.diff(on) > REARM_HOURS).sum() + 1) if len(on) else 0
