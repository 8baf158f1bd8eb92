"""From groups of series to assessments: each look-back is examined once for all series when there is a new block."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from leakdog.detect import words
from leakdog.detect.climb import Past, quarters
from leakdog.detect.evidence import Evidence
from leakdog.detect.examine import examine
from leakdog.detect.forecast import growth_interval, onset_column, plateau, time_to_limit
from leakdog.detect.found import FOLLOWS_LOAD, LEAK, SETTLING
from leakdog.detect.group import FIRST, STEP, SWING, Group
from leakdog.detect.kernel import HURDLE
from leakdog.detect.panel import EDGE, Panel, Rows, take
from leakdog.detect.prepare import bridge
from leakdog.detect.score import NEVER, alarms_per_year, forecast_spread, least_scores
from leakdog.detect.settings import Look, Settings
from leakdog.model import Assessment, Signal, Verdict

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Found = tuple[Look, dict[str, float]]
T = TypeVar("T", Panel, Rows)


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of one series beside what its look-backs found.

    Attributes:
        swing: by how much readings exceed the lows.
        lows: the blocks of a level up to now, oldest first, NaN where missing.
        first_time: of the first reading of this life.
        life_start: of the process.

    """

    signal: Signal
    limit: float | None
    now: float
    settings: Settings
    swing: float
    lows: Callable[[int], Array]
    first_time: float
    life_start: float


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
        tested: series of each target that share its budget of false alarms.

    """
    settings, sight = group.settings, None
    every, seconds = settings.paces
    due = group.found.ends // every != now // seconds // every
    due &= group.known[STEP] * settings.coverage <= seconds
    for number in np.flatnonzero(due.any(1)).tolist():
        look, rows = settings.looks[number], np.flatnonzero(due[number])
        sight = sight or _Sight(group, signals, limits, now, tested)
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

    first, swing = float(group.known[FIRST, row]), float(group.known[SWING, row])
    verdict, places = _judged(settings.looks, group.found.flags(slice(row, row + 1)))
    found = [(settings.looks[place], group.found.named(place, row)) for place in places]
    return _conclude(verdict, found, Context(signal, limit, now, settings, swing, lows, first, group.life_start))


def verdicts(group: Group) -> list[Verdict]:
    """Of each series the verdict of its `assessment`, at a fraction of the cost."""
    found = group.found
    if found.verdicts is None:
        found.verdicts = [Verdict.TOO_EARLY] * len(group)
        for verdict, places in reversed(_claims(group.settings.looks, found.flags())):
            for row in np.flatnonzero(places.any(0)).tolist():
                found.verdicts[row] = verdict
    return found.verdicts


def compose(found: Sequence[Found], context: Context) -> Assessment:
    """One assessment from what the usable look-backs found of one series; `found` may be empty."""
    flags = np.array([[(told["leak"], told["settling"], told["follows_load"])] for _, told in found])
    verdict, places = _judged([look for look, _ in found], flags.reshape(-1, 1, 3))
    return _conclude(verdict, [found[place] for place in places], context)


def _judged(looks: Sequence[Look], flags: npt.NDArray[np.number]) -> tuple[Verdict, list[int]]:
    """Of one series the verdict, and the places of the look-backs that tell it: all that found a leak, or the longest.

    Args:
        flags: (looks, 1, 3 or more), as `_claims` takes them.

    """
    for verdict, claimed in _claims(looks, flags):
        places = np.flatnonzero(claimed).tolist()
        if places:
            return verdict, places if verdict is Verdict.LEAK else places[-1:]
    return Verdict.TOO_EARLY, np.flatnonzero(flags[:, :, LEAK] == 0).tolist()[-1:]


def _claims(looks: Sequence[Look], flags: npt.NDArray[np.number]) -> list[tuple[Verdict, Bools]]:
    """The verdicts, weightiest first, and which look-backs claim each of which series, (looks, n).

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


def _conclude(verdict: Verdict, telling: Sequence[Found], context: Context) -> Assessment:
    """The assessment of this verdict, in the words of the look-backs that tell it."""
    if verdict is not Verdict.TOO_EARLY:
        return _describe(verdict, *surest(telling), context)
    wait = max(ready_at(context.first_time, context.life_start, context.settings) - context.now, 0.0)
    return Assessment(
        context.signal,
        context.now,
        verdict,
        ready_at=context.now + wait,
        reasons=words.too_early(wait),
        blind=not telling,
    )


def surest(leaking: Sequence[Found]) -> Found:
    """Of look-backs, the one whose growth is known best."""
    return max(leaking, key=lambda each: each[1]["z"] * each[0].blocks)


