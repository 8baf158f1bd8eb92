"""What look-backs of one kind find in a corpus, to learn the score from and to measure it on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.leakbench.corpus import T0, Labelled
from leakdog.detect import score
from leakdog.detect.evidence import Evidence
from leakdog.detect.grid import History
from leakdog.detect.replay import replay
from leakdog.detect.settings import HOUR, PRODUCTION, Look
from leakdog.detect.trees import trees
from leakdog.model import Signal

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
LENGTHS = np.array([look.blocks * PRODUCTION.levels[look.level].block_seconds for look in PRODUCTION.looks])
TRUE = 0.01  # leaked share of the baseline from which an alert is true
NO_TREE = {"feature": [0] * 3, "bound": [0.0] * 3, "left": [1, 1, 2], "right": [2, 1, 2], "value": [0.0] * 3}
NEVER_FIRE = replace(PRODUCTION, hold_seconds=math.inf, at_once_seconds=0.0)
UNKNOWN = [[24, -1, 1]]  # how far forecasts are off, until that is measured
LOWEST_SCORE = -2.0  # that is measured


@dataclass
class Seen:
    """What look-backs of one kind found in a corpus: (N, ...) of its series, (n, ...) of what was found.

    Attributes:
        leaked: (N, points) leaked share of the baseline, each `step` seconds.
        leaks, over, hard: as in `Labelled`.
        series: (n,) which series.
        time: (n,) seconds since the corpus began.
        look: (n,) number of the look-back.
        allowed: (n,) whether trees may call it a leak; else only a course that is sure may.
        values: (n, features).

    """

    leaked: npt.NDArray[np.float32]
    step: float
    leaks: Bools
    over: Ints
    hard: Bools
    series: Ints
    time: Array
    look: Ints
    allowed: Bools
    values: npt.NDArray[np.float32]


def watch(corpus: Sequence[Labelled], *, urgent: bool) -> Seen:
    """Replay a corpus and note what look-backs of one kind found, where a leak is not ruled out."""
    place = {each.history.name: number for number, each in enumerate(corpus)}
    histories = [each.history for each in corpus]
    parts: list[tuple[Any, ...]] = []

    def note(examined: Sequence[History], look: Look, time: float, seen: Evidence) -> None:
        allowed, level = score.allowed(seen, PRODUCTION), np.full(len(seen.z), LOWEST_SCORE)
        rows = np.flatnonzero(allowed | score.by_course(seen, look, level, PRODUCTION))
        if not len(rows) or (not look.urgent and time % HOUR):
            return
        names = np.array([place[examined[row].name] for row in rows])
        values = score.features(seen, look, PRODUCTION)[rows].astype(np.float32)
        which = np.full(len(rows), PRODUCTION.looks.index(look))
        parts.append((names, np.full(len(rows), time - T0), which, allowed[rows], values))

    looks = tuple(look for look in PRODUCTION.looks if look.urgent == urgent)
    replay(histories, Signal.RSS, replace(NEVER_FIRE, looks=looks), witness=note)
    points = max(len(each.leaked) for each in corpus)
    padded = [np.pad(each.leaked, (0, points - len(each.leaked)), mode="edge") for each in corpus]

    series, time, look, allowed, values = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Seen(
        leaked=np.stack(padded).astype(np.float32),
        step=corpus[0].step,
        leaks=np.array([each.leaks for each in corpus]),
        over=np.array([each.over for each in corpus]),
        hard=np.array([each.hard for each in corpus]),
        series=series,
        time=time,
        look=look,
        allowed=allowed,
        values=values,
    )


def forget() -> None:
    """Watch without what was learned before, which may be of other features: every score is high enough meanwhile."""
    rates = [[LOWEST_SCORE, 3e-9], [LOWEST_SCORE + 1, 2e-9], [LOWEST_SCORE + 2, 1e-9]]
    nothing = trees({"trees": [NO_TREE], "alarms": rates, "spread": UNKNOWN}, score.FEATURES)
    score.learned = lambda: score.Learned(nothing, nothing, nothing)
