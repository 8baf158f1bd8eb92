"""From what grows to the class of the leak: one finding per cause."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.attribute.case import Finding
from leakdog.attribute.classify import classify
from leakdog.attribute.held import Held
from leakdog.model import Assessment, Frame, LeakClass, Signal, SiteTrend, Verdict

KIB, MIB = 1024.0, 1024.0 * 1024
NOW = 10_000.0
LEAKS = frozenset(LeakClass) - {LeakClass.CACHE, LeakClass.LOAD}


def leak(signal: Signal, rate: float, *, onset: float | None = None) -> Assessment:
    """Growth at this rate that will not stop."""
    band = (0.9 * rate, 1.1 * rate)
    return Assessment(signal, NOW, Verdict.LEAK, rate, band, onset=onset, reasons=(f"{signal.value} grows",))


def other(signal: Signal, verdict: Verdict, rate: float | None = 0.0) -> Assessment:
    """Another verdict."""
    return Assessment(signal, NOW, verdict, rate)


def classes(*assessments: Assessment, **latest: float) -> list[LeakClass]:
    """Classes of the findings."""
    return [found.leak_class for found in findings(*assessments, **latest)]


def findings(*assessments: Assessment, **latest: float) -> list[Finding]:
    """Findings for these assessments and latest values."""
    values = {Signal(name): value for name, value in latest.items()}
    return classify({each.signal: each for each in assessments}, values)


def test_heap() -> None:
    """A heap that grows is a heap leak; the process that grows with it is not a second one."""
    (found,) = findings(
        leak(Signal.INUSE_SPACE, MIB),
        leak(Signal.HEAP_ALLOC, 1.2 * MIB),
        leak(Signal.RSS_ANON, 1.5 * MIB),
        other(Signal.SYS, Verdict.STEADY, 1.4 * MIB),
    )
    assert (found.leak_class, found.signal) == (LeakClass.HEAP, Signal.INUSE_SPACE)
    assert found.reasons[0] == "inuse_space grows"
    assert "the resident set grows with it" in found.reasons[-1]


def test_no_more_is_claimed_than_collections_have_shown() -> None:
    """A program may not have collected yet: nothing says that what grows is live, nor that it cannot be freed."""
    (found,) = findings(leak(Signal.INUSE_SPACE, MIB))
    told = " ".join(found.reasons)
    assert "no collection so far has freed them" in told
    assert "live objects" not in told
    assert "cannot" not in told


def test_heap_by_metrics_alone() -> None:
    """A metrics page alone is enough to tell a heap leak."""
    (found,) = findings(leak(Signal.HEAP_ALLOC, MIB), leak(Signal.RSS, MIB))
    assert (found.leak_class, found.signal) == (LeakClass.HEAP, Signal.HEAP_ALLOC)


def test_goroutines_explain_heap_and_process() -> None:
    """Goroutines that hold 4 KiB of heap each are one leak, which tells of the heap."""
    (found,) = findings(
        leak(Signal.GOROUTINES, 10.0),
        leak(Signal.INUSE_SPACE, 40 * KIB),
        leak(Signal.RSS_ANON, 80 * KIB),
        leak(Signal.SYS, 80 * KIB),
    )
    assert (found.leak_class, found.signal) == (LeakClass.GOROUTINE, Signal.GOROUTINES)
    assert "the heap grows with them, by 4.0 KiB for each leaked goroutine" in found.reasons
    assert "the resident set grows with it" in found.reasons[-1]


def test_goroutines_do_not_explain_a_large_heap() -> None:
    """A heap that grows by a megabyte per goroutine is a leak of its own."""
    assert classes(leak(Signal.GOROUTINES, 1.0), leak(Signal.INUSE_SPACE, MIB)) == [
        LeakClass.GOROUTINE,
        LeakClass.HEAP,
    ]


@pytest.mark.parametrize("holder", [Signal.GOROUTINES, Signal.THREADS])
def test_heap_that_goroutines_hold_is_theirs_however_much(holder: Signal) -> None:
    """Where the stacks connect most of the growing heap with leaked goroutines, it is one leak."""
    verdicts = {each.signal: each for each in (leak(holder, 1.0), leak(Signal.INUSE_SPACE, MIB))}
    (found,) = classify(verdicts, {}, held=Held(0.9, 0.1))
    assert found.reasons[-1] == (
        "90% of the heap that grows is allocated where these goroutines run or are started; "
        "what still grows once they end is a leak of its own"
    )
    assert len(classify(verdicts, {}, held=Held(0.4, 0.0))) == 2


def test_heap_that_goroutines_do_not_hold_is_a_leak_of_its_own() -> None:
    """Once the stacks have been compared, as much heap per goroutine as a connection takes is not theirs any more."""
    verdicts = {each.signal: each for each in (leak(Signal.GOROUTINES, 1.0), leak(Signal.INUSE_SPACE, 40 * KIB))}
    assert [len(classify(verdicts, {}, held=held)) for held in (None, Held(0.0, 0.0), Held(0.9, 0.0))] == [1, 2, 1]
    verdicts[Signal.INUSE_SPACE] = leak(Signal.INUSE_SPACE, 4 * KIB)
    assert len(classify(verdicts, {}, held=Held(0.0, 1.0))) == 1


def test_heap_that_leaks_beside_what_goroutines_hold() -> None:
    """A quarter of the growth that is not theirs is another leak, though they hold the rest; less is not sure to be."""
    verdicts = {each.signal: each for each in (leak(Signal.GOROUTINES, 1.0), leak(Signal.INUSE_SPACE, 100 * KIB))}
    _, heap = classify(verdicts, {}, held=Held(0.6, 0.4))
    assert heap.leak_class is LeakClass.HEAP
    assert heap.reasons[-1].startswith("40% of that growth is not held by the goroutines that leak beside it")
    assert len(classify(verdicts, {}, held=Held(0.6, 0.2))) == 1
    verdicts[Signal.INUSE_SPACE] = leak(Signal.INUSE_SPACE, 10 * KIB)  # 4 KiB for each goroutine
    assert len(classify(verdicts, {}, held=Held(0.6, 0.4))) == 1


def test_heap_that_began_long_before() -> None:
    """Goroutines that began to leak an hour ago do not explain a heap that has grown all day."""
    old, new = NOW - 9000, NOW - 1000
    assert classes(leak(Signal.GOROUTINES, 10.0, onset=new), leak(Signal.INUSE_SPACE, 40 * KIB, onset=old)) == [
        LeakClass.GOROUTINE,
        LeakClass.HEAP,
    ]


def test_stacks_alone_explain_the_process() -> None:
    """Goroutines take memory for their stacks even where the heap stands still."""
    assert classes(
        leak(Signal.GOROUTINES, 100.0),
        other(Signal.INUSE_SPACE, Verdict.STEADY),
        leak(Signal.RSS_ANON, 800 * KIB),
    ) == [LeakClass.GOROUTINE]


def test_proof() -> None:
    """A growing number of goroutines that the collector has proved dead is a leak before any trend says so."""
    growing = Assessment(Signal.GOROUTINES_LEAKED, NOW, Verdict.TOO_EARLY, 0.5, (0.4, 0.6))
    (found,) = findings(growing, other(Signal.GOROUTINES, Verdict.TOO_EARLY, None), goroutines_leaked=40)
    assert (found.leak_class, found.signal) == (LeakClass.GOROUTINE, Signal.GOROUTINES_LEAKED)
    assert found.assessment.verdict is Verdict.LEAK
    assert found.reasons[-1] == "the garbage collector has proved that 40 goroutines can never wake"


def test_proof_that_does_not_grow() -> None:
    """Forty goroutines that leaked once are no leak that goes on."""
    assert classes(other(Signal.GOROUTINES_LEAKED, Verdict.STEADY), goroutines_leaked=40) == []


def test_proof_supports_a_trend() -> None:
    """Where goroutines grow, what is proved is told with them."""
    (found,) = findings(leak(Signal.GOROUTINES, 1.0), goroutines_leaked=1234)
    assert found.reasons[-1] == "the garbage collector has proved that 1,234 goroutines can never wake"


@pytest.mark.parametrize("per_file", [1.0, 2.0])
def test_connections(per_file: float) -> None:
    """A leaked connection is a file and one or two goroutines: one leak."""
    (found,) = findings(leak(Signal.GOROUTINES, 5 * per_file), leak(Signal.OPEN_FILES, 5.0))
    assert found.leak_class is LeakClass.GOROUTINE
    assert "open files grow with them, as leaked connections do" in found.reasons


def test_files_beside_goroutines() -> None:
    """Files that grow at quite another rate than goroutines are a second leak."""
    assert classes(leak(Signal.GOROUTINES, 100.0), leak(Signal.OPEN_FILES, 1.0)) == [
        LeakClass.GOROUTINE,
        LeakClass.FILES,
    ]


def test_files() -> None:
    """Open files that grow alone are a file leak, and the little heap that each takes belongs to it."""
    (found,) = findings(leak(Signal.OPEN_FILES, 5.0), leak(Signal.INUSE_SPACE, 5 * 4 * KIB))
    assert (found.leak_class, found.signal) == (LeakClass.FILES, Signal.OPEN_FILES)


def test_threads() -> None:
    """Threads, each held by a goroutine and taking some memory, are one thread leak."""
    (found,) = findings(
        leak(Signal.THREADS, 2.0),
        leak(Signal.GOROUTINES, 2.0),
        leak(Signal.RSS_ANON, 60 * KIB),
        other(Signal.SYS, Verdict.STEADY, 0.0),
    )
    assert (found.leak_class, found.signal) == (LeakClass.THREADS, Signal.THREADS)
    assert "goroutines grow at the same rate: each new one holds a thread" in found.reasons


@pytest.mark.parametrize("verdict", [Verdict.STEADY, Verdict.SETTLING])
def test_threads_that_do_not_leak_yet(verdict: Verdict) -> None:
    """Goroutines that leak while threads surely grow at their rate are a thread leak, whichever passes a gate first."""
    threads = replace(other(Signal.THREADS, verdict, 0.207), interval=(0.192, 0.222))
    (found,) = findings(leak(Signal.GOROUTINES, 0.209), threads)
    assert (found.leak_class, found.signal) == (LeakClass.THREADS, Signal.GOROUTINES)
    assert found.assessment.verdict is Verdict.LEAK
    assert found.reasons[-1] == "operating system threads grow at the same rate: each new one holds a thread"


@pytest.mark.parametrize("interval", [None, (-0.01, 0.4), (0.02, 0.4), (0.19, 0.6), (0.01, 0.02)])
def test_goroutines_beside_threads_that_grow_otherwise(interval: tuple[float, float] | None) -> None:
    """A step of threads, or ones that grow at another rate, leave a goroutine leak what it is."""
    threads = replace(other(Signal.THREADS, Verdict.STEADY, 0.2), interval=interval)
    assert classes(leak(Signal.GOROUTINES, 0.2), threads) == [LeakClass.GOROUTINE]


def test_threads_that_hold_files() -> None:
    """Threads that each wait for a pipe of their own are one leak, files included."""
    (found,) = findings(leak(Signal.THREADS, 4.0), leak(Signal.GOROUTINES, 4.0), leak(Signal.OPEN_FILES, 8.0))
    assert (found.leak_class, len(found.reasons)) == (LeakClass.THREADS, 4)


def test_native() -> None:
    """A process that grows while the runtime's own memory stands still leaks outside the heap."""
    (found,) = findings(
        leak(Signal.RSS_ANON, MIB),
        other(Signal.INUSE_SPACE, Verdict.STEADY, 100.0),
        other(Signal.SYS, Verdict.STEADY, 0.0),
    )
    assert (found.leak_class, found.signal) == (LeakClass.NATIVE, Signal.RSS_ANON)
    assert "heap, garbage and runtime explain 0% of the growth of the resident set" in found.reasons


