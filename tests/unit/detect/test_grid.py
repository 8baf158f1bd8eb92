"""The grid of a replay against the rings of the daemon."""

from __future__ import annotations

import numpy as np
import pytest

from leakdog.detect.grid import Extent, Grid, History
from leakdog.detect.group import Group
from leakdog.detect.settings import PRODUCTION, SOAK, Settings

START = 1_750_000_000.0
DAY = 86400.0


def random_history(rng: np.random.Generator, days: float, restarts: int) -> History:
    """Uneven steps, a gap, restarts at known times, load that is sometimes missing."""
    time = START + np.cumsum(rng.uniform(60, 540, int(days * 288)))
    time = time[(time < START + DAY) | (time > START + DAY + rng.uniform(0, 30_000))]
    value = 1e9 + 1e6 * np.cumsum(rng.standard_normal(len(time)))
    begins = np.sort(rng.uniform(START, time[-1], restarts))
    start = np.concatenate(([START - 1e6], begins))[np.searchsorted(begins, time, side="right")]
    value += 1e8 * np.searchsorted(begins, time, side="right")
    load = np.where(rng.random(len(time)) < 0.1, np.nan, rng.uniform(0.5, 2, len(time)))
    return History("a", time, value, load, start)


def differences(history: History, settings: Settings) -> int:
    """Run both side by side; count the block ends at which they differ."""
    grid, state = Grid([history], settings), Group(settings, 1)
    restarts, wrong, ends = list(grid.restarts), 0, grid.ends()
    assert history.load is not None
    assert history.life_start is not None
    points = list(zip(history.time, history.value, history.load, history.life_start, strict=True))
    place = 0
    joining = next(number for number, level in enumerate(settings.levels) if level.joins_lives)
    for time, levels in ends:
        if time > history.time[-1]:
            break
        while points[place][0] < time:
            place += 1
        for done in range(state_count(state, points), place + 1):
            at, value, load, life = points[done]
            state.observe(at, [value], life_start=life, load=load)
        while restarts and restarts[0][0] < time:
            previous, row, life_start = restarts.pop(0)
            grid.begin_life(row, life_start, previous)
        if joining in levels:
            grid.settle(int(time // settings.levels[joining].block_seconds))
        for level in levels:
            end = int(time // settings.levels[level].block_seconds)
            panel = grid.panel(level, end, np.array([0]))
            live = state.panel(level, end)
            same = np.allclose(panel.lows, live.lows, rtol=1e-6, equal_nan=True)
            wrong += not (same and np.allclose(panel.load, live.load, rtol=1e-5, equal_nan=True))
        if len(settings.levels) - 1 in levels:
            past, lived = grid.past(np.array([0]), end), state.past(end)
            wrong += not np.allclose(past.lows, lived.lows, rtol=1e-6, equal_nan=True)
            wrong += not np.allclose(past.highs, lived.highs, rtol=1e-6, equal_nan=True)
            for blocks in (1, 24, 96, 168, 336):
                top, lived_top = grid.highest(np.array([0]), end - blocks, end), state.highest(end - blocks, end)
                wrong += not np.allclose(top, lived_top, rtol=1e-6, equal_nan=True)
    return wrong


def state_count(state: Group, points: list[tuple[float, float, float, float]]) -> int:
    """How many points the state has taken in."""
    times = [point[0] for point in points]
    return int(np.searchsorted(times, state.last_time, side="right"))


@pytest.mark.parametrize("restarts", [0, 1, 4])
def test_a_grid_holds_what_the_rings_would_hold(rng: np.random.Generator, restarts: int) -> None:
    """At every block end, over gaps and restarts, a replay sees the same blocks and highs as the daemon."""
    for _ in range(3):
        assert differences(random_history(rng, 5, restarts), PRODUCTION) == 0


def test_a_life_settles_with_the_block_in_which_it_ends(rng: np.random.Generator) -> None:
    """Twelve quarters of an hour tell its level, the last cut short by a restart: the past joins it all the same."""
    time = np.arange(START, START + 4 * DAY, 300)
    second = (START + 2 * DAY) // 900 * 900
    third = second + 3 * 3600 + 12 * 900 - 500
    lives = np.searchsorted([second, third], time, side="right")
    value = 1e9 + 1e8 * lives + 1e6 * rng.standard_normal(len(time))
    start = np.array([START - 1e6, second, third])[lives]
    assert differences(History("a", time, value, np.ones(len(time)), start), PRODUCTION) == 0


def test_a_grid_forgets_highs_as_the_rings_do(rng: np.random.Generator) -> None:
    """Of a look-back as long as a week, or longer, the daemon no longer knows what was before it."""
    assert differences(random_history(rng, 9, 0), PRODUCTION) == 0


def test_levels_finer_than_the_readings_are_left_out() -> None:
    """Readings every five minutes are not judged in blocks of one minute."""
    time = START + np.arange(0, 2 * DAY, 300)
    grid = Grid([History("a", time, np.ones(len(time)))], PRODUCTION)
    assert {level for _, levels in grid.ends() for level in levels} == {1, 2, 3}


@pytest.mark.parametrize("seconds", [1, 60, 120, 180])
def test_a_history_shorter_than_a_look_back_is_laid_out(seconds: int) -> None:
    """Fewer blocks than a level's shortest look-back asks for make a grid without running sums, not an error."""
    time = START + np.arange(0.0, seconds)
    assert Grid([History("a", time, np.ones(seconds))], SOAK).count == 1


def test_a_series_is_judged_as_often_beside_one_that_is_read_more_often() -> None:
    """A history of half-hourly readings is not judged in blocks of a minute because another of the same run is."""
    often, seldom = (START + step * np.arange(4000) for step in (30.0, 1800.0))
    grid = Grid([History("a", time, np.full(4000, 1e9)) for time in (often, seldom)], PRODUCTION)
    end = int(START // 60) + 30  # both have a reading in this block
    assert grid.present(0, end).tolist() == [True, False]
    assert grid.present(3, int(START // 3600) + 1).tolist() == [True, True]


def test_the_extent_of_a_grid_is_that_of_all_its_histories() -> None:
    """From the first reading of any to the last of any, with the finest level where one is read that often."""
    close, sparse = (History("a", START + step * np.arange(100), np.ones(100)) for step in (60.0, 300.0))
    long_ago = History("a", sparse.time - DAY, sparse.value)
    extent = Extent().with_one(sparse, PRODUCTION)
    assert (extent.first, extent.last, extent.finest) == (START, START + 99 * 300, False)
    columns = [99 * 300 / each.block_seconds + each.length for each in PRODUCTION.levels[1:]]
    assert extent.columns(PRODUCTION) == sum(columns)
    extent = extent.with_one(close, PRODUCTION).with_one(long_ago, PRODUCTION)
    assert (extent.first, extent.last, extent.finest) == (START - DAY, START + 99 * 300, True)
