"""What other replicas say against a suspicion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from leakdog.config.schema import DetectionConfig, Preset
from leakdog.detect.settings import settings_for
from leakdog.model import (
    Assessment,
    Culprit,
    Frame,
    Leak,
    LeakClass,
    LeakState,
    Life,
    Signal,
    TargetKey,
    Verdict,
)
from leakdog.pipeline.judge import begin_life, judge, observe
from leakdog.pipeline.replicas import ALONE, FILLING, doubts
from leakdog.pipeline.state import Fleet, Lived, Watched

NOW, SINCE = 10_000.0, 8000.0
MIB = 1 << 20
Change = Callable[[Watched], object]


def replica(watched: Watched, instance: str, verdict: Verdict, level: float, start: float = 1000.0) -> Watched:
    """An instance of the same job and build that is up, and what is said of its heap."""
    seen = Assessment(Signal.INUSE_SPACE, NOW, verdict, growth_per_second=1.0, level=level)
    return Watched(
        replace(watched.target, key=TargetKey("shop", instance)),
        watched.job,
        up=True,
        life=Life(start, start),
        lives=[Lived(start, "b1")],
        load=100.0,
        assessments={Signal.INUSE_SPACE: seen},
    )


@pytest.fixture
def fleet(watched: Watched) -> Fleet:
    """One instance whose heap is suspected, and three that rest."""
    suspect = replica(watched, "a", Verdict.LEAK, 300.0 * MIB)
    suspect.leaks[LeakClass.HEAP] = Leak(
        "id", suspect.key, Signal.INUSE_SPACE, LeakClass.HEAP, LeakState.PENDING, SINCE, NOW, pending_since=NOW - 60
    )
    others = [replica(watched, name, Verdict.STEADY, 200.0 * MIB) for name in "bcd"]
    return Fleet({each.key: each for each in (suspect, *others)})


def suspect_of(fleet: Fleet) -> Watched:
    """The one that is suspected."""
    return fleet.targets[TargetKey("shop", "a")]


def test_three_that_do_not_grow_speak_against_one_that_does(fleet: Fleet) -> None:
    """It is held for twice as long, and the reason counts them."""
    (doubt,) = doubts(fleet, suspect_of(fleet)).values()
    assert doubt == (ALONE, "3 replicas of the same build, watched since before it began, do not grow")


def test_one_that_is_on_its_way_to_what_others_rest_at_is_held_longest(fleet: Fleet) -> None:
    """It was started last and has less than any of them: it may only be filling as they did."""
    suspect = suspect_of(fleet)
    suspect.life = Life(7000.0, 7000.0)
    suspect.assessments[Signal.INUSE_SPACE] = replace(suspect.assessments[Signal.INUSE_SPACE], level=150.0 * MIB)
    (doubt,) = doubts(fleet, suspect).values()
    assert doubt.times == FILLING
    assert "rest at 200 MiB or more, which it has not reached" in doubt.why


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("down", lambda other: setattr(other, "up", False)),
        ("another build", lambda other: setattr(other, "lives", [Lived(1000.0, "b2")])),
        ("watched since after it began", lambda other: setattr(other, "life", Life(1000.0, SINCE + 1))),
        ("idle", lambda other: setattr(other, "load", 49.0)),
        ("too early", lambda other: other.assessments.update({Signal.INUSE_SPACE: said(Verdict.TOO_EARLY)})),
        ("grows with load", lambda other: other.assessments.update({Signal.INUSE_SPACE: said(Verdict.LOAD)})),
        ("not judged", lambda other: other.assessments.clear()),
        ("leaks", lambda other: other.leaks.update({LeakClass.HEAP: fires(LeakClass.HEAP)})),
    ],
)
def test_one_that_would_not_show_it_says_nothing(fleet: Fleet, why: str, change: Change) -> None:
    """Two are too few: of three that rest each must be one at which a leak of the code would have been seen."""
    change(fleet.targets[TargetKey("shop", "c")])
    assert doubts(fleet, suspect_of(fleet)) == {}, why


def test_one_that_cannot_be_read_back_says_nothing(
    fleet: Fleet, watched: Watched, unreadable: Mapping[Signal, Assessment]
) -> None:
    """A disk that fails one replica leaves the others their say; the suspect's own level is then not compared."""
    suspect = suspect_of(fleet)
    fleet.targets[TargetKey("shop", "e")] = replica(watched, "e", Verdict.STEADY, 200.0 * MIB)
    fleet.targets[TargetKey("shop", "c")].assessments = suspect.assessments = unreadable
    (doubt,) = doubts(fleet, suspect).values()
    assert doubt == (ALONE, "3 replicas of the same build, watched since before it began, do not grow")


