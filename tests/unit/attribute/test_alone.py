"""Heap that grows by itself where leaked goroutines might hold it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.attribute.alone import SPANS, Beside, grows_alone, moments, shared
from leakdog.attribute.site import stack_id
from leakdog.model import Frame
from leakdog.pprof import Profile

MakeProfile = Callable[..., Profile]
PROFILES = 12
PERIOD = 524_288.0
TIMES = [1000.0 + 60 * i for i in range(12)]
STARTER = (Frame("main.answer", "shop/answer.go", 27), Frame("main.main", "shop/main.go", 5))
WAITS = (Frame("main.answer.func1", "shop/answer.go", 36),)
BURSTS = [0, 200, 400, 400, 400, 600, 800, 800, 800, 1000, 1200, 1200]
EVENLY = [100 * i for i in range(12)]
HEAP_TYPES = (("inuse_objects", "count"), ("inuse_space", "bytes"))


def beside(
    profile: MakeProfile, objects: Sequence[int], goroutines: Sequence[int], sizes: Sequence[int] = (30_000,) * 12
) -> Beside:
    """Profiles of a heap with so many objects of these sizes, and of so many goroutines, at the same times."""
    heap = [
        profile({STARTER: (count, count * size)} if count else {}, types=HEAP_TYPES)
        for count, size in zip(objects, sizes, strict=True)
    ]
    waiting = [profile({WAITS: count} if count else {}, types=(("goroutine", "count"),)) for count in goroutines]
    return Beside(heap, TIMES, waiting, TIMES)


def alone(made: Beside) -> bool:
    """Whether that site grows by itself beside these goroutines."""
    return made.grows_alone(stack_id(STARTER), stack_id(WAITS))


def test_heap_that_grows_while_goroutines_do_not_is_not_theirs(profile: MakeProfile) -> None:
    """Goroutines pile up in bursts, the heap evenly."""
    assert alone(beside(profile, EVENLY, BURSTS))


def test_heap_that_grows_in_their_bursts_is_theirs(profile: MakeProfile) -> None:
    """One object for each goroutine, or three."""
    assert not alone(beside(profile, BURSTS, BURSTS))
    assert not alone(beside(profile, [3 * count for count in BURSTS], BURSTS))


def test_even_growth_tells_nothing(profile: MakeProfile) -> None:
    """Where both pile up evenly, nothing shows who holds what: it may well be they."""
    assert not alone(beside(profile, EVENLY, EVENLY))


def test_few_profiles_tell_nothing(profile: MakeProfile) -> None:
    """A burst and a calm are chance."""
    made = beside(profile, EVENLY, BURSTS)
    assert not alone(Beside(made.heap[:3], TIMES[:3], made.goroutines[:3], TIMES[:3]))
    assert not alone(Beside(made.heap[:5], TIMES[:5], made.goroutines[:5], TIMES[:5]))


@pytest.mark.parametrize("known", [slice(0, 6), slice(6, 12)])
def test_times_in_which_goroutines_were_not_read_are_no_calm(profile: MakeProfile, known: slice) -> None:
    """They may pile up evenly there, too, with all that they hold."""
    made = beside(profile, EVENLY, EVENLY)
    assert not alone(replace(made, goroutines=made.goroutines[known], goroutine_times=TIMES[known]))


def test_a_calm_counts_once_however_often_the_heap_is_read_in_it(profile: MakeProfile) -> None:
    """One of five spans between readings of goroutines is chance, though the heap was read four times in each."""
    often = [1000.0 + 15 * i for i in range(21)]
    heap = [profile({STARTER: (i, 30_000 * i)} if i else {}, types=HEAP_TYPES) for i in range(21)]
    for counts, told in (([0, 100, 200, 200, 300, 400], False), ([0, 200, 200, 200, 200, 400], True)):
        waiting = [profile({WAITS: count} if count else {}, types=(("goroutine", "count"),)) for count in counts]
        assert alone(Beside(heap, often, waiting, TIMES[:6])) is told


def test_profiles_of_one_pass_are_of_one_time(profile: MakeProfile) -> None:
    """The goroutines' is fetched a moment after the heap's, so the first and the last of each count."""
    made = beside(profile, EVENLY[:8], BURSTS[:8], (30_000,) * 8)
    for moment in (0.0, 2.0, -2.0):
        assert alone(replace(made, heap_times=TIMES[:8], goroutine_times=[time + moment for time in TIMES[:8]]))
    assert list(shared(np.array([0.0, 60.0, 120.0]), np.array([2.0, 62.0, 122.0]))) == [0.0, 60.0, 120.0]
    assert list(shared(np.array([0.0, 60.0, 120.0]), np.array([30.0, 90.0]))) == [60.0]


def test_objects_must_say_the_same_as_bytes(profile: MakeProfile) -> None:
    """What goroutines hold may become larger while they become no more: as a buffer that fills does."""
    sizes = [100 * (seen + 1) // max(1, count) for seen, count in zip(range(12), BURSTS, strict=True)]
    assert not alone(beside(profile, BURSTS, BURSTS, sizes))


@pytest.mark.parametrize("span", range(11))
def test_a_small_object_that_is_seen_once_counts_as_few_bytes(profile: MakeProfile, span: int) -> None:
    """Made in the same function as large ones: Go samples one in thousands, which then stands for that many."""
    channel = (STARTER[0]._replace(line=29), STARTER[1])
    heap = [
        profile(
            {STARTER: (count, 30_000 * count), **({channel: (5461, 5461 * 96)} if seen > span else {})},
            types=HEAP_TYPES,
        )
        for seen, count in enumerate(EVENLY)
    ]
    assert alone(replace(beside(profile, EVENLY, BURSTS), heap=heap))


def test_bytes_alone_tell_nothing(profile: MakeProfile) -> None:
    """Of a heap whose objects nobody counts."""
    made = beside(profile, EVENLY, BURSTS)
    bare = [profile({STARTER: 30_000 * count} if count else {}) for count in EVENLY]
    assert not alone(Beside(bare, TIMES, made.goroutines, TIMES))


def test_sites_that_are_not_there_tell_nothing(profile: MakeProfile) -> None:
    """A goroutine of the dump alone has no series."""
    made = beside(profile, EVENLY, BURSTS)
    assert not made.grows_alone(stack_id(STARTER), "other")
    assert not made.grows_alone("other", stack_id(WAITS))


@pytest.mark.parametrize("each", [1, 2, 20])
@pytest.mark.parametrize("quantum", [1.0, 10.0, 100.0])
def test_what_they_hold_is_not_taken_from_them(each: int, quantum: float) -> None:
    """However they pile up, however coarse the sample of what they hold is: of a thousand cases in none."""
    made = np.random.default_rng(11)
    for case in range(1000):
        added = made.integers(0, 301, 11) * (made.random(11) < (1.0, 0.5)[case % 2])
        seen = made.poisson(added * each / quantum) * quantum
        held, number = (np.concatenate([[0.0], np.cumsum(steps)]) for steps in (seen, added))
        assert not grows_alone(np.array(TIMES), held, number, quantum), added


@pytest.mark.parametrize("number", [np.zeros(12), np.arange(12.0)[::-1]])
def test_goroutines_that_do_not_pile_up_hold_nothing_more(number: np.ndarray) -> None:
    """Without growth there is no mean to be slower than."""
    assert not grows_alone(np.array(TIMES), np.arange(12.0), number, 1.0)


def bursts(now: np.ndarray, period: float = 24.0) -> np.ndarray:
    """How many goroutines there are where 20 a second are added in the first half of each period."""
    whole, part = np.divmod(now, period)
    return 10 * period * whole + 20 * np.minimum(part, period / 2)


@pytest.mark.parametrize("length", [60.0, 100.0, 160.0, 300.0, 1200.0])
def test_bursts_and_calms_are_told_apart_however_many_there_have_been(length: float) -> None:
    """Profiles spread evenly over more than some periods see none of them; those of the calm ones do."""
    now = np.arange(0.0, length + 1)
    chosen = moments(now, bursts(now), 0.0, length, PROFILES)
    assert len(chosen) <= PROFILES
    assert (chosen[0], chosen[-1]) == (0.0, length)
    assert grows_alone(chosen, 600_000 * chosen, bursts(chosen), PERIOD)
    assert not grows_alone(chosen, 30_000 * bursts(chosen), bursts(chosen), PERIOD)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("length", [120.0, 900.0])
def test_a_coarse_sample_of_the_heap_is_enough(length: float, held: bool) -> None:
    """Of objects of 30 kB Go samples one in 18: a calm of 12 s holds about 13 of them."""
    told = 0
    for seed in range(40):
        made = np.random.default_rng(seed)
        added = np.sort(made.uniform(0, length, int(20 * length)))
        waiting = added[added % 24 < 12]
        sampled = made.permutation(waiting if held else added)[::18]
        now = np.arange(0.0, length + 1)
        number = np.searchsorted(waiting, now).astype(float)
        at = np.searchsorted(now, moments(now, number, 0.0, length, PROFILES), side="right") - 1
        seen = 18 * 30_000.0 * np.searchsorted(np.sort(sampled), now[at])
        told += grows_alone(now[at], seen, number[at], PERIOD)
    assert told == 0 if held else told >= 38


@pytest.mark.parametrize(("period", "told"), [(300.0, 0), (1800.0, 9)])
def test_heap_that_is_told_late_is_not_taken_from_them(period: float, told: int) -> None:
    """As by a job that runs every five minutes, of a program that collects every two: its heap grows in the calms."""
    found = []
    for held in (True, False):
        for seed in range(60):
            made = np.random.default_rng(seed)
            now = np.arange(0.0, 6 * 3600.0, 30.0)
            number = np.cumsum(made.poisson(np.where(now % period < 0.3 * period, 2000 / period, 0.0)))
            who = number if held else np.linspace(0, number[-1], len(now)).astype(int)
            collected = np.cumsum(made.uniform(30, 120, 1000))
            seen = np.maximum(0.0, collected[np.maximum(0, np.searchsorted(collected, now, side="right") - 1)])
            at = moments(now, number.astype(float), 0.0, now[-1], PROFILES, 120.0)
            at = np.unique(np.searchsorted(now, at, side="right") - 1)
            heap = 5e5 * who[np.minimum(len(now) - 1, seen / 30.0).astype(int)]
            found.append(grows_alone(now[at], heap[at], number[at].astype(float), PERIOD))
    assert sum(found[:60]) == 0
    assert sum(found[60:]) >= told


def test_one_long_calm_is_looked_at_in_parts() -> None:
    """As of a service that nobody uses by night."""
    now = np.arange(0.0, 86_400.0, 60.0)
    number = np.minimum(now, 43_200.0)
    chosen = moments(now, number, 0.0, 86_400.0, PROFILES)
    assert len(chosen) == PROFILES
    assert grows_alone(chosen, 1000 * chosen, np.interp(chosen, now, number), PERIOD)


def test_a_number_that_jitters_has_calms() -> None:
    """Healthy goroutines come and go beside those that leak."""
    now = np.arange(0.0, 600.0)
    number = bursts(now, 120.0) + np.random.default_rng(3).integers(0, 40, len(now))
    chosen = moments(now, number, 0.0, 599.0, PROFILES)
    assert grows_alone(chosen, 600_000 * chosen, np.interp(chosen, now, number), PERIOD)


def test_profiles_spread_evenly_miss_bursts_that_are_shorter_than_they_are_apart() -> None:
    """What the moments of calm are for."""
    evenly = np.linspace(0.0, 1200.0, PROFILES)
    assert not grows_alone(evenly, 600_000 * evenly, bursts(evenly), PERIOD)


def test_what_they_hold_is_not_taken_from_them_where_others_come_and_go() -> None:
    """Thirty an hour leak where fifty are at any time: calms are chance there, and three alike are too."""
    told = 0
    for seed in range(800):
        made = np.random.default_rng(seed)
        now = np.arange(0.0, 3600.0 * (12, 48)[seed % 2], 60.0)
        leaked, others = np.cumsum(made.poisson(0.5, len(now))), made.poisson(50, len(now))
        number = (leaked + others).astype(float)
        at = np.unique(np.searchsorted(now, moments(now, number, 0.0, now[-1], PROFILES), side="right") - 1)
        sampled = -np.expm1(-0.125)  # of objects of 64 KiB
        seen = np.concatenate([[0], np.cumsum(made.random(leaked[-1]) < sampled)])[leaked]
        held = (seen + made.binomial(others, sampled)) * 65_536 / sampled
        told += grows_alone(now[at], held[at], number[at], PERIOD)
    assert told <= 7


@given(counts=st.lists(st.integers(0, 1000), min_size=1, max_size=50))
def test_moments_are_few_and_rise(counts: list[int]) -> None:
    """Of whatever number of goroutines, one reading alone too."""
    times = 1000.0 + 10 * np.arange(len(counts))
    chosen = moments(times, np.array(counts, float), 1000.0, 1400.0, PROFILES)
    assert 2 <= len(chosen) <= PROFILES
    assert (np.diff(chosen) > 0).all()
    assert np.diff(chosen).min() >= 400.0 / SPANS[-1] - 1e-6
