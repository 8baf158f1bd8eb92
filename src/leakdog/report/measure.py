"""Numbers with units, scaled and rounded as `go tool pprof` does, so that figures can be compared by eye.

Method: google/pprof internal/measurement. Google compute units are left out: no producer writes them.
"""

from __future__ import annotations

from typing import NamedTuple


class _Unit(NamedTuple):
    name: str
    aliases: tuple[str, ...]
    factor: float


_MEMORY = (
    _Unit("B", ("b", "byte"), 1),
    _Unit("kB", ("kb", "kbyte", "kilobyte"), 1 << 10),
    _Unit("MB", ("mb", "mbyte", "megabyte"), 1 << 20),
    _Unit("GB", ("gb", "gbyte", "gigabyte"), 1 << 30),
    _Unit("TB", ("tb", "tbyte", "terabyte"), 1 << 40),
    _Unit("PB", ("pb", "pbyte", "petabyte"), 1 << 50),
)
_TIME = (
    _Unit("ns", ("ns", "nanosecond"), 1),
    _Unit("us", ("μs", "us", "microsecond"), 1e3),
    _Unit("ms", ("ms", "millisecond"), 1e6),
    _Unit("s", ("s", "sec", "second"), 1e9),
    _Unit("hrs", ("hour", "hr"), 3600e9),
)
# What is measured in units, and the unit for values too small for any.
_KINDS = ((_MEMORY, _MEMORY[0]), (_TIME, _TIME[3]))
MINIMUM = "minimum"
_AUTOMATIC = ("auto", MINIMUM)
_UNNAMED = ("count", "sample", "unit", *_AUTOMATIC)


def is_unit(name: str) -> bool:
    """Whether figures can be shown in it."""
    return name in _AUTOMATIC or any(_find(units, name) for units, _ in _KINDS)


def scale(value: int, unit: str, to: str = "auto") -> tuple[float, str]:
    """A value in another unit, and its name (none for counts); `auto` takes the largest that fits."""
    if value < 0:
        scaled, name = scale(-value, unit, to)
        return -scaled, name
    for units, fallback in _KINDS:
        known = _find(units, unit)
        if known:
            base = value * known.factor
            target = _fitting(units, base) if to in _AUTOMATIC else _find(units, to)
            target = target or fallback
            return base / target.factor, target.name
    return float(value), "" if to in _UNNAMED else to


def label(value: int, unit: str, to: str = "auto") -> str:
    """A value with its unit, such as `1.50MB`; two decimals, none where both are 0."""
    scaled, name = scale(value, unit, to)
    text = f"{scaled:.2f}".removesuffix(".00")
    return "0" if text in ("0", "-0") else text + name


def percentage(value: int, total: int) -> str:
    """A share of a total in 6 characters, with two digits or more."""
    ratio = abs(value / total) * 100 if total else 0.0
    if 99.95 <= ratio <= 100.05:
        return "  100%"
    return f"{ratio:5.2f}%" if ratio >= 1 else f"{ratio:5.2g}%"


def common_unit(smallest: int, largest: int, unit: str) -> str:
    """One unit for a whole table: that of the smallest value, or of 100 times it if the values span far."""
    smallest = smallest or largest
    _, low = scale(smallest, unit)
    _, high = scale(largest, unit)
    if low != high and smallest * 100 < largest:
        _, low = scale(100 * smallest, unit)
    return low or unit


def _find(units: tuple[_Unit, ...], name: str) -> _Unit | None:
    name = name.lower()
    if len(name) > 2:
        name = name.removesuffix("s")
    return next((unit for unit in units if name in unit.aliases), None)


def _fitting(units: tuple[_Unit, ...], base: float) -> _Unit | None:
    return next((unit for unit in reversed(units) if base >= unit.factor), None)
