"""What is known of one target, and the findings so far."""

from dataclasses import replace

import pytest

from leakdog.attribute.case import Case
from leakdog.model import Assessment, LeakClass, Signal, Verdict

NOW = 1000.0
LEAK = Assessment(Signal.INUSE_SPACE, NOW, Verdict.LEAK, 5.0, (4.0, 6.0), onset=0.0, reasons=("it grows",))
STEADY = Assessment(Signal.THREADS, NOW, Verdict.STEADY, None, (-1.0, 1.0))


@pytest.fixture
def case() -> Case:
    """A heap that leaks and threads that stand still."""
    return Case({Signal.INUSE_SPACE: LEAK, Signal.THREADS: STEADY}, {}, {})


def test_what_is_not_known_is_not_zero(case: Case) -> None:
    """A signal without an assessment has no verdict and no rate; only where a sum is made does it count as 0."""
    assert (case.verdict(Signal.RSS), case.rate(Signal.RSS), case.growth(Signal.RSS)) == (None, None, 0.0)
    assert (case.verdict(Signal.THREADS), case.rate(Signal.THREADS)) == (Verdict.STEADY, None)
    assert (case.leaks(Signal.INUSE_SPACE), case.leaks(Signal.THREADS), case.leaks(Signal.RSS)) == (True, False, False)


def test_growth_is_sure_where_its_interval_is_above_zero(case: Case) -> None:
    """Not knowing an interval is not being sure."""
    assert case.surely_grows(Signal.INUSE_SPACE)
    assert not case.surely_grows(Signal.THREADS)
    assert not case.surely_grows(Signal.RSS)


def test_the_first_that_leaks_in_the_order_asked(case: Case) -> None:
    """Signals that do not leak are passed over."""
    assert case.first_leaking([Signal.RSS, Signal.THREADS, Signal.INUSE_SPACE]) is Signal.INUSE_SPACE
    assert case.first_leaking([Signal.THREADS]) is None


def test_a_finding_gathers_reasons(case: Case) -> None:
    """Those of the detector come first, then what makes it this class, then what else belongs to it."""
    case.find(LeakClass.HEAP, Signal.INUSE_SPACE, "live objects grow")
    case.add(LeakClass.HEAP, "the process grows with it", "by as much")
    assert case.found[LeakClass.HEAP].reasons == (
        "it grows",
        "live objects grow",
        "the process grows with it",
        "by as much",
    )
    assert case.speed(LeakClass.HEAP) == 5.0


def test_a_signal_that_is_found_leaking_is_told_as_such(case: Case) -> None:
    """A finding's verdict is leak, whatever its signal alone was called."""
    case.find(LeakClass.THREADS, Signal.THREADS)
    assert case.found[LeakClass.THREADS].assessment == replace(STEADY, verdict=Verdict.LEAK)
    assert case.speed(LeakClass.THREADS) > 0


@pytest.mark.parametrize(
    ("onset", "since"), [(0.0, True), (900.0, True), (-500.0, True), (-5000.0, False), (None, True)]
)
def test_what_a_leak_brings_along_begins_with_it(case: Case, onset: float | None, since: bool) -> None:
    """Growth that began long before a finding is not of it."""
    case.find(LeakClass.HEAP, Signal.INUSE_SPACE)
    case.assessments = {**case.assessments, Signal.RSS: replace(LEAK, signal=Signal.RSS, onset=onset)}
    assert case.since(LeakClass.HEAP, Signal.RSS) is since
