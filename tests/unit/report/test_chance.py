"""How far sampling moves what a profile tells."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import numpy as np
import pytest

from leakdog.pprof import Profile
from leakdog.report.chance import chance_of_growth, variance_of_sampling

MIB, PERIOD = 1 << 20, 512 << 10
Heap = Callable[..., Profile]


def test_sampling_leaves_small_objects_open_and_large_ones_not(heap: Heap) -> None:
    """64-byte objects vary by nearly one period each byte; with a period of one byte nothing does."""
    sampled = heap(MIB, period=PERIOD)
    assert variance_of_sampling(sampled, 2)[0] == pytest.approx(MIB * PERIOD, rel=1e-3)
    assert variance_of_sampling(sampled, 1)[0] == pytest.approx((MIB / 64) * PERIOD / 64, rel=1e-3)
    assert variance_of_sampling(heap(MIB), 2).max() == 0


def test_what_is_not_sampled_is_sure(heap: Heap) -> None:
    """Whatever it grows by; and what does not grow is nothing."""
    assert chance_of_growth([heap(MIB), heap(MIB + 64)], "inuse_space").errors == inf
    assert chance_of_growth([heap(MIB, period=PERIOD)] * 2, "inuse_space").errors == 0
    assert chance_of_growth([heap(9 * MIB, period=PERIOD), heap(MIB, period=PERIOD)], "inuse_space").errors == 0


@pytest.mark.parametrize("before", [MIB, 100 * MIB])
@pytest.mark.parametrize("samples", [4, 16])
def test_what_only_grows_is_as_sure_as_it_is_often_sampled(heap: Heap, before: int, samples: int) -> None:
    """Sixteen samples are four standard errors, however much was there before."""
    run = [heap(before + grown * PERIOD, period=PERIOD) for grown in range(samples + 1)]
    assert chance_of_growth(run, "inuse_space").errors == pytest.approx(samples**0.5, rel=0.01)


def test_what_comes_and_goes_is_less_sure(heap: Heap) -> None:
    """A stack that held 25 samples at the start, and all others at the end: 56 of them make an error of nine."""
    wander = [25, 10, 25, 12, 28, 14, 31]
    run = [heap(each * PERIOD, period=PERIOD) for each in wander]
    assert chance_of_growth(run, "inuse_space").errors == pytest.approx(6 / (25 + 31) ** 0.5, rel=0.01)


@pytest.mark.parametrize("period", [1, PERIOD])
def test_one_profile_does_not_hide_a_leak(heap: Heap, period: int) -> None:
    """The last one, taken while little was going on: what is not sampled is no chance, and else the trend tells."""
    run = [heap(held * PERIOD, period=period) for held in (*range(40), 0)]
    assert chance_of_growth(run, "inuse_space").errors > 3


def test_an_empty_profile_at_both_ends_makes_nothing_sure(heap: Heap) -> None:
    """What a site came to hold between them was sampled all the same."""
    run = [heap(held * PERIOD, period=PERIOD) for held in (0, 0, 1, 2, 2, 1, 2, 2, 2, 0)]
    assert chance_of_growth(run, "inuse_space").errors < 3


def test_a_leak_is_seen_beside_what_comes_and_goes(heap: Heap) -> None:
    """By its own stack, where the whole is not sure."""
    wander = np.array([100, 80, 110, 90, 120, 70, 100])
    run = [heap(3 * i * PERIOD, cache * PERIOD, period=PERIOD) for i, cache in enumerate(wander.tolist())]
    assert chance_of_growth(run, "inuse_space").errors == pytest.approx(18**0.5, rel=0.01)