def test_notes_of_native_memory() -> None:
    """The little heap in which a program notes down what it has mapped is part of the native leak."""
    (found,) = findings(
        leak(Signal.RSS_ANON, 6 * MIB), leak(Signal.HEAP_ALLOC, 40 * KIB), other(Signal.SYS, Verdict.STEADY, 0.0)
    )
    assert found.leak_class is LeakClass.NATIVE
    assert "the heap grows with it" in found.reasons[-1]


def test_native_beside_heap() -> None:
    """A heap leak that is no mere note of the native one stays a leak of its own."""
    assert classes(
        leak(Signal.RSS_ANON, 6 * MIB), leak(Signal.HEAP_ALLOC, MIB), other(Signal.SYS, Verdict.STEADY, MIB)
    ) == [LeakClass.HEAP, LeakClass.NATIVE]


def test_native_beside_goroutines() -> None:
    """A small goroutine leak does not hide memory that leaks outside the heap."""
    assert classes(
        leak(Signal.GOROUTINES, 1.0),
        leak(Signal.RSS_ANON, MIB),
        other(Signal.SYS, Verdict.STEADY, 8 * KIB),
    ) == [LeakClass.GOROUTINE, LeakClass.NATIVE]


def test_resident_set_alone() -> None:
    """Of a plain process only the resident set is known, and the finding says so."""
    (found,) = findings(leak(Signal.RSS, MIB))
    assert found.leak_class is LeakClass.NATIVE
    assert "only the resident set is known" in found.reasons[-1]


