"""One look-back, where the course of a series is surer than what it shows."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from oracle.made import nothing

from leakdog.detect.evidence import NEVER, Evidence
from leakdog.detect.examine import examine
from leakdog.detect.lives import MOST_LIVES
from leakdog.detect.panel import Panel, Rows
from leakdog.detect.score import COURSE_LESS
from leakdog.detect.settings import PRODUCTION, SOAK, Settings

END, HOURS, LEVEL, ASKED = 500_000, 336, 1e9, 0.05
DAY = next(look for look in PRODUCTION.looks if (look.level, look.blocks) == (3, 24))
THRESHOLD = 3.4
SURE, DOUBTFUL = THRESHOLD + COURSE_LESS + 0.1, THRESHOLD + COURSE_LESS - 0.1


def looked_at(
    grown: float, course: float, *, noise: float = 0.001, settings: Settings = PRODUCTION, full: bool = True
) -> Evidence:
    """What a day says of a level that was even for two weeks and grew by this share of it since."""
    lows = LEVEL * (1 + noise * np.random.default_rng(2).standard_normal((1, HOURS)))
    lows[:, -DAY.blocks :] += LEVEL * grown * np.arange(1, DAY.blocks + 1) / DAY.blocks
    panel = Panel(lows, np.full_like(lows, math.nan), END, 3600.0)
    lives = np.full((1, MOST_LIVES), math.nan)
    lives[0, -1] = END - 1000
    rows = Rows(
        floor=np.full(1, float(2**20)),
        limit=np.full(1, math.nan),
        life_start=np.full(1, (END - 1000) * 3600.0),
        lives=lives,
        swing=np.zeros(1),
        highest=lambda: np.full(1, 1.001 * LEVEL),
        course=lambda: np.full(1, course),
        threshold=lambda: np.full(1, THRESHOLD),
    )
    return examine(DAY, panel, panel, rows, settings, nothing, full=full)


@pytest.mark.parametrize("full", [True, False])
def test_a_sure_course_tells_of_growth_of_half_of_what_is_asked(full: bool) -> None:
    """By itself 3 % in a day is too little where 5 % are asked; the score is then that of the course."""
    found = looked_at(0.6 * ASKED, SURE, full=full)
    assert found.leak.all()
    assert found.score[0] == pytest.approx(SURE - COURSE_LESS)
    assert found.sure[0] == 1
    assert 0.02 * LEVEL < found.rise[0] < 0.04 * LEVEL
    assert found.asked[0] == pytest.approx(ASKED * LEVEL, rel=0.01)  # what is asked stays what it is


@pytest.mark.parametrize("full", [True, False])
def test_a_doubtful_course_does_not(full: bool) -> None:
    """Then growth must be as large as is asked, and is not told of by the course."""
    assert not looked_at(0.6 * ASKED, DOUBTFUL, full=full).leak.any()
    assert looked_at(0.3, DOUBTFUL, full=full).sure[0] == 0


@pytest.mark.parametrize(("grown", "noise"), [(0.3 * ASKED, 0.001), (0.0, 0.001), (-0.1, 0.001), (0.6 * ASKED, 0.1)])
def test_a_sure_course_tells_of_nothing_that_does_not_show(grown: float, noise: float) -> None:
    """Of too little growth, of none, of a fall, nor of what may be noise."""
    found = looked_at(grown, 20.0, noise=noise)
    assert not found.leak.any()
    assert not found.score[0] > NEVER


def test_the_trees_are_not_asked_less_by_a_sure_course() -> None:
    """What shows as much as is asked has the higher of both scores."""
    plain, sure = looked_at(0.2, DOUBTFUL - 20), looked_at(0.2, SURE)
    assert sure.score[0] >= max(SURE - COURSE_LESS, plain.score[0])
    assert sure.z[0] == plain.z[0]


def test_where_no_course_is_weighed_none_is_asked() -> None:
    """Presets without a budget a year have fixed scores to reach."""
    unweighed = replace(PRODUCTION, false_alarms=None)
    assert not unweighed.weighs_course
    assert not SOAK.weighs_course
    assert not looked_at(0.6 * ASKED, 20.0, settings=unweighed).leak.any()
