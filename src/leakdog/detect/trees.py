"""Small trees, put so that what they say of a row is read off fast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from leakdog.detect.forecast import Spread

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MOST_LEAVES = 10  # of a tree
ALL_LEAVES = (1 << MOST_LEAVES) - 1


@dataclass(frozen=True)
class Trees:
    """One score. Trees are told by the leaves that each feature leaves open, as bits of a number.

    The leaf that a row falls into is the lowest that all features leave open (QuickScorer: Lucchese and others,
    SIGIR 2015).

    Attributes:
        bounds: (k,) all values that any tree compares a feature with, feature by feature, rising.
        owner: (f,) the features that have any.
        begin: (f + 1,) where those of each of these begin, and where the last ones end.
        open: (k + f, trees): of each such feature the leaves that are open where 0, 1, ... of its bounds are exceeded.
        value: (trees, leaves) what a leaf adds to the score.
        alarms: (k, 2) scores, rising, and how often per year a healthy series exceeds each, falling.
        spread: how far forecasts of the time to the limit are off.

    """

    bounds: Array
    owner: Ints
    begin: Ints
    open: npt.NDArray[np.uint16]
    value: Array
    alarms: Array
    spread: Spread


def trees(data: dict[str, Any], features: Sequence[str]) -> Trees:
    """One score as it stands in `score.json`, put so that it is read off fast."""
    nodes = data["trees"]
    splits = [split for number, tree in enumerate(nodes) for split in _splits(number, tree)]
    places = range(len(features))
    bounds = tuple(np.unique([bound for feature, bound, *_ in splits if feature == place]) for place in places)
    left_open = tuple(np.full((len(each) + 1, len(nodes)), ALL_LEAVES, np.uint16) for each in bounds)
    for feature, bound, number, closed in splits:
        exceeded = bounds[feature].searchsorted(bound) + 1
        left_open[feature][exceeded:, number] &= ALL_LEAVES ^ closed
    value = np.zeros((len(nodes), MOST_LEAVES))
    for number, tree in enumerate(nodes):
        leaves = _leaves(tree, 0)
        value[number, : len(leaves)] = [tree["value"][leaf] for leaf in leaves]
    owner = np.array([place for place in places if len(bounds[place])], np.int64)
    begin = np.cumsum([0, *(len(bounds[place]) for place in owner)], dtype=np.int64)
    told = np.concatenate([left_open[place] for place in owner])
    alarms, spread = np.array(data["alarms"]), Spread.of(data["spread"])
    return Trees(np.concatenate(bounds), owner, begin, told, value, alarms=alarms, spread=spread)


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