def test_goroutines_explain_a_process_of_which_nothing_else_is_known() -> None:
    """Where no number of the runtime is known, a little memory per leaked goroutine belongs to the goroutines."""
    (found,) = findings(leak(Signal.GOROUTINES, 10.0), leak(Signal.RSS, 100 * KIB))
    assert (found.leak_class, found.reasons[-1]) == (LeakClass.GOROUTINE, "the resident set grows with them")
    assert classes(leak(Signal.GOROUTINES, 10.0), leak(Signal.RSS, 10 * MIB)) == [
        LeakClass.GOROUTINE,
        LeakClass.NATIVE,
    ]


def test_file_pages_are_not_a_leak() -> None:
    """A resident set that grows by file pages alone is the page cache, not a leak."""
    assert classes(leak(Signal.RSS, MIB), other(Signal.RSS_ANON, Verdict.STEADY)) == []


def test_waits_for_the_runtime() -> None:
    """While it is too early to judge the heap, nothing is said of where the process grows."""
    assert classes(leak(Signal.RSS_ANON, MIB), other(Signal.INUSE_SPACE, Verdict.TOO_EARLY, None)) == []


def test_not_returned() -> None:
    """Freed memory that the runtime keeps is a class of its own."""
    (found,) = findings(
        leak(Signal.RSS_ANON, MIB),
        other(Signal.INUSE_SPACE, Verdict.STEADY, 0.0),
        leak(Signal.SYS, MIB),
        leak(Signal.HEAP_IDLE, 0.9 * MIB),
    )
    assert (found.leak_class, found.signal) == (LeakClass.NOT_RETURNED, Signal.RSS_ANON)
    assert "memory that is free and was not given back is 90% of it" in found.reasons[-1]


