"""Random mixtures: the same for the same numbers, of all that is mixed, and labelled by what was laid over them."""

from __future__ import annotations

import numpy as np
from bench.leakbench.mixtures import mixture


def test_a_mixture_is_the_same_each_time() -> None:
    """Seed and number alone say what a mixture is."""
    first, again, other = mixture(3, 7), mixture(3, 7), mixture(3, 8)
    assert np.array_equal(first.value, again.value, equal_nan=True)
    assert not np.array_equal(first.value, other.value, equal_nan=True)


def test_half_of_the_mixtures_leak() -> None:
    """Of 200, some 100; only those have a leaked share, which never falls."""
    made = [mixture(1, number) for number in range(200)]
    leaking = [each for each in made if each.leaks]
    assert 80 <= len(leaking) <= 120
    assert all((np.diff(each.leaked) >= 0).all() and each.leaked[-1] > 0 for each in leaking)
    assert not any(each.leaked.any() for each in made if not each.leaks)


def test_values_are_readings_of_memory() -> None:
    """Positive where they were read, and read nearly always."""
    for number in range(50):
        value = mixture(2, number).value
        assert np.nanmin(value) > 0
        assert np.isnan(value).mean() < 0.2
