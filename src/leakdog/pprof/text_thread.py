"""Stacks of threads in gperftools' text form, `/threadz`.

    --- threadz 1 ---

    --- Thread 7f794ab90940 (name: main/14748) stack: ---
      PC:  0x00bc8f1c: helper(arg *)
      0x0040be31: main
          creator: 0xa45b96 0xa460b4
    --- Thread 7f794934c700 (name: worker/14752) stack: ---
      [same as previous thread]

Source: google/pprof profile/legacy_profile.go (`parseThread`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from leakdog.errors import MalformedProfile
from leakdog.pprof import legacy, text, text_maps
from leakdog.pprof.build import Builder
from leakdog.pprof.limits import Limits
from leakdog.pprof.profile import Profile, ValueType

_TITLE = re.compile(r"--- threadz \d+ ---")
_THREAD = re.compile(r"--- Thread [0-9a-fA-F]+ \(name: .*/\d+\) stack: ---")
_NO_MORE = "---- no stack trace for"
_SAME = "same as previous thread"
_NUMBER = re.compile(r"0x[0-9a-f]+")
_KIND = ValueType("thread", "count")


@dataclass(slots=True)
class _Threads:
    """Threads with one stack, one after the other."""

    stack: list[int] = field(default_factory=list)
    count: int = 1
    same: bool = False


def parse_threads(body: bytes, limits: Limits) -> Profile:
    """Read a thread profile in text form; the stack of whoever created a thread follows its own.

    Raises:
        MalformedProfile: a line that does not belong, or the text is cut off.
        ProfileTooLarge: over a limit.

    """
    threads, maps = text_maps.split(body)
    builder = Builder([_KIND], limits)
    for each in _merged(_threads(text.lines(threads, limits))):
        builder.sample([each.count], [builder.location(address) for address in _onto_calls(each.stack)])
    return builder.build(_KIND, 1, uninteresting=legacy.OTHER, mappings=text_maps.read(maps, limits))


def _threads(numbered: Iterator[tuple[int, str]]) -> Iterator[_Threads]:
    thread: _Threads | None = None
    for number, line in numbered:
        if line.startswith(_NO_MORE):
            break
        if line.lstrip().startswith("---"):
            if thread:
                yield thread
                thread = None
            if _THREAD.match(line):
                thread = _Threads()
            elif not _TITLE.match(line):
                raise MalformedProfile(f"line {number} does not begin a thread: {line[:80]!r}")
        elif thread:
            thread.same |= _SAME in line
            thread.stack += _numbers(line, number)
    if thread:
        yield thread


def _merged(threads: Iterator[_Threads]) -> Iterator[_Threads]:
    """Those that are said to be the same are counted with the one before."""
    before: _Threads | None = None
    for thread in threads:
        if thread.same or not thread.stack:
            if before:
                before.count += 1
            continue
        if before:
            yield before
        before = thread
    if before:
        yield before


def _numbers(line: str, number: int) -> list[int]:
    """All addresses of a line, between whatever names it has."""
    found = [int(each, 16) for each in _NUMBER.findall(line)]
    if any(address >> 64 for address in found):
        raise MalformedProfile(f"line {number} has an address of more than 64 bits: {line[:80]!r}")
    return found


def _onto_calls(stack: list[int]) -> list[int]:
    """Addresses moved onto the call; the leaf is none, and handlers that write it twice are put right."""
    leaf, *callers = stack
    moved = [text.on_call(address) for address in callers]
    twice = bool(moved) and text.on_call(leaf) == moved[0]
    return [leaf, *moved[twice:]]
