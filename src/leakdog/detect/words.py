"""The reasons, as sentences that a person can check against the chart."""

from __future__ import annotations

import math
from functools import lru_cache

from leakdog.detect.interval import NARROW_WORDS, narrow
from leakdog.detect.settings import DAY, Look, Settings
from leakdog.model import Signal, Unit

MINUTE, HOUR, YEAR = 60.0, 3600.0, 365.25 * DAY
AGREED = 3.0  # standard errors, over lives, from which growth is said to come back
MOST_ERRORS = 99.0  # beyond, the number says no more than that it is sure
MOST_TIMES = 20.0
STRAIGHT = 2 / 7  # what of a straight line's rise is in the last two of seven steps
PREFIXES = ("", "Ki", "Mi", "Gi", "Ti")
Finding = dict[str, float]


def amount(value: float, unit: Unit) -> str:
    """`34.1 MiB`, or a plain number for counts."""
    if unit is Unit.COUNT:
        return f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:.3g}"
    power = 0
    while abs(value) >= 999.5 and power < len(PREFIXES) - 1:
        value, power = value / 1024, power + 1
    return f"{value:.3g} {PREFIXES[power]}B"


def extent(value: float, unit: Unit) -> str:
    """The same of a change or a level: things are whole, so `41` or `less than 1`. Parts of one are left away."""
    if unit is not Unit.COUNT:
        return amount(value, unit)
    return "less than 1" if 0 < abs(value) < 1 else f"{math.trunc(value):,}"


def rate(per_second: float, interval: tuple[float, float], unit: Unit) -> str:
    """`0.38 MiB/s (90% interval 0.36 MiB to 0.41 MiB)`, per the shortest span in which something happens."""
    least = 1024.0 if unit is Unit.BYTES else 1.0
    spans = ((1.0, "s"), (MINUTE, "min"), (HOUR, "h"), (DAY, "day"))
    seconds, name = next((span for span in spans if abs(per_second) * span[0] >= least), spans[-1])
    low, high = (amount(each * seconds, unit) for each in interval)
    ends = NARROW_WORDS if narrow(per_second, interval) else f"{low} to {high}"
    return f"{amount(per_second * seconds, unit)}/{name} (90% interval {ends})"


def span(seconds: float) -> str:
    """`90 s`, `40 min`, `6.5 h`, `14 days`, `3 years`."""
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < 4 * DAY:
        return f"{seconds / HOUR:.3g} h"
    if seconds < 2 * YEAR:
        return f"{seconds / DAY:.3g} days"
    return f"{seconds / YEAR:.3g} years"


def too_early(wait_seconds: float) -> tuple[str, ...]:
    """Why there is no verdict yet."""
    if math.isinf(wait_seconds):
        return ("too early to say: it is read too seldom for a verdict; a shorter interval brings one",)
    return _too_early(f"in {span(wait_seconds)}" if wait_seconds >= 1 else "with the next readings")


@lru_cache
def _too_early(when: str) -> tuple[str, ...]:
    """One text for the many series that begin together."""
    return (f"too early to say: too little of this life has been seen; a verdict can be expected {when}",)


def grew(found: Finding, seconds: float, unit: Unit, interval: tuple[float, float]) -> str:
    """How much, how fast, in how many segments."""
    steps = round(found["rising"] * 7)
    return (
        f"grew {extent(found['rise'], unit)} in {span(seconds)}, {rate(found['growth'], interval, unit)}, "
        f"in {steps} of 7 steps between eighths of that time"
    )


def errors(z: float) -> str:
    """`24.3`, `more than 99`."""
    return f"more than {MOST_ERRORS:.0f}" if z > MOST_ERRORS else f"{z:.1f}"


def seldom(alarms_per_year: float) -> str:
    """How rare evidence is among healthy processes."""
    if alarms_per_year >= 1:
        return f"healthy processes show as much about {alarms_per_year:.0f} times a year"
    return f"a healthy process shows as much about once in {span(YEAR / alarms_per_year)}"


