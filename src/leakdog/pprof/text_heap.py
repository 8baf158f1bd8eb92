"""Heap profiles in Go's text form, `/debug/pprof/heap?debug=1`, to what the binary form says.

    heap profile: 2: 8192 [3: 12288] @ heap/1048576
    2: 8192 [3: 12288] @ 0x46a5f3 0x46a0f1

A line counts objects and bytes in use, then [allocated ever], of the allocations that were sampled.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from leakdog.errors import MalformedProfile
from leakdog.model import Frame
from leakdog.pprof import text
from leakdog.pprof.build import Builder
from leakdog.pprof.limits import Limits
from leakdog.pprof.profile import Label, Profile, ValueType

_HEADER = re.compile(r"heap profile: *(\d+): *(\d+) *\[ *(\d+): *(\d+) *\] *@ *heap/(\d{0,18})\Z")
_SAMPLE = re.compile(r"(-?\d{1,18}): *(-?\d{1,18}) *\[ *(\d{1,18}): *(\d{1,18}) *\] @(.*)\Z")
_MEMSTATS = "# runtime.MemStats"
_SPACE = ValueType("space", "bytes")
# Allocated before in use: without a default, the last column is the one shown.
_FOUR_COLUMNS = tuple(
    ValueType(f"{state}_{what}", unit)
    for state in ("alloc", "inuse")
    for what, unit in (("objects", "count"), ("space", "bytes"))
)
_TWO_COLUMNS = (ValueType("objects", "count"), _SPACE)


@dataclass(slots=True)
class _Record:
    """One sample line and the comment lines below it. Each pair counts objects and bytes."""

    in_use: tuple[int, int]
    allocated: tuple[int, int]
    addresses: list[int]
    frames: list[tuple[int, Frame | None]] = field(default_factory=list)


@dataclass(slots=True)
class _Seen:
    """What tells whether the text is all there."""

    records: int = 0
    frames: int = 0
    totals: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    memstats: bool = False  # their heading comes after the last sample


def parse_heap(body: bytes, limits: Limits) -> Profile:
    """Read a heap profile in text form.

    Raises:
        MalformedProfile: a line that does not belong, or the text is cut off.
        ProfileTooLarge: over a limit.

    """
    numbered = text.lines(body, limits)
    header = _HEADER.match(next(numbered)[1].strip())
    if not header:
        raise MalformedProfile("the first line begins like the header of a heap profile, but does not go on like one")
    totals = [int(total) for total in header.groups()[:4]]
    period = int(header[5] or 0) // 2  # Go prints twice its rate, as early C++ profilers did
    four = any(allocated not in (in_use, 0) for in_use, allocated in zip(totals[:2], totals[2:], strict=True))
    builder = Builder(_FOUR_COLUMNS if four else _TWO_COLUMNS, limits)
    seen = _Seen()
    for record in _records(numbered, seen):
        pairs = (record.allocated, record.in_use) if four else (record.in_use,)
        values = [value for pair in pairs for value in unsampled(*pair, period)]
        stack = text.stack(builder, record.addresses, record.frames)
        builder.sample(values, stack, [Label("bytes", _object_size(record))])
    _check_complete(seen, totals)
    return builder.build(_SPACE, period)


def _records(numbered: Iterator[tuple[int, str]], seen: _Seen) -> Iterator[_Record]:
    """Sample lines with their frames."""
    record: _Record | None = None
    for number, line in numbered:
        if line.startswith("#") or not line.strip():
            seen.memstats |= line == _MEMSTATS
            frame = text.frame(line, number)
            if frame and record:
                record.frames.append(frame)
                seen.frames += 1
            continue
        if record:
            yield record
        record = _record(line, number)
        seen.records += 1
        seen.totals = [a + b for a, b in zip(seen.totals, record.in_use + record.allocated, strict=True)]
    if record:
        yield record


def _record(line: str, number: int) -> _Record:
    match = _SAMPLE.match(line.strip())
    if not match:
        raise MalformedProfile(f"line {number} is no sample of a heap profile: {line[:80]!r}")
    objects, size, all_objects, all_size = (int(n) for n in match.groups()[:4])
    if (size and not objects) or (all_size and not all_objects):
        raise MalformedProfile(f"line {number} has bytes, but no objects: {line[:80]!r}")
    return _Record((objects, size), (all_objects, all_size), text.addresses(match[5], number))


def _check_complete(seen: _Seen, totals: list[int]) -> None:
    """Raise MalformedProfile unless all samples are there.

    Where the text has frames, Go wrote it, and memory statistics follow the last sample. Excerpts without
    frames are in use as test data; one that breaks off after the first line or two is not.
    """
    allocated = seen.totals[3], seen.totals[3] + 1  # Go adds 1 where allocated and in use would be equal
    complete = seen.memstats or (seen.totals[:3] == totals[:3] and totals[3] in allocated and not seen.frames)
    if not complete and (seen.frames or seen.records < 2):
        raise MalformedProfile(f"the text is cut off after sample {seen.records}")


def unsampled(count: int, size: int, period: int) -> tuple[int, int]:
    """Objects and bytes as they were before sampling, estimated from those sampled.

    Method: allocations are sampled by a Poisson process of one event per `period` bytes, so one of `s` bytes
    is seen with probability 1 - exp(-s / period); the numbers are divided by it (google/pprof,
    `scaleHeapSample`). With a period of 1 all is seen, with 0 the period is not known; both leave the numbers
    as they are.
    """
    if not count or not size:
        return 0, 0
    if period <= 1:
        return count, size
    scale = -1 / math.expm1(-(size / count) / period)
    return int(count * scale), int(size * scale)


def _object_size(record: _Record) -> int:
    count, size = record.in_use if record.in_use[0] else record.allocated
    return size // count if count else 0
