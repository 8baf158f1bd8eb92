"""From what grows to what kind of leak it is: one finding per cause.

One leak shows in many signals. A leaked goroutine holds heap and makes the process larger; a leaked
connection is a goroutine, a file and some heap at once. So each signal is asked whether a leak already
found explains it, and only what none explains becomes a finding of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from leakdog.model import Assessment, LeakClass, Signal, Verdict

KIB = 1024.0
# More heap than this per leaked goroutine or thread, or per leaked file, is a leak of its own.
HEAP_PER_GOROUTINE = 64 * KIB
HEAP_PER_FILE = 16 * KIB
# Memory outside the heap that a thread touches: its stack and what the kernel and the C library keep for it.
MEMORY_PER_THREAD = 256 * KIB
# A goroutine's stack starts at 2 KiB and doubles; few that wait have more than this.
STACK_PER_GOROUTINE = 8 * KIB
# With GOGC=100 the heap may hold as much garbage as it holds live objects.
GARBAGE_FACTOR = 2.0
# Counts that grow alike: a leaked connection has one or two goroutines, seldom four, and one file.
HOLDERS_PER_FILE = (0.4, 5.0)
GOROUTINES_PER_THREAD = (0.5, 2.0)
# What explains this much of a growth explains it.
MOST = 0.5
# Proved goroutines up to this share of all are strays (a main that waits for ever), not what grows.
STRAY = 0.05
# Heap that grows by less than this part of the memory outside is what the program notes down of that memory.
NOTES = 0.05

HEAP_SIGNALS = (Signal.INUSE_SPACE, Signal.HEAP_ALLOC, Signal.INUSE_OBJECTS, Signal.HEAP_OBJECTS)
_LIVE = (Signal.INUSE_SPACE, Signal.HEAP_ALLOC)
_RUNTIME = (*_LIVE, Signal.HEAP_SYS, Signal.SYS)
_SHOWN = (*HEAP_SIGNALS, Signal.RSS_ANON, Signal.RSS, Signal.GOROUTINES, Signal.THREADS, Signal.OPEN_FILES)


@dataclass(frozen=True, slots=True)
class Finding:
    """Growth with its class.

    Attributes:
        signal: the primary one: it is the one to draw.
        assessment: of that signal. Its verdict is `leak` for all classes but `cache` and `load`.
        reasons: the assessment's, then what makes it this class.

    """

    leak_class: LeakClass
    signal: Signal
    assessment: Assessment
    reasons: tuple[str, ...]


def classify(assessments: Mapping[Signal, Assessment], latest: Mapping[Signal, float]) -> list[Finding]:
    """The findings of one target at one time, at most one per class.

    Args:
        assessments: by signal, of one life; a signal that is not known is left out.
        latest: last value of each signal.

    Returns:
        Leaks; or, where nothing leaks, what grows for another reason (`cache`, `load`), which must never be
        announced.

    """
    case = _Case(assessments, latest)
    for judge in (_threads, _goroutines, _files, _heap, _resident):
        judge(case)
    return list(case.found.values()) or list(_harmless(case))


class _Case:
    """What is known of one target, and the findings so far."""

    def __init__(self, assessments: Mapping[Signal, Assessment], latest: Mapping[Signal, float]) -> None:
        self.assessments = assessments
        self.latest = latest
        self.found: dict[LeakClass, Finding] = {}

    def leaks(self, signal: Signal) -> bool:
        return self.verdict(signal) is Verdict.LEAK

    def verdict(self, signal: Signal) -> Verdict | None:
        seen = self.assessments.get(signal)
        return seen.verdict if seen is not None else None

    def rate(self, signal: Signal) -> float | None:
        """Growth per second; None where it is not known or too early to say."""
        seen = self.assessments.get(signal)
        return seen.growth_per_second if seen is not None else None

    def growth(self, signal: Signal) -> float:
        return self.rate(signal) or 0.0

    def find(self, leak_class: LeakClass, signal: Signal, *why: str) -> None:
        assessment = replace(self.assessments[signal], verdict=Verdict.LEAK)
        self.found[leak_class] = Finding(leak_class, signal, assessment, (*assessment.reasons, *why))

    def add(self, leak_class: LeakClass, why: str) -> None:
        """Say one more thing about a finding."""
        finding = self.found[leak_class]
        self.found[leak_class] = replace(finding, reasons=(*finding.reasons, why))

    def since(self, leak_class: LeakClass, signal: Signal) -> bool:
        """Whether `signal` began to grow no earlier than the finding did, as far as both are known.

        Later is fine: what a leak brings along shows later, or in a shorter look-back.
        """
        one, other = self.found[leak_class].assessment, self.assessments[signal]
        if one.onset is None or other.onset is None:
            return True
        return one.onset - other.onset <= (max(one.time, other.time) - other.onset) / 2


def _threads(case: _Case) -> None:
    if case.leaks(Signal.THREADS):
        case.find(LeakClass.THREADS, Signal.THREADS, "the number of operating system threads grows")


def _goroutines(case: _Case) -> None:
    """Growth in number, or of the proved ones; where each holds a thread, the threads say it."""
    proved = case.latest.get(Signal.GOROUTINES_LEAKED, 0.0)
    signal = _first_leaking(case, (Signal.GOROUTINES, Signal.GOROUTINES_LEAKED))
    if signal is None and proved > 0 and _surely_grows(case, Signal.GOROUTINES_LEAKED):
        signal = Signal.GOROUTINES_LEAKED
    if signal is None:
        return
    if LeakClass.THREADS in case.found and _alike(
        case.growth(signal), case.growth(Signal.THREADS), GOROUTINES_PER_THREAD
    ):
        case.add(LeakClass.THREADS, "goroutines grow at the same rate: each new one holds a thread")
        return
    case.find(LeakClass.GOROUTINE, signal, "the number of goroutines grows")
    if proved > STRAY * case.latest.get(Signal.GOROUTINES, 0.0):
        why = f"the garbage collector has proved that {proved:,.0f} goroutines can never wake"
        case.add(LeakClass.GOROUTINE, why)


def _files(case: _Case) -> None:
    if not case.leaks(Signal.OPEN_FILES):
        return
    for leak_class in (LeakClass.GOROUTINE, LeakClass.THREADS):
        if leak_class in case.found and _alike(
            _speed(case, leak_class), case.growth(Signal.OPEN_FILES), HOLDERS_PER_FILE
        ):
            case.add(leak_class, "open files grow with them, as leaked connections do")
            return
    case.find(LeakClass.FILES, Signal.OPEN_FILES, "the number of open files and sockets grows")


def _heap(case: _Case) -> None:
    signal = _first_leaking(case, HEAP_SIGNALS)
    if signal is None:
        return
    heap = next((growth for each in _LIVE if (growth := case.rate(each)) is not None), None)
    for leak_class, limit, name in (
        (LeakClass.GOROUTINE, HEAP_PER_GOROUTINE, "goroutine"),
        (LeakClass.THREADS, HEAP_PER_GOROUTINE, "thread"),
        (LeakClass.FILES, HEAP_PER_FILE, "file"),
    ):
        if heap is None or leak_class not in case.found or not case.since(leak_class, signal):
            continue
        each = heap / _speed(case, leak_class)
        if each < limit:
            case.add(leak_class, f"the heap grows with them, by {each / KIB:.1f} KiB for each leaked {name}")
            return
    case.find(LeakClass.HEAP, signal, "live objects on the heap grow: the collector cannot free them")


def _resident(case: _Case) -> None:
    """Growth of the process itself, which every other leak of memory brings along."""
    signal = Signal.RSS_ANON if Signal.RSS_ANON in case.assessments else Signal.RSS
    if not case.leaks(signal):
        return
    resident, runtime = case.growth(signal), _runtime_growth(case)
    if runtime is None:
        _resident_alone(case, signal)
    elif runtime >= MOST * resident:
        _held_by_runtime(case, signal, min(1.0, runtime / resident))
    elif LeakClass.THREADS in case.found and (
        (resident - runtime) / _speed(case, LeakClass.THREADS) < MEMORY_PER_THREAD
    ):
        case.add(LeakClass.THREADS, "the resident set grows with them, by no more than threads take")
    else:
        _outside_the_heap(case, signal, runtime)


def _outside_the_heap(case: _Case, signal: Signal, runtime: float) -> None:
    """Most of the growth is outside the Go heap; what little the heap grows meanwhile belongs to it."""
    resident = case.growth(signal)
    part = f"heap and runtime explain {runtime / resident:.0%} of the growth of the resident set"
    case.find(LeakClass.NATIVE, signal, part, "the rest is outside the heap: cgo, another native library, or mmap")
    if LeakClass.HEAP in case.found and max(map(case.growth, _LIVE)) < NOTES * resident:
        del case.found[LeakClass.HEAP]
        case.add(LeakClass.NATIVE, "the heap grows with it, by as little as notes of that memory would take")


def _resident_alone(case: _Case, signal: Signal) -> None:
    """The resident set grows and no number of the runtime says anything (yet)."""
    if any(case.verdict(each) is Verdict.TOO_EARLY for each in _RUNTIME):
        return
    for leak_class, limit in (
        (LeakClass.GOROUTINE, HEAP_PER_GOROUTINE),
        (LeakClass.THREADS, MEMORY_PER_THREAD),
        (LeakClass.FILES, HEAP_PER_FILE),
    ):
        if leak_class in case.found and case.growth(signal) / _speed(case, leak_class) < limit:
            case.add(leak_class, "the resident set grows with them")
            return
    why = "only the resident set is known: no profile or metric tells what is inside it"
    case.find(LeakClass.NATIVE, signal, why)


def _held_by_runtime(case: _Case, signal: Signal, part: float) -> None:
    """The Go runtime holds what grows: for a leak already found, or freed and not given back."""
    why = f"the resident set grows with it: heap and runtime explain {part:.0%} of that growth"
    for leak_class in (LeakClass.HEAP, LeakClass.GOROUTINE, LeakClass.THREADS, LeakClass.FILES):
        if leak_class in case.found:
            case.add(leak_class, why)
            return
    live = [growth for each in _LIVE if (growth := case.rate(each)) is not None]
    if any(case.verdict(each) in (Verdict.SETTLING, Verdict.LOAD) for each in _LIVE) or not live:
        return
    if max(live) * GARBAGE_FACTOR < MOST * case.growth(signal):
        held = _idle_growth(case) / case.growth(signal)
        idle = f"; memory that is free and was not given back is {held:.0%} of it" if held >= MOST else ""
        why = f"live objects do not grow, what the runtime keeps does{idle}"
        case.find(LeakClass.NOT_RETURNED, signal, why)


def _harmless(case: _Case) -> Iterable[Finding]:
    """The first signal that settles, and the first that load explains."""
    for verdict, leak_class, why in (
        (Verdict.SETTLING, LeakClass.CACHE, "growth slows down, as a cache that fills does"),
        (Verdict.LOAD, LeakClass.LOAD, "growth follows load"),
    ):
        for signal in _SHOWN:
            if case.verdict(signal) is verdict:
                seen = case.assessments[signal]
                yield Finding(leak_class, signal, seen, (*seen.reasons, why))
                break


def _runtime_growth(case: _Case) -> float | None:
    """Bytes per second by which the Go runtime's own account explains a larger process; None: not known."""
    live = [growth for each in _LIVE if (growth := case.rate(each)) is not None]
    held = [growth for each in (Signal.SYS, Signal.HEAP_SYS) if (growth := case.rate(each)) is not None]
    if not live and not held:
        return None
    stacks = case.rate(Signal.STACK_INUSE)
    if stacks is None:
        stacks = STACK_PER_GOROUTINE * max(0.0, case.growth(Signal.GOROUTINES))
    from_live = GARBAGE_FACTOR * max(live, default=0.0) + stacks
    return max(0.0, from_live, max(held, default=0.0) - case.growth(Signal.HEAP_RELEASED))


def _idle_growth(case: _Case) -> float:
    return case.growth(Signal.HEAP_IDLE) - case.growth(Signal.HEAP_RELEASED)


def _first_leaking(case: _Case, signals: Iterable[Signal]) -> Signal | None:
    return next((each for each in signals if case.leaks(each)), None)


def _surely_grows(case: _Case, signal: Signal) -> bool:
    seen = case.assessments.get(signal)
    return seen is not None and seen.interval is not None and seen.interval[0] > 0


def _speed(case: _Case, leak_class: LeakClass) -> float:
    """Growth per second of a finding's own signal; a leak grows, so it is above 0."""
    return max(case.found[leak_class].assessment.growth_per_second or 0.0, 1e-12)


def _alike(one: float, other: float, bounds: tuple[float, float]) -> bool:
    """Whether `one` per `other` lies within the bounds."""
    return other > 0 and bounds[0] <= one / other <= bounds[1]
