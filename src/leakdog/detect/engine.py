"""From a series to an assessment: the growth of the longest look-back in which it passes every gate, or why not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leakdog.detect.series import Floats, SeriesState
from leakdog.detect.settings import Settings
from leakdog.detect.trend import SEGMENTS, Trend, fit
from leakdog.model import Assessment, Signal, Verdict

# Of the blocks of a window, the share that must have been read.
MIN_COVERAGE = 0.75
MIN_RISING = 0.7
MAX_STEP = 0.45
MIN_FIRST, MIN_LAST = 0.06, 0.18
LOAD_SHARE = 0.5


def assess(
    states: Sequence[SeriesState],
    signals: Sequence[Signal],
    limits: Sequence[float | None],
    now: float,
    settings: Settings,
) -> list[Assessment]:
    """One assessment per series, as of `now`. `limits` are in the signals' units; None: not known."""
    rows = zip(states, signals, limits, strict=True)
    return [_assess(state, signal, limit, now, settings) for state, signal, limit in rows]


def _assess(state: SeriesState, signal: Signal, limit: float | None, now: float, settings: Settings) -> Assessment:
    times, lows, loads = state.blocks()
    begin = max(state.life_start, state.first_time - settings.hidden_seconds) + settings.hidden_seconds
    shown = times >= begin
    times, lows, loads = times[shown], lows[shown], loads[shown]
    shortest = settings.look_backs[0]
    if len(times) < MIN_COVERAGE * shortest or times[-1] - times[0] < MIN_COVERAGE * shortest * settings.block_seconds:
        ready = begin + shortest * settings.block_seconds
        return Assessment(signal, now, Verdict.TOO_EARLY, ready_at=ready, reasons=("too little of this life is known",))
    best: Assessment | None = None
    for blocks in settings.look_backs:
        window = times > times[-1] - blocks * settings.block_seconds
        if window.sum() < max(SEGMENTS, MIN_COVERAGE * blocks):
            break
        found = _judged(times[window], lows[window], loads[window], signal, limit, now, settings)
        if best is None or found.verdict is Verdict.LEAK or best.verdict is Verdict.STEADY:
            best = found
    assert best is not None
    return best


def _judged(
    times: Floats, lows: Floats, loads: Floats, signal: Signal, limit: float | None, now: float, settings: Settings
) -> Assessment:
    trend = fit(times, lows, loads)
    level = float(np.median(lows[-max(1, len(lows) // SEGMENTS) :]))
    verdict, why = _verdict(trend, settings.least_rise(signal, level), settings)
    left = (limit - level) / trend.slope if limit is not None and trend.slope > 0 and limit > level else None
    return Assessment(
        signal=signal,
        time=now,
        verdict=verdict,
        growth_per_second=trend.slope,
        interval=trend.interval,
        level=level,
        z=trend.z,
        look_back_seconds=float(times[-1] - times[0]),
        onset=float(times[0]),
        time_to_limit_seconds=left,
        reasons=(why,),
    )


def _verdict(trend: Trend, least_rise: float, settings: Settings) -> tuple[Verdict, str]:
    """The first gate that growth does not pass says what it is instead."""
    if trend.load_part is not None and trend.load_part > LOAD_SHARE and trend.rise < least_rise:
        return Verdict.LOAD, f"load explains {trend.load_part:.0%} of the rise"
    if trend.rise < least_rise or trend.slope <= 0:
        return Verdict.STEADY, "it has not risen by enough to matter"
    if trend.z < settings.min_z:
        return Verdict.STEADY, f"the rise is {trend.z:.1f} standard errors above zero, {settings.min_z:g} are asked for"
    if trend.last < MIN_LAST:
        return Verdict.SETTLING, f"only {max(0.0, trend.last):.0%} of the rise is in the last quarter: it levels off"
    if trend.rising < MIN_RISING or trend.largest_step > MAX_STEP or trend.first < MIN_FIRST:
        return Verdict.STEADY, "the rise is a step or a swing, not many small rises"
    return Verdict.LEAK, (
        f"it rises in {trend.rising * (SEGMENTS - 1):.0f} of {SEGMENTS - 1} steps and does not level off; "
        f"{trend.z:.0f} standard errors above zero after correcting for autocorrelation"
    )
