"""From what grows to what kind of leak it is: one finding per cause.

One leak shows in many signals. A leaked goroutine holds heap and makes the process larger; a leaked
connection is a goroutine, a file and some heap at once. So each signal is asked whether a leak already
found explains it, and only what none explains becomes a finding of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from leakdog.attribute.case import Case, Finding
from leakdog.attribute.held import Held
from leakdog.attribute.resident import LIVE_SIGNALS, MOST, judge_resident
from leakdog.model import Assessment, LeakClass, Signal, SiteTrend, Verdict

KIB = 1024.0
# More heap than this per leaked goroutine or thread, or per leaked file, is a leak of its own. Where the stacks of
# goroutines and heap have been compared, what they do not connect has to be as little as a channel and a timer.
HEAP_PER_GOROUTINE = 64 * KIB
HEAP_UNCONNECTED = 8 * KIB
HEAP_PER_FILE = 16 * KIB
# So much of the heap's growth that leaked goroutines surely do not hold is another leak, though they hold the rest.
APART = 0.25
# Counts that grow alike: a leaked connection has one or two goroutines, seldom four, and one file.
HOLDERS_PER_FILE = (0.4, 5.0)
GOROUTINES_PER_THREAD = (0.5, 2.0)
# Proved goroutines up to this share of all are strays (a main that waits for ever), not what grows.
STRAY = 0.05

HEAP_SIGNALS = (*LIVE_SIGNALS, Signal.INUSE_OBJECTS, Signal.HEAP_OBJECTS)
# Nothing more is known where a program that allocates little has not collected yet, and none was asked for.
_HEAP = "objects on the heap grow, and no collection so far has freed them"
_SHOWN = (*HEAP_SIGNALS, Signal.RSS_ANON, Signal.RSS, Signal.GOROUTINES, Signal.THREADS, Signal.OPEN_FILES)


def classify(
    assessments: Mapping[Signal, Assessment],
    latest: Mapping[Signal, float],
    together: Mapping[Signal, float] | None = None,
    held: Held | None = None,
    sites: Mapping[Signal, SiteTrend] | None = None,
    verdicts: Mapping[Signal, Verdict] | None = None,
) -> list[Finding]:
    """The findings of one target at one time, at most one per class.

    Args:
        assessments: by signal, of one life; a signal that is not known is left out.
        latest: last value of each signal.
        together: growth per second of each series over one span, that in which the resident set leaks: only such
            rates add up. Without them those of the assessments stand in, each of its own span.
        held: what leaked goroutines hold of the heap by their stacks; None: not known.
        sites: of each signal, the site that leaks most, where one does.
        verdicts: those of `assessments`, where they are known without asking for each of them.

    Returns:
        Leaks; or, where nothing leaks, what grows for another reason (`cache`, `load`), which must never be
        announced.

    """
    case = Case(assessments, latest, together or {}, held, sites, verdicts)
    for judge in (_threads, _goroutines, _files, _heap, judge_resident):
        judge(case)
    return list(case.found.values()) or list(_harmless(case))


def _threads(case: Case) -> None:
    if case.leaks(Signal.THREADS):
        case.find(LeakClass.THREADS, Signal.THREADS, "the number of operating system threads grows")


def _goroutines(case: Case) -> None:
    """Growth in number, or of the proved ones; where each holds a thread, the threads say it."""
    proved = case.latest.get(Signal.GOROUTINES_LEAKED, 0.0)
    signal = case.first_leaking((Signal.GOROUTINES, Signal.GOROUTINES_LEAKED))
    if signal is None and proved > 0 and case.surely_grows(Signal.GOROUTINES_LEAKED):
        signal = Signal.GOROUTINES_LEAKED
    if signal is None:
        if LeakClass.THREADS not in case.found and case.hidden(Signal.GOROUTINES):
            case.find_site(LeakClass.GOROUTINE, Signal.GOROUTINES, "goroutines that stand there become more and more")
        return
    if LeakClass.THREADS in case.found and _alike(
        case.growth(signal), case.growth(Signal.THREADS), GOROUTINES_PER_THREAD
    ):
        case.add(LeakClass.THREADS, "goroutines grow at the same rate: each new one holds a thread")
        return
    if _hold_threads(case, signal):
        why = "operating system threads grow at the same rate: each new one holds a thread"
        case.find(LeakClass.THREADS, signal, "the number of goroutines grows", why)
        return
    case.find(LeakClass.GOROUTINE, signal, "the number of goroutines grows")
    if proved > STRAY * case.latest.get(Signal.GOROUTINES, 0.0):
        why = f"the garbage collector has proved that {proved:,.0f} goroutines can never wake"
        case.add(LeakClass.GOROUTINE, why)


def _hold_threads(case: Case, signal: Signal) -> bool:
    """Whether threads surely grow at the rate of these goroutines, though the detector does not call it a leak.

    Of two series that grow alike, one passes its gates some readings before the other.
    """
    threads = case.assessments.get(Signal.THREADS)
    if threads is None or threads.interval is None or LeakClass.THREADS in case.found:
        return False
    return all(_alike(case.growth(signal), end, GOROUTINES_PER_THREAD) for end in threads.interval)


def _files(case: Case) -> None:
    if not case.leaks(Signal.OPEN_FILES):
        return
    for leak_class in (LeakClass.GOROUTINE, LeakClass.THREADS):
        if leak_class in case.found and _alike(
            case.speed(leak_class), case.growth(Signal.OPEN_FILES), HOLDERS_PER_FILE
        ):
            case.add(leak_class, "open files grow with them, as leaked connections do")
            return
    case.find(LeakClass.FILES, Signal.OPEN_FILES, "the number of open files and sockets grows")


def _heap(case: Case) -> None:
    signal = case.first_leaking(HEAP_SIGNALS)
    if signal is None:
        if not case.found and case.hidden(Signal.INUSE_SPACE):
            why = "objects from there become more and more, and no collection so far has freed them"
            case.find_site(LeakClass.HEAP, Signal.INUSE_SPACE, why)
        return
    holder = next((each for each in (LeakClass.GOROUTINE, LeakClass.THREADS) if each in case.found), None)
    heap = next((growth for each in LIVE_SIGNALS if (growth := case.rate(each)) is not None), None)
    if holder is not None and case.held is not None:
        if _apart(case.held, heap, case.speed(holder)):
            apart = f"{case.held.apart:.0%} of that growth is not held by the goroutines that leak beside it"
            apart += ": it is allocated elsewhere, or goes on while they become no more"
            case.find(LeakClass.HEAP, signal, _HEAP, apart)
            return
        if case.held.share >= MOST:
            held = (
                f"{case.held.share:.0%} of the heap that grows is allocated where these goroutines run or are started"
            )
            case.add(holder, f"{held}; what still grows once they end is a leak of its own")
            case.limit_by(holder, signal)
            return
    per_goroutine = HEAP_PER_GOROUTINE if case.held is None else HEAP_UNCONNECTED
    for leak_class, limit, name in (
        (LeakClass.GOROUTINE, per_goroutine, "goroutine"),
        (LeakClass.THREADS, per_goroutine, "thread"),
        (LeakClass.FILES, HEAP_PER_FILE, "file"),
    ):
        if heap is None or leak_class not in case.found or not case.since(leak_class, signal):
            continue
        each = heap / case.speed(leak_class)
        if each < limit:
            case.add(leak_class, f"the heap grows with them, by {each / KIB:.1f} KiB for each leaked {name}")
            case.limit_by(leak_class, signal)
            return
    case.find(LeakClass.HEAP, signal, _HEAP)


def _apart(held: Held, heap: float | None, speed: float) -> bool:
    """Whether much of the heap's growth is surely not held, and is more than small change beside each holder."""
    return heap is not None and held.apart >= APART and held.apart * heap / speed >= HEAP_UNCONNECTED


def _harmless(case: Case) -> Iterable[Finding]:
    """The first signal that settles, and the first that load explains."""
    for verdict, leak_class, why in (
        (Verdict.SETTLING, LeakClass.CACHE, "taken for a cache that still fills"),
        (Verdict.LOAD, LeakClass.LOAD, "growth follows load"),
    ):
        for signal in _SHOWN:
            if case.verdict(signal) is verdict:
                seen = case.assessments[signal]
                yield Finding(leak_class, signal, seen, (*seen.reasons, why))
                break


def _alike(one: float, other: float, bounds: tuple[float, float]) -> bool:
    """Whether `other` grows, and `one` per `other` lies within the bounds."""
    return other > 0 and bounds[0] <= one / other <= bounds[1]
