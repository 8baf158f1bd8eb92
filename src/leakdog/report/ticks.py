"""Where an axis has its lines: at round values, told in one unit with as many digits as they need, or round times."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from leakdog.model import Unit
from leakdog.report.words import BINARY_PREFIXES, DAY, HOUR, MINUTE, binary_prefix

ROUND = (1.0, 2.0, 5.0, 10.0)
MOST = 6
# Seconds between round times within a day; beyond it steps are of whole days, 1, 2 or 5 times a power of ten of them.
_SECONDS = tuple(each * unit for unit in (1.0, MINUTE) for each in (1, 2, 5, 10, 15, 30))
STEPS = (*_SECONDS, *(each * HOUR for each in (1, 2, 3, 6, 12, 24)))


def ticks(low: float, high: float, unit: Unit) -> list[tuple[float, str]]:
    """Two to six values from `low` to `high`, and how each is written.

    Steps are 1, 2 or 5 times a power of ten: of bytes in the prefix that the highest value has, so 0.5 MiB and not
    500 KiB below 1 MiB and above it.
    """
    index = binary_prefix(max(abs(low), abs(high))) if unit is Unit.BYTES else 0
    name = f" {BINARY_PREFIXES[index]}B" if unit is Unit.BYTES else ""
    scale = 1024.0**index
    step = _step((high - low) / scale / (MOST - 1))
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    numbers = range(math.ceil(low / scale / step - 1e-9), math.floor(high / scale / step + 1e-9) + 1)
    return [(number * step * scale, f"{number * step:,.{digits}f}{name}") for number in numbers]


def moments(begin: float, end: float) -> list[tuple[float, str]]:
    """At most seven round times from `begin` to `end`, unix seconds, and how each is written, in UTC.

    A midnight is told as its date, with the year where that is another than of the time before it, all others as time
    of day.
    """
    least = (end - begin) / MOST
    step = next((each for each in STEPS if each >= least), None) or DAY * _step(least / DAY)
    times = [number * step for number in range(math.ceil(begin / step), math.floor(end / step) + 1)]
    return [(time, _moment(time, before, step)) for time, before in zip(times, [begin, *times], strict=False)]


def _moment(time: float, before: float, step: float) -> str:
    when = datetime.fromtimestamp(time, UTC)
    if time % DAY:
        return when.strftime("%H:%M" if step >= MINUTE else "%H:%M:%S")
    return when.strftime("%m-%d" if when.year == datetime.fromtimestamp(before, UTC).year else "%Y-%m-%d")


def _step(least: float) -> float:
    """The smallest round step of at least so much."""
    power: float = 10.0 ** math.floor(math.log10(least))
    return next(power * each for each in ROUND if power * each >= least * (1 - 1e-9))
