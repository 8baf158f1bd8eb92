"""Suspects are read densely: few at a time, for a while, and not always the same ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from leakdog.config.schema import Config, DenseConfig, DetectionConfig, Preset, ScrapeConfig
from leakdog.model import Acknowledgement, Leak, LeakClass, LeakState, Signal, Target, TargetKey, Verdict
from leakdog.pipeline.dense import drawn, is_dense, recent, suspicion
from leakdog.pipeline.state import Fleet, Watched

DENSE = DenseConfig(duration=900.0, cool_down=21600.0, per_job=3)
CONFIG = Config(dense=DENSE)
START = 1_000_000.0


def pending(watched: Watched, **more: object) -> Leak:
    """A leak of the target's heap."""
    given = {"state": LeakState.PENDING, "since": START, "updated": START, "pending_since": START, **more}
    return Leak(watched.key.instance, watched.key, Signal.INUSE_SPACE, LeakClass.HEAP, **given)  # type: ignore[arg-type]


@pytest.fixture
def fleet() -> Callable[[int], Fleet]:
    """`fleet(n)`: n targets of one job, all of which leak as they do after a bad deployment."""

    def make(count: int) -> Fleet:
        made = Fleet()
        for number in range(count):
            key = TargetKey("shop", f"10.0.{number // 250}.{number % 250}:6060")
            watched = Watched(Target(key, base_url=f"http://{key.instance}"), ScrapeConfig(job_name="shop"), up=True)
            watched.leaks[LeakClass.HEAP] = pending(watched)
            made.targets[key] = watched
        return made

    return make


def minute(fleet: Fleet, now: float, config: Config = CONFIG) -> set[str]:
    """One pass over all targets; those that were read densely."""
    return {watched.key.instance for watched in fleet if is_dense(fleet, watched, config, now)}


def test_a_leaking_build_costs_a_few_of_a_thousand_targets(fleet: Callable[[int], Fleet]) -> None:
    """In each cool-down three targets have one phase each, of a quarter of an hour."""
    many = fleet(300)
    seen = [minute(many, START + 60 * number) for number in range(360)]
    assert {len(each) for each in seen[:15]} == {3}
    assert len(set().union(*seen[:15])) == 3
    assert set().union(*seen[15:]) == set()
    assert many.counters.dense_phases == {"shop": 3}


def test_a_target_has_its_phase_and_then_its_cool_down(fleet: Callable[[int], Fleet]) -> None:
    """A suspect that stays one is read densely for the duration at the beginning of each cool-down."""
    one = fleet(1)
    minutes = [number for number in range(3 * 360) if minute(one, START + 60 * number)]
    assert minutes == [begin + number for begin in (0, 360, 720) for number in range(15)]


def test_the_lot_is_fair(fleet: Callable[[int], Fleet]) -> None:
    """Over many cool-downs every suspect has its phases, none of them several times as many as another."""
    suspects = {f"10.0.0.{number}:6060": 0 for number in range(10)}
    turns = 1000
    had = Counter(name for turn in range(turns) for name in drawn("shop", suspects, {}, DENSE, turn * DENSE.cool_down))
    assert sum(had.values()) == 3 * turns
    assert max(had.values()) < 1.3 * min(had.values())


def test_what_is_suspected_comes_before_what_is_known() -> None:
    """A pending leak is looked at first, a firing one last."""
    suspects = {"firing": 2, "pending": 0, "growing": 1}
    assert drawn("shop", suspects, {}, replace(DENSE, per_job=1), START) == {"pending"}
    assert drawn("shop", suspects, {}, replace(DENSE, per_job=2), START) == {"pending", "growing"}


def test_a_phase_uses_up_the_budget_of_its_job() -> None:
    """Who had a phase of late waits, and so do others when all phases are taken."""
    began = {"a": START, "b": START}
    assert drawn("shop", {"a": 0, "c": 0, "d": 0}, began, DENSE, START + 60) <= {"c", "d"}
    assert len(drawn("shop", {"a": 0, "c": 0, "d": 0}, began, DENSE, START + 60)) == 1
    assert drawn("shop", {"d": 0}, {**began, "c": START}, DENSE, START + 60) == set()


def test_a_clock_that_was_set_back_delays_for_a_cool_down_at_most() -> None:
    """A phase that began in a far future is none."""
    phases = {"a": START + 3600, "b": START + 30 * 86400, "c": START - 3600, "d": START - 86400}
    assert set(recent(phases, DENSE, START)) == {"a", "c"}


def test_jobs_have_budgets_of_their_own(fleet: Callable[[int], Fleet]) -> None:
    """A job full of suspects takes nothing from another."""
    both = fleet(10)
    other = Watched(Target(TargetKey("mail", "10.1.0.1:6060")), ScrapeConfig(job_name="mail"), up=True)
    other.leaks[LeakClass.HEAP] = pending(other)
    both.targets[other.key] = other
    assert len(minute(both, START)) == 4


@pytest.mark.parametrize(
    "config",
    [replace(CONFIG, detection=DetectionConfig(preset=Preset.SOAK)), Config(dense=replace(DENSE, per_job=0))],
    ids=["soak", "switched off"],
)
def test_there_are_no_phases(fleet: Callable[[int], Fleet], config: Config) -> None:
    """A run under test reads all at every second anyway; with `per_job: 0` nobody is read densely."""
    assert minute(fleet(5), START, config) == set()


def test_a_target_that_is_down_takes_no_turn(fleet: Callable[[int], Fleet]) -> None:
    """Phases go to those that answer."""
    many = fleet(20)
    for watched in list(many)[4:]:
        watched.up = False
    up = {watched.key.instance for watched in many if watched.up}
    began = {watched.key.instance for watched in many if watched.up and is_dense(many, watched, CONFIG, START)}
    assert began <= up
    assert len(began) == 3


def test_who_is_a_suspect(fleet: Callable[[int], Fleet]) -> None:
    """A pending leak, a signal that leaks and has no class yet, a firing leak; not one that somebody knows of."""
    (watched,) = fleet(1)
    leak = watched.leaks[LeakClass.HEAP]
    assert suspicion(watched) == 0
    watched.leaks[LeakClass.HEAP] = replace(leak, state=LeakState.FIRING)
    assert suspicion(watched) == 2
    watched.leaks[LeakClass.HEAP] = replace(leak, acknowledged=Acknowledgement(START))
    assert suspicion(watched) is None
    watched.leaks[LeakClass.HEAP] = replace(leak, state=LeakState.RESOLVED, pending_since=None)
    assert suspicion(watched) is None
    watched.verdicts = {Signal.RSS: Verdict.LEAK}
    assert suspicion(watched) == 1
    watched.absent |= {"heap", "goroutine", "goroutineleak"}
    assert suspicion(watched) is None
