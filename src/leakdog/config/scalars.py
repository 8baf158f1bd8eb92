"""Durations and sizes: text to seconds and bytes, and back; and what names of code begin with."""

from __future__ import annotations

import re
from decimal import Decimal

from leakdog.config.words import listed, quoted

LONGEST_SECONDS = 100 * 365 * 86400
LARGEST_SIZE = 2**63 - 1  # what SQLite can hold

# From the longest to the shortest, as Prometheus has them.
_MILLISECONDS = {
    "y": 31_536_000_000,
    "w": 604_800_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
_BYTES = {
    "TiB": 2**40,
    "TB": 10**12,
    "GiB": 2**30,
    "GB": 10**9,
    "MiB": 2**20,
    "MB": 10**6,
    "KiB": 2**10,
    "kB": 10**3,
    "KB": 10**3,
    "B": 1,
}
DURATION_PATTERN = "^(?=[0-9])" + "".join(f"([0-9]{{1,15}}{unit})?" for unit in _MILLISECONDS) + "$"
SIZE_PATTERN = f"^([0-9]{{1,19}}(?:\\.[0-9]{{1,9}})?)({'|'.join(_BYTES)})?$"
# No name of a package, module or folder holds these; whoever writes them means a pattern.
CODE_PATTERN = "^[^\\s*?$^|\\\\()\\[\\]{}]+$"
_PART = re.compile("([0-9]+)([a-z]+)")


def parse_duration(text: str) -> float:
    """Seconds from Prometheus's duration syntax: units from long to short, each at most once.

    Raises:
        ValueError: it is not a duration, or is longer than a hundred years.

    """
    if re.fullmatch("[0-9]+", text):
        raise ValueError(f"{quoted(text)} has no unit; write it like 500ms, 15s, 5m, 1h30m or 3d")
    if not re.fullmatch(DURATION_PATTERN, text):
        raise ValueError(f"{quoted(text)} is not a duration; write it like 500ms, 15s, 5m, 1h30m or 3d")
    seconds = sum(int(count) * _MILLISECONDS[unit] for count, unit in _PART.findall(text)) / 1000
    if seconds > LONGEST_SECONDS:
        raise ValueError(f"{quoted(text)} is too long; 100y is the most")
    return seconds


def write_duration(seconds: float) -> str:
    """The shortest exact writing, in whole milliseconds; years and weeks only where nothing is left over."""
    left = round(seconds * 1000)
    for unit in ("y", "w"):
        if left and left % _MILLISECONDS[unit] == 0:
            return f"{left // _MILLISECONDS[unit]}{unit}"
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, left = divmod(left, _MILLISECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def parse_size(text: str) -> int:
    """Bytes from a number with or without a unit: KiB, MiB, ... are powers of 1024, kB, MB, ... of 1000.

    Raises:
        ValueError: it is not a size, not a whole number of bytes, or too large to be stored.

    """
    found = re.fullmatch(SIZE_PATTERN, text)
    if not found:
        units = listed(sorted(_BYTES, key=_BYTES.__getitem__))
        raise ValueError(f"{quoted(text)} is not a size; write bytes, or it like 64MiB or 2GB (units: {units})")
    exact = Decimal(found.group(1)) * _BYTES[found.group(2) or "B"]
    if exact != int(exact):
        raise ValueError(f"{quoted(text)} is not a whole number of bytes; use a smaller unit")
    if exact > LARGEST_SIZE:
        raise ValueError(f"{quoted(text)} is too large; {LARGEST_SIZE} bytes are the most")
    return int(exact)


def write_size(size: int) -> str:
    """The shortest exact writing: the largest unit of which it is a whole number."""
    unit = next(unit for unit, factor in _BYTES.items() if size and size % factor == 0) if size else "B"
    return f"{size // _BYTES[unit]}{unit}"


def parse_code(text: str) -> str:
    """What names of packages, modules or folders begin with.

    Raises:
        ValueError: it is empty, or holds what no name does.

    """
    if not re.fullmatch(CODE_PATTERN, text):
        raise ValueError(f"{quoted(text)} is no beginning of a name; write it like github.com/acme/shop, no pattern")
    return text
