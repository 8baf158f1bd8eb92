"""The second step of learning the urgent score: trees that count series, where the first step counts rows.

A false alarm is one, however many rows exceed the threshold, and a fast leak is found by its best row in time. So rows
are put into bags: what a healthy series shows in half a day, and what a leak shows until it is nearly too late. Each
bag has the score of its highest rows, and trees are added that move the bags to their side of the threshold
(multiple-instance learning: Ray and Craven, ICML 2005; boosted as in Viola, Platt and Zhang, NIPS 2005).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from bench.leakbench.seen import Seen

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
HALF_DAY = 12 * 3600.0
NEARLY_LATE = 0.64  # of the time to the limit; after two thirds a leak is told too late
THRESHOLD = 2.5  # the score around which bags are told apart
SHARPNESS = 1.5  # of the highest scores of a bag: infinite is the very highest alone
TOTAL_WEIGHT = 4000.0


@dataclass(frozen=True)
class Bags:
    """Rows in bags.

    Attributes:
        rows: (n,) which rows of what was seen, bag by bag.
        first: (bags,) place in `rows` of each bag's first.
        leak: (bags,) whether it is a leak's.

    """

    rows: Ints
    first: Ints
    leak: Bools


def bags(seen: Seen) -> Bags:
    """Bags of healthy half days, those of leaks before their onset too, and of leaks in time; without hard kinds."""
    onset = np.where(seen.leaks, (seen.leaked > 0).argmax(1), seen.leaked.shape[1]) * seen.step
    late = onset + NEARLY_LATE * (seen.over * seen.step - onset)
    healthy = (seen.time < onset[seen.series]) & ~seen.hard[seen.series]
    in_time = (seen.time >= onset[seen.series]) & (seen.time <= late[seen.series])
    rows = np.flatnonzero(healthy | in_time)
    bag = np.stack((np.where(in_time, -1, seen.time // HALF_DAY).astype(int), seen.series))[:, rows]
    order = np.lexsort(bag)
    rows = rows[order]
    first = np.flatnonzero(np.append(True, (np.diff(bag[:, order]) != 0).any(0)))
    return Bags(rows, first, in_time[rows[first]])


class Loss:
    """How far bags are on the wrong side of the threshold: gradient and curvature for each row, as LightGBM asks."""

    def __init__(self, many: list[Bags], weights: list[float]) -> None:
        counts = [len(each.rows) for each in many]
        begins = np.cumsum([0, *counts[:-1]])
        self._first = np.concatenate([each.first + begin for each, begin in zip(many, begins, strict=True)])
        self._bag = np.repeat(np.arange(len(self._first)), np.diff(np.append(self._first, sum(counts))))
        self._side = np.where(np.concatenate([each.leak for each in many]), 1.0, -1.0)
        weight = np.repeat(weights, [len(each.first) for each in many])
        self._weight = weight * TOTAL_WEIGHT / weight.sum()

    def __call__(self, scores: Array, _data: Any) -> tuple[Array, Array]:
        """Of each row, by its part in the score of its bag."""
        bag = np.logaddexp.reduceat(SHARPNESS * scores, self._first) / SHARPNESS
        part = np.exp(SHARPNESS * (scores - bag[self._bag]))
        wrong = 1 / (1 + np.exp(self._side * (bag - THRESHOLD)))
        pull, curve = -self._side * wrong * self._weight, wrong * (1 - wrong) * self._weight
        return pull[self._bag] * part, curve[self._bag] * part + 1e-4
