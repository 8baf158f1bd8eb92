"""The reasons, as sentences that a person can check against the chart."""

from __future__ import annotations

from leakdog.detect.settings import DAY, Look, Settings
from leakdog.model import Signal, Unit

MINUTE, HOUR = 60.0, 3600.0
PREFIXES = ("", "Ki", "Mi", "Gi", "Ti")
Finding = dict[str, float]


def amount(value: float, unit: Unit) -> str:
    """`34.1 MiB`, or a plain number for counts."""
    if unit is Unit.COUNT:
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    power = 0
    while abs(value) >= 1000 and power < len(PREFIXES) - 1:
        value, power = value / 1024, power + 1
    return f"{value:.3g} {PREFIXES[power]}B"


def rate(per_second: float, interval: tuple[float, float], unit: Unit) -> str:
    """`0.38 MiB/s (90 % interval 0.36 MiB to 0.41 MiB)`, per the shortest span in which something happens."""
    least = 1024.0 if unit is Unit.BYTES else 1.0
    spans = ((1.0, "s"), (MINUTE, "min"), (HOUR, "h"), (DAY, "day"))
    seconds, name = next((span for span in spans if abs(per_second) * span[0] >= least), spans[-1])
    low, high = (amount(each * seconds, unit) for each in interval)
    return f"{amount(per_second * seconds, unit)}/{name} (90 % interval {low} to {high})"


def span(seconds: float) -> str:
    """`90 s`, `40 min`, `6.5 h`, `14 days`."""
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < 4 * DAY:
        return f"{seconds / HOUR:.3g} h"
    return f"{seconds / DAY:.3g} days"


def too_early(wait_seconds: float) -> tuple[str, ...]:
    """Why there is no verdict yet."""
    return (
        f"too early to say: too little of this life has been seen; a verdict can be expected in {span(wait_seconds)}",
    )


def grew(found: Finding, seconds: float, unit: Unit, interval: tuple[float, float]) -> str:
    """How much, how fast, in how many segments."""
    steps = round(found["rising"] * 7)
    return (
        f"grew {amount(found['rise'], unit)} in {span(seconds)}, {rate(found['growth'], interval, unit)}, "
        f"in {steps} of 7 steps between eighths of that time"
    )


def certainty(found: Finding) -> str:
    """Standard errors, after autocorrelation."""
    more = "more than " if found["z"] >= 999 else ""
    return f"{more}{found['z']:.3g} standard errors above zero after correcting for autocorrelation"


def why_leak(found: Finding, look: Look, seconds: float, signal: Signal, interval: tuple[float, float]) -> list[str]:
    """Reasons for a leak."""
    unit = signal.unit
    out = [grew(found, seconds, unit, interval)]
    out.append(f"no sign of levelling off: {found['last']:.0%} of the rise is in the last quarter of that time")
    out.append(certainty(found))
    if found["past"] > 0:
        out.append("above all that was seen of it before, by more than its own range explains")
    if look.urgent:
        out.append("it has eaten so much of the room to the limit that waiting for more evidence is not safe")
    return out


def why_settling(found: Finding, seconds: float, signal: Signal, interval: tuple[float, float]) -> list[str]:
    """Reasons for growth that slows down."""
    return [
        grew(found, seconds, signal.unit, interval),
        f"it slows down, as a warm-up or a cache that fills does: {max(found['last'], 0):.0%} of the rise is in the "
        "last quarter of that time",
    ]


def why_load(found: Finding, seconds: float) -> list[str]:
    """Reasons for growth with load."""
    return [
        f"it grew in the last {span(seconds)} as load did; what load does not explain is "
        f"{found['z']:.2g} standard errors from no growth"
    ]


def why_steady(found: Finding, seconds: float, signal: Signal, settings: Settings) -> list[str]:
    """Reasons for no verdict of growth: the first gate that it did not pass."""
    unit = signal.unit
    least = settings.min_growth_bytes if unit is Unit.BYTES else settings.min_growth_count
    asked = max(settings.min_growth_ratio * abs(found["base"]), least)
    moved = f"changed by {amount(found['rise'], unit)} in {span(seconds)}"
    if found["rise"] < asked:
        return [f"{moved}, less than the {amount(asked, unit)} that count"]
    if found["z"] < settings.z:
        return [f"{moved}, within its own fluctuation ({found['z']:.2g} standard errors from no growth)"]
    if found["max_step"] > settings.max_step:
        return [f"{moved}, {found['max_step']:.0%} of it in one step: no steady growth"]
    if found["rising"] < settings.rising:
        return [f"{moved}, but rose in only {round(found['rising'] * 7)} of 7 steps between eighths of that time"]
    return [f"{moved}, not above what it has shown before"]
