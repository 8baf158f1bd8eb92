"""Heap profiles in text form: Go's `/debug/pprof/heap?debug=1`, and those of tcmalloc and gperftools.

    heap profile: 2: 8192 [3: 12288] @ heap/1048576
    2: 8192 [3: 12288] @ 0x46a5f3 0x46a0f1

A line counts objects and bytes in use, then [allocated ever], of the allocations that were sampled. What comes
after the @ of the first line says which:

* `heap/1048576`: Go, and early C++, with twice the sampling period
* `heap_v2/524288`, `heapz_v2/524288`: tcmalloc, with the period
* `heapprofile`: gperftools' heap profiler, which sees every allocation
* `growth`, `growthz`, `fragmentation`, `fragmentationz`: memory taken from the system, all of it
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from leakdog.errors import MalformedProfile
from leakdog.model import Frame
from leakdog.pprof import text, text_maps
from leakdog.pprof.heap_columns import Counted, HeapBuilder
from leakdog.pprof.limits import Limits
from leakdog.pprof.profile import Profile

_HEADER = re.compile(
    r"heap profile: *(\d{1,18}): *(\d{1,18}) *\[ *(\d{1,18}): *(\d{1,18}) *\] *@ *"
    r"(?:(heap|heapz?_v2|heapprofile)/?(\d{0,18})|(?:growth|fragmentation)z?)\Z"
)
_SAMPLE = re.compile(r"(-?\d{1,18}): *(-?\d{1,18}) *\[ *(\d{1,18}): *(\d{1,18}) *\] @(.*)\Z")
_NOTHING = Counted(0, 0, 0, 0)
_MEMSTATS = "# runtime.MemStats"


@dataclass(slots=True)
class _Record:
    """One sample line and the comment lines below it."""

    counted: Counted
    addresses: list[int]
    frames: list[tuple[int, Frame | None]] = field(default_factory=list)


@dataclass(slots=True)
class _Seen:
    """What tells whether the text is all there."""

    records: int = 0
    frames: int = 0
    totals: Counted = _NOTHING
    end: bool = False  # what follows the last sample: memory statistics, or a memory map


def parse_heap(body: bytes, limits: Limits) -> Profile:
    """Read a heap profile in text form.

    Raises:
        MalformedProfile: a line that does not belong, or the text is cut off.
        ProfileTooLarge: over a limit.

    """
    samples, maps = text_maps.split(body)
    numbered = text.lines(samples, limits)
    header = _HEADER.match(next(numbered)[1].strip())
    if not header:
        raise MalformedProfile("the first line begins like the header of a heap profile, but does not go on like one")
    totals = Counted(*(int(total) for total in header.groups()[:4]))
    builder = _builder(totals, header[5], int(header[6] or 0), limits)
    seen = _Seen(end=maps is not None)
    for record in _records(numbered, seen):
        builder.add(record.counted, text.stack(builder, record.addresses, record.frames))
    _check_complete(seen, totals)
    return builder.finish(text_maps.read(maps, limits))


def _builder(totals: Counted, form: str | None, number: int, limits: Limits) -> HeapBuilder:
    if form == "heap":
        return HeapBuilder(totals, number // 2, limits)
    if form and form != "heapprofile":
        return HeapBuilder(totals, number, limits)
    if not form:  # growth is told twice, as in use and as allocated
        totals = totals._replace(all_objects=0, all_size=0)
    return HeapBuilder(totals, 1, limits, sampled=False)


def _records(numbered: Iterator[tuple[int, str]], seen: _Seen) -> Iterator[_Record]:
    """Sample lines with their frames."""
    record: _Record | None = None
    for number, line in numbered:
        if line.startswith("#") or not line.strip():
            seen.end |= line == _MEMSTATS
            frame = text.frame(line, number)
            if frame and record:
                record.frames.append(frame)
                seen.frames += 1
            continue
        if record:
            yield record
        record = _record(line, number)
        seen.records += 1
        seen.totals = Counted(*(a + b for a, b in zip(seen.totals, record.counted, strict=True)))
    if record:
        yield record


def _record(line: str, number: int) -> _Record:
    match = _SAMPLE.match(line.strip())
    if not match:
        raise MalformedProfile(f"line {number} is no sample of a heap profile: {line[:80]!r}")
    counted = Counted(*(int(n) for n in match.groups()[:4]))
    if not counted.is_sound():
        raise MalformedProfile(f"line {number} has bytes, but no objects: {line[:80]!r}")
    return _Record(counted, text.addresses(match[5], number))


def _check_complete(seen: _Seen, totals: Counted) -> None:
    """Raise MalformedProfile unless all samples are there.

    Where the text has frames, Go wrote it, and memory statistics follow the last sample. C++ writes a memory map
    there. Excerpts without either are in use as test data; one that breaks off after the first line or two is not.
    """
    allocated = seen.totals[3], seen.totals[3] + 1  # Go adds 1 where allocated and in use would be equal
    complete = seen.end or (seen.totals[:3] == totals[:3] and totals[3] in allocated and not seen.frames)
    if not complete and (seen.frames or seen.records < 2):
        raise MalformedProfile(f"the text is cut off after sample {seen.records}")
