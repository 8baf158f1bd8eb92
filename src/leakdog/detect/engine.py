"""From the states of series to assessments: each look-back is examined once for all series that have a new block."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from leakdog.detect import words
from leakdog.detect.evidence import Evidence, Panel, Rows, examine
from leakdog.detect.forecast import growth_interval, onset_column, time_to_limit
from leakdog.detect.prepare import bridge
from leakdog.detect.series import LOAD, LOW, SeriesState
from leakdog.detect.settings import Look, Settings
from leakdog.model import Assessment, Signal, Unit, Verdict

# What was found stands for this share of its look-back while no new block can be judged.
MEMORY_SHARE = 0.25
_NUMBERS = tuple(each.name for each in fields(Evidence))


@dataclass(frozen=True, slots=True)
class _Found:
    """What one look-back said of one series when it was last examined."""

    end: int
    numbers: dict[str, float]


def assess(
    states: Sequence[SeriesState],
    signals: Sequence[Signal],
    limits: Sequence[float | None],
    now: float,
    settings: Settings,
) -> list[Assessment]:
    """Assess series side by side, one assessment each, in their order.

    Look-backs are examined when their level has a new block; between two blocks what was found stands. The more
    series are given at once, the less each costs.

    Args:
        signals: of each series.
        limits: of each series, in its unit; None where there is none.
        now: unix seconds, not before the last reading.

    """
    if not states:
        return []
    panels: dict[tuple[int, tuple[int, ...]], Panel] = {}
    for number, look in enumerate(settings.looks):
        end = int(now // settings.levels[look.level].block_seconds)
        stale = [row for row, state in enumerate(states) if _end(state, number) != end]
        if stale:
            _examine(number, look, stale, states, signals, limits, now, settings, panels)
    return [
        _compose(state, signal, limit, now, settings)
        for state, signal, limit in zip(states, signals, limits, strict=True)
    ]


def _end(state: SeriesState, number: int) -> int:
    found = state.memo.get(number)
    return found.end if isinstance(found, _Found) else -1


def _examine(
    number: int,
    look: Look,
    stale: list[int],
    states: Sequence[SeriesState],
    signals: Sequence[Signal],
    limits: Sequence[float | None],
    now: float,
    settings: Settings,
    panels: dict[tuple[int, tuple[int, ...]], Panel],
) -> None:
    """Examine one look-back for some series and note what it found in their states."""

    def panel(level: int) -> Panel:
        key = (level, tuple(stale))
        if key not in panels:
            panels[key] = _panel([states[row] for row in stale], level, now, settings)
        return panels[key]

    rows = Rows(
        floor=np.array([_floor(signals[row], settings) for row in stale]),
        limit=np.array([math.nan if limits[row] is None else limits[row] for row in stale], float),
        life_start=np.array([states[row].life_start for row in stale]),
    )
    window = panel(look.level)
    evidence = examine(look, window, panel(look.past), rows, settings)
    for place, row in enumerate(stale):
        state = states[row]
        old = state.memo.get(number)
        if not evidence.usable[place] and isinstance(old, _Found):
            age = (window.end - old.end) / look.blocks
            if age <= MEMORY_SHARE:
                continue
        numbers = {name: float(getattr(evidence, name)[place]) for name in _NUMBERS}
        state.memo[number] = _Found(window.end, numbers)


def _panel(states: list[SeriesState], level: int, now: float, settings: Settings) -> Panel:
    seconds = settings.levels[level].block_seconds
    end = int(now // seconds)
    blocks = np.stack([state.blocks(level, end) for state in states]).astype(float)
    return Panel(blocks[:, LOW], blocks[:, LOAD], end, seconds)


def _floor(signal: Signal, settings: Settings) -> float:
    return settings.min_growth_bytes if signal.unit is Unit.BYTES else settings.min_growth_count


def _compose(state: SeriesState, signal: Signal, limit: float | None, now: float, settings: Settings) -> Assessment:
    """One assessment from what the look-backs found."""
    found = [
        (look, each.numbers)
        for number, look in enumerate(settings.looks)
        if isinstance(each := state.memo.get(number), _Found) and each.numbers["usable"]
    ]
    leaking = [each for each in found if each[1]["leak"]]
    plain = [each for each in found if not each[0].urgent]
    settling = [each for each in plain if each[1]["settling"]]
    loaded = [each for each in plain if each[1]["follows_load"]]
    if leaking:
        verdict, (look, numbers) = Verdict.LEAK, max(leaking, key=lambda each: each[1]["z"] * each[0].blocks)
    elif loaded:
        verdict, (look, numbers) = Verdict.LOAD, loaded[-1]
    elif settling:
        verdict, (look, numbers) = Verdict.SETTLING, settling[-1]
    elif plain:
        verdict, (look, numbers) = Verdict.STEADY, plain[-1]
    else:
        ready = _ready_at(state, now, settings)
        return Assessment(signal, now, Verdict.TOO_EARLY, ready_at=ready, reasons=words.too_early(ready - now))
    return _describe(state, signal, limit, now, settings, verdict, look, numbers)


def _describe(
    state: SeriesState,
    signal: Signal,
    limit: float | None,
    now: float,
    settings: Settings,
    verdict: Verdict,
    look: Look,
    numbers: dict[str, float],
) -> Assessment:
    """Put numbers and words into an assessment."""
    seconds = look.blocks * settings.levels[look.level].block_seconds
    interval = growth_interval(numbers["growth"], numbers["error"])
    out = Assessment(
        signal=signal,
        time=now,
        verdict=verdict,
        growth_per_second=numbers["growth"],
        interval=interval,
        level=numbers["level"],
        z=numbers["z"],
        look_back_seconds=seconds,
    )
    match verdict:
        case Verdict.LEAK:
            forecast = time_to_limit(numbers["level"], limit, numbers["growth"], numbers["error"])
            reasons = words.why_leak(numbers, look, seconds, signal, interval)
            return replace(
                out,
                onset=_onset(state, look, now, settings),
                time_to_limit_seconds=forecast[0] if forecast else None,
                time_to_limit_interval=forecast[1] if forecast else None,
                reasons=tuple(reasons),
            )
        case Verdict.SETTLING:
            return replace(out, reasons=tuple(words.why_settling(numbers, look, seconds, signal, interval)))
        case Verdict.LOAD:
            return replace(out, reasons=tuple(words.why_load(numbers, seconds)))
        case _:
            return replace(out, reasons=tuple(words.why_steady(numbers, seconds, signal, settings)))


def _onset(state: SeriesState, look: Look, now: float, settings: Settings) -> float:
    """When growth began, on the coarsest ring that shows it."""
    level = look.past
    seconds = settings.levels[level].block_seconds
    end = int(now // seconds)
    lows = state.blocks(level, end)[LOW].astype(float)
    seen = np.flatnonzero(~np.isnan(lows))
    if not len(seen):
        return now
    values = bridge(lows[None, seen[0] :])[0]
    begin = end - len(lows) + seen[0] + onset_column(values)
    return max(float(begin * seconds), state.first_time)


def _ready_at(state: SeriesState, now: float, settings: Settings) -> float:
    """When the first look-back that needs no past will be covered."""
    waits = []
    for look in settings.looks:
        if not look.alone:
            continue
        level = settings.levels[look.level]
        begin = max(state.first_time, state.life_start + level.warm_up_seconds)
        waits.append(begin + (look.blocks * (1 - 1 / 8) + 1) * level.block_seconds)
    return max(min(waits), now)