def test_released_memory_is_not_held() -> None:
    """What the runtime has given back does not explain a larger process."""
    assert classes(
        leak(Signal.RSS_ANON, MIB),
        other(Signal.INUSE_SPACE, Verdict.STEADY, 0.0),
        leak(Signal.SYS, MIB),
        leak(Signal.HEAP_RELEASED, MIB),
    ) == [LeakClass.NATIVE]


@pytest.mark.parametrize(
    ("verdict", "leak_class"), [(Verdict.SETTLING, LeakClass.CACHE), (Verdict.LOAD, LeakClass.LOAD)]
)
def test_harmless(verdict: Verdict, leak_class: LeakClass) -> None:
    """A heap that settles or follows load is named as such, also where the process looks like a leak."""
    (found,) = findings(other(Signal.INUSE_SPACE, verdict, MIB), leak(Signal.RSS_ANON, MIB))
    assert (found.leak_class, found.signal) == (leak_class, Signal.INUSE_SPACE)
    assert found.assessment.verdict is verdict


def test_nothing() -> None:
    """A steady target, or one of which nothing is known, has no findings."""
    assert classes() == []
    assert classes(other(Signal.RSS, Verdict.STEADY), other(Signal.THREADS, Verdict.TOO_EARLY, None)) == []


ASSESSMENT: Callable[[Signal], st.SearchStrategy[Assessment]] = lambda signal: st.builds(  # noqa: E731
    Assessment,
    st.just(signal),
    st.just(NOW),
    st.sampled_from([Verdict.LEAK, Verdict.STEADY, Verdict.SETTLING, Verdict.LOAD]),
    st.floats(1e-6, 1e9),
    st.just((0.0, 1.0)),
)


