"""Warm-ups, caches and leaks over the age of a life."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from oracle.convexity import inner_growth, late_growth, line_over_logarithm, repeated_growth, running

from leakdog.detect.settings import PRODUCTION

AGE = np.arange(1.0, 241)
FIRST = np.zeros(1, np.int64)
OLD = np.array([240.0])
NONE = np.full((1, 8), np.nan)


def with_sums(measure: Callable[..., Any], values: np.ndarray, *rest: Any) -> Any:
    """Call with the running sums that all of them share."""
    return measure(values, running(values), *rest)


def noisy(values: np.ndarray, seed: int = 1) -> np.ndarray:
    """With noise of a tenth of a unit."""
    return (values + 0.1 * np.random.default_rng(seed).standard_normal(values.shape[-1]))[None]


def test_a_leak_needs_a_line_and_a_warm_up_does_not() -> None:
    """A line in age is far beyond its logarithm; logarithms, roots and saturation are not."""
    found = {
        name: float(with_sums(line_over_logarithm, noisy(values), OLD, FIRST, PRODUCTION)[0])
        for name, values in {
            "line": AGE,
            "logarithm": 50 * np.log(AGE),
            "saturation": 240 * (1 - np.exp(-AGE / 40)),
        }.items()
    }
    assert found["line"] > 20
    assert found["logarithm"] < 4
    assert found["saturation"] < 4


@pytest.mark.parametrize(
    ("values", "leaks"),
    [(AGE, True), (AGE**1.5, True), (50 * np.log(AGE), False), (240 * (1 - np.exp(-AGE / 40)), False)],
)
def test_growth_late_in_life_is_compared_with_growth_before(values: np.ndarray, leaks: bool) -> None:
    """Above zero only for what does not slow down."""
    assert (with_sums(late_growth, values[None], OLD, FIRST, PRODUCTION)[0] > 0) == leaks


def lives(*parts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lives one after the other, joined at their levels, and where they begin."""
    joined, begins, level, at = [], [], 0.0, 0
    for part in parts:
        joined.append(level + part - part[0])
        begins.append(at)
        level, at = float(joined[-1][-1]), at + len(part)
    found = np.full((1, 8), np.nan)
    found[0, -len(begins) :] = begins
    return np.concatenate(joined)[None], found


LIFE = np.arange(48.0)
LEAKS = lives(*[LIFE] * 5)
WARMS = lives(*[48 * (1 - np.exp(-LIFE / 6))] * 5)


def test_lives_that_leak_grow_in_their_later_half_too() -> None:
    """Half of it is a leak; a warm-up that every life goes through has next to nothing there."""
    for (values, begins), share in ((LEAKS, 0.5), (WARMS, 0.02)):
        grown, late = with_sums(inner_growth, values, begins, FIRST, 0)
        assert grown[0] > 0
        assert late[0] == pytest.approx(share, abs=0.06)


def test_one_life_tells_nothing_of_others() -> None:
    """Infinity and a half, which speak for neither."""
    grown, late = with_sums(inner_growth, LIFE[None], NONE, FIRST, 0)
    assert (grown[0], late[0]) == (np.inf, 0.5)
    assert with_sums(repeated_growth, LIFE[None], NONE, FIRST).tolist() == [0.0]


def test_growth_that_comes_back_in_each_life_is_sure() -> None:
    """Five lives that leak alike agree; five of which one grew do not."""
    odd = lives(*[LIFE * 0] * 4, LIFE)
    assert with_sums(repeated_growth, *LEAKS, FIRST)[0] > 10
    assert with_sums(repeated_growth, *odd, FIRST)[0] < 2
