"""The detectors that leakdog is compared with."""

import importlib

import numpy as np
import pytest
from bench.leakbench.__main__ import DETECTORS
from bench.leakbench.corpus import own
from bench.leakbench.detectors.common import blocks, held_for, line, spread
from bench.leakbench.score import Fired

from leakdog.detect.grid import History

OTHERS = [name for name in DETECTORS if name != "leakdog"]
T0, STEP, POINTS = 1_750_000_000.0, 300.0, 14 * 288


def history(slope: float, limit: float = 2e9) -> History:
    """Two weeks of a line with little noise; slope in shares of the baseline a day."""
    noise = 0.002 * np.random.default_rng(3).standard_normal(POINTS)
    value = 1e9 * (1 + slope * np.arange(POINTS) / 288 + noise)
    return History("line", T0 + STEP * np.arange(POINTS), value, None, np.full(POINTS, T0 - 1e7), limit)


def detect(name: str, one: History) -> list[Fired]:
    """Alerts for one series."""
    (alerts,) = importlib.import_module(f"bench.leakbench.detectors.{name}").detect([one])
    return list(alerts)


@pytest.mark.parametrize("name", OTHERS)
def test_a_steep_line_is_found(name: str) -> None:
    """A line that doubles memory in four days is a leak to everybody, in its second half at the latest."""
    alerts = detect(name, history(0.25, limit=1.6e9))
    assert alerts
    assert alerts[0].start < T0 + 7 * 86400


@pytest.mark.parametrize("name", OTHERS)
def test_a_flat_line_is_left_alone(name: str) -> None:
    """Little noise on a level is no leak to anybody."""
    assert detect(name, history(0.0)) == []


@pytest.mark.parametrize("name", OTHERS)
def test_nobody_looks_ahead(name: str) -> None:
    """With later readings cut off, the alerts that began before are the same."""
    for each in own(4242, 1, kinds=["sessions", "old_generation", "bad_build"]):
        whole = each.history
        cut = 5 * len(whole.time) // 8
        assert whole.life_start is not None
        part = History(whole.name, whole.time[:cut], whole.value[:cut], None, whole.life_start[:cut], whole.limit)
        expected = [alert.start for alert in detect(name, whole) if alert.start <= part.time[-1]]
        assert [alert.start for alert in detect(name, part)] == expected


def test_a_rolling_line() -> None:
    """On a straight line every window has its slope, its end, and explains all."""
    slope, end, explained = line(5 + 3 * np.arange(50.0), 10)
    assert slope[9:] == pytest.approx(3)
    assert end[9:] == pytest.approx(5 + 3 * np.arange(9, 50.0))
    assert explained[9:] == pytest.approx(1)
    assert np.isnan(slope[:9]).all()


def test_what_a_block_shows_is_known_at_its_end() -> None:
    """A finding in the second of four blocks fires during the third."""
    assert blocks(np.arange(11.0), 4).shape == (2, 4)
    fires = spread(np.array([False, True, False, False]), 3, 12)
    assert list(np.flatnonzero(fires)) == [6, 7, 8]


def test_held_for() -> None:
    """Three in a row, at the third."""
    found = np.array([1, 1, 0, 1, 1, 1, 1], bool)
    assert list(np.flatnonzero(held_for(found, 3))) == [5, 6]
