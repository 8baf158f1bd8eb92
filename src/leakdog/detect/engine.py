"""From groups of series to assessments: each look-back is examined once for all series when there is a new block."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from leakdog.detect.conclude import Context, claims, conclude, judged, onset
from leakdog.detect.group import FIRST, STEP, SWING, Group
from leakdog.detect.sight import Sight
from leakdog.model import Assessment, Signal, Verdict

Array = npt.NDArray[np.float64]


def assess(
    group: Group, signals: Sequence[Signal], limits: Sequence[float | None], now: float, *, tested: float = 1
) -> list[Assessment]:
    """Look at the series of a group, and assess each of them, in their order; see `look_at` and `assessment`."""
    look_at(group, signals, limits, now, tested=tested)
    return [assessment(group, row, *of, now) for row, of in enumerate(zip(signals, limits, strict=True))]


def look_at(
    group: Group, signals: Sequence[Signal], limits: Sequence[float | None], now: float, *, tested: float = 1
) -> None:
    """Examine the look-backs of all series of a group side by side, and note in it what they found.

    A look-back is examined when its level has a new block; between two blocks what was found stands.

    Args:
        signals: of each series.
        limits: of each series, in its unit; None where there is none.
        now: unix seconds, not before the last reading.
        tested: series that share a part of their target's budget of false alarms, as sites do.

    """
    settings, sight = group.settings, None
    every, seconds = settings.paces
    due = group.found.ends // every != now // seconds // every
    due &= group.known[STEP] * settings.coverage <= seconds
    for number in np.flatnonzero(due.any(1)).tolist():
        look, rows = settings.looks[number], np.flatnonzero(due[number])
        sight = sight or Sight(group, signals, limits, now, tested)
        if look.urgent:
            rows = sight.restless(number, rows)
        if len(rows):
            evidence, end = sight.examine(look, rows)
            group.found.note(number, rows, evidence, end, look.blocks)


def assessment(group: Group, row: int, signal: Signal, limit: float | None, now: float) -> Assessment:
    """What the look-backs say of one series together at `now`, as they were last examined."""
    settings = group.settings

    def lows(level: int) -> Array:
        return group.lows(level, int(now // settings.levels[level].block_seconds), row)

    def began(level: int) -> float:
        """Worked out once in a block: what is told of it between is the same."""
        seconds = settings.levels[level].block_seconds
        of = row, level, int(now // seconds), bool(group.settled[row])
        if group.found.onsets.get(row, (None,))[0] != of:
            group.found.onsets[row] = of, onset(lows(level), of[2], seconds)
        return group.found.onsets[row][1]

    first, swing, step = (float(group.known[each, row]) for each in (FIRST, SWING, STEP))
    step = max(step, 0.0)  # below: not known
    if math.isnan(first):  # not read yet in this life
        first = now + step
    verdict, places = judged(settings.looks, group.found.flags(slice(row, row + 1))[:, 0].tolist())
    found = [*zip((settings.looks[place] for place in places), group.found.named(places, row), strict=True)]
    context = Context(signal, limit, now, settings, swing, lows, began, first, group.life_start, step)
    return conclude(verdict, found, context)


def verdicts(group: Group) -> list[Verdict]:
    """Of each series the verdict of its `assessment`, at a fraction of the cost."""
    found = group.found
    if found.verdicts is None:
        found.verdicts = [Verdict.TOO_EARLY] * len(group)
        for verdict, places in reversed(claims(group.settings.looks, found.flags())):
            for row in np.flatnonzero(places.any(0)).tolist():
                found.verdicts[row] = verdict
    return found.verdicts
