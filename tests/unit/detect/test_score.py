"""The learned score: more of what speaks for a leak never lowers it, and its rates make thresholds."""

import json
from dataclasses import replace
from importlib import resources

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.detect.evidence import Evidence
from leakdog.detect.score import (
    DIRECTIONS,
    FEATURES,
    NEVER,
    RAREST,
    SELDOM_PART,
    alarms_per_year,
    allowed,
    features,
    grown,
    learned,
    least_score,
    score,
    threshold,
)
from leakdog.detect.settings import HOUR, PRODUCTION, SOAK, Look

STEADY, URGENT = PRODUCTION.looks[-5], PRODUCTION.looks[0]
LEAK = {
    "z": 40.0,
    "rise": 8.0,
    "asked": 1.0,
    "base": 20.0,
    "rising": 1.0,
    "max_step": 0.18,
    "first": 0.25,
    "last": 0.27,
    "peak": 0.9,
    "above": 0.9,
    "excess": 0.9,
    "late": 5.0,
    "line": 50.0,
    "inner": 5.0,
    "within": 5.0,
    "kept": 1.0,
    "noise": 0.03,
    "past_days": 7.0,
    "own_days": 7.0,
    "age": 8.0,
    "age_days": 9.0,
    "left": 3.0,
    "gap": 0.6,
    "record": 3.0,
    "same_time": 1.0,
    "usual": 1.0,
    "jump": 0.2,
    "floor": 0.8,
    "middle": 1.0,
    "least": 0.9,
    "leap": 0.1,
    "alpha": 0.4,
    "fall": 0.1,
    "course": 6.0,
}


def evidence(**numbers: float) -> Evidence:
    """One row."""
    out = Evidence.empty(1)
    for name in FEATURES:
        if hasattr(out, name):
            getattr(out, name)[:] = 0.0
    out.put(np.array([0]), **{name: np.array([value]) for name, value in (LEAK | numbers).items()})
    return out


@pytest.mark.parametrize("look", [STEADY, URGENT])
def test_a_plain_leak_scores_above_what_is_asked(look: Look) -> None:
    """Steady growth for a long time, above all that was seen before."""
    assert score(evidence(), look, PRODUCTION)[0] > least_score(look, PRODUCTION)


@pytest.mark.parametrize("numbers", [{"z": 2.4}, {"rise": 0.9}, {"rising": 3 / 7}])
def test_hard_limits_cannot_be_outweighed(numbers: dict[str, float]) -> None:
    """Little growth, growth within its error, and growth in few steps are never a leak."""
    seen = evidence(**numbers)
    assert not allowed(seen, PRODUCTION)[0]
    assert score(seen, STEADY, PRODUCTION)[0] == NEVER


@pytest.mark.parametrize("name", [name for name, direction in DIRECTIONS.items() if direction])
@pytest.mark.parametrize("part", ["steady", "urgent", "soak"])
def test_each_feature_speaks_in_one_direction(name: str, part: str) -> None:
    """Over a thousand random rows, more of a feature never moves the score against its direction."""
    rng = np.random.default_rng(5)
    rows = rng.uniform(-2, 10, (1000, len(FEATURES))) * rng.choice([0.1, 1.0, 5.0], (1000, len(FEATURES)))
    more = rows.copy()
    more[:, FEATURES.index(name)] += rng.uniform(0, 10, 1000)
    trees = getattr(learned(), part)
    assert np.min(DIRECTIONS[name] * (grown(more, trees) - grown(rows, trees))) >= -1e-9


@pytest.mark.parametrize("part", ["steady", "urgent", "soak"])
def test_a_score_is_that_of_a_walk_down_each_tree(part: str) -> None:
    """Reading leaves off bits gives what going from node to node gives, also where a feature is just a bound."""
    trees = json.loads(resources.files("leakdog.detect").joinpath("score.json").read_text())[part]["trees"]
    bounds = [bound for tree in trees for bound in tree["bound"] if bound < 1e9]
    rows = np.random.default_rng(3).choice(bounds, (700, len(FEATURES)))

    def walk(tree: dict[str, list[float]], row: npt.NDArray[np.float64]) -> float:
        at = 0
        while tree["left"][at] != at:
            goes_left = row[int(tree["feature"][at])] <= tree["bound"][at]
            at = int(tree["left" if goes_left else "right"][at])
        return tree["value"][at]

    walked = [sum(walk(tree, row) for tree in trees) for row in rows]
    assert grown(rows, getattr(learned(), part)) == pytest.approx(walked, abs=1e-9)


