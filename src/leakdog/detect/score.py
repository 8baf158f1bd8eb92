"""From features to a weight of evidence: hard limits first, then a sum of monotone parts.

Each part is a rising function of one feature, so a reason can be told for each, and more of what speaks for a leak
never lowers the score. The functions are learned (bench/leakbench/learn.py) from labelled series; see weights.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leakdog.detect.settings import Look, Settings
from leakdog.detect.weights import LOADED, OFFSETS, PARTS

if TYPE_CHECKING:
    from leakdog.detect.evidence import Evidence

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
# How much of its own life there is before the window, in days (of `history_blocks`): the classes that a score's offset
# depends on. One more class is for windows that are longer than the life.
PAST_CLASSES = (0.25, 1.0, 2.0, 3.5)
NEVER = -99.0


def features(seen: Evidence) -> dict[str, Array]:
    """What the parts of the score are functions of, each larger where it speaks more for a leak, (N,)."""
    none = seen.past_days < PAST_CLASSES[0]
    return {
        "z": seen.z,
        "size": seen.rise / seen.asked,
        "even": -seen.max_step,
        "last": seen.last,
        "slow": -seen.first,
        "peak": np.where(none, -np.inf, seen.peak),
        "excess": np.where(none, -np.inf, seen.excess),
        "late": seen.late,
        "line": seen.line,
        "inner": seen.inner,
        "within": seen.within,
        "kept": seen.kept,
        "clean": -seen.noise,
        "past": seen.past,
        "age": np.where(seen.age < 1, np.inf, seen.age),
    }


def allowed(seen: Evidence, look: Look, settings: Settings) -> Bools:
    """Rows that no hard limit keeps from being called a leak, whatever else speaks for it, (N,)."""
    some = seen.past_days >= 0.5
    return (
        (seen.rise >= seen.asked)
        & (seen.z >= settings.z_least)
        & (seen.rising >= settings.rising - 1e-6)
        & (seen.max_step <= settings.max_step)
        & (seen.last >= settings.last_share)
        & (seen.first >= settings.first_share)
        & (seen.late >= settings.late_least)
        & (seen.line >= settings.line_least)
        & (seen.inner >= settings.inner_least)
        & (seen.within >= settings.within_least)
        & (~some | (seen.excess >= settings.excess_least))
        & (~some | (seen.peak >= (0.0 if look.family <= 1 else settings.peak_least)))
        & ((seen.past_days >= 0.75) | (look.family >= 2))
    )


def score(seen: Evidence, look: Look, settings: Settings) -> Array:
    """Weight of evidence, as log odds of a leak against the healthy programs it was learned from, (N,)."""
    past = np.where(seen.own_days < 0, len(PAST_CLASSES) + 1, np.digitize(seen.own_days, PAST_CLASSES))
    total = np.asarray(OFFSETS)[look.family, past] + LOADED * seen.loaded
    for name, values in features(seen).items():
        knots, heights = PARTS[name]
        total = total + np.interp(values, knots, heights)
    out: Array = np.where(allowed(seen, look, settings), total, NEVER)
    return out
