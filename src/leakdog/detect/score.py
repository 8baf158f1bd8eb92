"""From features to a weight of evidence: some small monotone trees, learned from labelled series.

More of what speaks for a leak never lowers the score: each such feature is held to one direction in every tree. The
trees are learned by `python -m bench.leakbench.learn`, which also measures how often a healthy series of those chosen
to fool exceeds a score, and how far a forecast of the time to the limit is off.

Trees by gradient boosting (Friedman, Annals of Statistics 29, 2001), in its form with monotone constraints.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leakdog.detect.panel import Panel, read_often
from leakdog.detect.settings import Look, Settings

if TYPE_CHECKING:
    from leakdog.detect.evidence import Evidence

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
NEVER = -99.0
MOST_PAST, MOST_AGE, MOST_LEFT = 14.0, 20.0, 20.0
MOST_LEAVES = 10  # of a tree
ALL_LEAVES = (1 << MOST_LEAVES) - 1
LOWEST_BIT = np.array([(number & -number).bit_length() - 1 for number in range(ALL_LEAVES + 1)])
AT_ONCE = 512  # rows whose leaves are worked out together: what fits into the processor's cache
RAREST = 0.01  # alarms a year: what was learned from says nothing of what is rarer
SELDOM_PART = 0.1  # of the budget of urgent looks, for series that are read more seldom than their finest blocks


@dataclass(frozen=True)
class Trees:
    """One score. Trees are told by the leaves that each feature leaves open, as bits of a number.

    The leaf that a row falls into is the lowest that all features leave open (QuickScorer: Lucchese and others,
    SIGIR 2015).

    Attributes:
        bounds: of each feature, (k,), rising: all values that any tree compares it with.
        open: of each feature, (k + 1, trees): leaves that are open where so many bounds are exceeded.
        value: (trees, leaves) what a leaf adds to the score.
        alarms: (k, 2) scores, rising, and how often per year a healthy series exceeds each, falling.
        spread: quantiles of 10 and 90 % of the logarithm of the true time to the limit over that of a straight line.

    """

    bounds: tuple[Array, ...]
    open: tuple[npt.NDArray[np.uint16], ...]
    value: Array
    alarms: Array
    spread: tuple[float, float]


@dataclass(frozen=True)
class Learned:
    """What was learned: the scores of the look-backs of both kinds."""

    steady: Trees
    urgent: Trees


@cache
def learned() -> Learned:
    """Read `score.json` of this package.

    Raises:
        ValueError: it was learned for other features.

    """
    data = json.loads(resources.files("leakdog.detect").joinpath("score.json").read_text())
    if tuple(data["features"]) != FEATURES:
        raise ValueError("score.json was learned for other features than these; learn it anew")
    return Learned(trees(data["steady"]), trees(data["urgent"]))


def forecast_spread(look: Look) -> tuple[float, float]:
    """How far forecasts of the time to the limit are off in look-backs of this kind; see `Trees.spread`."""
    return (learned().urgent if look.urgent else learned().steady).spread


def trees(data: dict[str, Any]) -> Trees:
    trees = data["trees"]
    splits = [split for number, tree in enumerate(trees) for split in _splits(number, tree)]
    places = range(len(FEATURES))
    bounds = tuple(np.unique([bound for feature, bound, *_ in splits if feature == place]) for place in places)
    left_open = tuple(np.full((len(each) + 1, len(trees)), ALL_LEAVES, np.uint16) for each in bounds)
    for feature, bound, number, closed in splits:
        exceeded = bounds[feature].searchsorted(bound) + 1
        left_open[feature][exceeded:, number] &= ALL_LEAVES ^ closed
    value = np.zeros((len(trees), MOST_LEAVES))
    for number, tree in enumerate(trees):
        leaves = _leaves(tree, 0)
        value[number, : len(leaves)] = [tree["value"][leaf] for leaf in leaves]
    early, late = data["spread"]
    return Trees(bounds, left_open, value, alarms=np.array(data["alarms"]), spread=(early, late))


def _splits(number: int, tree: dict[str, Any]) -> list[tuple[int, float, int, int]]:
    """Feature and bound of each split, the tree's number, and the leaves that are closed beyond the bound."""
    bits = {leaf: 1 << place for place, leaf in enumerate(_leaves(tree, 0))}
    return [
        (tree["feature"][node], tree["bound"][node], number, sum(bits[leaf] for leaf in _leaves(tree, left)))
        for node, left in enumerate(tree["left"])
        if left != node
    ]


