"""Learn the trees of a score from what was seen of labelled series, held to the directions of its features."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.leakbench import by_series
from bench.leakbench.kinds import STEP
from bench.leakbench.seen import LENGTHS, TRUE, UNKNOWN, Array, Bools, Ints, Seen
from leakdog.detect import score
from leakdog.detect.kernel import grown
from leakdog.detect.trees import trees as put

TREES, LEAVES, DEPTH, RATE = 120, 10, 5, 0.15
TREES_BY_SERIES, RATE_BY_SERIES = 100, 0.08
BLIND_WORTH = 0.5  # of rows told as if no other day were known, in the second step
GREW, EARLY = 0.02, 0.4  # leaked shares: grown within the look-back to be a leak; after which finding it is worth less
IN_TIME = 0.6  # of the time from onset to limit: after it, finding a fast leak is worth less
LATE_WORTH, HEALTHY_WORTH = 0.3, 0.5
FAST_WORTH = 6.0  # of series that are read as often as urgent looks are meant for; there are few of them
# Our fast leaks begin after a day and end within another one and a half, healthy series go on: what tells how long a
# series has been watched would tell the one from the other here, and nowhere else.
UNTOLD = {"past_days": 0.0, "own_days": 0.0}
OTHER_DAYS = ("record", "same_time", "usual")
MORE = {"ratio": 1}  # directions of the urgent score alone: the room of our fast leaks has bounds that others have not
MOST_ROWS = 40  # of a series that are learned from, of leak and of none each: neighbours in time say the same
Trees = list[dict[str, list[float]]]


def labels(seen: Seen) -> tuple[Bools, Bools, Array]:
    """Rows that are a leak, rows that are not, and what each is worth; the rest says nothing."""
    leaks, over = seen.leaks[seen.series], seen.over[seen.series]
    last = seen.leaked.shape[1] - 1
    now = np.clip((seen.time / seen.step).astype(int) - 1, 0, last)
    begin = ((seen.time - LENGTHS[seen.look]) / seen.step).astype(int)
    at = seen.leaked[seen.series, now]
    before = np.where(begin < 0, 0.0, seen.leaked[seen.series, np.clip(begin, 0, last)])
    bad = leaks & (at - before >= GREW) & (now <= over)
    good = ~leaks & ~seen.hard[seen.series] | (leaks & (at < TRUE))
    worth = np.zeros(len(at))
    onset = (seen.leaked >= TRUE).argmax(1)[seen.series]
    in_time = (at < EARLY) if seen.step == STEP else now - onset < IN_TIME * (over - onset)
    early = np.where(in_time, 1.0, LATE_WORTH)
    total = np.bincount(seen.series[bad], weights=early[bad], minlength=len(seen.leaks))
    worth[bad] = early[bad] / np.maximum(total[seen.series[bad]], 1e-9)
    count = np.bincount(seen.series[good], minlength=len(seen.leaks))
    worth[good] = HEALTHY_WORTH / np.sqrt(np.maximum(count[seen.series[good]], 1))
    return bad, good, worth


def fit(many: Sequence[Seen], *, urgent: bool) -> Any:
    """Learn the trees of one score. Only the urgent one looks at the time that is left.

    It learns from each row twice: as it is, and as it would be in a process of which no other day is known.
    """
    import lightgbm

    values, truth, worth = [], [], []
    for seen in many:
        bad, good, weight = labels(seen)
        weight *= FAST_WORTH if seen.step != STEP else 1.0
        bad, good = bad & seen.allowed, good & seen.allowed
        kept = bad | good if urgent else _some(seen.series, bad, bad | good, weight)
        plain = _without({"left": score.MOST_LEFT}, seen.values[kept])
        for each in _both_ways(seen.values[kept]) if urgent else (plain,):
            values.append(each)
            truth.append(bad[kept])
            worth.append(weight[kept])
    data = lightgbm.Dataset(np.concatenate(values), label=np.concatenate(truth), weight=np.concatenate(worth) * 60)
    settings = _settings(urgent=urgent) | {
        "objective": "binary",
        "learning_rate": RATE,
        "min_data_in_leaf": 200,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
    }
    return lightgbm.train(settings, data, TREES)


def refined(first: Trees, many: Sequence[Seen]) -> Trees:
    """The urgent score after its second step: trees added to those of the first, learned by series."""
    import lightgbm

    in_bags = [by_series.bags(seen) for seen in many]
    ways = [_both_ways(seen.values[each.rows]) for seen, each in zip(many, in_bags, strict=True)]
    values = np.concatenate([each for both in zip(*ways, strict=True) for each in both])
    weights = [weight for weight in (1.0, BLIND_WORTH) for _ in many]
    settings = _settings(urgent=True) | {
        "objective": by_series.Loss(in_bags * 2, weights),
        "learning_rate": RATE_BY_SERIES,
        "min_data_in_leaf": 100,
        "min_sum_hessian_in_leaf": 2.0,
    }
    data = lightgbm.Dataset(values, init_score=scores(first, values))
    return first + flattened(lightgbm.train(settings, data, TREES_BY_SERIES))


def of_trees(trees: Trees, seen: Seen) -> Array:
    """The scores that trees give to all rows: none where hard limits keep them from it."""
    return np.where(seen.allowed, scores(trees, seen.values), score.NEVER)


def scores(trees: Trees, values: npt.NDArray[np.float32]) -> Array:
    """Of rows of features, as the detector works them out."""
    known = put({"trees": trees, "alarms": [], "spread": UNKNOWN}, score.FEATURES)
    parts = np.array_split(values, max(1, len(values) // 100_000))
    return np.concatenate([grown(part.astype(float), known) for part in parts])


def _settings(*, urgent: bool) -> dict[str, Any]:
    """What is the same for all trees."""
    return {
        "num_leaves": LEAVES,
        "max_depth": DEPTH,
        "lambda_l2": 5.0,
        "feature_fraction": 0.7,
        "max_bin": 63,
        "monotone_constraints": list((score.DIRECTIONS | (MORE if urgent else {})).values()),
        "seed": 1,
        "deterministic": True,
        "verbose": -1,
    }


def _both_ways(values: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Rows as they are, and as they would be in a process of which no other day is known."""
    plain = _without(UNTOLD, values)
    return plain, _without(dict.fromkeys(OTHER_DAYS, 0.0), plain)