def ready_at(first_time: float, life_start: float, settings: Settings) -> float:
    """When the first look-back that needs no past will be covered; never, where each needs one."""
    waits = []
    for look in settings.looks:
        if not look.urgent:
            level = settings.levels[look.level]
            begin = max(first_time, life_start + level.warm_up_seconds)
            waits.append(begin + (look.blocks * (1 - 1 / EDGE) + 1) * level.block_seconds)
    return min(waits, default=math.inf)


def begins(look: Look, now: float, settings: Settings) -> int:
    """The block of the coarsest level in which a look-back begins."""
    seconds = settings.levels[look.level].block_seconds
    return int((now // seconds - look.blocks) * seconds // settings.levels[-1].block_seconds)


class _Sight:
    """A group as it is looked at: what look-backs have in common is worked out once."""

    def __init__(
        self, group: Group, signals: Sequence[Signal], limits: Sequence[float | None], now: float, tested: float
    ) -> None:
        self._group = group
        self._now = now
        self._tested = tested
        self._panels: dict[int, Panel] = {}
        settings, nothing = group.settings, np.full(len(group), math.nan)
        self._known = Rows(
            floor=np.array([settings.least_growth(signal) for signal in signals]),
            limit=np.array([math.nan if limit is None else limit for limit in limits]),
            highest=nothing,
            swing=group.known[SWING],
            threshold=nothing,
            life_start=np.full(len(group), group.life_start),
            lives=group.lives.table(),
        )

    def examine(self, look: Look, rows: Ints) -> tuple[Evidence, int]:
        """What a look-back finds of some series, and the block before which it ends."""
        group, settings = self._group, self._group.settings
        every = np.arange(len(group))
        known = replace(
            self._known,
            highest=group.highest(begins(look, self._now, settings)),
            threshold=least_scores(look, settings, len(group), lambda: self._panel(0, every), self._tested),
        )
        window = self._panel(look.level, rows)
        past = window if look.past == look.level else self._panel(look.past, rows)
        found = examine(
            look, window, past, self._some(known, rows), settings, lambda some: take(self._past(), rows[some])
        )
        return found, window.end

    def restless(self, number: int, rows: Ints) -> Ints:
        """Of some series those that an urgent look-back may find something of; the others are noted as examined.

        An urgent look-back leaves alone what has not climbed by a share of the room up to the limit, which are most
        series at most times, and that can be told at a tenth of its cost.
        """
        settings, found = self._group.settings, self._group.found
        look = settings.looks[number]
        window = self._panel(look.level, rows)
        base, climb = quarters(bridge(window.lows[:, -look.blocks :]))
        may_climb = climb > HURDLE * settings.urgent_share * (self._known.limit[rows] - base)
        quiet = ~may_climb & found.silent(number, rows)
        found.ends[number, rows[quiet]] = window.end
        return rows[~quiet]

    def _past(self) -> Past:
        seconds = self._group.settings.levels[-1].block_seconds
        return self._group.past(int(self._now // seconds))

    def _panel(self, level: int, rows: Ints) -> Panel:
        if level not in self._panels:
            end = int(self._now // self._group.settings.levels[level].block_seconds)
            self._panels[level] = self._group.panel(level, end)
        return self._some(self._panels[level], rows)

    def _some(self, value: T, rows: Ints) -> T:
        return value if len(rows) == len(self._group) else take(value, rows)


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
            forecast = time_to_limit(
                numbers["level"], context.limit, numbers["growth"], context.swing, forecast_spread(look)
            )
            onset = _onset(look, context)
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
        counts=bool(numbers["rise"] >= words.least_growth(numbers, signal, settings)),
    )


def _onset(look: Look, context: Context) -> float:
    """When growth began, on the ring from which the look-back reads the past."""
    seconds = context.settings.levels[look.past].block_seconds
    end = int(context.now // seconds)
    lows = context.lows(look.past)
    seen = np.flatnonzero(~np.isnan(lows))
    if not len(seen):
        return context.now
    values = bridge(lows[None, seen[0] :])[0]
    begin = end - len(lows) + seen[0] + onset_column(values)
    return max(float(begin * seconds), context.first_time)


def _plateau(look: Look, context: Context) -> tuple[float, float] | None:
    """Where growth in a look-back will settle, and in how many seconds."""
    lows = context.lows(look.level)[-look.blocks :]
    found = plateau(bridge(lows[None])[0])
    return found and (found[0], found[1] * context.settings.levels[look.level].block_seconds)
