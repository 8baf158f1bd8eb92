"""The memory ledger: the resident set of a process split into parts that add up to it.

Works from whatever numbers are known, in any mix: those of the kernel (`/proc`), of a metrics page, or of Go's
MemStats. A part that the numbers do not tell is left out and stays inside a coarser one, which `Part` names; none is
ever guessed. What each number counts is said in the documentation of Go's packages `runtime` (MemStats) and
`runtime/metrics` (`/memory/classes`), and in `proc_pid_status(5)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from leakdog.model import Signal

Numbers = Mapping[Signal, float]


class Part(StrEnum):
    """A part of the resident set. Of two that overlap, a ledger has only one."""

    LIVE = "live_heap"  # objects that the last collection found alive
    GARBAGE = "garbage"  # objects that are dead, or younger than the last collection
    OBJECTS = "heap_objects"  # both of them, where they cannot be told apart
    FRAGMENTATION = "fragmentation"  # room inside spans in use that no object has
    IDLE = "idle"  # spans that hold nothing and were not given back to the system
    STACKS = "stacks"  # of goroutines
    RUNTIME = "runtime"  # the runtime's own structures
    GO = "go_rest"  # what else the Go runtime has, where it does not tell all of the above
    NATIVE = "native"  # cgo and other native libraries, mmap, the program's own variables, threads' stacks
    OUTSIDE = "outside_go"  # native and pages of files, where they cannot be told apart
    SHARED = "shared_memory"  # shared between processes, or tmpfs
    FILE = "file_pages"  # of programs and mapped files, which the kernel can drop
    REST = "rest"  # all that nothing tells apart


WORDS = {
    Part.LIVE: "live heap",
    Part.GARBAGE: "heap garbage not yet collected",
    Part.OBJECTS: "heap objects, live or garbage",
    Part.FRAGMENTATION: "fragmentation inside spans",
    Part.IDLE: "heap idle and not returned",
    Part.STACKS: "goroutine stacks",
    Part.RUNTIME: "runtime structures",
    Part.GO: "other memory of the Go runtime",
    Part.NATIVE: "native memory",
    Part.OUTSIDE: "outside the Go runtime, file pages included",
    Part.SHARED: "shared memory",
    Part.FILE: "file pages",
    Part.REST: "not told apart",
}
# What is left of the whole once all that is known has been taken off it.
REMAINDERS = (Part.NATIVE, Part.OUTSIDE, Part.REST)
_KERNEL = (*REMAINDERS, Part.SHARED, Part.FILE)
# The runtime maps far more for these than it ever writes to: 3.7 MiB, of which 0.3 are resident, in an idle Go program.
_SPARSE = (Part.RUNTIME, Part.GO)

# What is a part of what, the whole before its parts.
_WITHIN = (
    (Signal.HEAP_IDLE, Signal.HEAP_SYS),
    (Signal.HEAP_RELEASED, Signal.HEAP_IDLE),
    (Signal.HEAP_RELEASED, Signal.SYS),
    (Signal.HEAP_ALLOC, Signal.HEAP_INUSE),
    (Signal.HEAP_LIVE, Signal.HEAP_ALLOC),
    (Signal.INUSE_SPACE, Signal.HEAP_ALLOC),
    (Signal.RSS_ANON, Signal.RSS),
)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The parts of a process's memory at one time.

    Attributes:
        total: resident set in bytes; where that is not known, what the Go runtime has from the system.
        parts: bytes by part, none negative; they sum to `total`.
        absent: bytes that the Go runtime counts as its own and that are not resident: never written to, or swapped
            out. They are in no part.

    """

    total: float
    parts: Mapping[Part, float]
    absent: float = 0.0


def ledger(numbers: Numbers) -> Ledger | None:
    """The ledger of one process at one time; None where no number tells how large it is.

    Numbers that contradict each other are cut to what can be: no part is below 0. Where the Go runtime counts more
    than is resident, some of its pages were never written to. Nobody tells which; they are taken off the runtime's own
    structures first, then off all of its parts in proportion, and told as `absent`.
    """
    told = _consistent(numbers)
    parts = split(told)
    if not parts:
        return None
    resident = told.get(Signal.RSS)
    total = resident if resident is not None else sum(parts.values())
    absent = max(0.0, -min((parts[each] for each in REMAINDERS if each in parts), default=0.0))
    return Ledger(total, _settled(parts), absent)


