"""Counts of stacks in Go's text form: `/debug/pprof/goroutine?debug=1`, goroutineleak, threadcreate.

goroutine profile: total 3
2 @ 0x43a0d6 0x44bb5e
# labels: {"job":"import"}
#	0x44bb5d	main.wait+0x1d	/src/main.go:31
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from leakdog.errors import MalformedProfile
from leakdog.model import Frame
from leakdog.pprof import legacy, text, text_maps
from leakdog.pprof.build import Builder
from leakdog.pprof.limits import Limits
from leakdog.pprof.profile import Label, Profile, ValueType

_HEADER = re.compile(r"([!-~]+) profile: total (\d{1,18})\Z")
_SAMPLE = re.compile(r"(\d{1,18}) @((?: 0x[0-9a-f]+)*) *\Z")
_LABELS = "# labels: {"
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_LABEL = re.compile(f"(?:, )?{_QUOTED}:{_QUOTED}")


@dataclass(slots=True)
class _Record:
    count: int
    addresses: list[int]
    frames: list[tuple[int, Frame | None]] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)


def parse_count(body: bytes, limits: Limits) -> Profile:
    """Read a profile of counts in text form.

    Raises:
        MalformedProfile: a line that does not belong, or the text is cut off.
        ProfileTooLarge: over a limit.

    """
    records, maps = text_maps.split(body)
    numbered = text.lines(records, limits)
    line = next(line for _, line in numbered if line.strip() and not line.startswith("#"))
    header = _HEADER.match(line)
    if not header:
        raise MalformedProfile(f"the header of this profile has more to it than expected: {line[:80]!r}")
    kind = ValueType(header[1], "count")
    builder = Builder([kind], limits)
    total = frames = 0
    for record in _records(numbered):
        builder.sample([record.count], text.stack(builder, record.addresses, record.frames), record.labels)
        total += record.count
        frames += len(record.frames)
    if total != int(header[2]) or (frames and not records.endswith((b"\n\n", b"\n\r\n"))):
        raise MalformedProfile(f"the text is cut off: it counts {total} of {header[2]} {header[1]} stacks")
    return builder.build(kind, 1, mappings=text_maps.read(maps, limits), uninteresting=legacy.OTHER)


def _records(numbered: Iterator[tuple[int, str]]) -> Iterator[_Record]:
    record: _Record | None = None
    for number, line in numbered:
        if line.startswith("#") or not line.strip():
            frame = text.frame(line, number)
            if frame and record:
                record.frames.append(frame)
            elif record and line.startswith(_LABELS):
                record.labels = list(_labels(line))
            continue
        if line.startswith("---"):  # other sections follow
            break
        if record:
            yield record
        match = _SAMPLE.match(line)
        if not match:
            raise MalformedProfile(f"line {number} is no sample of this profile: {line[:80]!r}")
        record = _Record(int(match[1]), text.addresses(match[2], number))
    if record:
        yield record


def _labels(line: str) -> Iterator[Label]:
    at = len(_LABELS)
    while match := _LABEL.match(line, at):
        yield Label(_unquote(match[1]), _unquote(match[2]))
        at = match.end()


def _unquote(quoted: str) -> str:
    """Undo Go's quoting where JSON has the same; what only Go has (`\\x1b`) is left as it is, and inert."""
    try:
        return str(json.loads(f'"{quoted}"', strict=False))
    except ValueError:
        return quoted
