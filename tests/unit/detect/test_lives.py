"""The past over restarts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from leakdog.detect.group import Group
from leakdog.detect.lives import joining
from leakdog.detect.settings import PRODUCTION, SOAK

START = 3_600_000.0  # on the hour
HOUR = 3600.0


def test_lives_are_known_by_the_block_in_which_each_begins_to_be_seen() -> None:
    """The last stands at the end; before the first there is none."""
    group = Group(PRODUCTION, 1)
    for begin in (0, 50 * HOUR):
        for step in range(200):
            group.observe(START + begin + 900 * step, [5.0], life_start=START + begin, load=None)
    known = [math.nan] * 6 + [(START + 3 * HOUR) // HOUR, (START + 53 * HOUR) // HOUR]
    np.testing.assert_array_equal(group.lives.table(), [known])


def test_each_series_settles_by_itself() -> None:
    """One that is told settles; one of which nothing is known in the new life yet has its past hidden for longer."""
    group = Group(PRODUCTION, 2)
    for number in range(24 * 12):
        group.observe(START + 300 * number, [5.0, 50.0], life_start=0.0, load=None)
    for number in range(24 * 12, 40 * 12):
        late = 80.0 if number >= 32 * 12 else math.nan
        group.observe(START + 300 * number, [9.0, late], life_start=START + 24 * HOUR, load=None)
        if number == 32 * 12:
            assert group.settled.tolist() == [True, False]
            assert np.isnan(group.panel(3, int(START // HOUR) + 32).lows[1]).all()
    assert group.settled.all()
    lows = group.panel(3, int(START // HOUR) + 40).lows
    assert [set(each[~np.isnan(each)]) for each in lows] == [{9.0}, {80.0}]
    assert group.lives.after is None


@pytest.mark.parametrize(("settings", "level"), [(PRODUCTION, 2), (SOAK, None)])
def test_a_soak_joins_no_lives(settings: object, level: int | None) -> None:
    """In production the past is kept from the level of quarters of an hour on, in a soak not at all."""
    assert joining(settings) == level  # type: ignore[arg-type]
