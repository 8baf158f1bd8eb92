"""Contention profiles in text form: Go's `/debug/pprof/mutex?debug=1` and `block?debug=1`, gperftools' `/contentionz`.

    --- contentionz 1 ---
    cycles/second = 3201000000
    sampling period = 100
    ms since reset = 16502830
    19490304 27 @ 0xbccc97 0xc61202

A line counts processor cycles that were waited for, and how often, of those that were sampled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from leakdog.errors import MalformedProfile
from leakdog.model import Frame
from leakdog.pprof import legacy, text, text_maps
from leakdog.pprof.build import Builder
from leakdog.pprof.limits import Limits
from leakdog.pprof.profile import Profile, ValueType

_NUMBER = re.compile(r"\d{1,18}\Z")
_SAMPLE = re.compile(r"(\d{1,18})\s+(\d{1,18}) @(.*)\Z")
_CYCLES, _PERIOD, _MILLISECONDS = "cycles/second", "sampling period", "ms since reset"
_KNOWN = {_CYCLES, _PERIOD, _MILLISECONDS, "discarded samples"}
_COUNT = ValueType("contentions", "count")


@dataclass(slots=True)
class _Record:
    delay: int  # cycles, or nanoseconds where the program does not tell its cycles
    count: int
    addresses: list[int]
    frames: list[tuple[int, Frame | None]] = field(default_factory=list)


def parse_contention(body: bytes, limits: Limits) -> Profile:
    """Read a contention profile in text form.

    Raises:
        MalformedProfile: a line that does not belong, or the text is cut off.
        ProfileTooLarge: over a limit.

    """
    records, maps = text_maps.split(body)
    numbered = text.lines(records, limits)
    next(numbered)
    builder = Builder([_COUNT, ValueType("delay", "nanoseconds")], limits)
    attributes: dict[str, int] = {}
    for record in _records(numbered, attributes):
        stack = text.stack(builder, record.addresses, record.frames)
        builder.sample(_unsampled(record, attributes), stack)
    return builder.build(
        _COUNT,
        attributes.get(_PERIOD, 1),
        uninteresting=legacy.CONTENTION,
        mappings=text_maps.read(maps, limits),
        duration_nanos=attributes.get(_MILLISECONDS, 0) * 10**6,
    )


def _records(numbered: Iterator[tuple[int, str]], attributes: dict[str, int]) -> Iterator[_Record]:
    """Samples; attributes, which come before the first, are noted on the way."""
    record: _Record | None = None
    for number, line in numbered:
        stripped = line.strip()
        if stripped.startswith("---"):
            break
        if not stripped or line.startswith("#"):
            frame = text.frame(line, number)
            if frame and record:
                record.frames.append(frame)
            continue
        if record:
            yield record
        elif "=" in stripped:
            name, value = _attribute(stripped, number)
            attributes[name] = value
            continue
        record = _record(stripped, number)
    if record:
        yield record


def _attribute(line: str, number: int) -> tuple[str, int]:
    name, value = (part.strip() for part in line.split("=", 1))
    if name not in _KNOWN or not _NUMBER.match(value):
        raise MalformedProfile(f"line {number} is no attribute of a contention profile: {line[:80]!r}")
    return name, int(value)


def _record(line: str, number: int) -> _Record:
    match = _SAMPLE.match(line)
    if not match:
        raise MalformedProfile(f"line {number} is no sample of a contention profile: {line[:80]!r}")
    return _Record(int(match[1]), int(match[2]), text.addresses(match[3], number))


def _unsampled(record: _Record, attributes: dict[str, int]) -> tuple[int, int]:
    """Contentions and nanoseconds, as many as there were: one in `sampling period` is seen."""
    period, cycles = attributes.get(_PERIOD, 1), attributes.get(_CYCLES, 0)
    if not period:
        return record.count, record.delay
    delay = int(float(record.delay) * period / (cycles / 1e9)) if cycles else record.delay
    return record.count * period, delay
