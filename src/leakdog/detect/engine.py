"""From the states of series to assessments: each look-back is examined once for all series that have a new block."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from leakdog.detect import words
from leakdog.detect.evidence import EDGE, Evidence, examine
from leakdog.detect.forecast import growth_interval, onset_column, plateau, time_to_limit
from leakdog.detect.panel import Panel, Rows
from leakdog.detect.prepare import bridge
from leakdog.detect.score import NEVER, alarms_per_year, forecast_spread, least_score
from leakdog.detect.series import LOAD, LOW, SeriesState
from leakdog.detect.settings import Look, Settings
from leakdog.model import Assessment, Signal, Unit, Verdict

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# What was found stands for this share of its look-back while no new block can be judged.
MEMORY_SHARE = 0.25
LAST = -1  # place of the last assessment in a state's memo
_NUMBERS = tuple(each.name for each in fields(Evidence))
_SCORE = _NUMBERS.index("score")
Found = tuple[Look, dict[str, float]]


@dataclass(frozen=True, slots=True)
class _Found:
    """What one look-back said of one series when it was last examined; `packed` is None where it could not be used.

    There is one for each look-back of each series, so it is bytes: as a dictionary it takes ten times that.
    """

    end: int
    packed: bytes | None

    @property
    def numbers(self) -> dict[str, float] | None:
        """By name, as `numbers_of` gave them."""
        if self.packed is None:
            return None
        return dict(zip(_NUMBERS, np.frombuffer(self.packed, np.float32).tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of one series beside what its look-backs found.

    Attributes:
        swing: by how much readings exceed the lows.
        lows: the blocks of a level up to now, oldest first, NaN where missing.
        first_time: of the first reading of this life.
        ready_at: when a verdict can be expected at the earliest.

    """

    signal: Signal
    limit: float | None
    now: float
    settings: Settings
    swing: float
    lows: Callable[[int], Array]
    first_time: float
    ready_at: float