def test_infinite_numbers_are_features_all_the_same() -> None:
    """A series without noise, and one without a limit, reach the trees as finite rows."""
    seen = evidence(left=np.inf, late=-np.inf, z=np.inf, kept=np.nan)
    assert np.isfinite(features(seen, STEADY, PRODUCTION)).all()


@given(rate=st.floats(1e-3, 50), more=st.floats(1.01, 10), urgent=st.booleans())
def test_fewer_false_alarms_ask_for_more(rate: float, more: float, urgent: bool) -> None:
    """The threshold never rises with the rate that is allowed."""
    assert threshold(rate, urgent=urgent) >= threshold(rate * more, urgent=urgent)


@pytest.mark.parametrize("urgent", [False, True])
@pytest.mark.parametrize("rate", [0.02, 0.05, 0.15, 0.5, 1.0])
def test_a_threshold_is_exceeded_as_often_as_was_asked(rate: float, urgent: bool) -> None:
    """`alarms_per_year` is `threshold` the other way round, within and beyond what was measured."""
    rates = (learned().urgent if urgent else learned().steady).alarms[:, 1]
    assert len(set(rates)) > 10
    assert alarms_per_year(threshold(rate, urgent=urgent), urgent=urgent) == pytest.approx(rate, rel=0.15)


def test_nothing_is_said_to_be_rarer_than_was_looked_at() -> None:
    """A score far beyond all that was measured is told as the rarest."""
    assert alarms_per_year(50.0) == RAREST


def test_series_that_share_a_budget_each_ask_for_more() -> None:
    """Four series that share a part of it, tested at a quarter of the rate each."""
    assert least_score(STEADY, PRODUCTION, 4) > least_score(STEADY, PRODUCTION)
    assert least_score(STEADY, PRODUCTION, 4) == pytest.approx(threshold(3.2 / 140 / 4))


def test_urgent_looks_at_what_is_read_seldom_have_little_of_their_budget() -> None:
    """They hardly tell in time there. Slow looks, and a preset with fixed scores, ask for the same of all."""
    urgent = next(look for look in PRODUCTION.looks if look.urgent)
    little = threshold(3.2 * 17 / 20 * SELDOM_PART, urgent=True)
    assert least_score(urgent, PRODUCTION, often=False) == pytest.approx(little)
    assert least_score(urgent, PRODUCTION, often=False) > least_score(urgent, PRODUCTION)
    assert least_score(STEADY, PRODUCTION, often=False) == least_score(STEADY, PRODUCTION)
    assert least_score(SOAK.looks[0], SOAK, often=False) == SOAK.looks[0].least


def test_each_kind_of_looks_has_its_part_of_the_budget() -> None:
    """A smaller part asks for more, of looks of its kind alone."""
    frugal = replace(PRODUCTION, slow_part=0.001)
    assert least_score(STEADY, frugal) > least_score(STEADY, PRODUCTION)
    assert least_score(URGENT, frugal) == least_score(URGENT, PRODUCTION)
    assert least_score(URGENT, replace(PRODUCTION, urgent_part=0.1)) > least_score(URGENT, PRODUCTION)


def test_a_soak_run_has_a_fixed_threshold() -> None:
    """It is over long before a rate per year could be told."""
    assert [least_score(look, SOAK, 9) for look in SOAK.looks] == [look.least for look in SOAK.looks]


def test_forecasts_of_fast_leaks_err_the_other_way() -> None:
    """What is called urgent at its steepest slows down again; limits weeks off are reached by what speeds up."""
    urgent, steady = learned().urgent.spread, learned().steady.spread
    soonest, latest = urgent.around(1.0, HOUR)
    assert soonest > 0.3
    assert latest > 1.6
    soonest, latest = steady.around(1000 * HOUR, HOUR)
    assert soonest < 0.3 * 1000 * HOUR
    assert 1000 * HOUR <= latest < 1.6 * 1000 * HOUR
    for spread in (urgent, steady):
        assert (spread.early < 0).all()
        assert (spread.late >= 0).all()
        assert (np.diff(spread.blocks) > 0).all()
