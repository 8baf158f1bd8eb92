"""The states of a leak, each test a short history."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from leakdog.detect.settings import SOAK
from leakdog.detect.state import Doubt, advance, leak_id
from leakdog.model import (
    Acknowledgement,
    Assessment,
    Culprit,
    Frame,
    Leak,
    LeakClass,
    LeakState,
    Signal,
    TargetKey,
    Verdict,
)

KEY = TargetKey("shop", "10.0.0.1:6060")
SETTINGS = replace(SOAK, hold_seconds=10.0, resolve_seconds=30.0)


@dataclass(frozen=True)
class Found:
    """A finding as the classifier gives it."""

    assessment: Assessment
    leak_class: LeakClass = LeakClass.HEAP
    signal: Signal = Signal.INUSE_SPACE
    reasons: tuple[str, ...] = ("it grew",)


def found(now: float, onset: float = 1.0) -> Found:
    """A leak found at a time."""
    return Found(
        Assessment(
            Signal.INUSE_SPACE, now, Verdict.LEAK, growth_per_second=now, interval=(now - 1, now + 1), onset=onset
        )
    )


def history(*steps: tuple[float, bool]) -> Leak | None:
    """The leak after a history of times at which it was found or not."""
    leak = None
    for now, is_found in steps:
        leak = advance(leak, found(now) if is_found else None, key=KEY, now=now, settings=SETTINGS)
    return leak


def state(*steps: tuple[float, bool]) -> LeakState | None:
    """The state after a history."""
    leak = history(*steps)
    return leak.state if leak else None


def test_nothing_found_is_no_leak() -> None:
    """A target without a finding has no leak."""
    assert state((0, False)) is None


def test_what_is_found_first_is_pending() -> None:
    """A finding alone does not fire."""
    assert state((0, True), (9, True)) is LeakState.PENDING


def test_what_holds_fires() -> None:
    """After the hold time a leak fires, with the time at which it did."""
    leak = history((0, True), (5, True), (10, True))
    assert leak is not None
    assert (leak.state, leak.pending_since, leak.firing_since) == (LeakState.FIRING, 0, 10)


def test_pending_that_stops_is_gone() -> None:
    """A finding that does not hold leaves nothing."""
    assert state((0, True), (9, True), (10, False)) is None


def test_firing_outlasts_a_pause() -> None:
    """Growth that pauses for less than the time to resolve goes on firing, since when it first did."""
    leak = history((0, True), (10, True), (20, False), (39, False), (45, True))
    assert leak is not None
    assert (leak.state, leak.firing_since) == (LeakState.FIRING, 10)


def test_growth_that_is_gone_resolves() -> None:
    """Without growth for the time to resolve, a leak is resolved."""
    leak = history((0, True), (10, True), (20, False), (40, False))
    assert leak is not None
    assert (leak.state, leak.resolved_since) == (LeakState.RESOLVED, 40)


def test_a_resolved_leak_that_returns_is_the_same_leak() -> None:
    """It has to hold again, and then fires under its old id."""
    before = history((0, True), (10, True), (40, False))
    again = history((0, True), (10, True), (40, False), (50, True), (59, True))
    fires = history((0, True), (10, True), (40, False), (50, True), (60, True))
    assert before is not None
    assert again is not None
    assert fires is not None
    assert again.state is LeakState.RESOLVED
    assert (fires.state, fires.id, fires.resolved_since) == (LeakState.FIRING, before.id, None)


def test_a_suspicion_that_is_taken_back_leaves_no_time_to_the_limit() -> None:
    """What is over reaches none, also where it was suspected again in between."""
    resolved = history((0, True), (10, True), (40, False))
    soon = replace(found(50).assessment, time_to_limit_seconds=5000.0)
    again = advance(resolved, Found(soon), key=KEY, now=50, settings=SETTINGS)
    assert again is not None
    assert (again.told_state, again.time_to_limit_seconds) == (LeakState.PENDING, 5000.0)
    over = advance(again, None, key=KEY, now=51, settings=SETTINGS)
    assert over is not None
    assert (over.told_state, over.time_to_limit_seconds) == (LeakState.RESOLVED, None)


def test_a_return_must_hold_without_a_break() -> None:
    """A resolved leak that is found only now and then stays resolved."""
    steps = [(0.0, True), (10.0, True), (40.0, False)]
    steps += [(40.0 + number, number % 8 != 0) for number in range(1, 60)]
    assert state(*steps) is LeakState.RESOLVED


@pytest.mark.parametrize("steps", [((0.0, True),), ((0.0, True), (10.0, True))])
def test_a_leak_ends_with_its_process(steps: tuple[tuple[float, bool], ...]) -> None:
    """When the process has ended, what fires or is only suspected is resolved at once, and tells when that was."""
    after = advance(history(*steps), None, key=KEY, now=11, settings=SETTINGS, alive=False)
    assert after is not None
    assert (after.state, after.resolved_since, after.process_ended) == (LeakState.RESOLVED, 11, 11)


def test_a_process_that_ends_without_a_leak_leaves_none() -> None:
    """What has never been found, or has been resolved before, is not touched."""
    assert advance(None, None, key=KEY, now=11, settings=SETTINGS, alive=False) is None
    resolved = history((0, True), (10, True), (40, False))
    assert advance(resolved, None, key=KEY, now=50, settings=SETTINGS, alive=False) is resolved


def test_a_suspect_that_ended_and_returns_has_not_been_announced_before() -> None:
    """Only what has fired counts as having come back."""
    ended = advance(history((0, True)), None, key=KEY, now=5, settings=SETTINGS, alive=False)
    again = advance(ended, found(20), key=KEY, now=20, settings=SETTINGS)
    fires = advance(again, found(30), key=KEY, now=30, settings=SETTINGS)
    assert fires is not None
    assert (fires.state, fires.returned, fires.process_ended) == (LeakState.FIRING, 0, 5)


def test_a_leak_tells_the_newest_numbers() -> None:
    """Growth, interval and reasons are those of the last finding."""
    leak = history((1, True), (11, True), (12, True))
    assert leak is not None
    assert (leak.growth_per_second, leak.interval, leak.reasons) == (12, (11, 13), ("it grew",))


def test_the_start_of_a_firing_leak_does_not_move() -> None:
    """A later estimate of the onset changes a pending leak, not a firing one."""
    leak = advance(None, found(0, onset=-5.0), key=KEY, now=0, settings=SETTINGS)
    leak = advance(leak, found(9, onset=-7.0), key=KEY, now=9, settings=SETTINGS)
    assert leak is not None
    assert leak.since == -7.0
    for now in (10.0, 20.0):
        leak = advance(leak, found(now, onset=now), key=KEY, now=now, settings=SETTINGS)
    assert leak is not None
    assert leak.since == 10.0


def test_an_id_is_of_job_instance_and_class() -> None:
    """Ids differ by each part, stay the same, and parts do not run into each other."""
    ids = {
        leak_id(key, leak_class)
        for key in (KEY, TargetKey("shop", "b"), TargetKey("shopb", ""), TargetKey("sho", "pb"))
        for leak_class in (LeakClass.HEAP, LeakClass.FILES)
    }
    assert len(ids) == 8
    assert leak_id(KEY, LeakClass.HEAP) == leak_id(TargetKey(*KEY), LeakClass.HEAP)


def acknowledged(until: float | None = None) -> Leak:
    """A firing leak that somebody knows of since 12."""
    leak = history((0, True), (10, True))
    assert leak is not None
    return replace(leak, acknowledged=Acknowledgement(12.0, until=until))


def step(leak: Leak, now: float, *, is_found: bool = True) -> Leak:
    """The leak a step later."""
    after = advance(leak, found(now) if is_found else None, key=KEY, now=now, settings=SETTINGS)
    assert after is not None
    return after


def test_an_acknowledgement_ends_with_its_time() -> None:
    """To the second."""
    leak = acknowledged(until=20.0)
    assert step(leak, 19.9).acknowledged == leak.acknowledged
    assert step(leak, 20.0).acknowledged is None


def test_an_acknowledgement_without_a_time_holds_until_the_leak_is_resolved() -> None:
    """What comes back after that is news."""
    leak = acknowledged()
    for now in range(20, 1000, 20):
        leak = step(leak, now)
    assert leak.acknowledged is not None
    resolved = step(leak, 2000.0, is_found=False)
    assert resolved.state is LeakState.RESOLVED
    assert step(resolved, 2010.0, is_found=False).acknowledged is None


def test_what_is_acknowledged_while_it_is_suspected_again_stays_so() -> None:
    """Its growth is there; once that has gone again, so has the acknowledgement."""
    again = step(step(acknowledged(), 2000.0, is_found=False), 2010.0)
    assert (again.told_state, again.acknowledged) == (LeakState.PENDING, None)
    given = Acknowledgement(2011.0)
    held = step(replace(again, acknowledged=given), 2012.0)
    assert held.acknowledged == given
    assert step(held, 2030.0).state is LeakState.FIRING
    assert step(held, 2030.0).acknowledged == given
    assert step(step(held, 2014.0, is_found=False), 2016.0).acknowledged is None


@pytest.mark.parametrize("until", [None, 100.0])
def test_an_acknowledgement_outlasts_the_process(until: float | None) -> None:
    """The next one runs the same code: its leak is no news, until the time is over or the process has stayed flat."""
    given = acknowledged(until)
    ended = advance(given, None, key=KEY, now=20.0, settings=SETTINGS, alive=False)
    assert ended is not None
    again = step(step(step(ended, 25.0, is_found=False), 30.0), 40.0)
    assert (again.state, again.returned, again.acknowledged) == (LeakState.FIRING, 1, given.acknowledged)
    assert (step(again, 100.0).acknowledged is None) == (until is not None)
    assert step(replace(ended, flat_since=21.0), 30.0).acknowledged is None


@pytest.mark.parametrize("given", [Acknowledgement(12.0, configured=True), Acknowledgement(12.0, 15.0, function="Put")])
def test_what_is_known_of_functions_outlasts_a_resolved_leak(given: Acknowledgement) -> None:
    """It ends when the functions are no longer said to be known, which is not decided here."""
    resolved = step(replace(acknowledged(), acknowledged=given), 2000.0, is_found=False)
    assert step(resolved, 2010.0, is_found=False).acknowledged is not None


def test_a_leak_that_comes_back_is_counted() -> None:
    """Each time that it fires after it was resolved; no longer called fixed."""
    once = history((0, True), (10, True))
    assert once is not None
    assert once.returned == 0
    back = history((0, True), (10, True), (50, False), (60, True), (70, True))
    assert back is not None
    assert (back.state, back.returned, back.flat_since) == (LeakState.FIRING, 1, None)
    assert back.id == once.id


@pytest.mark.parametrize(("seen_before", "seconds"), [(True, 2.5), (False, 10.0)])
def test_a_leak_that_comes_back_in_the_same_code_is_confirmed_sooner(seen_before: bool, seconds: float) -> None:
    """What has fired in an earlier life and grows again at the same site holds for a quarter of the time."""
    culprit = Culprit("5b0c", Frame("shop.Put", "", 0), 0.9, 1.0, (), seen_before=seen_before)
    fired = history((0, True), (10, True))
    assert fired is not None
    ended = advance(fired, None, key=KEY, now=20.0, settings=SETTINGS, alive=False)
    assert ended is not None
    leak = step(replace(ended, culprits=(culprit,)), 30.0)
    assert leak.state is LeakState.RESOLVED
    assert step(leak, 30.0 + seconds - 0.1).state is LeakState.RESOLVED
    assert step(leak, 30.0 + seconds).state is LeakState.FIRING


def test_a_new_leak_is_confirmed_no_sooner() -> None:
    """A cache that fills after each start grows at the same site too; only what has fired is taken at its word."""
    culprit = Culprit("5b0c", Frame("shop.Put", "", 0), 0.9, 1.0, (), seen_before=True)
    first = history((0, True))
    assert first is not None
    assert step(replace(first, culprits=(culprit,)), 9.9).state is LeakState.PENDING


DOUBT = Doubt(2.0, "3 replicas do not grow")


def doubted(now: float, left: float | None = None, **known: bool) -> Leak:
    """A leak that was suspected at 0, with so many seconds to its limit, as it stands later while it is doubted."""
    first = found(0)
    first = replace(first, assessment=replace(first.assessment, time_to_limit_seconds=left))
    leak = advance(None, first, key=KEY, now=0, settings=SETTINGS, doubt=DOUBT)
    again = advance(leak, first, key=KEY, now=now, settings=SETTINGS, doubt=DOUBT, **known)
    assert again is not None
    return again


def test_what_is_sure_fires_at_once_unless_it_is_doubted() -> None:
    """It has been held hour by hour; where other replicas speak against it, it is held as any."""
    sure = replace(found(0), assessment=replace(found(0).assessment, sure=True))
    told = {"key": KEY, "now": 0.0, "settings": SETTINGS}
    plain, doubted = (advance(None, sure, **told, doubt=doubt) for doubt in (None, Doubt(2.0, "others rest")))
    assert plain is not None
    assert doubted is not None
    assert (plain.state, plain.firing_since) == (LeakState.FIRING, 0.0)
    assert doubted.state is LeakState.PENDING
    assert "held 2 times" in doubted.reasons[-1]


def test_what_is_doubted_holds_for_longer_and_says_why() -> None:
    """It is pending for twice the hold time of 10 s, then it fires like any: nothing is suppressed."""
    assert doubted(19.9).state is LeakState.PENDING
    assert doubted(19.9).reasons == ("it grew", "3 replicas do not grow: held 2 times as long")
    assert doubted(20.0).state is LeakState.FIRING


def test_a_limit_that_is_near_is_not_doubted_away() -> None:
    """With less than 72 s left it fires at once, and nothing is said of holding."""
    assert (doubted(0.1, left=71.0).state, doubted(0.1, left=71.0).reasons) == (LeakState.FIRING, ("it grew",))
    assert doubted(10.0, left=73.0).state is LeakState.PENDING


def test_what_is_known_is_not_doubted() -> None:
    """A replica that fires for the same code is stronger than those that do not grow."""
    assert doubted(2.5, seconded=True).state is LeakState.FIRING


@pytest.mark.parametrize("before", [LeakState.PENDING, LeakState.FIRING])
def test_a_leak_stands_while_nothing_can_be_said_of_it(before: LeakState) -> None:
    """Too little was read to find it: it neither ends nor resolves, and has held no longer when it goes on."""
    leak = history((0, True)) if before is LeakState.PENDING else history((0, True), (10, True))
    for now in range(11, 100, 10):
        leak = advance(leak, None, key=KEY, now=now, settings=SETTINGS, blind=True)
    assert leak is not None
    assert (leak.state, leak.pending_since) == (before, 91 if before is LeakState.PENDING else 0)
    seen = advance(leak, None, key=KEY, now=100, settings=SETTINGS)
    assert (seen.state if seen else None) == (None if before is LeakState.PENDING else before)
    assert advance(None, None, key=KEY, now=100, settings=SETTINGS, blind=True) is None
