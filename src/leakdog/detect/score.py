"""From features to a weight of evidence: some small monotone trees, learned from labelled series.

More of what speaks for a leak never lowers the score: each such feature is held to one direction in every tree. The
trees are learned by `python -m bench.leakbench.learn`, which also measures how often a healthy series of those chosen
to fool exceeds a score, and how far a forecast of the time to the limit is off.

Trees by gradient boosting (Friedman, Annals of Statistics 29, 2001), in its form with monotone constraints.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from leakdog.detect.settings import Look, Settings

if TYPE_CHECKING:
    from leakdog.detect.evidence import Evidence

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
NEVER = -99.0
MOST_PAST, MOST_AGE, MOST_LEFT = 14.0, 20.0, 20.0
RAREST = 0.01  # alarms a year: what was learned from says nothing of what is rarer


@dataclass(frozen=True)
class Trees:
    """One score.

    Attributes:
        feature: (trees, nodes) of each tree.
        left, right: (trees, nodes) places of a node's children, counted through all trees; a leaf's are itself.
        bound: (trees, nodes) values up to it go left; infinite in leaves.
        value: (trees, nodes) what a leaf adds to the score; 0 in other nodes.
        depth: of the deepest tree.
        alarms: (k, 2) scores, rising, and how often per year a healthy series exceeds each, falling.
        spread: quantiles of 10 and 90 % of the logarithm of the true time to the limit over that of a straight line.

    """

    feature: Ints
    bound: Array
    left: Ints
    right: Ints
    value: Array
    depth: int
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
    return Learned(_trees(data["steady"]), _trees(data["urgent"]))


def forecast_spread(look: Look) -> tuple[float, float]:
    """How far forecasts of the time to the limit are off in look-backs of this kind; see `Trees.spread`."""
    return (learned().urgent if look.urgent else learned().steady).spread


def _trees(data: dict[str, Any]) -> Trees:
    nodes = {name: np.array([tree[name] for tree in data["trees"]]) for name in data["trees"][0]}
    first = np.arange(len(data["trees"]))[:, None] * nodes["left"].shape[1]
    nodes["left"], nodes["right"] = nodes["left"] + first, nodes["right"] + first
    early, late = data["spread"]
    return Trees(**nodes, depth=data["depth"], alarms=np.array(data["alarms"]), spread=(early, late))


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
    }
    return np.stack([columns[name] for name in FEATURES], axis=1)


def allowed(seen: Evidence, settings: Settings) -> Bools:
    """Rows that no hard limit keeps from being called a leak, whatever else speaks for it, (N,)."""
    return (seen.rise >= seen.asked) & (seen.z >= settings.z_least) & (seen.rising >= settings.rising_least - 1e-6)


def score(seen: Evidence, look: Look, settings: Settings) -> Array:
    """Weight of evidence, as log odds of a leak against the healthy programs it was learned from, (N,)."""
    out: Array = np.full(len(seen.z), NEVER)
    rows = np.flatnonzero(allowed(seen, settings))
    if len(rows):
        trees = learned().urgent if look.urgent else learned().steady
        out[rows] = grown(features(seen, look, settings)[rows], trees)
    return out


def grown(values: Array, trees: Trees) -> Array:
    """Sum of the leaves that each row of features, (N, features), falls into, (N,)."""
    rows = np.arange(len(values))[:, None] * values.shape[1]
    at = np.tile(np.arange(trees.feature.shape[0]) * trees.feature.shape[1], (len(values), 1))
    for _ in range(trees.depth):
        low = values.take(rows + trees.feature.take(at)) <= trees.bound.take(at)
        at = np.where(low, trees.left.take(at), trees.right.take(at))
    total: Array = trees.value.take(at).sum(1)
    return total


def least_score(look: Look, settings: Settings, tested: float = 1) -> float:
    """The score from which growth is called a leak, where `tested` series share the budget of false alarms."""
    if settings.false_alarms is None:
        return look.least
    part = settings.urgent_part if look.urgent else 1 - settings.urgent_part
    return threshold(settings.false_alarms * part / tested, urgent=look.urgent)


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
    out: Array = np.clip(values, least, most)
    out[np.isnan(out)] = least
    return out
