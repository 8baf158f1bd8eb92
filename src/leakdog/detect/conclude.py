"""From what the look-backs found of one series to its assessment, in numbers and in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from leakdog.detect import words
from leakdog.detect.forecast import growth_interval, onset_column, plateau, time_to_limit
from leakdog.detect.found import FOLLOWS_LOAD, LEAK, SETTLING
from leakdog.detect.panel import EDGE
from leakdog.detect.prepare import bridge
from leakdog.detect.score import NEVER, alarms_per_year, forecast_spread
from leakdog.detect.settings import Look, Settings
from leakdog.model import Assessment, Signal, Verdict

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Found = tuple[Look, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of one series beside what its look-backs found.

    Attributes:
        swing: by how much readings exceed the lows.
        lows: the blocks of a level up to now, oldest first, NaN where missing.
        onset: when growth began, as the blocks of a level tell it; see `onset`.
        first_time: of the first reading of this life.
        life_start: of the process.
        step: seconds between two readings, as far as known.

    """

    signal: Signal
    limit: float | None
    now: float
    settings: Settings
    swing: float
    lows: Callable[[int], Array]
    onset: Callable[[int], float]
    first_time: float
    life_start: float
    step: float = 0.0


def compose(found: Sequence[Found], context: Context) -> Assessment:
    """One assessment from what the usable look-backs found of one series; `found` may be empty."""
    flags = [(told["leak"], told["settling"], told["follows_load"]) for _, told in found]
    verdict, places = judged([look for look, _ in found], flags)
    return conclude(verdict, [found[place] for place in places], context)


def judged(looks: Sequence[Look], flags: Sequence[Sequence[float]]) -> tuple[Verdict, list[int]]:
    """Of one series the verdict, and the places of the look-backs that tell it: all that found a leak, or the longest.

    Args:
        flags: of each look-back, as `claims` takes them.

    """
    leaking = [place for place, told in enumerate(flags) if told[LEAK] > 0]
    if leaking:
        return Verdict.LEAK, leaking
    plain = [place for place, told in enumerate(flags) if told[LEAK] == 0 and not looks[place].urgent]
    for verdict, flag in ((Verdict.LOAD, FOLLOWS_LOAD), (Verdict.SETTLING, SETTLING)):
        places = [place for place in plain if flags[place][flag] > 0]
        if places:
            return verdict, places[-1:]
    if plain:
        return Verdict.STEADY, plain[-1:]
    return Verdict.TOO_EARLY, [place for place, told in enumerate(flags) if told[LEAK] == 0][-1:]


def claims(looks: Sequence[Look], flags: npt.NDArray[np.number]) -> list[tuple[Verdict, Bools]]:
    """The same of many series: the verdicts, weightiest first, and which look-backs claim each of which, (looks, n).

    Args:
        flags: (looks, n, 3 or more), first `leak`, `settling` and `follows_load`; below 0 where one could not be used.

    """
    plain = (flags[:, :, LEAK] == 0) & np.array([not look.urgent for look in looks], bool)[:, None]
    return [
        (Verdict.LEAK, flags[:, :, LEAK] > 0),
        (Verdict.LOAD, plain & (flags[:, :, FOLLOWS_LOAD] > 0)),
        (Verdict.SETTLING, plain & (flags[:, :, SETTLING] > 0)),
        (Verdict.STEADY, plain),
    ]


def conclude(verdict: Verdict, telling: Sequence[Found], context: Context) -> Assessment:
    """The assessment of this verdict, in the words of the look-backs that tell it."""
    if verdict is not Verdict.TOO_EARLY:
        found = _describe(verdict, *surest(telling), context)
        return replace(found, sure=True) if any(numbers["sure"] > 0 for _, numbers in telling) else found
    ready = ready_at(context.first_time, context.life_start, context.settings, context.step)
    wait = max(ready - context.now, 0.0)
    return Assessment(
        context.signal,
        context.now,
        verdict,
        ready_at=context.now + wait if math.isfinite(wait) else None,
        reasons=words.too_early(wait),
        blind=not telling,
    )


def surest(leaking: Sequence[Found]) -> Found:
    """Of look-backs, the one whose growth is known best."""
    return max(leaking, key=lambda each: each[1]["z"] * each[0].blocks)


