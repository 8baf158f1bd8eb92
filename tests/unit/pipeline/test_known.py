"""Acknowledgements by people and by configuration, and fixes that hold."""

import time
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace

import pytest

from leakdog.model import (
    Acknowledgement,
    Assessment,
    Culprit,
    Frame,
    Leak,
    LeakClass,
    LeakState,
    Life,
    Signal,
    Verdict,
)
from leakdog.pipeline import known
from leakdog.pipeline.functions import KnownFunctions
from leakdog.pipeline.known import acknowledge, note
from leakdog.pipeline.state import Fleet, Watched

HOUR = 3600.0
BY_HAND = Acknowledgement(50.0, note="known")


def noted(watched: Watched, leak: Leak, now: float, *functions: KnownFunctions) -> Leak:
    """The leak after it was noted what is known; told as new only if it is another."""
    watched.leaks = {leak.leak_class: leak}
    changed = note(watched, functions, now)
    assert changed == ([] if watched.leaks[leak.leak_class] is leak else [watched.leaks[leak.leak_class]])
    return watched.leaks[leak.leak_class]


def culprit(function: str, share: float) -> Culprit:
    """A site with a share of the growth."""
    return Culprit(function, Frame(function, "a.go", 1), share, 1.0, ())


@pytest.fixture
def leak(watched: Watched) -> Leak:
    """A heap leak that took two hours to be found: it began at 0."""
    return Leak(
        "9f1c",
        watched.key,
        Signal.INUSE_SPACE,
        LeakClass.HEAP,
        LeakState.FIRING,
        since=0.0,
        updated=3 * HOUR,
        firing_since=2 * HOUR,
        culprits=(culprit("cache.(*Index).Put", 0.6), culprit("cart.Add", 0.3)),
    )


def test_a_leak_is_acknowledged_by_its_id(watched: Watched, leak: Leak) -> None:
    """And no longer, when that is taken away; an id that nobody has gives nothing."""
    watched.leaks[LeakClass.HEAP] = leak
    fleet = Fleet({watched.key: watched})
    assert acknowledge(fleet, "9f1c", BY_HAND) == replace(leak, acknowledged=BY_HAND)
    assert watched.leaks[LeakClass.HEAP].acknowledged == BY_HAND
    assert acknowledge(fleet, "9f1c", None) == leak
    assert acknowledge(fleet, "none", BY_HAND) is None


@pytest.mark.parametrize(("pattern", "known"), [(r"\(\*Index\)\.Put$", True), ("^cart", False), ("Get", False)])
def test_a_leak_that_is_mostly_of_known_functions_is_acknowledged(
    watched: Watched, leak: Leak, pattern: str, known: bool
) -> None:
    """More than half of what is known of its growth must be theirs."""
    watched.job = replace(watched.job, acknowledged=("nothing", pattern))
    given = noted(watched, leak, 70.0).acknowledged
    expected = Acknowledgement(70.0, note=f"configured: {pattern}", configured=True, function=pattern)
    assert given == (expected if known else None)


def test_what_is_configured_holds_as_long_as_it_is(watched: Watched, leak: Leak) -> None:
    """It keeps its time from pass to pass, and ends when the configuration no longer says so."""
    watched.job = replace(watched.job, acknowledged=("Put",))
    first = noted(watched, leak, 70.0)
    assert noted(watched, first, 80.0) is first
    watched.job = replace(watched.job, acknowledged=())
    assert noted(watched, first, 90.0).acknowledged is None


@pytest.mark.parametrize(
    ("given", "known"),
    [
        (KnownFunctions("Put", 60.0, note="bounded"), True),
        (KnownFunctions("Put", 60.0, job="shop", until=71.0, note="bounded"), True),
        (KnownFunctions("Put", 60.0, job="other", note="bounded"), False),
        (KnownFunctions("Put", 60.0, until=70.0, note="bounded"), False),
        (KnownFunctions("Get", 60.0, note="bounded"), False),
    ],
)
def test_functions_that_were_given_hold_as_the_configured_ones(
    watched: Watched, leak: Leak, given: KnownFunctions, known: bool
) -> None:
    """For the leaks of their job or of all, until their time is over; with who said so and why."""
    assert watched.key.job == "shop"
    expected = Acknowledgement(70.0, given.until, "bounded", function="Put") if known else None
    assert noted(watched, leak, 70.0, given).acknowledged == expected


def test_what_is_known_is_looked_for_at_the_beginning_of_a_name(watched: Watched, leak: Leak) -> None:
    """A target that sends names without end holds nobody up; what is configured is looked for further in."""
    leak = replace(leak, culprits=(culprit("a" * 100_000 + ".Put", 1.0),))
    began = time.monotonic()
    assert noted(watched, leak, 70.0, KnownFunctions(r"\w+\w+:", 60.0)).acknowledged is None
    assert time.monotonic() - began < 5
    assert noted(watched, leak, 70.0, KnownFunctions(r"\.Put$", 60.0)).acknowledged is None
    watched.job = replace(watched.job, acknowledged=(r"\w+\w+:", r"\.Put$"))
    assert noted(watched, leak, 70.0).acknowledged is None
    assert time.monotonic() - began < 5
    leak = replace(leak, culprits=(culprit("a" * 1000 + ".Put", 1.0),))
    assert noted(watched, leak, 70.0).acknowledged is not None


