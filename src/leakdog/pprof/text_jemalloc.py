"""Heap profiles in jemalloc's own text form, which rust programs write too.

    heap_v2/524288
      t*: 3: 12288 [0: 0]
      t0: 3: 12288 [0: 0]
    @ 0x46a5f3 0x46a0f1
      t*: 2: 8192 [0: 0]
      t0: 2: 8192 [0: 0]

    MAPPED_LIBRARIES:

After the sampling period come the totals, then a stack for each sample: objects and bytes in use, and [allocated
ever] where the program has `prof_accum` set; of all threads (`t*`), and of each. The sum of all threads is read.

Source: jemalloc src/prof_data.c (`prof_dump`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from leakdog.errors import MalformedProfile
from leakdog.pprof import text, text_maps
from leakdog.pprof.heap_columns import Counted, HeapBuilder
from leakdog.pprof.limits import Limits
from leakdog.pprof.profile import Profile

_HEADER = re.compile(r"heap_v2/(\d{1,18})\Z")
_COUNTS = re.compile(r"t(\*|\d{1,18}): (\d{1,18}): (\d{1,18}) \[(\d{1,18}): (\d{1,18})\](?: .*)?\Z")
_ALL_THREADS = "*"


def parse_jemalloc(body: bytes, limits: Limits) -> Profile:
    """Read a heap profile in jemalloc's text form.

    Raises:
        MalformedProfile: a line that does not belong, or the text is cut off.
        ProfileTooLarge: over a limit.

    """
    samples, maps = text_maps.split(body)
    numbered = text.lines(samples, limits)
    header = _HEADER.match(next(numbered)[1].strip())
    if not header:
        raise MalformedProfile("the first line begins like that of a jemalloc heap profile, but has no sampling period")
    found = _samples(numbered)
    totals = next(found, None)
    if not totals or totals[0] is not None:
        raise MalformedProfile("line 2 has no totals of all threads (t*)")
    if maps is None:
        raise MalformedProfile("the text is cut off: no MAPPED_LIBRARIES follow the samples")
    builder = HeapBuilder(totals[1], int(header[1]), limits)
    for addresses, counted in found:
        builder.add(counted, text.stack(builder, addresses or [], []))
    return builder.finish(text_maps.read(maps, limits))


def _samples(numbered: Iterator[tuple[int, str]]) -> Iterator[tuple[list[int] | None, Counted]]:
    """Stacks with what all threads have there; the totals come first, without a stack."""
    addresses: list[int] | None = None
    for number, raw in numbered:
        line = raw.strip()
        if line.startswith("@"):
            addresses = text.addresses(line[1:], number)
        elif line:
            thread, counted = _counts(line, number)
            if thread == _ALL_THREADS:
                yield addresses, counted


def _counts(line: str, number: int) -> tuple[str, Counted]:
    match = _COUNTS.match(line)
    counted = Counted(*(int(n) for n in match.groups()[1:])) if match else None
    if not match or not counted or not counted.is_sound():
        raise MalformedProfile(f"line {number} is no line of a jemalloc heap profile: {line[:80]!r}")
    return match[1], counted
