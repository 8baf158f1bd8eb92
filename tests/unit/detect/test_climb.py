"""A rise beside the climbs of the days before, and its shape from near."""

import numpy as np
import pytest
from oracle.climb import above, bend, fall, floor, gap, jump
from oracle.convexity import running
from oracle.correct import Corrected

from leakdog.detect.climb import NOT_YET, Past, beside, quarters, record, same_time
from leakdog.detect.settings import PRODUCTION

HOURS = np.arange(168)
EVENING = np.where(HOURS % 24 == 20, 5.0, 0.0)  # up by 5 within an hour, each day


def past(lows: np.ndarray, highs: np.ndarray | None = None) -> Past:
    """One series, without swing where no highs are given."""
    return Past(lows[None].astype(float), (lows if highs is None else highs)[None].astype(float))


def test_the_steepest_climb_is_from_a_low_to_a_reading_soon_after() -> None:
    """A burst counts, whatever the lows say; a slow rise counts by what it climbs in that time."""
    slow = HOURS / 10
    assert record(past(slow), 0.5)[0] == pytest.approx(0.1)
    assert record(past(slow), 3)[0] == pytest.approx(0.4)
    assert record(past(slow, np.where(HOURS == 40, slow + 7, slow)), 0.5)[0] == pytest.approx(7.1)


def test_a_fall_is_no_climb() -> None:
    """Readings are compared with lows before them only."""
    assert record(past(np.where(HOURS < 100, 9.0, 1.0)), 2)[0] == 0


def test_the_last_hours_do_not_hide_a_leak_that_goes_on() -> None:
    """Each climb in them may be the leak itself; of a long look-back its whole length is left out."""
    leak = np.maximum(HOURS - (167 - NOT_YET), 0.0)
    assert record(past(leak), 1)[0] == 0
    assert record(past(np.maximum(HOURS - 150, 0.0)), 18)[0] == 0


def test_without_a_past_there_is_no_record() -> None:
    """Nothing remembered is not a past without climbs."""
    assert np.isnan(record(past(np.full(168, np.nan)), 1))[0]
    assert np.isnan(record(past(np.where(HOURS > 162, 1.0, np.nan)), 1))[0]


@pytest.mark.parametrize(("hours_later", "climbs"), [(0, True), (-1, True), (1, True), (6, False), (12, False)])
def test_what_climbs_each_day_is_known_at_its_time(hours_later: int, climbs: bool) -> None:
    """Within an hour of that time, not at others."""
    seen = np.roll(EVENING, 167 - 20 - 6 * 24 + hours_later)
    climb, highest = same_time(past(seen), 0.5, PRODUCTION)
    assert (climb[0], highest[0]) == ((5, 5) if climbs else (0, 0))


def test_other_days_are_asked_for_only_where_they_are_known() -> None:
    """Not on the first day; on the second the first is."""
    young = np.where(HOURS > 167 - 20, 1.0, np.nan)
    assert np.isnan(same_time(past(young), 0.5, PRODUCTION)).all()
    assert same_time(past(np.where(HOURS > 167 - 30, 1.0, np.nan)), 0.5, PRODUCTION) == (0, 1)


def test_a_rise_beside_the_past_is_told_in_shares_of_it() -> None:
    """Twice as steep as the evening's, at its time: half of it is left, and half of it is above that evening's."""
    seen = past(np.roll(EVENING, 167 - 20 - 6 * 24))
    rise, level = np.full(1, 10.0), np.full(1, 10.0)
    assert beside(seen, rise, level, 0.5, PRODUCTION) == {"record": 2, "same_time": 0.5, "usual": 0.5}
    nothing = beside(past(np.full(168, np.nan)), rise, level, 0.5, PRODUCTION)
    assert {name: float(each[0]) for name, each in nothing.items()} == dict.fromkeys(nothing, 0)


def test_a_climb_is_from_the_first_quarter_to_the_last() -> None:
    """What is between does not count."""
    base, climb = quarters(np.array([[1.0, 3.0, 90.0, 90.0, -9.0, 0.0, 6.0, 8.0]]))
    assert (base[0], climb[0]) == (2, 5)


def test_growth_that_slows_down_bends() -> None:
    """Above zero what gets faster, below what settles, zero a line."""
    line = np.arange(40.0)
    assert bend(np.stack((line, line**2, np.sqrt(line)))) == pytest.approx([0, 400, -0.7], rel=0.2, abs=1e-9)


def test_a_line_leaves_a_gap_that_a_saw_does_not() -> None:
    """All of the end is above all of the begin."""
    line = np.arange(30.0)
    assert gap(np.stack((line, line % 15, -line))) == pytest.approx([11, -4, -29])


def test_a_step_is_one_jump_and_a_line_is_many() -> None:
    """Wherever in the window the step lies, it is all of the climb; a fall is no jump."""
    line = np.arange(40.0)
    steps = [np.where(line < at, 0.0, 39.0) for at in (7, 20, 39)]
    assert jump(np.stack((line, *steps, -39 * (line > 20)))).tolist() == [1, 39, 39, 39, 0]


def test_bursts_are_above_the_floor() -> None:
    """What goes down again by the end of the window has not climbed, what stays has, and a leak under bursts too."""
    line = np.arange(40.0)
    burst = 50.0 * ((line > 12) & (line < 20))
    assert floor(np.stack((line, line + burst, burst, 50.0 * (line > 12), -line))) == pytest.approx([30, 30, 0, 50, 0])


def test_the_present_is_beside_the_top_of_the_past() -> None:
    """Lowest of the last three blocks over it, and the mean of the last blocks over the highest mean of a day."""
    values = np.concatenate((np.zeros(60), np.full(30, 4.0), np.zeros(54), np.linspace(0, 10, 24)))[None]
    seen = Corrected(values[:, -24:], values, values[:, -24:], np.zeros(1, bool), np.zeros(1, bool))
    first = np.zeros(1, np.int64)
    peak, excess = above(seen, running(values), first, 144, 12, PRODUCTION)
    assert peak[0] == pytest.approx(values[0, -3] - 4)
    assert excess[0] == pytest.approx(values[0, -12:].mean() - 4)
    assert np.isnan(above(seen, running(values), first, 0, 12, PRODUCTION)).all()


def test_the_deepest_fall_is_from_the_highest_before_it() -> None:
    """What only rises has none; of two teeth of a saw the larger counts, however far it rose since."""
    line, saw = np.arange(40.0), np.concatenate((np.arange(10.0), np.arange(15.0), np.arange(3.0, 18.0)))
    assert fall(np.stack((line, saw))).tolist() == [0.0, 11.0]
