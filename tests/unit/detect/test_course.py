"""The course of series, block by block."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from leakdog.detect import course as room
from leakdog.detect.course import MOST, NOTES, Course, note
from leakdog.detect.filled import Filled
from leakdog.detect.grid import Grid, History
from leakdog.detect.group import Group
from leakdog.detect.settings import HOUR, PRODUCTION, SOAK
from leakdog.detect.stored import from_bytes, to_bytes

T0 = 1_750_000_000.0 // HOUR * HOUR
UNKNOWN = math.nan


def gone_through(lows: np.ndarray, loads: np.ndarray | float = UNKNOWN, *, born: float = -1000.0) -> Course:
    """The course of series, (n, blocks), of one life."""
    course = Course(len(lows))
    for block, low in enumerate(lows.T):
        load = loads if isinstance(loads, float) else loads[:, block]
        course.take(low, low * 1.05, load, 480_000 + block, block + 1 - born)
    return course


def walks(count: int, blocks: int, seed: int = 1) -> np.ndarray:
    """Noise around a hundred megabytes."""
    return 1e8 * (1 + 0.01 * np.random.default_rng(seed).standard_normal((count, blocks)))


def told_of(lows: np.ndarray) -> list[np.ndarray]:
    """What the network is told of each block of series without load."""
    notes = np.zeros((len(lows), NOTES), np.float32)
    ages = np.full(len(lows), 1000.0)
    nothing = np.full(len(lows), np.nan)
    return [note(notes, low, low, nothing, 480_000 + block, ages + block) for block, low in enumerate(lows.T)]


class TestCourse:
    """What comes of a series."""

    def test_a_leak_is_told_from_noise(self) -> None:
        """A line that rises by a half in two weeks has a higher score than the same noise without it, far apart."""
        flat = walks(20, 336)
        rising = flat + 0.5e8 * np.arange(336) / 336
        assert gone_through(rising).score.min() > gone_through(flat).score.max() + 2

    def test_series_do_not_know_of_each_other(self) -> None:
        """Each comes out the same alone and beside others."""
        lows = walks(5, 100)
        together = gone_through(lows).cells
        for row in range(5):
            alone = gone_through(lows[row : row + 1]).cells
            np.testing.assert_allclose(alone[0], together[row], rtol=1e-4, atol=1e-4)

    def test_a_process_a_thousand_times_as_large_has_the_same_score(self) -> None:
        """Levels are told as shares of each other."""
        lows = walks(4, 60)
        np.testing.assert_allclose(gone_through(lows).score, gone_through(1000 * lows).score, rtol=1e-2, atol=1e-2)

    def test_a_series_without_a_reading_is_left_as_it_is(self) -> None:
        """Of a group in which some could not be read only the others go on."""
        course = gone_through(walks(2, 30))
        before = course.cells.copy()
        course.take(np.array([math.inf, 1e8]), np.array([-math.inf, 1.1e8]), UNKNOWN, 480_031, 2000.0)
        np.testing.assert_array_equal(course.cells[0], before[0])
        assert course.cells[1, room.COUNT] == before[1, room.COUNT] + 1
        course.take(np.full(2, math.inf), np.full(2, -math.inf), UNKNOWN, 480_032, 2000.0)
        assert course.cells[1, room.BLOCK] == 480_031

    @pytest.mark.parametrize("share", [0.0, 0.5, 0.8])
    def test_one_wrong_reading_changes_nothing(self, share: float) -> None:
        """A level deep below all of the last day for one block is as if it was not read: a leak is one still."""
        rising = walks(8, 336) + 0.5e8 * np.arange(336) / 336
        wrong = rising.copy()
        wrong[:, 200] *= share
        without = Course(8)
        for block in (*range(200), *range(201, 240)):
            without.take(rising[:, block], 1.03 * rising[:, block], UNKNOWN, 480_000 + block, 500.0 + block)
        with_it = Course(8)
        for block in range(240):
            with_it.take(wrong[:, block], 1.03 * wrong[:, block], UNKNOWN, 480_000 + block, 500.0 + block)
        np.testing.assert_array_equal(with_it.cells, without.cells)

    def test_a_fall_that_stays_is_believed_when_it_is_seen_twice(self) -> None:
        """From its second block on; also where the first lies before a pause, and of other series nothing is held."""
        course, low = Course(2), np.array([1e8, 1e8])
        for block in range(30):
            course.take(low, low, UNKNOWN, 480_000 + block, 500.0 + block)
        fallen = np.array([5e7, 1e8])
        counts = []
        for block in (30, 40, 41):
            course.take(fallen, fallen, UNKNOWN, 480_000 + block, 500.0 + block)
            counts.append(course.cells[:, room.COUNT].tolist())
        assert counts == [[30, 31], [31, 32], [32, 33]]
        assert course.cells[0, room.LAST] == pytest.approx(math.log(5e7))

    def test_before_its_first_block_a_series_takes_no_memory(self) -> None:
        """Processes that end within hours are many: they keep nothing, and say nothing."""
        course = Course(3)
        course.arrange(np.array([0, 1, 2, -1]))
        assert course.read().nbytes == 0
        assert course.score.tolist() == [0.0] * 4

    def test_rows_are_kept_in_their_new_order(self) -> None:
        """A new series begins with nothing, and says nothing."""
        course = gone_through(walks(3, 50))
        before = course.cells.copy()
        course.arrange(np.array([2, -1, 0]))
        np.testing.assert_array_equal(course.cells, [before[2], np.zeros(before.shape[1]), before[0]])
        assert course.score[1] == 0


class TestNote:
    """What the network is told."""

    def test_all_is_finite_and_bounded_whatever_is_read(self) -> None:
        """Zeros, jumps by twelve orders of magnitude and loads that come and go leave no number out of bounds."""
        rng = np.random.default_rng(5)
        notes = np.zeros((50, NOTES), np.float32)
        for block in range(200):
            low = rng.choice([0.0, 1.0, 1e6, 1e12, -5.0], 50)
            load = rng.choice([np.nan, 0.0, 1e-9, 1.0, 1e9], 50)
            told = note(notes, low, low + rng.choice([0.0, 1e9], 50), load, 480_000 + 3 * block, np.full(50, -1.0))
            assert np.isfinite(told).all()
            assert np.abs(told).max() <= MOST

    def test_the_first_block_is_above_nothing(self) -> None:
        """Only times, and what is known, are told of it."""
        first = told_of(walks(3, 1))[0]
        assert not first[:, :-5].any()

    def test_yesterday_is_compared_at_the_same_hour(self) -> None:
        """With a rhythm of a day nothing is above the same hour of the day before, though it is above the last hour."""
        day = 1e8 * (1 + 0.3 * np.sin(2 * np.pi * np.arange(24 * 4) / 24))
        told = np.array([each[0] for each in told_of(day[None])])
        same_hour = 4 + len(room.SPANS)
        assert np.abs(told[24:, same_hour]).max() < 1e-4
        assert np.abs(told[24:, 0]).max() > 0.1

    def test_the_week_before_is_remembered_day_by_day(self) -> None:
        """A level that was reached five days ago is not new; after nine days it is forgotten, but for the highest."""
        lows = np.full((1, 24 * 12), 1e8)
        lows[0, 30] = 2e8
        told = np.array([each[0] for each in told_of(lows)])
        week = 4 + len(room.SPANS) + 4
        assert told[24 * 6, week] == pytest.approx(room.PAST_SCALE * -math.log(2), rel=1e-3)
        assert told[24 * 10, week] == pytest.approx(0, abs=1e-6)
        assert told[24 * 10, 1] == pytest.approx(room.TOP_SCALE * -math.log(2), rel=1e-3)

    def test_a_new_life_is_told_once_and_measured_from_its_first_block(self) -> None:
        """Growth since the start is that of this life."""
        notes, nothing = np.zeros((1, NOTES), np.float32), np.array([np.nan])
        born, since = [], []
        for block in range(20):
            age = 500.0 + block if block < 10 else block - 9.0
            low = np.array([1e8 * (1 + 0.01 * block)])
            told = note(notes, low, low, nothing, 480_000 + block, np.array([age]))
            born.append(told[0, -2])
            since.append(told[0, 2])
        assert [block for block, each in enumerate(born) if each] == [10]
        assert since[10] == 0
        assert since[19] == pytest.approx(room.FIRST_SCALE * math.log(1.19 / 1.10), rel=1e-3)

    def test_load_that_begins_to_be_known_counts_from_then(self) -> None:
        """Until then nothing is told of it; its first value is above nothing."""
        notes, low = np.zeros((1, NOTES), np.float32), np.array([1e8])
        loads = [np.nan] * 5 + [2.0, 2.0, 4.0]
        told = [
            note(notes, low, low, np.array([load]), 480_000 + block, np.array([100.0]))[0]
            for block, load in enumerate(loads)
        ]
        begin = 4 + len(room.SPANS) + room.PASTS
        assert [each[-1] for each in told] == [0] * 5 + [1] * 3
        assert not told[5][begin:-5].any()
        assert told[7][begin] == pytest.approx(room.LOAD_STEP_SCALE * math.log(2), rel=1e-3)


def history(seed: int, *, restarts: bool, load: bool) -> History:
    """Nine days every five minutes, with gaps."""
    rng = np.random.default_rng(seed)
    time = T0 + 300.0 * np.arange(9 * 288)
    value = 1e8 * (1 + 0.02 * rng.standard_normal(len(time)) + 0.1 * np.arange(len(time)) / len(time))
    start = np.full(len(time), T0 - 50 * HOUR)
    for cut in (700, 1500) if restarts else ():
        start[cut:] = time[cut] - 40.0
        value[cut:] *= 0.9
    kept = rng.random(len(time)) > 0.05
    kept[900:1000] = False
    work = 1 + 0.3 * np.sin(np.arange(len(time)) / 46) if load else None
    return History(f"s{seed}", time[kept], value[kept], None if work is None else work[kept], start[kept], 4e8)


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("load", [False, True])
def test_a_group_and_a_grid_tell_the_same(restarts: bool, load: bool) -> None:
    """What runs live and what replays take the same blocks in: their courses say the same after every hour."""
    one = history(7, restarts=restarts, load=load)
    group, grid = Group(PRODUCTION, 1), Grid([one], PRODUCTION)
    assert group.course is not None
    assert one.life_start is not None
    compared, last = 0, 0
    for place, (time, value, start) in enumerate(zip(one.time, one.value, one.life_start, strict=True)):
        work = None if one.load is None else float(one.load[place])
        group.observe(float(time), [float(value)], life_start=float(start), load=work)
        hour = int(time // HOUR)
        if hour != last and group.rings[-1].index == hour:
            told = grid.course(np.array([0]), hour)
            assert group.course.score[0] == pytest.approx(told[0], abs=2e-3)
            compared += 1
        last = hour
    assert compared > 150


def test_a_restart_of_the_daemon_goes_on_with_the_same_course() -> None:
    """What was stored of a group says the same and goes on the same."""
    one = history(9, restarts=False, load=True)
    group = Group(PRODUCTION, 1)
    assert one.load is not None
    half = len(one.time) // 2
    for each in range(half):
        group.observe(one.time[each], one.value[each : each + 1], life_start=T0 - 50 * HOUR, load=one.load[each])
    other = from_bytes(to_bytes(group), PRODUCTION)
    for each in range(half, len(one.time)):
        for going in (group, other):
            going.observe(one.time[each], one.value[each : each + 1], life_start=T0 - 50 * HOUR, load=one.load[each])
    assert group.course is not None
    assert other.course is not None
    assert group.course.score[0] != 0
    np.testing.assert_array_equal(group.course.cells, other.course.cells)


def test_a_run_of_minutes_keeps_no_course() -> None:
    """`soak` has scores that were read off real programs without one, and pays nothing for it."""
    assert Group(SOAK, 3).course is None
    assert Group(replace(PRODUCTION, false_alarms=None), 3).course is None


def test_later_readings_change_no_course_before_them() -> None:
    """Cut off anywhere, a history has the same course up to there."""
    whole = history(11, restarts=True, load=True)
    at = 1700
    fields = ("time", "value", "load", "life_start")
    part = replace(whole, **{name: getattr(whole, name)[:at] for name in fields})
    full, cut = (Filled([each], PRODUCTION) for each in (whole, part))
    hours = int((part.time[-1] - T0) // HOUR)
    width = PRODUCTION.levels[-1].length + 1
    np.testing.assert_allclose(
        full._course[0, width : width + hours], cut._course[0, width : width + hours], rtol=1e-5, atol=1e-5
    )