def said(verdict: Verdict) -> Assessment:
    """What is said of a heap."""
    return Assessment(Signal.INUSE_SPACE, NOW, verdict, level=200.0 * MIB)


def fires(leak_class: LeakClass) -> Leak:
    """A leak of another replica."""
    return Leak("x", TargetKey("shop", "c"), Signal.INUSE_SPACE, leak_class, LeakState.FIRING, SINCE, NOW)


def test_another_kind_of_leak_elsewhere_is_no_support(fleet: Fleet) -> None:
    """Replicas are compared by class."""
    fleet.targets[TargetKey("shop", "c")].leaks[LeakClass.FILES] = fires(LeakClass.FILES)
    assert set(doubts(fleet, suspect_of(fleet))) == {LeakClass.HEAP}


def test_what_has_fired_is_not_doubted(fleet: Fleet) -> None:
    """Neither what fires, nor what fired before a restart and grows in the same code."""
    suspect = suspect_of(fleet)
    pending = suspect.leaks[LeakClass.HEAP]
    culprit = Culprit("5b0c", Frame("shop.Put", "", 0), 1.0, 1.0, (), seen_before=True)
    for known in (
        replace(pending, state=LeakState.FIRING),
        replace(pending, state=LeakState.RESOLVED, culprits=(culprit,)),
    ):
        suspect.leaks[LeakClass.HEAP] = known
        assert doubts(fleet, suspect) == {}


def test_what_is_proved_is_not_doubted(fleet: Fleet) -> None:
    """Goroutines of which the collector has proved that they never wake need no replica."""
    suspect = suspect_of(fleet)
    for each in fleet:
        each.assessments[Signal.GOROUTINES] = replace(said(Verdict.STEADY), signal=Signal.GOROUTINES)
    suspect.leaks = {
        LeakClass.GOROUTINE: replace(
            suspect.leaks[LeakClass.HEAP], signal=Signal.GOROUTINES, leak_class=LeakClass.GOROUTINE
        )
    }
    assert set(doubts(fleet, suspect)) == {LeakClass.GOROUTINE}
    suspect.values[Signal.GOROUTINES_LEAKED] = 5.0
    assert doubts(fleet, suspect) == {}


@pytest.mark.parametrize(("others", "times"), [(2, 1.0), (3, ALONE)])
def test_a_lone_leak_fires_all_the_same(watched: Watched, others: int, times: float) -> None:
    """From numbers to the alert: with three at rest beside it in twice the time, with two in that of any."""
    settings = settings_for(DetectionConfig(preset=Preset.SOAK))
    fleet = Fleet({watched.key: watched})
    for number in range(others):
        key = TargetKey("shop", f"10.0.0.{number}:6060")
        fleet.targets[key] = Watched(replace(watched.target, key=key), watched.job, up=True)
    for each in fleet:
        begin_life(each, Life(NOW, NOW), NOW, settings)
    for second in range(200):
        for each in fleet:
            value = 5e7 + (1e6 * second if each is watched else 1e3 * (second % 7))
            observe(each, {Signal.INUSE_SPACE: value}, NOW + second, settings, {})
            judge(each, NOW + second, settings, frozenset(), doubts(fleet, each))
    leak = watched.leaks[LeakClass.HEAP]
    assert leak.firing_since is not None
    assert leak.pending_since is not None
    assert leak.firing_since - leak.pending_since == pytest.approx(times * settings.hold_seconds, abs=2.0)
