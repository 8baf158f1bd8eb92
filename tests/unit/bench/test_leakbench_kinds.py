"""The kinds of series, and the fast leaks."""

import numpy as np
import pytest
from bench.leakbench.kinds import KINDS, POINTS, STEP, Clock, Hard, make
from bench.leakbench.kinds.common import age, began, lag, saw
from bench.leakbench.kinds.fast import LEAKS, quick

SEED = 4242
HOUR = 120  # readings of 30 s
WEEK = Clock(STEP / 3600, 7 * 288)
EVERY = sorted(KINDS)
QUICK = [(kind, number) for kind in LEAKS for number in range(4)]


def test_there_are_enough() -> None:
    """More than 30 kinds, at least ten that leak and ten that only look like it, each with a page that tells of it."""
    leaking = [kind for kind in KINDS.values() if kind.leaks]
    assert len(leaking) >= 10
    assert len(KINDS) - len(leaking) >= 10
    assert len(KINDS) > 30
    assert all(kind.source.startswith("https://") and kind.what.endswith(".") for kind in KINDS.values())


def test_no_leak_is_hard() -> None:
    """Only healthy kinds are told apart as hard."""
    assert [name for name, kind in KINDS.items() if kind.leaks and kind.hard is not Hard.NO] == []


@pytest.mark.parametrize("kind", EVERY)
def test_a_series_is_labelled(kind: str) -> None:
    """What leaks has lost a tenth of its baseline after two weeks, and never less than before; the rest, nothing."""
    for number in range(3):
        sample = make(kind, SEED, number)
        assert len(sample.value) == len(sample.load) == len(sample.start) == len(sample.leaked) == POINTS
        assert sample.leaks == KINDS[kind].leaks
        assert np.diff(sample.leaked).min() >= 0
        if sample.leaks:
            assert sample.leaked[-1] >= 0.1
            assert sample.reached == POINTS or sample.leaked[sample.reached] > 0
        else:
            assert sample.leaked.max() == 0
            assert sample.reached == POINTS


@pytest.mark.parametrize("kind", EVERY)
def test_a_series_is_possible(kind: str) -> None:
    """Memory and load are positive, a life begins before it is seen, and a healthy program stays below its limit."""
    for number in range(3):
        sample = make(kind, SEED, number)
        seen = sample.value[~np.isnan(sample.value)]
        assert seen.min() > 0
        assert sample.load.min() >= 0
        assert (sample.start <= np.arange(POINTS) + 1).all()
        assert np.diff(sample.start).min() >= 0
        assert sample.leaks or seen.max() < sample.limit


@pytest.mark.parametrize("kind", ["sessions", "slab"])
def test_a_series_is_the_same_again(kind: str) -> None:
    """Seed, number and kind say all; another number is another series."""
    first, again, other = make(kind, SEED, 1), make(kind, SEED, 1), make(kind, SEED, 2)
    np.testing.assert_array_equal(first.value, again.value)
    assert first.limit == again.limit != other.limit


@pytest.mark.parametrize("kind", EVERY)
def test_a_kind_can_be_read_at_any_pace(kind: str) -> None:
    """A clock of another step and length gives a series of that many readings."""
    assert len(make(kind, SEED, 0, Clock(60 / 3600, 3000)).value) == 3000


@pytest.mark.parametrize(("kind", "number"), QUICK)
def test_a_fast_leak_ends_at_its_limit(kind: str, number: int) -> None:
    """At least a day of health, then 20 minutes to 6 hours to the last reading, which is the first over the limit."""
    sample = quick(kind, SEED, number)
    if sample is None:
        return
    onset = int(np.argmax(sample.leaked > 0))
    assert onset >= 24 * HOUR
    assert HOUR / 3 <= sample.reached - onset <= 6 * HOUR
    assert sample.reached == len(sample.value) - 1
    assert sample.value[-1] >= sample.limit > np.nanmax(sample.value[:-1])


def test_fast_leaks_are_of_all_speeds() -> None:
    """Among some dozens there are leaks of under an hour, of up to three, and of more."""
    samples = [sample for number in range(15) for kind in LEAKS if (sample := quick(kind, SEED, number))]
    hours = [(each.reached - int(np.argmax(each.leaked > 0))) / HOUR for each in samples]
    assert len(samples) >= 50
    assert np.histogram(hours, [0, 1, 3, 6])[0].min() >= 5


def test_healthy_kinds_are_read_as_often() -> None:
    """A healthy kind at the pace of fast leaks is three days without any leak."""
    sample = quick("memtables", SEED, 0)
    assert sample is not None
    assert not sample.leaks
    assert len(sample.value) == 72 * HOUR
    assert sample.leaked.max() == 0


def test_cycles_are_about_as_long_as_told() -> None:
    """A saw of ten hours falls as often as a week has ten hours, and rises evenly between."""
    phase = saw(np.random.default_rng(1), WEEK, 10.0)
    falls = np.flatnonzero(np.diff(phase) < 0)
    assert 13 <= len(falls) <= 21
    assert phase.min() >= 0
    assert phase.max() <= 1
    assert np.diff(falls).min() >= 8 * 12 - 1
    assert np.diff(falls).max() <= 12 * 12 + 1


def test_a_lag_forgets() -> None:
    """What lags follows a step by 63 % in its time, and is at rest before."""
    step = np.where(WEEK.hours < 24, 1.0, 2.0)
    late = lag(WEEK, step, 6.0)
    assert late[: 24 * 12] == pytest.approx(1.0)
    assert late[30 * 12] == pytest.approx(2 - np.exp(-1), abs=0.01)


def test_the_age_of_a_life() -> None:
    """Age counts from the last start, also from one before the first reading."""
    assert age(WEEK, (-5.0, 10.0))[[0, 9 * 12, 10 * 12, 11 * 12]] == pytest.approx([5, 14, 0, 1])
    starts = {len(began(np.random.default_rng(seed), WEEK, 48)) for seed in range(20)}
    assert starts == {1, 2}
