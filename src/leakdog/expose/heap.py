"""What tracemalloc knows, as a pprof heap profile."""

from __future__ import annotations

import gc
import threading
import time
import tracemalloc
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cache
from operator import itemgetter
from pathlib import Path

from leakdog.errors import LeakdogError
from leakdog.expose.names import FunctionNames
from leakdog.pprof import wire

Frames = tuple[tuple[str, int], ...]

# Distinct stacks in a profile, largest first; the rest is one sample.
STACKS = 10_000
OTHER = "(other stacks)"
_GZIP, _FAST = 31, 1  # zlib's code for a gzip header; speed, since it is the watched program that pays
_OWN_FILES = (f"{Path(__file__).parent}/", tracemalloc.__file__)

_lock = threading.Lock()
_function_names = FunctionNames()


def heap_profile(collect: bool = False, stacks: int = STACKS) -> bytes:
    """The memory that Python objects hold now, by the stacks that allocated it: a gzipped pprof profile.

    Sample types are `inuse_objects` (count of memory blocks) and `inuse_space` (bytes). Memory that extension
    modules take from the system by themselves is not in it. One caller at a time is served, and nobody waits: each
    snapshot takes about as much memory as tracing does, and callers in a queue would take it one after the other.

    Args:
        collect: collect garbage first.
        stacks: how many distinct stacks, largest first; all others are one sample named `(other stacks)`.

    Raises:
        LeakdogError: tracemalloc is not running, or a profile is in the making.

    """
    if not tracemalloc.is_tracing():
        raise LeakdogError("the heap is not traced: call tracemalloc.start(16) first, or run python -X tracemalloc=16")
    if not _lock.acquire(blocking=False):
        raise LeakdogError("a profile of this heap is in the making: ask again when it is done, or ask less often")
    try:
        if collect:
            gc.collect()
        return _made(stacks)
    finally:
        _malloc_trim()(0)
        _lock.release()


def _made(stacks: int) -> bytes:
    """The profile; what it took to make it is free once this returns."""
    now = time.time_ns()
    profile = _Profile()
    held = _held()
    for count, size, frames in held[:stacks]:
        profile.add(count, size, frames)
    if len(held) > stacks:
        profile.add(sum(row[0] for row in held[stacks:]), sum(row[1] for row in held[stacks:]), [("", 0)])
    deflater = zlib.compressobj(_FAST, zlib.DEFLATED, _GZIP)
    return deflater.compress(profile.encode(now)) + deflater.flush()


@cache
def _malloc_trim() -> Callable[[int], int]:
    """What gives free memory back to the system, malloc_trim(3), where the C library has it; else nothing does.

    glibc keeps what a snapshot took, which is hundreds of MB where many blocks are traced, and a watchdog would find
    that memory outside of the heap grows.
    """
    try:
        import ctypes

        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (ImportError, AttributeError, OSError, TypeError):  # no ctypes; not glibc; not Linux
        return lambda _: 0
    return trim


def _held() -> list[tuple[int, int, Frames]]:
    """Blocks, bytes and frames (leaf first) of every stack but our own, largest first.

    `Snapshot.statistics` tells the same in 30 times the time, as the objects it makes are traced in their turn. So the
    snapshot's rows are grouped as they are: (domain, size, frames, frames before the limit).
    """
    sizes: defaultdict[Frames, list[int]] = defaultdict(list)
    for _, size, frames, _ in tracemalloc.take_snapshot().traces._traces:  # type: ignore[attr-defined]
        sizes[frames].append(size)
    return sorted(
        (
            (len(blocks), sum(blocks), frames)
            for frames, blocks in sizes.items()
            if not any(file.startswith(_OWN_FILES) for file, _ in frames)
        ),
        key=itemgetter(1),
        reverse=True,
    )


class _Profile:
    """A profile.proto message in the making."""

    def __init__(self) -> None:
        self.samples = 0
        self._parts: list[bytes] = []
        self._strings: dict[str, int] = {}
        self._functions: dict[tuple[str, str], int] = {}
        self._locations: dict[tuple[str, int], int] = {}
        self._text("")
        for kind in (("inuse_objects", "count"), ("inuse_space", "bytes")):
            self._parts.append(wire.delimited(1, self._value_type(*kind)))

    def add(self, count: int, size: int, frames: Iterable[tuple[str, int]]) -> None:
        """Add a sample; frames are file and line, leaf first."""
        stack = wire.packed(1, [self._location(*frame) for frame in frames])
        self._parts.append(wire.delimited(2, stack + wire.packed(2, (count, size))))
        self.samples += 1

    def encode(self, time_nanos: int) -> bytes:
        """The whole message."""
        period_type = self._value_type("space", "bytes")
        default = self._text("inuse_space")
        strings = [wire.delimited(6, text.encode("utf-8", "backslashreplace")) for text in self._strings]
        last = [wire.integer(9, time_nanos), wire.delimited(11, period_type), wire.integer(12, 1)]
        return b"".join([*self._parts, *strings, *last, wire.integer(14, default)])

    def _text(self, text: str) -> int:
        return self._strings.setdefault(text, len(self._strings))

    def _value_type(self, kind: str, unit: str) -> bytes:
        return wire.integer(1, self._text(kind)) + wire.integer(2, self._text(unit))

    def _location(self, file: str, line: int) -> int:
        known = self._locations.get((file, line))
        if known is None:
            known = self._locations[file, line] = len(self._locations) + 1
            function = self._function(_function_names(file, line) if file else OTHER, file)
            self._parts.append(
                wire.delimited(4, wire.integer(1, known) + wire.delimited(4, function + wire.integer(2, line)))
            )
        return known

    def _function(self, name: str, file: str) -> bytes:
        """The function field of a line, with the function itself written when it is new."""
        known = self._functions.get((name, file))
        if known is None:
            known = self._functions[name, file] = len(self._functions) + 1
            fields = (known, self._text(name), self._text(name), self._text(file))
            self._parts.append(
                wire.delimited(5, b"".join(wire.integer(number, value) for number, value in enumerate(fields, 1)))
            )
        return wire.integer(1, known)