def _leaves(tree: dict[str, Any], node: int) -> list[int]:
    """The leaves under a node, from left to right; a leaf's child is itself."""
    left, right = tree["left"][node], tree["right"][node]
    return [node] if left == node else _leaves(tree, left) + _leaves(tree, right)


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
}
FEATURES = tuple(DIRECTIONS)


def features(seen: Evidence, look: Look, settings: Settings) -> Array:
    """One row of features for each series, (N, features), all finite."""
    seconds, coarse = (settings.levels[level].block_seconds for level in (look.level, look.past))
    days = look.blocks * seconds / (settings.history_blocks * coarse)
    columns = {
        "z": _within(seen.z, 0, 100),
        "size": _within(seen.rise / seen.asked, 0, 100),
        "ratio": _within(seen.rise / np.maximum(np.abs(seen.base), 1), 0, 10),
        "rising": seen.rising,
        "max_step": _within(seen.max_step, 0, 2),
        "first": _within(seen.first, -2, 2),
        "last": _within(seen.last, -2, 2),
        "peak": _within(seen.peak, -5, 5),
        "above": _within(seen.above, -5, 5),
        "excess": _within(seen.excess, -5, 5),
        "late": _within(seen.late, -5, 10),
        "line": _within(seen.line, -50, 50),
        "inner": seen.inner,
        "within": _within(seen.within, -5, 10),
        "repeated": seen.repeated,
        "kept": _within(seen.kept, -1, 10),
        "noise": _within(seen.noise, 0, 2),
        "past_days": _within(seen.past_days, 0, MOST_PAST),
        "own_days": _within(seen.own_days, -1, MOST_PAST),
        "age": _within(seen.age, 0, MOST_AGE),
        "age_days": _within(seen.age_days, 0, MOST_AGE),
        "lives": seen.lives,
        "loaded": seen.loaded,
        "days": np.full(len(seen.z), days),
        "left": _within(seen.left, 0, MOST_LEFT),
        "bend": _within(seen.bend, -3, 3),
        "gap": _within(seen.gap, -3, 3),
        "record": _within(seen.record, 0, 20),
        "same_time": _within(seen.same_time, -5, 5),
        "usual": _within(seen.usual, -5, 20),
        "jump": _within(seen.jump, 0, 3),
        "floor": _within(seen.floor, -2, 3),
    }
    return np.array([columns[name] for name in FEATURES]).T


def allowed(seen: Evidence, settings: Settings) -> Bools:
    """Rows that no hard limit keeps from being called a leak, whatever else speaks for it, (N,)."""
    return (seen.rise >= seen.asked) & (seen.z >= settings.z_least) & (seen.rising >= settings.rising_least - 1e-6)


def score(seen: Evidence, look: Look, settings: Settings) -> Array:
    """Weight of evidence, as log odds of a leak against the healthy programs it was learned from, (N,)."""
    out: Array = np.full(len(seen.z), NEVER)
    rows = np.flatnonzero(allowed(seen, settings))
    if len(rows):
        trees = learned().urgent if look.urgent else learned().steady
        out[rows] = grown(features(seen if len(rows) == len(out) else seen.some(rows), look, settings), trees)
    return out


def grown(values: Array, trees: Trees) -> Array:
    """Sum of the leaves that each row of features, (N, features), falls into, (N,)."""
    total = np.empty(len(values))
    first = np.arange(len(trees.value)) * MOST_LEAVES
    for begin in range(0, len(values), AT_ONCE):
        some = values[begin : begin + AT_ONCE]
        left_open = np.full((len(some), len(trees.value)), ALL_LEAVES, np.uint16)
        for feature, (bounds, leaves) in enumerate(zip(trees.bounds, trees.open, strict=True)):
            if len(bounds):
                left_open &= leaves.take(bounds.searchsorted(some[:, feature]), axis=0)
        total[begin : begin + AT_ONCE] = trees.value.take(first + LOWEST_BIT.take(left_open)).sum(1)
    return total


def least_score(look: Look, settings: Settings, tested: float = 1, *, often: bool = True) -> float:
    """The score from which growth is called a leak, where `tested` series share the budget of false alarms.

    Args:
        often: whether the finest level is read. Urgent looks at what is not have a part of their budget only: they
            tell of a leak hardly in time, and would use up what is there for slow ones.

    """
    if settings.false_alarms is None:
        return look.least
    part = settings.urgent_part if look.urgent else 1 - settings.urgent_part
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
    """Of the end of the curve."""
    return float((rates[-1] - rates[-3]) / (scores[-1] - scores[-3]))


def _within(values: Array, least: float, most: float) -> Array:
    """Held within bounds; NaN becomes the lower one."""
    out: Array = np.minimum(np.fmax(values, least), most)
    return out
