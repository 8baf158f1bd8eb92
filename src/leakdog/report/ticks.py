"""Where an axis has its lines: at round values, which are told in one unit and with as many digits as they need."""

from __future__ import annotations

import math

from leakdog.model import Unit
from leakdog.report.words import BINARY_PREFIXES, binary_prefix

ROUND = (1.0, 2.0, 5.0, 10.0)
MOST = 6


def ticks(low: float, high: float, unit: Unit) -> list[tuple[float, str]]:
    """Two to six values from `low` to `high`, and how each is written.

    Steps are 1, 2 or 5 times a power of ten: of bytes in the prefix that the highest value has, so 0.5 MiB and not
    500 KiB below 1 MiB and above it.
    """
    index = binary_prefix(max(abs(low), abs(high))) if unit is Unit.BYTES else 0
    name = f" {BINARY_PREFIXES[index]}B" if unit is Unit.BYTES else ""
    scale = 1024.0**index
    step = _step((high - low) / scale)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    numbers = range(math.ceil(low / scale / step - 1e-9), math.floor(high / scale / step + 1e-9) + 1)
    return [(number * step * scale, f"{number * step:,.{digits}f}{name}") for number in numbers]


def _step(span: float) -> float:
    """The smallest round step that a span has no more than so many of."""
    least = span / (MOST - 1)
    power: float = 10.0 ** math.floor(math.log10(least))
    return next(power * each for each in ROUND if power * each >= least * (1 - 1e-9))