@given(st.fixed_dictionaries({}, optional={signal: ASSESSMENT(signal) for signal in Signal}))
def test_any_verdicts(assessments: dict[Signal, Assessment]) -> None:
    """Whatever the verdicts, a class is found at most once, and leaks rest on a signal that was judged a leak."""
    found = classify(assessments, {Signal.GOROUTINES_LEAKED: 0.0})
    assert len({each.leak_class for each in found}) == len(found)
    for each in found:
        if each.leak_class in LEAKS:
            assert assessments[each.signal].verdict is Verdict.LEAK


@given(st.floats(1e-3, 1e9))
def test_one_cause_is_one_finding(rate: float) -> None:
    """A heap leak seen by every memory signal is one finding at any speed."""
    memory = [
        Signal.INUSE_SPACE,
        Signal.HEAP_ALLOC,
        Signal.HEAP_INUSE,
        Signal.HEAP_SYS,
        Signal.SYS,
        Signal.RSS,
        Signal.RSS_ANON,
    ]
    assert classes(*(leak(signal, rate) for signal in memory)) == [LeakClass.HEAP]


def test_a_stray_is_no_proof() -> None:
    """One goroutine that can never wake among hundreds (a main that waits for ever) is not what grows."""
    (found,) = findings(leak(Signal.GOROUTINES, 1.0), goroutines_leaked=1, goroutines=700)
    assert not [reason for reason in found.reasons if "garbage collector" in reason]


def test_heap_that_is_seen_later() -> None:
    """Heap that goroutines hold may show in a shorter look-back than they do: it is theirs all the same."""
    goroutines = replace(leak(Signal.GOROUTINES, 20.0), onset=NOW - 500)
    heap = replace(leak(Signal.INUSE_SPACE, 18 * KIB), onset=NOW - 60)
    assert classes(goroutines, heap) == [LeakClass.GOROUTINE]


def site(signal: Signal, rate: float, verdict: Verdict = Verdict.LEAK) -> dict[Signal, SiteTrend]:
    """One site of the signal, and what is said of it alone."""
    frame = Frame("shop.(*Cart).Put", "/src/shop/cart.go", 12)
    seen = Assessment(signal, NOW, verdict, rate, (0.9 * rate, 1.1 * rate), reasons=("it grows",))
    return {signal: SiteTrend("5b0c", frame, signal, 9e6, seen)}


@pytest.mark.parametrize(
    ("signal", "leak_class"),
    [(Signal.INUSE_SPACE, LeakClass.HEAP), (Signal.GOROUTINES, LeakClass.GOROUTINE)],
)
def test_a_site_that_leaks_below_an_unsteady_whole(signal: Signal, leak_class: LeakClass) -> None:
    """Where the whole says nothing, a site that leaks is a finding of its own that names the code."""
    whole = replace(other(signal, Verdict.STEADY), interval=(-5.0, 5.0))
    (found,) = classify({signal: whole}, {}, sites=site(signal, 1.0))
    assert (found.leak_class, found.signal, found.assessment.growth_per_second) == (leak_class, signal, 1.0)
    assert "shop.(*Cart).Put alone grows" in found.reasons[1]


def test_memory_that_moves_from_site_to_site_is_no_leak() -> None:
    """A whole that surely does not grow by as much speaks against a site that does."""
    whole = replace(other(Signal.INUSE_SPACE, Verdict.STEADY), interval=(-0.1, 0.4))
    assert classify({Signal.INUSE_SPACE: whole}, {}, sites=site(Signal.INUSE_SPACE, 1.0)) == []


def test_a_site_is_not_told_beside_what_holds_it() -> None:
    """Where goroutines leak, or the whole heap does, its site is no second finding."""
    found = classify({Signal.GOROUTINES: leak(Signal.GOROUTINES, 1.0)}, {}, sites=site(Signal.INUSE_SPACE, 5.0))
    assert [each.leak_class for each in found] == [LeakClass.GOROUTINE]
    (heap,) = classify({Signal.INUSE_SPACE: leak(Signal.INUSE_SPACE, 9.0)}, {}, sites=site(Signal.INUSE_SPACE, 5.0))
    assert heap.assessment.growth_per_second == 9.0


def test_a_site_that_settles_is_no_leak() -> None:
    """Only a site that is called leaking counts."""
    assert classify({}, {}, sites=site(Signal.INUSE_SPACE, 1.0, Verdict.SETTLING)) == []