def assess(
    states: Sequence[SeriesState],
    signals: Sequence[Signal],
    limits: Sequence[float | None],
    now: float,
    settings: Settings,
    *,
    tested: float = 1,
) -> list[Assessment]:
    """Assess series side by side, one assessment each, in their order.

    Look-backs are examined when their level has a new block; between two blocks what was found stands. The more
    series are given at once, the less each costs.

    Args:
        signals: of each series.
        limits: of each series, in its unit; None where there is none.
        now: unix seconds, not before the last reading.
        tested: series of each target that share its budget of false alarms.

    """
    if not states:
        return []
    panels: dict[tuple[int, tuple[int, ...]], Panel] = {}
    fresh: set[int] = set()
    for number, look in enumerate(settings.looks):
        seconds = settings.levels[look.level].block_seconds
        end = int(now // seconds)
        stale = [
            row
            for row, state in enumerate(states)
            if _end(state, number) // look.every != end // look.every
            and state.step_seconds * settings.coverage <= seconds
        ]
        if stale:
            _examine(number, look, stale, states, signals, limits, now, settings, panels, tested)
            fresh.update(stale)
    return [
        _compose(state, signal, limit, now, settings, fresh=row in fresh)
        for row, (state, signal, limit) in enumerate(zip(states, signals, limits, strict=True))
    ]


def may_leak(state: SeriesState) -> bool:
    """Whether a look-back has found growth that only the weight of evidence keeps from being called a leak."""
    found = (each for each in state.memo if isinstance(each, _Found) and each.packed is not None)
    return any(np.frombuffer(each.packed or b"", np.float32)[_SCORE] > NEVER for each in found)


def numbers_of(evidence: Evidence, places: Ints) -> list[dict[str, float]]:
    """What a look-back found of some series, by name."""
    table = np.stack([getattr(evidence, name)[places] for name in _NUMBERS], 1, dtype=float)
    return [dict(zip(_NUMBERS, row, strict=True)) for row in table.tolist()]


def _packed(evidence: Evidence, place: int) -> bytes:
    return np.array([getattr(evidence, name)[place] for name in _NUMBERS], np.float32).tobytes()


def floor_of(signal: Signal, settings: Settings) -> float:
    """Least growth of a signal that counts."""
    return settings.min_growth_bytes if signal.unit is Unit.BYTES else settings.min_growth_count


def compose(found: Sequence[Found], context: Context) -> Assessment:
    """One assessment from what the usable look-backs found of one series; `found` may be empty."""
    leaking = [each for each in found if each[1]["leak"]]
    plain = [each for each in found if not each[0].urgent]
    settling = [each for each in plain if each[1]["settling"]]
    loaded = [each for each in plain if each[1]["follows_load"]]
    if leaking:
        return _describe(Verdict.LEAK, *surest(leaking), context)
    if loaded:
        return _describe(Verdict.LOAD, *loaded[-1], context)
    if settling:
        return _describe(Verdict.SETTLING, *settling[-1], context)
    if plain:
        return _describe(Verdict.STEADY, *plain[-1], context)
    wait = max(context.ready_at - context.now, 0.0)
    return Assessment(
        context.signal,
        context.now,
        Verdict.TOO_EARLY,
        ready_at=context.now + wait,
        reasons=words.too_early(wait),
        blind=not found,
    )


def surest(leaking: Sequence[Found]) -> Found:
    """Of look-backs that found a leak, the one whose growth is known best."""
    return max(leaking, key=lambda each: each[1]["z"] * each[0].blocks)


def ready_at(first_time: float, life_start: float, settings: Settings) -> float:
    """When the first look-back that needs no past will be covered."""
    waits = []
    for look in settings.looks:
        if not look.urgent:
            level = settings.levels[look.level]
            begin = max(first_time, life_start + level.warm_up_seconds)
            waits.append(begin + (look.blocks * (1 - 1 / EDGE) + 1) * level.block_seconds)
    return min(waits)


def _end(state: SeriesState, number: int) -> int:
    found = state.memo[number]
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
    tested: float,
) -> None:
    """Examine one look-back for some series and note what it found in their states."""

    def panel(level: int) -> Panel:
        key = (level, tuple(stale))
        if key not in panels:
            panels[key] = _panel([states[row] for row in stale], level, now, settings)
        return panels[key]

    rows = Rows(
        floor=np.array([floor_of(signals[row], settings) for row in stale]),
        limit=np.array([math.nan if limits[row] is None else limits[row] for row in stale], float),
        highest=np.array([states[row].highest(begins(look, now, settings)) for row in stale]),
        swing=np.array([states[row].swing for row in stale]),
        threshold=np.full(len(stale), least_score(look, settings, tested)),
        life_start=np.array([states[row].life_start for row in stale]),
        lives=np.stack([states[row].lives for row in stale]),
    )
    window = panel(look.level)
    evidence = examine(look, window, panel(look.past), rows, settings)
    nothing = _Found(window.end, None)
    for place, row in enumerate(stale):
        old = states[row].memo[number]
        if (
            isinstance(old, _Found)
            and old.packed is not None
            and not evidence.usable[place]
            and (window.end - old.end) / look.blocks <= MEMORY_SHARE
        ):
            continue
        known = evidence.usable[place] and not np.isnan(evidence.growth[place])
        states[row].memo[number] = _Found(window.end, _packed(evidence, place)) if known else nothing


def begins(look: Look, now: float, settings: Settings) -> int:
    """The block of the coarsest level in which a look-back begins."""
    seconds = settings.levels[look.level].block_seconds
    return int((now // seconds - look.blocks) * seconds // settings.levels[-1].block_seconds)


def _panel(states: list[SeriesState], level: int, now: float, settings: Settings) -> Panel:
    seconds = settings.levels[level].block_seconds
    end = int(now // seconds)
    blocks = np.stack([state.blocks(level, end) for state in states]).astype(float)
    return Panel(blocks[:, LOW], blocks[:, LOAD], end, seconds)


def _compose(
    state: SeriesState, signal: Signal, limit: float | None, now: float, settings: Settings, *, fresh: bool
) -> Assessment:
    """One assessment from what is noted in a state; the last one, where nothing new was noted."""
    last = state.memo[LAST]
    if isinstance(last, Assessment) and not fresh:
        state.memo[LAST] = again = replace(last, time=now)
        return again
    found = [
        (look, numbers)
        for number, look in enumerate(settings.looks)
        if isinstance(each := state.memo[number], _Found) and (numbers := each.numbers) is not None
    ]

    def lows(level: int) -> Array:
        end = int(now // settings.levels[level].block_seconds)
        blocks: Array = state.blocks(level, end)[LOW].astype(float)
        return blocks

    ready = ready_at(state.first_time, state.life_start, settings)
    out = compose(found, Context(signal, limit, now, settings, state.swing, lows, state.first_time, ready))
    state.memo[LAST] = out
    return out


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
