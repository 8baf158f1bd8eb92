"""Figures from the end of Go's heap profile in text form, where a target without metrics tells them."""

from __future__ import annotations

import re

from leakdog.errors import MalformedProfile, WrongProfile
from leakdog.model import Signal
from leakdog.pprof.limits import DEFAULT_LIMITS, Limits
from leakdog.pprof.reader import HEAP_TEXT, expand
from leakdog.pprof.sniff import describe, is_text

_HEADING = b"\n# runtime.MemStats\n"
_LAST_LINE = re.compile(rb"^# DebugGC = \w+\n", re.MULTILINE)
_LINE = re.compile(rb"^# (\w+) = (\d+)(?: / \d+)?$", re.MULTILINE)
_SIGNALS = {
    b"HeapAlloc": Signal.HEAP_ALLOC,
    b"HeapSys": Signal.HEAP_SYS,
    b"HeapIdle": Signal.HEAP_IDLE,
    b"HeapInuse": Signal.HEAP_INUSE,
    b"HeapReleased": Signal.HEAP_RELEASED,
    b"HeapObjects": Signal.HEAP_OBJECTS,
    b"Stack": Signal.STACK_INUSE,  # written as "in use / from the system"
    b"Sys": Signal.SYS,
    b"TotalAlloc": Signal.TOTAL_ALLOC,
}


def memstats(data: bytes, limits: Limits = DEFAULT_LIMITS) -> dict[Signal, float]:
    """Read the `# runtime.MemStats` block at the end of `/debug/pprof/heap?debug=1`; without what it lacks.

    Raises:
        WrongProfile: there is no such block.
        MalformedProfile: the block is cut off, or the gzip around it is broken.
        ProfileTooLarge: over a limit in bytes.

    """
    body = expand(data, limits)
    _, heading, block = body.rpartition(_HEADING)
    if not heading and HEAP_TEXT.match(body):
        raise MalformedProfile("the text is cut off before its runtime.MemStats block")
    if not heading:
        words = describe(body) or ("a profile in binary form" if not is_text(body) else "text")
        raise WrongProfile(f"there is no runtime.MemStats block here: this is {words}")
    if not _LAST_LINE.search(block):
        raise MalformedProfile("the runtime.MemStats block is cut off")
    found = {name: float(value) for name, value in _LINE.findall(block)}
    return {signal: found[name] for name, signal in _SIGNALS.items() if name in found}
