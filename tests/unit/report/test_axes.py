"""Axes of a picture: what values and what times they tell."""

import re
from itertools import pairwise

import numpy as np
import pytest

from leakdog.model import Unit
from leakdog.report.axes import LEFT, RIGHT, WIDTH, Frame

DAY_ONE = 1_767_225_600.0  # 2026-01-01T00:00:00Z
HOUR, DAY = 3600.0, 86400.0


def grid(begin: float, end: float, *values: float) -> str:
    """The lines and texts of a frame."""
    return Frame(np.array([begin, end]), np.array(values or (0.0, 9.0)), None, Unit.BYTES).grid()


def times(drawn: str) -> list[str]:
    """The texts at the time axis from left to right, those at both ends included."""
    found = re.findall(r'<text x="([\d.]+)" y="252"[^>]*>([^<]*)<', drawn)
    return [text for _, text in sorted(found, key=lambda each: float(each[0]))]


def test_an_axis_lies_below_zero_only_where_a_value_does() -> None:
    """Memory has no less than nothing."""
    level = re.compile(r'text-anchor="end">(-[^<]*)<')
    assert not level.search(grid(0.0, 1.0, 0.0, 9.0))
    assert level.search(grid(0.0, 1.0, -9.0, 9.0))


@pytest.mark.parametrize(
    ("span", "between"),
    [
        (HOUR, ["00:20", "00:30", "00:40"]),
        (DAY, ["06:00", "12:00", "18:00"]),
        (5 * DAY, ["01-03", "01-04"]),
        (30 * DAY, ["01-12", "01-17", "01-22"]),
    ],
)
def test_times_are_told_with_their_date(span: float, between: list[str]) -> None:
    """Both ends whole, with year and time zone; between them round times, as dates where it is more than a day."""
    first, *shown, last = times(grid(DAY_ONE, DAY_ONE + span))
    assert first == "2026-01-01 00:00:00 UTC"
    assert last.endswith("UTC")
    assert last.startswith("2026-01-")
    assert shown == between


def test_times_do_not_overlap_those_at_the_ends() -> None:
    """A date has 80 pixels to itself, and each end its whole text."""
    for span in np.geomspace(5.0, 400 * DAY, 40).tolist():
        drawn = grid(DAY_ONE - 1000.0, DAY_ONE - 1000.0 + span)
        places = [float(x) for x in re.findall(r'<text x="([\d.]+)"[^>]*text-anchor="middle"', drawn)]
        assert all(LEFT + 190 < x < WIDTH - RIGHT - 190 for x in places)
        assert all(after - before > 80 for before, after in pairwise(places))