def _some(series: Ints, bad: Bools, kept: Bools, weight: Array) -> Ints:
    """At random `MOST_ROWS` of each series and label, which weigh what all of them did."""
    rows = np.random.default_rng(1).permutation(np.flatnonzero(kept))
    rows = rows[np.argsort(2 * series[rows] + bad[rows], kind="stable")]
    first, count = np.unique(2 * series[rows] + bad[rows], return_index=True, return_counts=True)[1:]
    place = np.arange(len(rows)) - np.repeat(first, count)
    weight[rows] *= np.maximum(np.repeat(count, count) / MOST_ROWS, 1.0)
    return np.asarray(rows[place < MOST_ROWS])


def flattened(model: Any) -> Trees:
    """The trees as arrays of nodes, all of one length; a leaf's children are itself."""
    return [_flat(each["tree_structure"]) for each in model.dump_model()["tree_info"]]


def without_load(more: float) -> dict[str, list[float]]:
    """A tree that adds so much where load is not known."""
    unknown, known = {"leaf_value": more}, {"leaf_value": 0.0}
    feature = score.FEATURES.index("loaded")
    return _flat({"split_feature": feature, "threshold": 0.5, "left_child": unknown, "right_child": known})


def _flat(tree: dict[str, Any]) -> dict[str, list[float]]:
    nodes: list[tuple[int, float, int, int, float]] = []
    _flatten(tree, nodes)
    nodes += [(0, 1e300, number, number, 0.0) for number in range(len(nodes), 2 * LEAVES - 1)]
    names = ("feature", "bound", "left", "right", "value")
    return {name: list(column) for name, column in zip(names, zip(*nodes, strict=True), strict=True)}


def _flatten(node: dict[str, Any], nodes: list[tuple[int, float, int, int, float]]) -> int:
    here = len(nodes)
    if "leaf_value" in node:
        nodes.append((0, 1e300, here, here, round(node["leaf_value"], 4)))
        return here
    nodes.append((0, 0.0, 0, 0, 0.0))
    left = _flatten(node["left_child"], nodes)
    right = _flatten(node["right_child"], nodes)
    nodes[here] = (node["split_feature"], float(f"{node['threshold']:.5g}"), left, right, 0.0)
    return here


def _without(told: dict[str, float], values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """With the same in all rows of some features, so that nothing is learned from them."""
    out = values.copy()
    for name, value in told.items():
        out[:, score.FEATURES.index(name)] = value
    return out


def write(learned: Mapping[str, Any], out: Path) -> None:
    """Write `score.json`: a line for each tree."""
    out.write_text(re.sub(r'(\{"feature)', r"\n\1", json.dumps(learned, separators=(",", ":"))) + "\n")