def test_a_name_is_looked_through_once(watched: Watched, leak: Leak, monkeypatch: pytest.MonkeyPatch) -> None:
    """An expression that is slow on a name is slow once, and not in each pass."""
    watched.job = replace(watched.job, acknowledged=("only in this test",))
    searched: list[tuple[str, str]] = []
    monkeypatch.setattr(known, "re", SimpleNamespace(search=lambda *asked: searched.append(asked)))
    for now in (70.0, 80.0):
        assert noted(watched, leak, now).acknowledged is None
    assert searched == [("only in this test", each.frame.function) for each in leak.culprits]


def test_functions_that_were_given_hold_until_they_are_taken_back(watched: Watched, leak: Leak) -> None:
    """Also after the leak was resolved; what is configured counts before them."""
    given = KnownFunctions("Put", 60.0)
    first = noted(watched, leak, 70.0, given)
    assert noted(watched, first, 80.0, given) is first
    assert noted(watched, first, 90.0).acknowledged is None
    watched.job = replace(watched.job, acknowledged=("Put",))
    after = noted(watched, first, 90.0, given).acknowledged
    assert after is not None
    assert after.configured


def test_what_a_person_said_stays(watched: Watched, leak: Leak) -> None:
    """The configuration does not put its own note over it."""
    watched.job = replace(watched.job, acknowledged=("Put",))
    known = replace(leak, acknowledged=BY_HAND)
    assert noted(watched, known, 90.0) is known


def test_a_leak_without_code_is_not_acknowledged_by_functions(watched: Watched, leak: Leak) -> None:
    """Nothing is known of whose it is."""
    watched.job = replace(watched.job, acknowledged=(".",))
    assert noted(watched, replace(leak, culprits=()), 90.0).acknowledged is None


@pytest.mark.parametrize(
    ("verdict", "hours", "state", "fixed"),
    [
        (Verdict.STEADY, 2.1, LeakState.RESOLVED, True),
        (Verdict.SETTLING, 2.1, LeakState.RESOLVED, True),
        (Verdict.STEADY, 1.9, LeakState.RESOLVED, False),
        (Verdict.TOO_EARLY, 9.0, LeakState.RESOLVED, False),
        (Verdict.LEAK, 9.0, LeakState.RESOLVED, False),
        (Verdict.STEADY, 9.0, LeakState.FIRING, False),
    ],
)
def test_a_fix_holds_when_the_next_process_was_flat_for_as_long_as_the_leak_took_to_find(
    watched: Watched, leak: Leak, verdict: Verdict, hours: float, state: LeakState, fixed: bool
) -> None:
    """Two hours here, with a verdict, after the leak was resolved."""
    start = 4 * HOUR
    watched.life = Life(start, start)
    watched.assessments = {Signal.INUSE_SPACE: Assessment(Signal.INUSE_SPACE, start, verdict)}
    after = noted(watched, replace(leak, state=state), start + hours * HOUR)
    assert after.flat_since == (start if fixed else None)


@pytest.mark.parametrize(("growth", "fixed"), [(None, True), (-200.0, True), (40.0, True), (60.0, False)])
@pytest.mark.parametrize("verdict", [Verdict.STEADY, Verdict.SETTLING])
def test_a_process_that_grows_as_fast_as_the_leak_is_not_called_fixed(
    watched: Watched, leak: Leak, verdict: Verdict, growth: float | None, fixed: bool
) -> None:
    """It is only not found yet, which may take longer than in the process before; what was said of it stays."""
    start = 4 * HOUR
    watched.life = Life(start, start)
    said = Assessment(Signal.INUSE_SPACE, start, verdict, growth_per_second=growth)
    watched.assessments = {Signal.INUSE_SPACE: said}
    over = replace(leak, state=LeakState.RESOLVED, growth_per_second=100.0)
    assert noted(watched, over, start + 9 * HOUR).flat_since == (start if fixed else None)


def test_a_leak_that_ended_by_itself_is_not_called_fixed(watched: Watched, leak: Leak) -> None:
    """The process is the one that leaked."""
    watched.life = Life(1 * HOUR, 1 * HOUR)
    watched.assessments = {Signal.INUSE_SPACE: Assessment(Signal.INUSE_SPACE, 1.0, Verdict.STEADY)}
    assert noted(watched, replace(leak, state=LeakState.RESOLVED), 99 * HOUR).flat_since is None


def test_a_leak_whose_series_cannot_be_read_back_is_not_called_fixed(
    watched: Watched, leak: Leak, unreadable: Mapping[Signal, Assessment]
) -> None:
    """Nothing is said of it, and nothing is raised: the pass goes on."""
    watched.life = Life(4 * HOUR, 4 * HOUR)
    watched.assessments = unreadable
    assert noted(watched, replace(leak, state=LeakState.RESOLVED), 99 * HOUR).flat_since is None