def why_leak(
    found: Finding,
    look: Look,
    seconds: float,
    signal: Signal,
    interval: tuple[float, float],
    alarms_per_year: float | None,
) -> list[str]:
    """Reasons for a leak."""
    out = [
        grew(found, seconds, signal.unit, interval),
        f"it goes on: {found['last']:.0%} of the rise is in the last two of these steps",
        f"{errors(found['z'])} standard errors above zero after correcting for autocorrelation",
    ]
    if found["sure"] > 0:
        out.append("hour by hour since it was first seen, its whole course is that of a leak")
    if found["past"] > 0 and found["excess"] > 0:
        out.append("above all that was seen of it before")
    if found["repeated"] >= AGREED:
        out.append("it grew in the same way after the restarts before")
    if alarms_per_year is not None:
        out.append(seldom(alarms_per_year))
    if look.urgent and found["record"] >= 1:
        out.append(f"it climbs {_times(found['record'])} as far as ever within that time in the days before")
    if look.urgent:
        out.append("it has eaten so much of the room to the limit that waiting for more evidence is not safe")
    return out


def _times(ratio: float) -> str:
    return f"more than {MOST_TIMES:.0f} times" if ratio > MOST_TIMES else f"{ratio:.1f} times"


def why_settling(
    found: Finding,
    seconds: float,
    signal: Signal,
    interval: tuple[float, float],
    plateau: tuple[float, float] | None,
) -> list[str]:
    """Reasons for growth that slows down, or may; `plateau` is where it will settle, and in how many seconds."""
    share = max(found["last"], 0)
    slows = "so far it may as well be the course of a warm-up, or of a cache that fills: a straight line fits no better"
    if share < STRAIGHT:
        slows = (
            f"it slows down, as a warm-up or a cache that fills does: {share:.0%} of the rise is in the last two of "
            f"these steps, where a straight line has {STRAIGHT:.0%}"
        )
    out = [grew(found, seconds, signal.unit, interval), slows]
    if plateau is not None:
        out.append(f"slowing down like this it will settle near {extent(plateau[0], signal.unit)} {_when(plateau[1])}")
    return out


def _when(seconds: float) -> str:
    return f"in {span(seconds)}" if seconds >= MINUTE else "soon"


def why_load(found: Finding, seconds: float) -> list[str]:
    """Reasons for growth with load."""
    return [
        f"it grew in the last {span(seconds)} as load did; what load does not explain is "
        f"{errors(found['z'])} standard errors from no growth"
    ]


def least_growth(found: Finding, signal: Signal, settings: Settings) -> float:
    """The least rise over a look-back that counts, in the signal's unit."""
    return max(settings.min_growth_ratio * abs(found["base"]), settings.least_growth(signal))


def why_steady(
    found: Finding, seconds: float, signal: Signal, settings: Settings, alarms_per_year: float | None
) -> list[str]:
    """Reasons for no verdict of growth: the first gate that it did not pass."""
    unit = signal.unit
    asked = least_growth(found, signal, settings)
    if found["rise"] < 0:
        return [f"fell by {extent(-found['rise'], unit)} in {span(seconds)}"]
    moved = f"changed by {extent(found['rise'], unit)} in {span(seconds)}"
    if found["rise"] < asked:
        return [f"{moved}, less than the {extent(math.ceil(asked), unit)} that count"]
    if found["z"] < settings.z_least:
        return [f"{moved}, within its own fluctuation ({errors(found['z'])} standard errors from no growth)"]
    if found["max_step"] > settings.max_step:
        return [f"{moved}, {found['max_step']:.0%} of it in one step: no steady growth"]
    if found["rising"] < settings.rising_least - 1e-6:
        return [f"{moved}, but rose in only {round(found['rising'] * 7)} of 7 steps between eighths of that time"]
    if found["past"] > 0 and found["excess"] <= 0:
        return [f"{moved}, not above what it has shown before"]
    if alarms_per_year is None:
        return [f"{moved}, in a manner that healthy processes show too"]
    return [f"{moved}; {seldom(alarms_per_year)}, too often to call it a leak yet"]
