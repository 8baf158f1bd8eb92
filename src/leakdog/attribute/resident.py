"""Why a process grows: the ledger of its growth says which part does, and so which leak it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from leakdog.attribute.case import Case
from leakdog.attribute.ledger import WORDS, Part, split
from leakdog.model import LeakClass, Signal, Verdict

KIB = 1024.0
# Memory outside the heap that a thread touches: its stack and what the kernel and the C library keep for it.
MEMORY_PER_THREAD = 256 * KIB
# What a goroutine or a file may hold, where only the resident set tells.
MEMORY_PER_GOROUTINE = 64 * KIB
MEMORY_PER_FILE = 16 * KIB
# A goroutine's stack starts at 2 KiB and doubles; few that wait have more than this.
STACK_PER_GOROUTINE = 8 * KIB
# With GOGC=100 the heap may hold as much garbage as it holds live objects.
GARBAGE_FACTOR = 2.0
# What explains this much of a growth explains it.
MOST = 0.5
# Heap that grows by less than this part of the memory outside is what the program notes down of that memory; of what
# the runtime keeps it is another leak.
NOTES = 0.05
# What the runtime has and has not written to yet: 3 to 5 MiB in a small Go program, which it takes and leaves by up to
# 2 MiB in a minute. Beside another leak so little growth outside the heap is none of its own.
UNWRITTEN = 4 * KIB * KIB
# Where the larger part of a growth is a leak of the heap, so much of it, and so many bytes, are another outside of it.
ANOTHER, ANOTHER_BYTES = 1 / 3, 4 * UNWRITTEN
# Parts with less of the growth than this are not told of.
TOLD = 0.05

# What is said of a process of which nothing tells whether it has a heap, and how large it is.
RESIDENT_ALONE = "only the resident set is known: no profile or metric tells what is inside it"
LIVE_SIGNALS = (Signal.INUSE_SPACE, Signal.HEAP_ALLOC)
_NATIVE = "the rest is outside the heap: cgo, another native library, or mmap"
_RUNTIME = (*LIVE_SIGNALS, Signal.HEAP_SYS, Signal.SYS)


def judge_resident(case: Case) -> None:
    """Growth of the process itself, which every other leak of memory brings along."""
    signal = Signal.RSS_ANON if Signal.RSS_ANON in case.assessments else Signal.RSS
    if not case.leaks(signal):
        return
    growth = _growth(case, signal)
    if growth is None:
        _resident_alone(case, signal)
    elif growth.runtime >= MOST * growth.resident or _comes_along(case, signal, growth):
        _held_by_runtime(case, signal, growth)
        if _another_leak(case, signal, growth):
            _outside_the_heap(case, signal, growth)
    elif LeakClass.THREADS in case.found and (growth.outside / case.speed(LeakClass.THREADS) < MEMORY_PER_THREAD):
        case.add(LeakClass.THREADS, "the resident set grows with them, by no more than threads take")
        case.limit_by(LeakClass.THREADS, signal)
    elif not _fits(case, signal):
        _outside_the_heap(case, signal, growth)


def _fits(case: Case, signal: Signal) -> bool:
    """Whether the whole process has less than the Go runtime has taken from the system.

    Then all of it may be memory of the runtime that is written to for the first time, which ends by itself: nothing
    shows that there is anything outside the heap.
    """
    taken, released = case.latest.get(Signal.SYS), case.latest.get(Signal.HEAP_RELEASED)
    if taken is None or released is None or signal not in case.latest:
        return False
    return case.latest[signal] <= taken - released


@dataclass(frozen=True, slots=True)
class _Growth:
    """Where a resident set grows, in bytes per second.

    Attributes:
        runtime: what the Go runtime accounts for.
        live: what live objects do, or live and dead ones where nothing tells them apart; None: not known.
        kept: what is free and was not given back.
        parts: by part of the ledger; empty where the runtime does not tell all that it has.

    """

    resident: float
    runtime: float
    live: float | None
    kept: float
    parts: Mapping[Part, float]

    @property
    def outside(self) -> float:
        """What the runtime does not account for."""
        return self.resident - self.runtime

    def told(self) -> tuple[str, ...]:
        """One sentence that names the parts that matter, the largest first; none where the parts are not known.

        Shares are of the growth of the resident set, or of all parts where the runtime counts more than is resident.
        """
        grown = {part: rate for part, rate in self.parts.items() if rate > 0}
        whole = max(self.resident, sum(grown.values()))
        named = [
            f"{WORDS[part]} {rate / whole:.0%}"
            for part, rate in sorted(grown.items(), key=lambda each: -each[1])
            if rate >= TOLD * whole
        ]
        return (f"the ledger of that growth: {', '.join(named)}",) if named else ()


def _growth(case: Case, signal: Signal) -> _Growth | None:
    """Where the resident set grows; None where no number of the runtime is known (yet)."""
    rates = case.together
    if rates.get(signal, 0.0) > 0 and {Signal.SYS, Signal.HEAP_RELEASED} <= rates.keys():
        parts = split(rates)
        runtime = rates[Signal.SYS] - rates[Signal.HEAP_RELEASED]
        live = parts.get(Part.LIVE, parts.get(Part.OBJECTS))
        return _Growth(rates[signal], runtime, live, parts.get(Part.IDLE, 0.0), parts)
    account = _runtime_growth(case)
    if account is None:
        return None
    grown = [growth for each in LIVE_SIGNALS if (growth := case.rate(each)) is not None]
    return _Growth(case.growth(signal), account, max(grown) if grown else None, _idle_growth(case), {})


def _outside_the_heap(case: Case, signal: Signal, growth: _Growth) -> None:
    """Most of the growth is outside the Go heap; what little the heap grows meanwhile belongs to it."""
    part = max(0.0, growth.runtime) / growth.resident
    account = f"heap, garbage and runtime explain {part:.0%} of the growth of the resident set"
    case.find(LeakClass.NATIVE, signal, account, _NATIVE, *growth.told())
    if LeakClass.HEAP in case.found and max(map(case.growth, LIVE_SIGNALS)) < NOTES * growth.resident:
        del case.found[LeakClass.HEAP]
        case.add(LeakClass.NATIVE, "the heap grows with it, by as little as notes of that memory would take")


def _resident_alone(case: Case, signal: Signal) -> None:
    """The resident set grows and no number of the runtime says anything (yet)."""
    if any(case.verdict(each) is Verdict.TOO_EARLY for each in _RUNTIME):
        return
    for leak_class, limit in (
        (LeakClass.GOROUTINE, MEMORY_PER_GOROUTINE),
        (LeakClass.THREADS, MEMORY_PER_THREAD),
        (LeakClass.FILES, MEMORY_PER_FILE),
    ):
        if leak_class in case.found and case.growth(signal) / case.speed(leak_class) < limit:
            case.add(leak_class, "the resident set grows with them")
            case.limit_by(leak_class, signal)
            return
    case.find(LeakClass.NATIVE, signal, RESIDENT_ALONE)


def _held_by_runtime(case: Case, signal: Signal, growth: _Growth) -> None:
    """The Go runtime holds what grows: for a leak already found, as live heap, or freed and not given back."""
    holder = _holder(case, growth)
    if holder is not None:
        part = max(0.0, growth.runtime) / growth.resident
        why = "the resident set grows with it, by no more than heap, garbage and runtime explain"
        if _profile_alone(case):
            why = _beside_profile(case, signal)
        elif part < 1:
            why = f"the resident set grows with it: heap, garbage and runtime explain {part:.0%} of that growth"
        case.add(holder, why, *growth.told())
        case.limit_by(holder, signal)
        return
    if any(case.verdict(each) in (Verdict.SETTLING, Verdict.LOAD) for each in LIVE_SIGNALS) or growth.live is None:
        return
    enough = MOST * growth.resident
    if growth.parts.get(Part.STACKS, 0.0) >= enough:
        case.find(LeakClass.GOROUTINE, signal, "the stacks of goroutines grow, their number does not", *growth.told())
    elif growth.live < enough / (1.0 if growth.parts else GARBAGE_FACTOR):
        idle = f"; memory that is free and was not given back is {min(1.0, growth.kept / growth.resident):.0%} of it"
        why = f"live objects do not grow, what the runtime keeps does{idle if growth.kept >= enough else ''}"
        case.find(LeakClass.NOT_RETURNED, signal, why, *growth.told())
    elif growth.parts and any(case.surely_grows(each) for each in LIVE_SIGNALS):
        case.find(LeakClass.HEAP, signal, "most of it is live heap, which grows too unevenly to tell", *growth.told())


def _profile_alone(case: Case) -> bool:
    """Whether a heap profile is all that tells what is inside the process: no runtime says what it has beside it."""
    return case.rate(Signal.INUSE_SPACE) is not None and all(
        case.rate(each) is None for each in _RUNTIME if each is not Signal.INUSE_SPACE
    )


def _beside_profile(case: Case, signal: Signal) -> str:
    """How much of the growth of the resident set the heap profile shows, over one span where that is known."""
    both = Signal.INUSE_SPACE in case.together and case.together.get(signal, 0.0) > 0
    live, whole = (case.together[each] if both else case.growth(each) for each in (Signal.INUSE_SPACE, signal))
    if live >= whole:
        return "the resident set grows with it, by no more than live heap does"
    return f"the resident set grows with it: {max(0.0, live) / whole:.0%} of that growth is in the heap profile"


def _holder(case: Case, growth: _Growth) -> LeakClass | None:
    """The leak already found which what the runtime holds belongs to."""
    for leak_class in (LeakClass.HEAP, LeakClass.GOROUTINE, LeakClass.THREADS, LeakClass.FILES):
        if leak_class in case.found and not (leak_class is LeakClass.HEAP and _notes(case, growth)):
            return leak_class
    return None


def _comes_along(case: Case, signal: Signal, growth: _Growth) -> bool:
    """Whether a leak was found, and so little grows outside the heap that it may be what the runtime had all along."""
    return bool(growth.parts) and _grown_outside(case, signal, growth) < UNWRITTEN and _holder(case, growth) is not None


def _another_leak(case: Case, signal: Signal, growth: _Growth) -> bool:
    """Whether beside a leak of the heap so much grows outside that it is another one, though it is the lesser."""
    holders = {LeakClass.GOROUTINE, LeakClass.THREADS, LeakClass.FILES} & case.found.keys()
    sure = _holder(case, growth) is LeakClass.HEAP and bool(growth.parts) and not holders and not _fits(case, signal)
    much = growth.outside >= ANOTHER * growth.resident and _grown_outside(case, signal, growth) >= ANOTHER_BYTES
    return sure and much


def _grown_outside(case: Case, signal: Signal, growth: _Growth) -> float:
    """Bytes by which what the runtime does not account for has grown over the look-back."""
    return growth.outside * (case.assessments[signal].look_back_seconds or 0.0)


def _notes(case: Case, growth: _Growth) -> bool:
    """Whether live heap is so little of a known growth that it does not explain what the runtime keeps."""
    live = max(growth.live or 0.0, *map(case.growth, LIVE_SIGNALS))
    return bool(growth.parts) and live < NOTES * growth.resident


def _runtime_growth(case: Case) -> float | None:
    """Bytes per second by which the Go runtime's own account explains a larger process; None: not known."""
    live = [growth for each in LIVE_SIGNALS if (growth := case.rate(each)) is not None]
    held = [growth for each in (Signal.SYS, Signal.HEAP_SYS) if (growth := case.rate(each)) is not None]
    if not live and not held:
        return None
    stacks = case.rate(Signal.STACK_INUSE)
    if stacks is None:
        stacks = STACK_PER_GOROUTINE * max(0.0, case.growth(Signal.GOROUTINES))
    from_live = GARBAGE_FACTOR * max(live, default=0.0) + stacks
    return max(0.0, from_live, max(held, default=0.0) - case.growth(Signal.HEAP_RELEASED))


def _idle_growth(case: Case) -> float:
    return case.growth(Signal.HEAP_IDLE) - case.growth(Signal.HEAP_RELEASED)
