"""The scorer: what an alert is worth."""

from dataclasses import replace

import numpy as np
import pytest
from bench.leakbench.corpus import T0, Labelled
from bench.leakbench.score import Fired, Tally, judge, table

from leakdog.detect.grid import History

STEP = 300.0
HOUR = 12
WEEK = 7 * 24 * HOUR
ONSET = 100


def series(points: int = 2 * WEEK, over: int | None = None, **changes: object) -> Labelled:
    """A line that leaks a thousandth of its baseline at each reading from the onset on."""
    time = T0 + STEP * np.arange(points)
    leaked = np.maximum(np.arange(points) - ONSET, 0) * 0.001
    history = History("line/0", time, 1e9 * (1 + leaked), None, np.full(points, T0 - 1e6), 4e9)
    end = points if over is None else over
    return replace(Labelled(history, "line", True, leaked, end, end), **changes)  # type: ignore[arg-type]


def healthy(points: int = 2 * WEEK) -> Labelled:
    """The same without the leak."""
    return replace(series(points), leaks=False, leaked=np.zeros(points))


def at(begin: float, end: float | None = None, left: tuple[float, float] | None = None) -> Fired:
    """An alert between two readings, by number; `left` in readings."""
    until = None if end is None else T0 + end * STEP
    return Fired(T0 + begin * STEP, until, left and (left[0] * STEP, left[1] * STEP))


def test_a_true_alert_finds_the_leak() -> None:
    """An alert at 25 % is no false alarm, finds the leak, and comes 150 readings after the first tenth was lost."""
    found = judge(series(), [at(ONSET + 250)])
    assert (found.leaks, found.found, found.false_alarms) == (1, 1, 0)
    assert found.leaked == pytest.approx([0.25])
    assert found.delay == pytest.approx([150 / HOUR])


def test_an_alert_before_one_per_cent_is_false() -> None:
    """It counts as false, but where it holds on into the leak, the leak is found."""
    early = judge(series(), [at(50, 60)])
    assert (early.found, early.false_alarms) == (0, 1)
    holding = judge(series(), [at(50)])
    assert (holding.found, holding.false_alarms) == (1, 1)
    assert holding.leaked == pytest.approx([0.01])


def test_an_alert_after_the_limit_is_too_late() -> None:
    """What is told at the limit is found, one reading later it is missed."""
    assert judge(series(over=500), [at(500)]).found == 1
    assert judge(series(over=500), [at(501)]).found == 0


def test_a_small_leak_does_not_count() -> None:
    """A leak of less than a tenth is neither missed nor found, and its alert is not false."""
    found = judge(series(points=150), [at(120)])
    assert (found.leaks, found.false_alarms) == (0, 0)


def test_false_alarms_of_half_a_day_are_one() -> None:
    """Alerts twelve hours apart are one, those further apart are two; a healthy series is two weeks."""
    once = judge(healthy(), [at(100, 110), at(109 + 12 * HOUR, 120 + 12 * HOUR)])
    twice = judge(healthy(), [at(100, 110), at(110 + 12 * HOUR, 120 + 12 * HOUR)])
    assert (once.false_alarms, twice.false_alarms) == (1, 2)
    assert once.weeks == pytest.approx(2)
    assert once.figures()["FA"] == pytest.approx(500)


def test_an_interval_covers_the_time_left() -> None:
    """The true time to the limit is 300 readings."""
    leak = series(over=500)
    assert judge(leak, [at(200, None, (290, 310))]).covered == [True]
    assert judge(leak, [at(200, None, (310, 320))]).covered == [False]
    assert judge(leak, [at(200)]).covered == []


def test_bursts_do_not_change_the_time_left() -> None:
    """Where the generator knows when the limit is reached but for bursts, that is the truth for an interval."""
    leak = replace(series(over=400), reached=600)
    assert judge(leak, [at(200, None, (390, 410))]).covered == [True]


def test_an_interval_is_judged_within_a_life() -> None:
    """A process that restarts before its limit is no test of the interval."""
    leak = series(over=500)
    assert leak.history.life_start is not None
    leak.history.life_start[300:] = T0 + 300 * STEP
    assert judge(leak, [at(200, None, (290, 310))]).covered == []


def test_a_fast_leak_is_found_in_time() -> None:
    """An alert must begin within the first two thirds of the 300 readings from onset to limit."""
    leak = series(points=401, over=400, fast=True)
    assert [judge(leak, [at(ONSET + gone)]).found for gone in (1, 150, 200, 201, 290)] == [1, 1, 1, 0, 0]
    found = judge(leak, [at(ONSET + 150)])
    assert found.leaked == pytest.approx([0.5], abs=0.01)
    assert found.delay == pytest.approx([150 / HOUR], abs=0.1)


def test_what_fires_before_does_not_find_a_fast_leak() -> None:
    """An alert that began before the onset is false, and whoever had it was not told of the leak."""
    found = judge(series(points=401, over=400, fast=True), [at(50)])
    assert (found.found, found.false_alarms) == (0, 1)


def test_rows_of_the_table() -> None:
    """Hard series count under `hard`, all others under `all`, fast leaks also by their speed."""
    quick = series(points=141, over=140, fast=True, kind="quick")
    rows = table([healthy(), replace(healthy(), hard=True, kind="odd"), quick], [[], [at(5, 6)], [at(110)]])
    assert set(rows) == {"all", "hard", "line", "odd (hard)", "quick", "3-6 h"}
    assert (rows["all"].false_alarms, rows["hard"].false_alarms) == (0, 1)
    assert rows["3-6 h"].found == rows["quick"].found == rows["all"].found == 1


def test_tallies_add_up() -> None:
    """Recall is of all leaks, the leaked share the median of those found."""
    total = Tally()
    for found, leaked in ((1, [0.2]), (1, [0.6]), (0, [])):
        total.add(Tally(leaks=1, found=found, leaked=list(leaked), delay=list(leaked)))
    figures = total.figures()
    assert figures["recall"] == pytest.approx(2 / 3)
    assert figures["leaked"] == pytest.approx(0.4)
    assert figures["half"] == pytest.approx(1 / 3)
    assert np.isnan(figures["FA"])
