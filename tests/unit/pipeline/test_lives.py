"""A restart is seen by pid, by start time, or by a fall of what was allocated; nothing else begins a life."""

import pytest

from leakdog.model import Life, Signal
from leakdog.pipeline.lives import Facts, next_life

LIFE = Life(start_time=1000.0, first_seen=1010.0, pid=7)


def allocated(value: float) -> dict[Signal, float]:
    """Cumulative allocation as the heap profile tells it."""
    return {Signal.ALLOC_SPACE: value}


def test_the_first_pass_begins_a_life_at_the_process_start() -> None:
    """Where the start time is told it is the life's start; otherwise the first look is."""
    assert next_life(None, Facts(), Facts(start_time=500.0, pid=3), 1000.0) == Life(500.0, 1000.0, 3)
    assert next_life(None, Facts(), Facts(), 1000.0) == Life(1000.0, 1000.0, None)


def test_no_life_begins_in_the_future() -> None:
    """A target whose clock is ahead, or that tells nonsense, is as old as leakdog's knowledge of it."""
    assert next_life(None, Facts(), Facts(start_time=1e300), 1000.0) == Life(1000.0, 1000.0)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (Facts(pid=7), Facts(pid=8)),
        (Facts(start_time=1000.0), Facts(start_time=1060.0)),
        (Facts(start_time=1000.0), Facts(start_time=900.0)),
        (Facts(allocated=allocated(5e9)), Facts(allocated=allocated(1e6))),
    ],
)
def test_another_process_begins_a_life(before: Facts, now: Facts) -> None:
    """Another pid, another start time, or less allocated than before is a restart."""
    life = next_life(LIFE, before, now, 2000.0)
    assert life.first_seen == 2000.0


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (Facts(pid=7), Facts()),
        (Facts(start_time=1000.0), Facts(start_time=1001.5)),
        (Facts(start_time=1000.0), Facts()),
        (Facts(allocated=allocated(5e9)), Facts(allocated=allocated(5e9))),
        (Facts(allocated=allocated(5e9)), Facts(allocated={Signal.TOTAL_ALLOC: 4e9})),
        (Facts(start_time=1000.0, allocated=allocated(5e9)), Facts(start_time=1000.0, allocated=allocated(1e9))),
    ],
)
def test_the_same_process_goes_on_living(before: Facts, now: Facts) -> None:
    """Silence, rounding of the start time, and two sources that count apart begin no life."""
    assert next_life(LIFE, before, now, 2000.0) == LIFE


def test_a_pid_learnt_later_belongs_to_the_same_life() -> None:
    """A source that tells the pid only in a later pass completes the life."""
    life = Life(1000.0, 1010.0)
    assert next_life(life, Facts(), Facts(pid=9), 2000.0) == Life(1000.0, 1010.0, 9)


def test_facts_are_kept_until_a_later_pass_tells_others() -> None:
    """A pass that is silent about a fact does not forget it."""
    known = Facts(start_time=1.0, pid=2, allocated=allocated(3.0))
    assert known.updated(Facts(allocated={Signal.TOTAL_ALLOC: 4.0})) == Facts(
        1.0, 2, {Signal.ALLOC_SPACE: 3.0, Signal.TOTAL_ALLOC: 4.0}
    )
