"""From features to a weight of evidence: some small monotone trees, learned from labelled series.

More of what speaks for a leak never lowers the score: each such feature is held to one direction in every tree. The
trees are learned by `python -m bench.leakbench.learn`, which also measures how often a healthy series of those chosen
to fool exceeds a score, and how far a forecast of the time to the limit is off.

Trees by gradient boosting (Friedman, Annals of Statistics 29, 2001), in its form with monotone constraints.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from leakdog.detect.evidence import NEVER, Evidence
from leakdog.detect.forecast import Spread
from leakdog.detect.kernel import grown
from leakdog.detect.panel import Panel, read_often
from leakdog.detect.settings import Look, Settings
from leakdog.detect.trees import Trees, trees

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
MOST_PAST, MOST_AGE, MOST_LEFT = 14.0, 20.0, 20.0
RAREST = 0.01  # alarms a year: what was learned from says nothing of what is rarer
# A course tells of a leak by itself where it is so much surer than trees would have to be, and a look-back shows growth
# of this share of what is asked, so many standard errors above zero.
COURSE_LESS, COURSE_SHARE, COURSE_Z = 1.5, 0.5, 1.65
SELDOM_PART = 0.004  # of the budget of urgent looks, for series that are read more seldom than their finest blocks


@dataclass(frozen=True)
class Learned:
    """What was learned: the scores of the look-backs of both kinds, and of those that have no budget a year."""

    steady: Trees
    urgent: Trees
    soak: Trees


@cache
def learned() -> Learned:
    """Read `score.json` of this package.

    Raises:
        ValueError: it was learned for other features.

    """
    data = json.loads(resources.files("leakdog.detect").joinpath("score.json").read_text())
    if tuple(data["features"]) != FEATURES:
        raise ValueError("score.json was learned for other features than these; learn it anew")
    return Learned(*[trees(data[each.name], FEATURES) for each in fields(Learned)])


def forecast_spread(look: Look) -> Spread:
    """How far forecasts of the time to the limit are off in look-backs of this kind."""
    return (learned().urgent if look.urgent else learned().steady).spread


# What a score is a function of, and in which direction each must speak: 1 more is more of a leak, -1 less, 0 both.
DIRECTIONS = {
    "z": 1,
    "size": 1,
    "ratio": 0,
    "rising": 1,
    "max_step": -1,
    "first": 0,
    "last": 1,
    "peak": 1,
    "above": 1,
    "excess": 1,
    "late": 1,
    "line": 1,
    "inner": 1,
    "within": 1,
    "repeated": 1,
    "kept": 1,
    "noise": -1,
    "past_days": 0,
    "own_days": 0,
    "age": 0,
    "age_days": 0,
    "lives": 0,
    "loaded": 0,
    "days": 0,
    "left": -1,
    "bend": 1,
    "gap": 1,
    "record": 1,
    "same_time": 1,
    "usual": 1,
    "jump": -1,
    "floor": 1,
    "middle": 1,
    "least": 1,
    "leap": -1,
    "alpha": -1,
    "fall": -1,
    "course": 1,
}
FEATURES = tuple(DIRECTIONS)
# Least and most of each; what is not known counts as the least. Those left out have their bounds by themselves.
WITHIN = {
    "z": (0, 100),
    "size": (0, 100),
    "ratio": (0, 10),
    "max_step": (0, 2),
    "first": (-2, 2),
    "last": (-2, 2),
    "peak": (-5, 5),
    "above": (-5, 5),
    "excess": (-5, 5),
    "late": (-5, 10),
    "line": (-50, 50),
    "within": (-5, 10),
    "kept": (-1, 10),
    "noise": (0, 2),
    "past_days": (0, MOST_PAST),
    "own_days": (-1, MOST_PAST),
    "age": (0, MOST_AGE),
    "age_days": (0, MOST_AGE),
    "left": (0, MOST_LEFT),
    "bend": (-3, 3),
    "gap": (-3, 3),
    "record": (0, 20),
    "same_time": (-5, 5),
    "usual": (-5, 20),
    "jump": (0, 3),
    "floor": (-2, 3),
    "middle": (-5, 5),
    "least": (-10, 2),
    "leap": (0, 5),
    "alpha": (0, 1),
    "fall": (0, 20),
    "course": (-20, 20),
}
LEAST, MOST = np.array([WITHIN.get(name, (-np.inf, np.inf)) for name in FEATURES])[:, :, None].swapaxes(0, 1)
RATIOS = ("size", "ratio", "days")  # of what a look-back measured; the other features are numbers of it
MEASURED = tuple(name for name in FEATURES if name not in RATIOS)
_MEASURED, (_SIZE, _RATIO, _DAYS) = (np.array([FEATURES.index(name) for name in each]) for each in (MEASURED, RATIOS))


def features(seen: Evidence, look: Look, settings: Settings) -> Array:
    """One row of features for each series, (N, features), all finite."""
    seconds, coarse = (settings.levels[level].block_seconds for level in (look.level, look.past))
    out = np.empty((len(FEATURES), len(seen.z)))
    out[_MEASURED] = seen.table(MEASURED)
    out[_SIZE] = seen.rise / seen.asked
    out[_RATIO] = seen.rise / np.maximum(np.abs(seen.base), 1)
    out[_DAYS] = look.blocks * seconds / (settings.history_blocks * coarse)
    held: Array = np.minimum(np.fmax(out, LEAST), MOST)
    return held.T


def allowed(seen: Evidence, settings: Settings) -> Bools:
    """Rows that no hard limit keeps from being called a leak, whatever else speaks for it, (N,)."""
    return (seen.rise >= seen.asked) & (seen.z >= settings.z_least) & (seen.rising >= settings.rising_least - 1e-6)


def by_course(seen: Evidence, look: Look, threshold: Array, settings: Settings) -> Bools:
    """Of which series the course alone tells of a leak, as a look-back shows some growth, (N,)."""
    if not settings.hears_course(look):
        return np.zeros(len(threshold), bool)
    shows: Bools = (seen.rise >= COURSE_SHARE * seen.asked) & (seen.z >= COURSE_Z)
    return shows & surely(seen.course, threshold)


def surely(course: Array, threshold: Array | float) -> Bools:
    """Of which series the course alone tells of a leak, if a look-back that hears it shows some growth, (N,)."""
    sure: Bools = course - COURSE_LESS >= threshold
    return sure


def score(seen: Evidence, look: Look, settings: Settings) -> Array:
    """Weight of evidence, as log odds of a leak against the healthy programs it was learned from, (N,)."""
    out: Array = np.full(len(seen.z), NEVER)
    rows = np.flatnonzero(allowed(seen, settings))
    if len(rows):
        some = seen if len(rows) == len(out) else seen.some(rows)
        out[rows] = grown(features(some, look, settings), _trees_for(look, settings))
    return out


def _trees_for(look: Look, settings: Settings) -> Trees:
    """Fixed scores to reach were read off real programs with the trees of then: those stay."""
    if look.urgent:
        return learned().urgent
    return learned().soak if settings.false_alarms is None else learned().steady


def least_score(look: Look, settings: Settings, tested: float = 1, *, often: bool = True) -> float:
    """The score from which growth is called a leak, where `tested` series share a part of the budget of false alarms.

    Args:
        often: whether the finest level is read. Urgent looks at what is not have a part of their budget only: they
            tell of a leak hardly in time, and would use up what is there for slow ones.

    """
    if settings.false_alarms is None:
        return look.least
    part = settings.urgent_part if look.urgent else settings.slow_part
    if look.urgent and not often:
        part *= SELDOM_PART
    return threshold(settings.false_alarms * part / tested, urgent=look.urgent)


def least_scores(look: Look, settings: Settings, count: int, finest: Callable[[], Panel], tested: float = 1) -> Array:
    """The same of each of so many series, (N,). `finest` gives their finest blocks: only urgent looks need them."""
    least = least_score(look, settings, tested)
    if not look.urgent:
        return np.full(count, least)
    return np.where(read_often(finest(), settings), least, least_score(look, settings, tested, often=False))


@cache
def threshold(false_alarms: float, *, urgent: bool = False) -> float:
    """The score that a healthy series exceeds so many times a year.

    Args:
        false_alarms: above 0. The rates were measured; beyond what was measured the curve goes on as it ends, on a
            logarithmic scale.
        urgent: that of urgent looks.

    """
    scores, rates = _curve(urgent=urgent)
    wanted = np.log(false_alarms)
    if wanted >= rates[0]:
        return float(scores[0])
    if wanted <= rates[-1]:
        return float(scores[-1] + (wanted - rates[-1]) / _slope(scores, rates))
    return float(np.interp(-wanted, -rates, scores))


def alarms_per_year(value: float, *, urgent: bool = False) -> float:
    """How often a year a healthy series exceeds a score: `threshold` the other way round, and no less than `RAREST`."""
    scores, rates = _curve(urgent=urgent)
    if value >= scores[-1]:
        return max(float(np.exp(rates[-1] + (value - scores[-1]) * _slope(scores, rates))), RAREST)
    return float(np.exp(np.interp(value, scores, rates)))


def _curve(*, urgent: bool) -> tuple[Array, Array]:
    """Scores, rising, and the logarithms of their yearly alarms, falling."""
    alarms = (learned().urgent if urgent else learned().steady).alarms
    return alarms[:, 0], np.log(alarms[:, 1])


def _slope(scores: Array, rates: Array) -> float:
    """Of the upper half of the curve: its end is of few alarms, and may be level."""
    half = len(scores) // 2
    return float((rates[-1] - rates[half]) / (scores[-1] - scores[half]))


__all__ = ["NEVER", "Trees", "grown", "trees"]