def split(numbers: Numbers) -> dict[Part, float]:
    """The parts as sums and differences of `numbers`, which may be sizes or, for a process that grows, rates.

    The parts add up to the resident set; negative ones are not touched. Empty where neither the resident set nor all
    that the Go runtime has is known.
    """
    parts = _go_parts(numbers)
    whole = _go(numbers)
    resident, anonymous = numbers.get(Signal.RSS), numbers.get(Signal.RSS_ANON)
    if resident is None and anonymous is None:
        return parts if whole is not None else {}
    if anonymous is not None:
        remainder = Part.NATIVE if whole is not None else Part.REST
        parts[remainder] = anonymous - sum(parts.values())
        parts |= _kernel_parts(resident, anonymous, numbers.get(Signal.RSS_SHMEM))
    elif resident is not None:
        remainder = Part.OUTSIDE if whole is not None else Part.REST
        parts[remainder] = resident - sum(parts.values())
    return parts


def _go_parts(numbers: Numbers) -> dict[Part, float]:
    """What is known of the Go runtime's memory; where all of it is, the parts sum to that."""
    get = numbers.get
    objects, live = get(Signal.HEAP_ALLOC), get(Signal.HEAP_LIVE, get(Signal.INUSE_SPACE))
    in_use = get(Signal.HEAP_INUSE, _minus(get(Signal.HEAP_SYS), get(Signal.HEAP_IDLE)))
    fine: dict[Part, float | None] = {
        Part.FRAGMENTATION: _minus(in_use, objects),
        Part.IDLE: _minus(get(Signal.HEAP_IDLE), get(Signal.HEAP_RELEASED)),
        Part.STACKS: get(Signal.STACK_INUSE),
    }
    if live is None or objects is None:
        told = {Part.LIVE: live, Part.OBJECTS: objects}
    else:
        told = {Part.LIVE: live, Part.GARBAGE: objects - live}
    parts = {part: size for part, size in (told | fine).items() if size is not None}
    whole = _go(numbers)
    if whole is not None:
        complete = objects is not None and None not in fine.values()
        parts[Part.RUNTIME if complete else Part.GO] = whole - sum(parts.values())
    return parts


def _go(numbers: Numbers) -> float | None:
    """All that the Go runtime has from the system and has not given back."""
    return _minus(numbers.get(Signal.SYS), numbers.get(Signal.HEAP_RELEASED))


def _kernel_parts(resident: float | None, anonymous: float, shared: float | None) -> dict[Part, float]:
    if resident is None:
        return {}
    if shared is None:
        return {Part.FILE: resident - anonymous}
    return {Part.SHARED: shared, Part.FILE: resident - anonymous - shared}


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _consistent(numbers: Numbers) -> dict[Signal, float]:
    """The numbers with none larger than what it is a part of. They may be of different instants."""
    told = dict(numbers)
    for part, whole in _WITHIN:
        if whole is Signal.HEAP_INUSE and {Signal.HEAP_SYS, Signal.HEAP_IDLE} <= told.keys():
            told.setdefault(whole, told[Signal.HEAP_SYS] - told[Signal.HEAP_IDLE])
        if part in told and whole in told:
            told[part] = min(told[part], told[whole])
    if {Signal.RSS, Signal.RSS_ANON, Signal.RSS_SHMEM} <= told.keys():
        told[Signal.RSS_SHMEM] = min(told[Signal.RSS_SHMEM], told[Signal.RSS] - told[Signal.RSS_ANON])
    return told


def _settled(parts: dict[Part, float]) -> dict[Part, float]:
    """The same sum without negative parts: what these lack is taken off what the program itself accounts for."""
    lacking = -sum(size for size in parts.values() if size < 0)
    out = {part: max(0.0, size) for part, size in parts.items()}
    for part in _SPARSE:
        if part in out:
            taken = min(out[part], lacking)
            out[part] -= taken
            lacking -= taken
    paying = sum(size for part, size in out.items() if part not in _KERNEL)
    if lacking > 0 and paying > 0:
        left = max(0.0, 1 - lacking / paying)
        out |= {part: size * left for part, size in out.items() if part not in _KERNEL}
    return out
