"""Why a process grows, by the ledger of its growth."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.attribute.case import Finding
from leakdog.attribute.classify import classify
from leakdog.model import Assessment, LeakClass, Signal, Verdict

KIB, MIB = 1024.0, 1024.0 * 1024
NOW = 10_000.0
RUNTIME = (
    Signal.SYS,
    Signal.HEAP_RELEASED,
    Signal.HEAP_SYS,
    Signal.HEAP_IDLE,
    Signal.HEAP_ALLOC,
    Signal.STACK_INUSE,
)


def seen(signal: Signal, verdict: Verdict, rate: float = 0.0, low: float = -1.0) -> Assessment:
    """A verdict of one signal."""
    return Assessment(signal, NOW, verdict, rate, (low, 2 * abs(rate) + 1))


def growing(
    together: dict[Signal, float],
    *others: Assessment,
    resident: float = MIB,
    look_back: float = 100.0,
    latest: dict[Signal, float] | None = None,
) -> list[Finding]:
    """Findings where the resident set leaks and all signals grow `together` at these rates; others are steady."""
    rates = {**dict.fromkeys(RUNTIME, 0.0), Signal.RSS_ANON: resident, **together}
    verdicts = {signal: seen(signal, Verdict.STEADY) for signal in RUNTIME}
    process = replace(seen(Signal.RSS_ANON, Verdict.LEAK, resident), look_back_seconds=look_back)
    verdicts |= {Signal.RSS_ANON: process}
    verdicts |= {each.signal: each for each in others}
    return classify(verdicts, latest or {}, rates)


def idle(rate: float) -> dict[Signal, float]:
    """Spans that are idle and kept."""
    return {Signal.SYS: rate, Signal.HEAP_SYS: rate, Signal.HEAP_IDLE: rate}


def objects(rate: float) -> dict[Signal, float]:
    """Spans that objects fill."""
    return {Signal.SYS: rate, Signal.HEAP_SYS: rate, Signal.HEAP_ALLOC: rate}


def stacks(rate: float) -> dict[Signal, float]:
    """Stacks of goroutines."""
    return {Signal.SYS: rate, Signal.STACK_INUSE: rate}


@pytest.mark.parametrize(
    ("together", "leak_class", "told"),
    [
        ({}, LeakClass.NATIVE, "native memory 100%"),
        (idle(0.4 * MIB), LeakClass.NATIVE, "native memory 60%, heap idle and not returned 40%"),
        (idle(0.9 * MIB), LeakClass.NOT_RETURNED, "heap idle and not returned 90%, native memory 10%"),
        ({Signal.SYS: MIB, Signal.HEAP_SYS: MIB}, LeakClass.NOT_RETURNED, "fragmentation inside spans 100%"),
        ({Signal.SYS: MIB}, LeakClass.NOT_RETURNED, "runtime structures 100%"),
        (stacks(0.8 * MIB), LeakClass.GOROUTINE, "goroutine stacks 80%, native memory 20%"),
    ],
)
def test_the_part_that_grows_is_the_class(together: dict[Signal, float], leak_class: LeakClass, told: str) -> None:
    """Half of the growth and more decides, and the parts are told."""
    (found,) = growing(together)
    assert (found.leak_class, found.signal) == (leak_class, Signal.RSS_ANON)
    assert found.reasons[-1] == f"the ledger of that growth: {told}"


def test_what_is_given_back_and_taken_again_is_no_growth() -> None:
    """A heap that moves from released to idle pages makes the process larger, though all that Go has from the
    system stands still.
    """
    (found,) = growing({Signal.HEAP_RELEASED: -MIB})
    assert found.leak_class is LeakClass.NOT_RETURNED
    assert "memory that is free and was not given back is 100% of it" in found.reasons[-2]


def test_rates_of_one_span_count_more_than_those_of_the_verdicts() -> None:
    """A heap that grew in its own short look-back, and not in that of the process, does not explain the process."""
    late = seen(Signal.SYS, Verdict.STEADY, 5 * MIB)
    (found,) = growing({}, late)
    assert found.leak_class is LeakClass.NATIVE


def test_live_heap_that_is_too_uneven_to_be_judged_alone() -> None:
    """The process leaks, most of it is heap, and the heap surely grows: a heap leak."""
    (found,) = growing(objects(0.8 * MIB), seen(Signal.HEAP_ALLOC, Verdict.STEADY, 0.8 * MIB, low=0.1 * MIB))
    assert (found.leak_class, found.signal) == (LeakClass.HEAP, Signal.RSS_ANON)
    assert "heap objects, live or garbage 80%" in found.reasons[-1]


def test_live_heap_that_may_stand_still() -> None:
    """As long as the heap may as well stand still, nothing is said."""
    assert growing(objects(0.8 * MIB), seen(Signal.HEAP_ALLOC, Verdict.STEADY, 0.8 * MIB, low=-1.0)) == []


def test_a_cache_that_fills_makes_the_process_larger() -> None:
    """Growth of the process is no leak where the heap behind it settles."""
    (found,) = growing(objects(MIB), seen(Signal.HEAP_ALLOC, Verdict.SETTLING, MIB))
    assert found.leak_class is LeakClass.CACHE


def test_a_heap_leak_tells_the_ledger() -> None:
    """The process that grows with a heap leak is not a second one; its parts are told with the first."""
    (found,) = growing(objects(0.9 * MIB), seen(Signal.HEAP_ALLOC, Verdict.LEAK, 0.9 * MIB))
    assert (found.leak_class, found.signal) == (LeakClass.HEAP, Signal.HEAP_ALLOC)
    assert found.reasons[-1] == "the ledger of that growth: heap objects, live or garbage 90%, native memory 10%"


@pytest.mark.parametrize(("live", "apart"), [(0.01 * MIB, True), (0.2 * MIB, False)])
def test_a_small_heap_leak_does_not_explain_what_the_runtime_keeps(live: float, apart: bool) -> None:
    """Idle memory that grows a hundred times as fast is a leak of its own; where it is less, it comes with the heap."""
    together = {**idle(0.75 * MIB), Signal.INUSE_SPACE: live, Signal.HEAP_ALLOC: live}
    heap = seen(Signal.INUSE_SPACE, Verdict.LEAK, live, low=live / 2)
    found = {each.leak_class for each in growing(together, heap)}
    assert found == ({LeakClass.HEAP, LeakClass.NOT_RETURNED} if apart else {LeakClass.HEAP})


@pytest.mark.parametrize(("resident", "classes"), [(40, []), (50, [LeakClass.NATIVE])])
def test_memory_that_the_runtime_has_taken_is_not_outside(resident: int, classes: list[LeakClass]) -> None:
    """A heap that is written to for the first time is no native leak: the process has less than the runtime took."""
    latest = {Signal.RSS_ANON: resident * MIB, Signal.SYS: 48 * MIB, Signal.HEAP_RELEASED: 4 * MIB}
    assert [each.leak_class for each in growing({}, latest=latest)] == classes


def test_native_memory_beside_a_heap_leak() -> None:
    """Two leaks at once are two findings, however much larger one of them is."""
    found = growing(objects(0.3 * MIB), seen(Signal.HEAP_ALLOC, Verdict.LEAK, 0.3 * MIB))
    assert [each.leak_class for each in found] == [LeakClass.HEAP, LeakClass.NATIVE]


@pytest.mark.parametrize(("seconds", "also"), [(96, [LeakClass.NATIVE]), (24, [])])
def test_the_lesser_of_two_leaks_is_one_too(seconds: float, also: list[LeakClass]) -> None:
    """Of 1 MiB a second 60 % are live heap; what is outside is another leak once it is more than Go maps at a time."""
    heap = seen(Signal.HEAP_ALLOC, Verdict.LEAK, 0.6 * MIB)
    found = growing(objects(0.6 * MIB), heap, look_back=seconds)
    assert [each.leak_class for each in found] == [LeakClass.HEAP, *also]


@pytest.mark.parametrize(
    ("seconds", "classes"), [(48, {LeakClass.GOROUTINE}), (480, {LeakClass.GOROUTINE, LeakClass.NATIVE})]
)
def test_little_memory_outside_comes_with_another_leak(seconds: float, classes: set[LeakClass]) -> None:
    """Two thirds of 60 KiB/s are outside: in 48 seconds that is less than Go has mapped and not written to."""
    goroutines = seen(Signal.GOROUTINES, Verdict.LEAK, 20.0)
    found = growing(stacks(20 * KIB), goroutines, resident=60 * KIB, look_back=seconds)
    assert {each.leak_class for each in found} == classes
    told = "the ledger of that growth: native memory 67%, goroutine stacks 33%"
    assert found[-1].reasons[-1] == told


def test_little_memory_outside_alone_is_native() -> None:
    """Without another leak it is one, however little."""
    (found,) = growing({}, resident=10 * KIB, look_back=48)
    assert found.leak_class is LeakClass.NATIVE


def test_little_memory_outside_does_not_come_with_notes_of_it() -> None:
    """Heap that is a note of that memory does not explain it."""
    live = objects(0.02 * 60 * KIB)
    (found,) = growing(live, seen(Signal.HEAP_ALLOC, Verdict.LEAK, 0.02 * 60 * KIB), resident=60 * KIB, look_back=48)
    assert found.leak_class is LeakClass.NATIVE


def test_threads_take_memory_of_the_system() -> None:
    """Native memory that threads explain is theirs."""
    (found,) = growing({}, seen(Signal.THREADS, Verdict.LEAK, 10.0), resident=500 * KIB)
    assert found.leak_class is LeakClass.THREADS


@given(st.dictionaries(st.sampled_from([*RUNTIME, Signal.RSS_ANON]), st.floats(-1e9, 1e9)))
def test_any_rates(together: dict[Signal, float]) -> None:
    """Whatever the rates, a leaking process is at most one finding of its own."""
    assert len(growing(together)) <= 1


@pytest.mark.parametrize(
    ("live", "told"),
    [
        (0.9 * MIB, "by no more than heap, garbage and runtime explain"),
        (0.4 * MIB, "heap, garbage and runtime explain 80% of that growth"),
    ],
)
def test_a_reckoned_share_is_told_only_where_it_is_one(live: float, told: str) -> None:
    """Garbage is reckoned at as much as the live heap: what could explain more than there is explains no 100 %."""
    process = seen(Signal.RSS_ANON, Verdict.LEAK, MIB)
    heap = seen(Signal.HEAP_ALLOC, Verdict.LEAK, live, low=live / 2)
    (found,) = classify({Signal.RSS_ANON: process, Signal.HEAP_ALLOC: heap}, {}, {})
    assert found.leak_class is LeakClass.HEAP
    assert found.reasons[-1].endswith(told)


def test_of_a_profile_alone_no_garbage_is_counted() -> None:
    """Nothing tells garbage where a heap profile is all there is: what it shows of the growth is told, of one span."""
    heap = replace(seen(Signal.INUSE_SPACE, Verdict.LEAK, 0.2 * MIB, low=0.1), look_back_seconds=50.0)
    process = replace(seen(Signal.RSS_ANON, Verdict.LEAK, 0.5 * MIB), look_back_seconds=100.0)
    together = {Signal.INUSE_SPACE: 0.3 * MIB, Signal.RSS_ANON: 0.5 * MIB}
    verdicts = {heap.signal: heap, process.signal: process}
    (found,) = classify(verdicts, {}, together)
    assert found.reasons[-1] == "the resident set grows with it: 60% of that growth is in the heap profile"
    (found,) = classify(verdicts, {})
    assert found.reasons[-1] == "the resident set grows with it: 40% of that growth is in the heap profile"
    (found,) = classify(verdicts, {}, {Signal.INUSE_SPACE: -MIB, Signal.RSS_ANON: 0.0})
    assert found.reasons[-1] == "the resident set grows with it: 40% of that growth is in the heap profile"
    (found,) = classify(verdicts, {}, together | {Signal.INUSE_SPACE: MIB})
    assert found.reasons[-1] == "the resident set grows with it, by no more than live heap does"


def test_the_limit_is_reached_when_the_resident_set_reaches_it() -> None:
    """The kernel kills by the resident set: sooner than live heap tells, or later where that is not written to yet."""
    heap = replace(seen(Signal.INUSE_SPACE, Verdict.LEAK, 0.2 * MIB), time_to_limit_seconds=2400.0)
    process = replace(
        seen(Signal.RSS_ANON, Verdict.LEAK, 0.5 * MIB),
        time_to_limit_seconds=900.0,
        time_to_limit_interval=(200.0, 1100.0),
    )
    (found,) = classify({heap.signal: heap, process.signal: process}, {})
    assert found.signal is Signal.INUSE_SPACE
    assert found.assessment.growth_per_second == 0.2 * MIB
    assert found.assessment.time_to_limit_seconds == 900.0
    assert found.assessment.time_to_limit_interval == (200.0, 1100.0)
    assert found.reasons[-1] == "the time to the limit is that of rss_anon, which grows with it"
    later = replace(process, time_to_limit_seconds=3000.0)
    (found,) = classify({heap.signal: heap, process.signal: later}, {})
    assert found.assessment.time_to_limit_seconds == 3000.0
    steady = replace(process, verdict=Verdict.STEADY)
    (found,) = classify({heap.signal: heap, process.signal: steady}, {})
    assert found.assessment.time_to_limit_seconds == 2400.0
    assert "time to the limit" not in found.reasons[-1]


@pytest.mark.parametrize("memory", [Signal.INUSE_SPACE, Signal.RSS_ANON])
def test_a_leak_of_goroutines_reaches_the_limit_too(memory: Signal) -> None:
    """A number has no limit, the memory that grows with it does."""
    leaked = seen(Signal.GOROUTINES, Verdict.LEAK, 10.0)
    grown = replace(seen(memory, Verdict.LEAK, 10 * 4 * KIB), time_to_limit_seconds=900.0)
    (found,) = classify({leaked.signal: leaked, memory: grown}, {})
    assert (found.leak_class, found.assessment.time_to_limit_seconds) == (LeakClass.GOROUTINE, 900.0)
    sooner = replace(seen(Signal.RSS_ANON, Verdict.LEAK, 10 * 4 * KIB), time_to_limit_seconds=600.0)
    (found,) = classify({leaked.signal: leaked, memory: grown, sooner.signal: sooner}, {})
    assert found.assessment.time_to_limit_seconds == 600.0
    told = [each for each in found.reasons if each.startswith("the time to the limit")]
    assert told == ["the time to the limit is that of rss_anon, which grows with it"]
    steady = replace(grown, verdict=Verdict.STEADY)
    (found,) = classify({leaked.signal: leaked, memory: steady}, {})
    assert found.assessment.time_to_limit_seconds is None
