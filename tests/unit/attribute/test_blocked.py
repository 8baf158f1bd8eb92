"""More goroutines blocked at one line than a job allows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leakdog.attribute.blocked import Blocked, most_blocked, with_blocked, with_blocked_culprit
from leakdog.attribute.case import Finding
from leakdog.attribute.dump import GoroutineGroup
from leakdog.attribute.site import stack_id
from leakdog.model import Assessment, Culprit, Frame, LeakClass, Signal, Verdict
from leakdog.pprof import Profile

PARK = Frame("runtime.gopark", "/go/src/runtime/proc.go", 460)
RECEIVE = Frame("runtime.chanrecv", "/go/src/runtime/chan.go", 600)
ATTEND = Frame("shop.attend", "/src/shop/pool.go", 42)
WORK = Frame("shop.work", "/src/shop/pool.go", 50)
START = Frame("shop.Start", "/src/shop/pool.go", 12)
WAITING = (PARK, RECEIVE, ATTEND, WORK)
BLOCKED = Blocked(ATTEND, WAITING, 25_000, 50_000, "chan receive")


@pytest.fixture
def goroutines(profile: Callable[..., Profile]) -> Callable[..., Profile]:
    """A goroutine profile from stacks to counts."""
    return lambda counts: profile(counts, types=(("goroutine", "count"),))


def test_the_line_with_most_is_found(goroutines: Callable[..., Profile]) -> None:
    """All its stacks together, told with that of most of them."""
    other = (PARK, RECEIVE, ATTEND, START)
    elsewhere = (PARK, RECEIVE, Frame("shop.attend", "/src/shop/pool.go", 77), WORK)
    found = most_blocked(goroutines({WAITING: 20, other: 15, elsewhere: 30, (WORK,): 500}))
    assert found == Blocked(ATTEND, WAITING, 35, 565, "chan receive")


def test_what_runs_is_not_blocked(goroutines: Callable[..., Profile]) -> None:
    """However many they are."""
    assert most_blocked(goroutines({(WORK, START): 10_000})) is None
    assert most_blocked(goroutines({})) is None


def test_it_is_a_leak_of_goroutines(goroutines: Callable[..., Profile]) -> None:
    """Also where their number does not grow, or nothing is known of it; then nothing is said of growth."""
    steady = Assessment(Signal.GOROUTINES, 5.0, Verdict.STEADY, growth_per_second=0.1, interval=(0.0, 0.2))
    cache = Finding(LeakClass.CACHE, Signal.RSS, Assessment(Signal.RSS, 5.0, Verdict.SETTLING), ())
    for seen, growth in ((steady, 0.1), (None, None)):
        (found,) = with_blocked([cache], BLOCKED, seen, 5.0)
        assert (found.leak_class, found.signal, found.assessment.verdict) == (
            LeakClass.GOROUTINE,
            Signal.GOROUTINES,
            Verdict.LEAK,
        )
        assert found.assessment.growth_per_second == growth
        assert "25,000 goroutines are blocked in chan receive" in found.reasons[0]
        assert "shop.attend, /src/shop/pool.go:42" in found.reasons[0]


def test_a_leak_that_is_found_anyway_is_told_of_it() -> None:
    """One leak, with one reason more; the others are left as they are."""
    leaks = [
        Finding(of, signal, Assessment(signal, 5.0, Verdict.LEAK), ("it grows",))
        for of, signal in ((LeakClass.HEAP, Signal.INUSE_SPACE), (LeakClass.GOROUTINE, Signal.GOROUTINES))
    ]
    heap, goroutine = with_blocked(leaks, BLOCKED, None, 5.0)
    assert heap == leaks[0]
    assert len(goroutine.reasons) == 2
    assert with_blocked(leaks, None, None, 5.0) == leaks


def test_the_line_comes_first_with_its_starter_and_its_longest_wait() -> None:
    """The share is that of all goroutines; what grows elsewhere keeps its part of the rest."""
    grows = Culprit("0b0c", WORK, 0.8, 1.0, (WORK,))
    dump = [
        GoroutineGroup(WAITING, "chan receive", START, 24_000, 7),
        GoroutineGroup((PARK, RECEIVE, ATTEND), "chan receive", START, 1_000, 90),
        GoroutineGroup((WORK,), "running", None, 1, 400),
    ]
    first, second = with_blocked_culprit([grows], BLOCKED, dump)
    assert (first.frame, first.share, first.created_by) == (ATTEND, 0.5, START)
    assert first.note == "25,000 goroutines are blocked in chan receive there for up to 90 min"
    assert second.share == 0.4


def test_a_line_that_grows_is_told_once() -> None:
    """The culprit that the trend found is put first and keeps its share."""
    grown = Culprit(stack_id(WAITING), ATTEND, 0.3, 1.0, WAITING, note="blocked in chan receive")
    other = Culprit("0b0c", WORK, 0.6, 1.0, (WORK,))
    first, second = with_blocked_culprit([other, grown], BLOCKED, ())
    assert (first.share, first.growth_per_second) == (0.3, 1.0)
    assert "25,000 goroutines are blocked" in first.note
    assert second == other
    assert with_blocked_culprit([other], None, ()) == (other,)
