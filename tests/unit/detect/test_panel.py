"""Blocks side by side."""

import numpy as np
from oracle.panel import window_start

from leakdog.detect.panel import Panel, read_often, take, window_columns
from leakdog.detect.settings import PRODUCTION, Look


def panel(level: int, columns: int, end: int) -> Panel:
    """Blocks that hold their own number."""
    lows = np.tile(np.arange(columns, dtype=float), (3, 1))
    return Panel(lows, lows, end, PRODUCTION.levels[level].block_seconds)


def test_rows_are_taken_of_everything() -> None:
    """Of all arrays of a dataclass, in the order asked for; what is no array stays."""
    made = panel(3, 4, 99)
    made = Panel(made.lows + np.arange(3)[:, None] * 10, made.load, 99, 3600.0)
    taken = take(made, np.array([2, 0]))
    assert taken.lows[:, 0].tolist() == [20, 0]
    assert (taken.load.shape, taken.end, taken.block_seconds) == ((2, 4), 99, 3600.0)
    assert take(np.array([5, 6, 7]), np.array([1])).tolist() == [6]


def test_a_window_begins_so_many_blocks_ago() -> None:
    """On its own level."""
    hours = panel(3, 100, 500)
    assert window_start(Look(3, 3, 24), hours, hours) == 76


def test_a_window_of_fine_blocks_is_found_on_the_coarse_level() -> None:
    """Two hours of five minutes are two or three hours, as they lie."""
    fine, coarse = panel(1, 64, 500 * 12), panel(3, 100, 500)
    look = Look(1, 3, 24)
    assert window_columns(look, fine, coarse) in (2, 3)
    assert window_start(look, fine, coarse) in (97, 98)


def test_who_is_read_often_has_readings_in_enough_of_the_last_minutes() -> None:
    """Four of the last ten will do, whenever they were; one in five, as of readings every five minutes, will not."""
    lows = np.full((4, 40), np.nan)
    lows[0] = 1.0
    lows[1, -10:-6] = 1.0
    lows[2, -9:-6] = 1.0
    lows[3, ::5] = 1.0
    often = read_often(Panel(lows, lows, 500, 60.0), PRODUCTION)
    assert often.tolist() == [True, True, False, False]