def ready_at(first_time: float, life_start: float, settings: Settings, step: float = 0.0) -> float:
    """When the first look-back that needs no past will be covered; never, where each needs one.

    Args:
        step: seconds between two readings: a look-back is not for what is read too seldom for its blocks.

    """
    waits = []
    for look in settings.looks:
        level = settings.levels[look.level]
        if not look.urgent and step * settings.coverage <= level.block_seconds:
            begin = max(first_time, life_start + level.warm_up_seconds)
            waits.append(begin + (look.blocks * (1 - 1 / EDGE) + 1) * level.block_seconds)
    return min(waits, default=math.inf)


def until_limit(
    numbers: dict[str, float], look: Look, limit: float | None, swing: float, settings: Settings
) -> tuple[float, tuple[float, float]] | None:
    """The time to the limit by what a look-back has found; see `time_to_limit`."""
    spread, coarsest = forecast_spread(look), settings.levels[-1].block_seconds
    return time_to_limit(numbers["level"], limit, numbers["growth"], swing, spread, coarsest)


def first_verdict_seconds(settings: Settings) -> float:
    """How long a process that is settled is read until it has a verdict."""
    return ready_at(0.0, -math.inf, settings)


def unsure(found: Assessment, settings: Settings) -> bool:
    """Whether it is called steady though it surely grows, and the shortest look-back is all that tells of it.

    There a plain leak has too little evidence now and then: where nothing is read after it, nobody can call it none.
    """
    grows = found.verdict is Verdict.STEADY and found.counts and found.z is not None and found.z >= settings.z
    shortest = min(map(settings.seconds, settings.looks))
    return grows and found.look_back_seconds is not None and found.look_back_seconds <= shortest


def _describe(verdict: Verdict, look: Look, numbers: dict[str, float], context: Context) -> Assessment:
    """Put numbers and words into an assessment."""
    settings, signal = context.settings, context.signal
    seconds = look.blocks * settings.levels[look.level].block_seconds
    interval = growth_interval(numbers["growth"], numbers["error"])
    forecast, onset, rare = None, None, None
    if settings.false_alarms is not None and numbers["score"] > NEVER:
        rare = alarms_per_year(numbers["score"], urgent=look.urgent)
    match verdict:
        case Verdict.LEAK:
            forecast = until_limit(numbers, look, context.limit, context.swing, settings)
            onset = max(min(context.onset(look.past), context.now), context.first_time)
            reasons = words.why_leak(numbers, look, seconds, signal, interval, rare)
        case Verdict.SETTLING:
            reasons = words.why_settling(numbers, seconds, signal, interval, _plateau(look, context))
        case Verdict.LOAD:
            reasons = words.why_load(numbers, seconds)
        case _:
            reasons = words.why_steady(numbers, seconds, signal, settings, rare)
    return Assessment(
        signal=signal,
        time=context.now,
        verdict=verdict,
        growth_per_second=numbers["growth"],
        interval=interval,
        level=numbers["level"],
        z=numbers["z"],
        look_back_seconds=seconds,
        onset=onset,
        time_to_limit_seconds=forecast[0] if forecast else None,
        time_to_limit_interval=forecast[1] if forecast else None,
        reasons=tuple(reasons),
        counts=verdict is Verdict.LEAK or bool(numbers["rise"] >= words.least_growth(numbers, signal, settings)),
    )


def _plateau(look: Look, context: Context) -> tuple[float, float] | None:
    """Where growth in a look-back will settle, and in how many seconds."""
    lows = context.lows(look.level)[-look.blocks :]
    found = plateau(bridge(lows[None])[0])
    return found and (found[0], found[1] * context.settings.levels[look.level].block_seconds)


def onset(lows: Array, end: int, seconds: float) -> float:
    """When growth began, on blocks of so many seconds before block `end`, oldest first, NaN where missing.

    Infinity where none is known.
    """
    seen = np.flatnonzero(~np.isnan(lows))
    if not len(seen):
        return math.inf
    values = bridge(lows[None, seen[0] :])[0]
    return float((end - len(lows) + seen[0] + onset_column(values)) * seconds)
