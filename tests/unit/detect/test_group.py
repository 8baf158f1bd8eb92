"""What is remembered of series that are read together."""

from __future__ import annotations

import math
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from leakdog.detect.cells import Floats
from leakdog.detect.engine import assess
from leakdog.detect.group import FIRST, STEP, Group
from leakdog.detect.settings import PRODUCTION, SOAK, Settings, for_sites
from leakdog.detect.stored import from_bytes, to_bytes
from leakdog.errors import LeakdogError
from leakdog.model import Signal, Verdict

START = 3_600_000.0  # on the hour
HOUR = 3600.0


def soak(values: dict[float, float], life_start: float = START - 100) -> Group:
    """A series of a soak after these readings, by seconds after START."""
    group = Group(SOAK, 1)
    for time, value in values.items():
        group.observe(START + time, [value], life_start=life_start, load=None)
    return group


def lows(group: Group, level: int, time: float, row: int = 0) -> list[float]:
    """Known lows of a level before a time."""
    seen = group.panel(level, int(time // group.settings.levels[level].block_seconds)).lows[row]
    return [float(value) for value in seen[~np.isnan(seen)]]


def test_a_block_is_the_lowest_of_its_readings() -> None:
    """Two readings in a block of two seconds leave the lower one."""
    assert lows(soak({0: 7.0, 1: 5.0, 2: 9.0}), 0, START + 2) == [5.0]


def test_a_coarse_block_is_the_lowest_of_its_fine_blocks() -> None:
    """Ten seconds of readings become one block of the next level."""
    state = soak({second: 50.0 + second % 4 for second in range(11)})
    assert lows(state, 1, START + 10) == [50.0]


def test_a_block_left_out_is_missing() -> None:
    """Blocks without a reading are not known, between blocks that are."""
    state = soak({0: 1.0, 6: 2.0, 8: 3.0})
    known = ~np.isnan(state.panel(0, int(START + 8) // 2).lows[0, -4:])
    assert known.tolist() == [True, False, False, True]


def test_late_and_double_readings_are_ignored() -> None:
    """A reading that is not later than the last changes nothing."""
    state = soak({0: 5.0, 1: 6.0, 2: 5.0})
    before = to_bytes(state)
    for time, value in ((1.0, 1.0), (2.0, 1.0)):
        state.observe(START + time, [value], life_start=START - 100, load=None)
    assert to_bytes(state) == before


def test_the_first_seconds_of_a_life_are_hidden() -> None:
    """Nothing of the first ten seconds after a start gets into a soak's blocks."""
    state = soak({second: 100.0 + second for second in range(20)}, life_start=START)
    assert lows(state, 0, START + 18) == [110.0, 112.0, 114.0, 116.0]


def test_a_soak_forgets_the_last_life() -> None:
    """After a restart only the new life is seen."""
    state = soak(dict.fromkeys(range(20), 1.0))
    for second in range(30, 50):
        state.observe(START + second, [2.0], life_start=START + 30, load=None)
    assert set(lows(state, 0, START + 48)) == {2.0}


def test_load_is_averaged_over_a_block() -> None:
    """A block's load is the mean of what is known."""
    state = Group(SOAK, 1)
    for second, load in ((0, 1.0), (1, 3.0), (2, None)):
        state.observe(START + second, [5.0], life_start=0.0, load=load)
    assert state.panel(0, int(START) // 2 + 1).load[0, -1] == 2.0


def produce(state: Group, hours: range, value: float, life_start: float) -> None:
    """A reading each five minutes, all the same."""
    for number in range(hours.start * 12, hours.stop * 12):
        state.observe(START + number * 300, [value], life_start=life_start, load=None)


def test_a_settled_life_takes_the_past_to_its_level() -> None:
    """Six hours after a restart the past stands at the new life's level: a restart is no step."""
    state = Group(PRODUCTION, 1)
    produce(state, range(24), 500.0, 0.0)
    produce(state, range(24, 32), 900.0, START + 24 * HOUR)
    assert state.settled.all()
    assert set(lows(state, 3, START + 32 * HOUR)) == {900.0}
    assert len(lows(state, 3, START + 32 * HOUR)) == 24 + 8 - 3 - 1


def test_until_a_life_has_settled_the_past_is_hidden() -> None:
    """Five hours after a restart only the new life's two known hours are seen."""
    state = Group(PRODUCTION, 1)
    produce(state, range(24), 500.0, 0.0)
    produce(state, range(24, 29), 900.0, START + 24 * HOUR)
    assert not state.settled.any()
    assert set(lows(state, 3, START + 29 * HOUR)) == {900.0}


def test_a_life_that_never_settled_leaves_no_trace() -> None:
    """After a short life of a wild level the past joins the next life as if it had not been."""
    state = Group(PRODUCTION, 1)
    produce(state, range(24), 500.0, 0.0)
    produce(state, range(24, 29), 7000.0, START + 24 * HOUR)
    produce(state, range(29, 37), 600.0, START + 29 * HOUR)
    assert set(lows(state, 3, START + 37 * HOUR)) == {600.0}


def test_a_clock_that_was_ahead_blinds_for_an_hour_only() -> None:
    """One reading of next year: once the clock has been right for an hour, the series begins anew."""
    group = Group(PRODUCTION, 1)
    produce(group, range(30), 500.0, 0.0)
    group.observe(START + 9000 * HOUR, [500.0], life_start=0.0, load=None)
    group = from_bytes(to_bytes(group), PRODUCTION)  # over a restart too
    produce(group, range(30, 40), 600.0, 0.0)
    assert group.last_time < START + 40 * HOUR
    assert set(lows(group, 3, START + 40 * HOUR)) == {600.0}


def test_a_clock_that_was_behind_for_a_moment_loses_nothing() -> None:
    """A reading of 1970, as after a start without a battery, and those of some minutes before the last, are ignored."""
    group = Group(PRODUCTION, 1)
    produce(group, range(30), 500.0, 0.0)
    last = group.last_time
    for time in (0.0, 60.0, last - 300, 120.0):
        group.observe(time, [9.0], life_start=0.0, load=None)
    assert group.last_time == last
    produce(group, range(30, 40), 500.0, 0.0)
    assert set(lows(group, 3, START + 40 * HOUR)) == {500.0}
    assert len(lows(group, 3, START + 40 * HOUR)) > 30


def test_a_reading_that_is_no_number_is_missing() -> None:
    """Where one series was not told, or told nonsense, it has no block and no time; the others have."""
    group = Group(SOAK, 3)
    for second in range(3):
        group.observe(START + second, [5.0, math.nan, math.inf], life_start=START - 100, load=2.0)
    panel = group.panel(0, int(START) // 2 + 1)
    np.testing.assert_array_equal(panel.lows[:, -1], [5.0, math.nan, math.nan])
    np.testing.assert_array_equal(panel.load[:, -1], [2.0, math.nan, math.nan])
    np.testing.assert_array_equal(group.known[FIRST], [START, math.nan, math.nan])
    assert group.highest(int(START) // 10 + 1, int(START) // 10 + 1)[1:].tolist() == pytest.approx(
        [math.nan, math.nan], nan_ok=True
    )


def test_series_that_are_read_seldom_are_as_they_would_be_alone() -> None:
    """A series that is told in each fifth pass has the blocks and times that it has in a group of its own."""
    together, alone = Group(PRODUCTION, 2), Group(PRODUCTION, 1)
    rng = np.random.default_rng(3)
    for number in range(1796):
        time, life = START + 60 * number, START + 20 * HOUR if number >= 20 * 60 else START - HOUR
        value = rng.uniform(4, 5) + (life > START)
        together.observe(time, [1.0, math.nan if number % 5 else value], life_start=life, load=None)
        if number % 5 == 0:
            alone.observe(time, [value], life_start=life, load=None)
    for level, each in enumerate(PRODUCTION.levels):
        end = int((START + 60 * 1795) // each.block_seconds)
        np.testing.assert_array_equal(together.panel(level, end).lows[1], alone.panel(level, end).lows[0])
    np.testing.assert_allclose(together.known[:, 1], alone.known[:, 0])
    assert together.known[STEP].tolist() == pytest.approx([60, 300])


def test_the_lows_of_one_series_are_those_of_its_panel() -> None:
    """Also while its new life has not settled, and what was before is hidden."""
    group = Group(PRODUCTION, 2)
    for number in range(34 * 12):
        life = START + 30 * HOUR if number >= 30 * 12 else START - HOUR
        group.observe(START + 300 * number, [5.0 + number, math.nan if number % 7 else 3.0], life_start=life, load=None)
    for level, each in enumerate(PRODUCTION.levels):
        end = int((START + 300 * 34 * 12) // each.block_seconds)
        for row in range(2):
            np.testing.assert_array_equal(group.lows(level, end, row), group.panel(level, end).lows[row])
    assert group.lives.after is not None


def test_series_come_and_go() -> None:
    """Those that stay go on as they were, in their new places; one that comes begins with nothing."""
    group, same = Group(SOAK, 3), Group(SOAK, 1)
    for second in range(60):
        group.observe(START + second, [1.0, 2.0 + second, 3.0], life_start=START - 100, load=None)
        same.observe(START + second, [2.0 + second], life_start=START - 100, load=None)
    group.arrange([-1, 1])
    assert lows(group, 0, START + 60, 0) == []
    for second in range(60, 90):
        group.observe(START + second, [9.0, 2.0 + second], life_start=START - 100, load=None)
        same.observe(START + second, [2.0 + second], life_start=START - 100, load=None)
    for level in (0, 1):
        assert lows(group, level, START + 90, 1) == lows(same, level, START + 90)
        assert set(lows(group, level, START + 90, 0)) == {9.0}
    assert group.known[FIRST].tolist() == [START + 60, START]
    assert group.lives.table()[0].tolist() == pytest.approx([math.nan] * 7 + [(START - 70) // 10], nan_ok=True)


@pytest.mark.parametrize(("settings", "most"), [(PRODUCTION, 700), (for_sites(PRODUCTION), 350)])
def test_series_without_blocks_take_little_memory(settings: Settings, most: int) -> None:
    """A daemon holds 35 series of each target, and of young processes most levels have no block yet."""
    tracemalloc.start()
    try:
        groups = [Group(settings, 12) for _ in range(50)]
        for group in groups:
            group.observe(START, [5.0] * 12, life_start=START - 60, load=None)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken / len(groups) / 12 < most


@pytest.mark.parametrize("settings", [PRODUCTION, for_sites(PRODUCTION)], ids=["signals", "sites"])
def test_what_is_put_away_changes_no_result(settings: Settings) -> None:
    """Of two groups that read the same for three days with a restart, one is put away after each look."""
    plain, away = Group(settings, 12), Group(settings, 12)
    rng, slopes = np.random.default_rng(1), np.linspace(0, 3e3, 12)
    taken = []

    class Place:
        def __init__(self, cells: Floats) -> None:
            self._cells = cells.copy()
            self.shape = cells.shape
            taken.append(cells.nbytes)

        def read(self) -> Floats:
            return self._cells.copy()

    for step in range(3 * 24 * 6):
        now, life = START + 600 * step, START - 86_400 if step < 200 else START + 600 * 199
        values = 5e7 + slopes * 600 * step + rng.normal(0, 1e6, 12)
        told = []
        for group in (plain, away):
            group.observe(now, values, life_start=life, load=1e6)
            every = assess(group, [Signal.INUSE_SPACE] * 12, [1e9] * 12, now)
            told.append((every, group.found.may_leak().tolist()))
        assert told[0] == told[1]
        away.put_away(lambda cells, _: Place(cells))
    assert to_bytes(plain) == to_bytes(away)
    assert len(taken) > 100
    assert {each.verdict for each in told[0][0]} >= {Verdict.LEAK, Verdict.STEADY}


def test_other_settings_of_the_same_time_scale_keep_what_is_remembered() -> None:
    """Blocks stay, what was found is worked out anew; settings of another time scale are refused."""
    group = soak(dict.fromkeys(range(60), 5.0))
    known = to_bytes(group)
    changed = replace(SOAK, hold_seconds=1.0)
    group.found.ends[:] = 7
    group.follow(changed)
    assert (to_bytes(group), group.settings, set(group.found.ends.flat)) == (known, changed, {-1})
    with pytest.raises(LeakdogError, match="another preset"):
        group.follow(PRODUCTION)
    assert group.settings == changed
