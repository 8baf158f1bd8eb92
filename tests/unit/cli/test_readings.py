"""Readings of one series; `test_histories` has them from files."""

from __future__ import annotations

from array import array

import pytest

from leakdog.cli.readings import SPAN, Place, Readings

YEAR = 365.25 * 86400


def readings(*times: float) -> Readings:
    """Of these times, one on each line from the second on."""
    made = Readings(*(array("d", each) for each in (times, times, times, [float("nan")] * len(times))))
    for line, time in enumerate(times, 2):
        made.places.setdefault(int(time // SPAN), Place(line, 1, f"{time:g}"))
    return made


@pytest.mark.parametrize(
    ("times", "line"),
    [
        ((0.0,), None),
        ((0.0, 0.9 * YEAR, 1.8 * YEAR), None),
        ((50 * YEAR, 0.0, 50.1 * YEAR), 3),
        ((0.0, 50 * YEAR, 50.1 * YEAR, 90 * YEAR), 2),
        ((0.0, 0.1 * YEAR, 3 * YEAR), 4),
        (tuple(0.5 * YEAR * number for number in range(39)), None),
        (tuple(0.5 * YEAR * number for number in range(60)), 2),
    ],
)
def test_the_first_that_is_years_from_most_others_is_named(times: tuple[float, ...], line: int | None) -> None:
    """Of what a gap of a year parts the larger belongs together, and of that no more than twenty years."""
    found = readings(*times).stray()
    assert (found and found[0].line) == line


def test_a_history_is_in_order_of_time() -> None:
    """Of several readings at one time the first counts."""
    made = readings(20.0, 10.0, 20.0)
    made.value[2] = 99.0
    history = made.history("a", with_load=False)
    assert (history.time.tolist(), history.value.tolist(), history.load) == ([10.0, 20.0], [10.0, 20.0], None)
