"""How far forecasts are off, as it is measured of replays."""

import numpy as np
import pytest
from bench.leakbench.horizons import forecasts, spread
from bench.leakbench.run import Corpus

SOME = np.random.default_rng(8)


def made(hours: float, off: float, count: int = 400) -> np.ndarray:
    """Leaks of which about so many hours were told, and so many times as many were left, give or take a quarter."""
    told = hours * np.exp(SOME.normal(0, 0.1, count))
    return np.column_stack([told, told * off * np.exp(SOME.normal(0, 0.25, count))])


def test_each_part_of_the_leaks_has_the_spread_of_its_own() -> None:
    """Of near limits as many leaks reach it sooner as later, of far ones nearly all sooner: those have a wider one."""
    (near, early, late), (far, sooner, straight) = spread([np.concatenate([made(20, 1.0), made(500, 0.3)])], 2, 0.1)
    assert (near, far) == (pytest.approx(20, rel=0.1), pytest.approx(500, rel=0.1))
    assert early == pytest.approx(-1.28 * 0.25, abs=0.06)
    assert late == pytest.approx(1.28 * 0.25, abs=0.06)
    assert straight == 0
    assert sooner == pytest.approx(np.log(0.3) - 0.84 * 0.25, abs=0.06)  # a fifth of them, as none is beyond the line


def test_a_corpus_counts_as_much_as_any_other() -> None:
    """However many leaks it has."""
    few, many = made(50, 0.5, 40), made(50, 1.5, 4000)
    ((_, early, late),) = spread([few, many], 1, 0.1)
    assert early < np.log(0.6)
    assert late > np.log(1.4)


def test_leaks_that_reach_their_limit_tell_how_far_forecasts_are_off() -> None:
    """Of a corpus some do; times that were told and times that were left are of one order."""
    found = forecasts(Corpus((7,), 12, kinds=("bad_build", "map_growth")))
    assert 3 <= len(found) <= 24
    assert (found > 0).all()
    assert np.abs(np.log(found[:, 1] / found[:, 0])).max() < 3
