"""Spurts of series, block by block."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from leakdog.detect import spurt as room
from leakdog.detect.grid import Grid, History
from leakdog.detect.group import Group
from leakdog.detect.replay import replay
from leakdog.detect.settings import HOUR, MINUTE, PRODUCTION, SOAK, for_sites
from leakdog.detect.spurt import HOUR_BLOCKS, INPUTS, MOST, NOTES, Spurt, note
from leakdog.detect.stored import from_bytes, to_bytes
from leakdog.model import Signal

T0 = 1_750_000_000.0 // HOUR * HOUR
BLOCK = int(T0 // (5 * MINUTE))
UNKNOWN = math.nan
DAY_BLOCKS = 24 * HOUR_BLOCKS
BEFORE = room.ABOVE.start + 2  # place of what is told of the same hour of the day before


def told_of(lows: np.ndarray, loads: np.ndarray | None = None) -> np.ndarray:
    """What the network is told of each block of series of one life, (blocks, n, INPUTS)."""
    notes, out = np.zeros((len(lows), NOTES), np.float32), []
    for number, low in enumerate(lows.T):
        load = np.full(len(low), UNKNOWN) if loads is None else loads[:, number]
        out.append(note(notes, low, 1.02 * low, load, BLOCK + number, np.full(len(low), 5000.0 + number)))
    return np.array(out)


def gone_through(lows: np.ndarray) -> Spurt:
    """The spurts of series, (n, blocks), of one life."""
    spurt = Spurt(len(lows))
    for number, low in enumerate(lows.T):
        spurt.take(low, 1.02 * low, UNKNOWN, BLOCK + number, 5000.0 + number)
    return spurt


def noise(count: int, blocks: int) -> np.ndarray:
    """Around a hundred megabytes."""
    return 1e8 * (1 + 0.01 * np.random.default_rng(1).standard_normal((count, blocks)))


def test_a_climb_that_does_not_stop_is_told_from_what_was_there_the_day_before() -> None:
    """An hour and a half of a climb by two fifths, in twenty series, against one that was as high each day."""
    plain = noise(20, 2 * DAY_BLOCKS)
    climbs, daily = plain.copy(), plain.copy()
    rise = 4e7 * np.linspace(0, 1, 18)
    climbs[:, -18:] += rise
    for day in (1, 2):
        daily[:, day * DAY_BLOCKS - 18 : day * DAY_BLOCKS] += rise
    flat, steep, usual = (gone_through(each).score for each in (plain, climbs, daily))
    assert steep.min() > flat.max() + 2
    assert np.median(steep) > np.median(usual) + 1


def test_a_process_a_thousand_times_as_large_has_the_same_score() -> None:
    """Levels are told as shares of each other."""
    lows = noise(4, 60)
    np.testing.assert_allclose(gone_through(lows).score, gone_through(1000 * lows).score, rtol=1e-2, atol=1e-2)


def test_a_series_without_a_reading_is_left_as_it_is() -> None:
    """Of a group in which some could not be read only the others go on."""
    spurt = gone_through(noise(2, 30))
    before = spurt.cells.copy()
    spurt.take(np.array([math.inf, 1e8]), np.array([-math.inf, 1.1e8]), UNKNOWN, BLOCK + 31, 2000.0)
    np.testing.assert_array_equal(spurt.cells[0], before[0])
    assert spurt.cells[1, room.COUNT] == before[1, room.COUNT] + 1


def test_all_is_finite_and_bounded_whatever_is_read() -> None:
    """Zeros, jumps by twelve orders of magnitude, pauses and loads that come and go leave no number out of bounds."""
    rng, notes = np.random.default_rng(5), np.zeros((50, NOTES), np.float32)
    for number in range(400):
        low = rng.choice([0.0, 1.0, 1e6, 1e12, -5.0], 50)
        load = rng.choice([np.nan, 0.0, 1e-9, 1.0, 1e9], 50)
        high = low + rng.choice([0.0, 1e9], 50)
        told = note(notes, low, high, load, BLOCK + 7 * number, rng.choice([-1.0, 1e7], 50))
        assert told.shape == (50, INPUTS)
        assert np.isfinite(told).all()
        assert np.abs(told).max() <= MOST


def test_it_is_not_told_for_how_long_a_series_is_watched() -> None:
    """After a day of the same level each block is told as the one an hour before, but for the age of the process."""
    told = told_of(np.full((1, 3 * DAY_BLOCKS), 1e8))[:, 0]
    ages = INPUTS - 4
    np.testing.assert_allclose(
        np.delete(told[DAY_BLOCKS:], ages, 1), np.delete(told[12 : -DAY_BLOCKS + 12], ages, 1), atol=1e-5
    )


def test_a_day_is_compared_hour_by_hour() -> None:
    """With a rhythm of a day the hours to come were as they will be, and no climb is above those of the day before."""
    hours = np.arange(4 * DAY_BLOCKS) // HOUR_BLOCKS
    told = told_of(1e8 * (1 + 0.3 * np.sin(2 * np.pi * hours / 24))[None])[2 * DAY_BLOCKS :, 0]
    ahead = room.DAY_AHEAD.start
    level = np.log(1 + 0.3 * np.sin(2 * np.pi * hours / 24))[2 * DAY_BLOCKS :]
    assert np.abs(told[:, BEFORE]).max() < 1e-3
    np.testing.assert_allclose(told[:-12, ahead], room.SCALES[ahead] * (level[12:] - level[:-12]), atol=1e-2)
    assert told[:, room.OF_CLIMB + 1].max() <= 1e-3


def test_load_is_compared_with_the_day_before_too() -> None:
    """Twice the load of the same hour yesterday is told as such, and what came after it then."""
    loads = np.ones((1, 2 * DAY_BLOCKS))
    loads[0, DAY_BLOCKS : DAY_BLOCKS + HOUR_BLOCKS] = 2.0
    loads[0, HOUR_BLOCKS : 2 * HOUR_BLOCKS] = 3.0
    told = told_of(np.full((1, 2 * DAY_BLOCKS), 1e8), loads)[DAY_BLOCKS, 0]
    first, *_, ahead = told[room.OF_LOAD.start + 1], told[room.OF_LOAD.start + 2 + len(room.LOAD_SPANS)]
    assert first == pytest.approx(room.SCALES[room.OF_LOAD.start + 1] * math.log(2), rel=1e-3)
    assert ahead == pytest.approx(room.SCALES[room.OF_LOAD.stop - 1] * math.log(3), rel=1e-3)


def history(seed: int, *, seconds: float = 30.0, restarts: bool = False, load: bool = True) -> History:
    """A day and a half with gaps."""
    rng = np.random.default_rng(seed)
    time = T0 + seconds * np.arange(int(36 * HOUR / seconds))
    gone = np.arange(len(time)) / len(time)
    value = 1e8 * (1 + 0.02 * rng.standard_normal(len(time)) + 0.5 * gone)
    start = np.full(len(time), T0 - 50 * HOUR)
    for cut in (len(time) // 3, len(time) // 2) if restarts else ():
        start[cut:] = time[cut] - 40.0
    kept = rng.random(len(time)) > 0.05
    kept[len(time) // 4 : len(time) // 4 + 100] = False
    work = 1 + 0.3 * np.sin(40 * gone) if load else None
    return History(f"s{seed}", time[kept], value[kept], None if work is None else work[kept], start[kept], 4e8)


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("load", [False, True])
def test_a_group_and_a_grid_tell_the_same(restarts: bool, load: bool) -> None:
    """What runs live and what replays take the same blocks in: their spurts say the same after each of them."""
    one = history(7, restarts=restarts, load=load)
    group, grid = Group(PRODUCTION, 1), Grid([one, history(8)], PRODUCTION)
    assert group.spurt is not None
    assert one.life_start is not None
    compared, last = 0, 0
    for place, (time, value, start) in enumerate(zip(one.time, one.value, one.life_start, strict=True)):
        work = None if one.load is None else float(one.load[place])
        group.observe(float(time), [float(value)], life_start=float(start), load=work)
        block = int(time // (5 * MINUTE))
        if block != last and group.rings[1].index == block:
            assert group.spurt.score[0] == pytest.approx(grid.spurt(np.array([0]), float(time))[0], abs=2e-3)
            compared += 1
        last = block
    assert compared > 380
    assert np.ptp(grid._spurt[0]) > 1


def test_spurts_may_be_made_of_the_finest_blocks() -> None:
    """Where no urgent look-back sees others: of all blocks with a reading then, live and replayed."""
    looks = tuple(look for look in PRODUCTION.looks if not look.urgent or not look.level)
    settings, one = replace(PRODUCTION, looks=looks), history(7)
    assert settings.spurt_level == 0
    group, grid = Group(settings, 1), Grid([one], settings)
    assert group.spurt is not None
    assert one.load is not None
    for time, value, load in zip(one.time[:300], one.value, one.load, strict=False):
        group.observe(float(time), [float(value)], life_start=T0 - 50 * HOUR, load=float(load))
    now = float(one.time[299])
    assert group.spurt.score[0] != 0
    assert group.spurt.score[0] == pytest.approx(grid.spurt(np.array([0]), now)[0], abs=2e-3)


@pytest.mark.parametrize("past_edge", [30.0, 150.0, 210.0, 270.0])
def test_a_young_life_tells_the_same_whenever_it_began(past_edge: float) -> None:
    """Minutes of its first part do not count as read in the block in which that ends, live or replayed."""
    edge = (T0 // (5 * MINUTE)) * 5 * MINUTE
    began = edge + past_edge - PRODUCTION.levels[1].warm_up_seconds
    time = began + MINUTE * np.arange(60) + 1.0
    value = 1e8 * (1 + 0.01 * np.arange(60.0))
    one = History("young", time, value, None, np.full(60, began), 4e8)
    group, grid = Group(PRODUCTION, 1), Grid([one], PRODUCTION)
    for each, reading in zip(time.tolist(), value.tolist(), strict=True):
        group.observe(each, [reading], life_start=began, load=None)
        assert group.spurt is not None
        assert group.spurt.score[0] == pytest.approx(grid.spurt(np.array([0]), each)[0], abs=2e-3)
    assert group.spurt.score[0] != 0.0


def test_series_of_one_process_that_are_read_at_different_times_tell_the_same_too() -> None:
    """A heap every two and a half minutes beside a resident set every half: live as replayed, each from its blocks."""
    often, seldom = history(7), history(8, seconds=150.0)
    readings = {}
    for row, one in enumerate((often, seldom)):
        for time, value in zip(one.time.tolist(), one.value.tolist(), strict=True):
            readings.setdefault(time, [math.nan, math.nan])[row] = value
    group = Group(PRODUCTION, 2)
    grid = Grid([replace(each, load=None) for each in (often, seldom)], PRODUCTION)
    assert group.spurt is not None
    for time in sorted(readings):
        group.observe(time, readings[time], life_start=T0 - 50 * HOUR, load=None)
    end = (max(readings) // (5 * MINUTE)) * 5 * MINUTE
    np.testing.assert_allclose(group.spurt.score, grid.spurt(np.array([0, 1]), end), atol=2e-3)
    assert (group.spurt.read()[:, room.COUNT] > 350).all()


def test_what_has_no_limit_has_none() -> None:
    """Urgent look-backs leave it alone: it costs neither time nor memory."""
    one = replace(history(3), limit=None)
    group = Group(PRODUCTION, 2)
    for time, value in zip(one.time, one.value, strict=True):
        group.observe(float(time), [float(value)] * 2, life_start=T0, load=None, limited=np.zeros(2, bool))
    assert group.spurt is not None
    assert group.spurt.read().nbytes == 0
    for number in range(20):
        group.observe(
            one.time[-1] + 60.0 * (number + 1), [1e8] * 2, life_start=T0, load=None, limited=np.array([False, True])
        )
    assert [count > 0 for count in group.spurt.read()[:, room.COUNT]] == [False, True]
    assert Grid([one], PRODUCTION).spurt(np.array([0]), float(one.time[-1])).tolist() == [0.0]


def test_what_is_read_every_five_minutes_has_none() -> None:
    """Live, beside what is read more often too, and replayed: a fast leak is told in time hardly ever there."""
    often, seldom = history(3), replace(history(4, seconds=300.0), load=None)
    group = Group(PRODUCTION, 2)
    assert group.spurt is not None
    values = dict(zip(seldom.time.tolist(), seldom.value.tolist(), strict=True))
    for time, value in zip(often.time.tolist(), often.value.tolist(), strict=True):
        group.observe(time, [value, values.get(time, math.nan)], life_start=T0 - 50 * HOUR, load=None)
    assert [count > 0 for count in group.spurt.read()[:, room.COUNT]] == [True, False]
    assert Grid([seldom], PRODUCTION).spurt(np.array([0]), float(seldom.time[-1])).tolist() == [0.0]


@pytest.mark.parametrize("hours", [1.5, 3, 12])
def test_a_leak_is_found_in_time_for_however_long_its_process_was_watched(hours: float) -> None:
    """What reaches its limit within two hours is told before two thirds of them are gone, also soon after a start."""
    rng, before = np.random.default_rng(5), int(hours * 120)
    leaks = []
    for number in range(10):
        drift = np.repeat(1 + 0.02 * rng.standard_normal(before // 240 + 2), 240)[: before + 240]
        value = 3e8 * drift * (1 + 0.015 * rng.standard_normal(len(drift)))
        value[before:] += 3e8 * np.linspace(0, 1, 240)
        time = T0 + 30.0 * np.arange(len(value))
        leaks.append(History(str(number), time, value, None, np.full(len(time), T0 - 20 * 24 * HOUR), 6e8))
    late = T0 + hours * HOUR + 2 / 3 * 2 * HOUR
    found = [any(alert.start <= late for alert in each.alerts) for each in replay(leaks, Signal.RSS, PRODUCTION)]
    assert sum(found) >= 9


def test_sites_and_runs_of_minutes_keep_none() -> None:
    """Neither has urgent look-backs."""
    assert Group(SOAK, 3).spurt is None
    assert Group(for_sites(PRODUCTION), 3).spurt is None


def test_a_restart_of_the_daemon_goes_on_with_the_same_spurt() -> None:
    """What was stored says the same and goes on the same; of twelve series each takes four kilobytes at most."""
    group = Group(PRODUCTION, 12)
    for number in range(16 * 720):
        group.observe(T0 + 120.0 * number, [1e8 + number] * 12, life_start=T0, load=1.0)
    data = to_bytes(group)
    again = from_bytes(data, PRODUCTION)
    assert group.spurt is not None
    assert again.spurt is not None
    assert group.spurt.score[0] != 0
    np.testing.assert_array_equal(group.spurt.cells, again.spurt.cells)
    assert len(data) / 12 <= 4096
