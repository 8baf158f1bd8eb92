"""What the score is learned from, short of learning it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from bench.leakbench import fit, learn
from bench.leakbench.corpus import own
from bench.leakbench.rates import alarm_rates, best_scores, courses
from bench.leakbench.seen import Seen, forget, watch

from leakdog.detect import score
from leakdog.detect.course import Course

LOADED = score.FEATURES.index("loaded")
TREE = {
    "feature": [0, 0, 0],
    "bound": [2.5, 0.0, 0.0],
    "left": [1, 1, 2],
    "right": [2, 1, 2],
    "value": [0.0, -1.0, 4.0],
}


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    """Two leaks and two healthy series, watched without a score."""
    before = score.learned
    forget()
    yield watch(own(3, 2, load=True, kinds=["sessions", "business_grows"]), urgent=False)
    score.learned = before


def test_rows_are_of_all_features_and_of_series_that_there_are(seen: Seen) -> None:
    """What is learned from fits together: a row for each that a look-back found, finite."""
    assert len(seen.leaks) == 4
    assert seen.values.shape == (len(seen.series), len(score.FEATURES))
    assert np.isfinite(seen.values).all()
    assert set(seen.series) <= set(range(4))


def test_a_leak_is_told_from_what_is_healthy(seen: Seen) -> None:
    """Rows of leaks that have grown are bad, rows of healthy series good, and each of these is worth something."""
    bad, good, worth = fit.labels(seen)
    assert seen.leaks[seen.series[bad]].all()
    assert bad.any()
    assert good.any()
    assert not (bad & good).any()
    assert (worth[bad | good] > 0).all()
    assert (worth[~bad & ~good] == 0).all()


def test_scores_are_those_of_the_detector(seen: Seen) -> None:
    """Trees add their leaves, in parts of rows as in one."""
    sure = seen.values[:, 0] > 2.5
    assert fit.scores([TREE, TREE], seen.values).tolist() == np.where(sure, 8.0, -2.0).tolist()


def test_rows_that_only_a_course_tells_have_no_score_of_trees(seen: Seen) -> None:
    """They show less than is asked; how sure the course is of them is counted beside the trees, and need not stand."""
    only = np.flatnonzero(~seen.allowed)
    assert len(only)
    assert (fit.of_trees([TREE], seen)[only] == score.NEVER).all()
    best = best_scores(seen, np.full(len(seen.series), -50.0))
    assert best.max() == pytest.approx(courses(seen).max())
    held = best_scores(seen, np.where(seen.time == seen.time.max(), 99.0, -50.0))
    np.testing.assert_array_equal(held, best)  # of what trees say once


def test_rates_fall_as_the_score_asked_for_rises(seen: Seen) -> None:
    """Alarms are counted of healthy series only: with a score of the leaks alone there are none."""
    leaks = seen.leaks[seen.series]
    assert alarm_rates([(seen, np.where(leaks, 9.0, -9.0))]) == []
    rates = [rate for _, rate in alarm_rates([(seen, np.linspace(-1, 8, len(leaks)))] * 4)]
    assert rates == sorted(rates, reverse=True)


def test_a_stranger_is_listened_to_for_as_long_as_it_is_asked(tmp_path: Path) -> None:
    """A network that does not know the kinds takes the place of the detector's, and gives it back."""
    known = Course.network()
    other = {each.name: np.zeros_like(getattr(known, each.name)).tolist() for each in fields(known)}
    (tmp_path / "stranger.json").write_text(json.dumps(other))
    learn.listen(tmp_path / "stranger.json")
    assert not Course.network().kept.any()
    learn.listen(None)
    assert Course.network() is known


def test_what_is_not_known_to_be_loaded_is_asked_for_less(seen: Seen) -> None:
    """One tree more adds as much as its false alarms are fewer, and to nothing else."""
    unloaded = seen.values.copy()
    unloaded[:, LOADED] = 0
    more = fit.without_load(0.7)
    assert fit.scores([TREE, more], unloaded) == pytest.approx(fit.scores([TREE], unloaded) + 0.7)
    loaded = seen.values.copy()
    loaded[:, LOADED] = 1
    assert fit.scores([TREE, more], loaded).tolist() == fit.scores([TREE], loaded).tolist()


def test_what_has_fewer_false_alarms_may_be_asked_for_less(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    """By as much as its scores are lower at the rate that is wanted."""
    curves = {1.0: [(0.0, 1.0), (2.0, 0.1), (4.0, 0.01)], 2.0: [(0.0, 0.1), (1.0, 0.01)]}
    monkeypatch.setattr(learn, "alarm_rates", lambda many: curves[float(many[0][1][0])])
    apart = [(seen, np.ones(1)), (seen, np.full(1, 2.0))]
    wanted = 3.2 / 140
    loaded, unloaded = 2.0 + 2 * np.log10(0.1 / wanted), np.log10(0.1 / wanted)
    assert learn.asks_less(apart, [True, False]) == pytest.approx(loaded - unloaded)
