"""The goroutine dump that Go serves at `goroutine?debug=2`, read into groups of equal goroutines.

It is the only form that tells who started a goroutine and for how long it has waited. It is text from a
target that is not trusted: every count is bounded, and what is beyond a bound is an error, not a guess.

The format is printed by `traceback` and `goroutineheader` in Go's `runtime/traceback.go`:

    goroutine 18 [chan send, 3 minutes]:
    main.publish(0xc000012345, {0x1, 0x2})
            /src/app/main.go:21 +0x1d
    created by main.start in goroutine 1
            /src/app/main.go:12 +0x4a
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from leakdog.errors import MalformedProfile, ProfileTooLarge, WrongProfile
from leakdog.model import Frame

# Largest dump read: Go itself stops at 64 MiB, and a goroutine takes about 500 bytes.
DUMP_BYTES = 64 << 20
# The traceback prints at most 100 frames of a goroutine (the innermost and the outermost 50).
DUMP_FRAMES = 250
NAME_CHARACTERS = 4096

_HEADER = re.compile(r"goroutine \d+ (?:[^\[]* )?\[([^\[\]]*)\](?: ?\{.*\})?:$")
_CREATED = re.compile(r"created by (.+?)(?: in goroutine \d+)?$")
_PLACE = re.compile(r"\t(.*):(\d{1,9})(?: \+0x[0-9a-f]+)?(?: fp=.*)?$")
_MINUTES = re.compile(r"(\d{1,9}) minutes$")
_REMARKS = re.compile(r" \((?:leaked|scan|synctest|durable)\)")
_ELIDED = re.compile(r"\.\.\.\d* ?(?:additional )?frames elided\.\.\.$")


@dataclass(frozen=True, slots=True)
class GoroutineGroup:
    """Goroutines with one stack (lines included), one wait reason and one starter.

    Attributes:
        stack: leaf first; empty for a goroutine whose stack the dump does not show.
        reason: what they wait for, such as `chan send`.
        created_by: where they were started; None for the main goroutine.
        count: how many.
        longest_wait_minutes: of all of them; 0 below a minute, which the dump does not tell.

    """

    stack: tuple[Frame, ...]
    reason: str
    created_by: Frame | None
    count: int
    longest_wait_minutes: int


def parse_dump(data: bytes) -> tuple[GoroutineGroup, ...]:
    """Read a dump; the largest groups come first.

    Raises:
        WrongProfile: it is not a goroutine dump with `debug=2`.
        MalformedProfile: it begins as one and breaks off or goes wrong.
        ProfileTooLarge: over `DUMP_BYTES`, or a stack over `DUMP_FRAMES`.

    """
    if len(data) > DUMP_BYTES:
        raise ProfileTooLarge(f"a goroutine dump of {len(data)} bytes is over the limit of {DUMP_BYTES}")
    if not data.startswith(b"goroutine ") or data.startswith(b"goroutine profile:"):
        raise WrongProfile("this is not a goroutine dump; fetch /debug/pprof/goroutine?debug=2")
    groups: dict[tuple[tuple[Frame, ...], str, Frame | None], GoroutineGroup] = {}
    for number, block in _blocks(data):
        one = _goroutine(number, block)
        key = (one.stack, one.reason, one.created_by)
        known = groups.get(key)
        if known is None:
            groups[key] = one
        else:
            longest = max(known.longest_wait_minutes, one.longest_wait_minutes)
            groups[key] = replace(known, count=known.count + 1, longest_wait_minutes=longest)
    return tuple(sorted(groups.values(), key=lambda group: -group.count))


def _blocks(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Runs of lines between empty ones, each with the number of its first line."""
    block: list[str] = []
    lines = data.decode("utf-8", "replace").split("\n")
    for number, raw in enumerate(lines, 1):
        line = raw.removesuffix("\r")
        if line:
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []
    if block:
        yield len(lines) - len(block) + 1, block


def _goroutine(number: int, block: list[str]) -> GoroutineGroup:
    header = _HEADER.match(block[0])
    if header is None:
        raise MalformedProfile(f"goroutine dump, line {number}: {block[0][:80]!r} does not start a goroutine")
    if len(block) > 2 * DUMP_FRAMES:
        raise ProfileTooLarge(f"goroutine dump, line {number}: a stack of more than {DUMP_FRAMES} frames")
    reason, minutes = _state(header[1])
    stack: list[Frame] = []
    created_by = None
    lines = [line for line in block[1:] if not _ELIDED.match(line)]
    if lines and lines[0].startswith("\tgoroutine running on other thread"):
        lines = lines[1:]  # its stack is not shown, who started it is
    for at in range(0, len(lines), 2):
        created = _CREATED.match(lines[at])
        frame = _frame(lines[at : at + 2], created[1] if created else _called(lines[at]), number)
        if created:
            created_by = frame
        else:
            stack.append(frame)
    return GoroutineGroup(tuple(stack), reason, created_by, 1, minutes)


def _state(text: str) -> tuple[str, int]:
    """`chan send (leaked), 3 minutes, locked to thread` as wait reason and minutes."""
    parts = text.split(", ")
    waits = [int(found[1]) for part in parts[1:] if (found := _MINUTES.match(part))]
    return _REMARKS.sub("", parts[0])[:NAME_CHARACTERS], max(waits, default=0)


def _called(line: str) -> str:
    """The function of `main.(*T).run(0xc000, ...)`: arguments hold no parentheses."""
    return line.rpartition("(")[0] or line


def _frame(lines: list[str], function: str, number: int) -> Frame:
    place = _PLACE.match(lines[1]) if len(lines) == 2 else None
    if place is None:
        raise MalformedProfile(f"goroutine dump, goroutine at line {number}: no file and line after {function[:80]!r}")
    return Frame(function[:NAME_CHARACTERS], place[1][:NAME_CHARACTERS], int(place[2]))
