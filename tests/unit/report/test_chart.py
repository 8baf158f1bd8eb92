"""Trends drawn with characters."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.model import Unit
from leakdog.report.chart import draw

DAY_ONE = 1_767_225_600.0  # 2026-01-01T00:00:00Z


def test_ramp() -> None:
    """A ramp is drawn from the lower left to the upper right, between its lowest and its highest value."""
    times = [DAY_ONE + i for i in range(100)]
    assert draw(times, [float(i) for i in range(100)], Unit.COUNT, width=36, height=3, ascii_only=True) == (
        "  99 +                      ********\n"
        "49.5 +       ****************\n"
        "   0 +********\n"
        "     +------------------------------\n"
        "      00:00:00          00:01:39 UTC"
    )


def test_onset() -> None:
    """The onset is marked on the time axis at its place, and named below."""
    chart = draw([DAY_ONE, DAY_ONE + 60], [0, 1e6], Unit.BYTES, width=40, onset=DAY_ONE + 30).splitlines()
    axis, legend = chart[-3], chart[-1]
    assert axis.index("▲") == pytest.approx((len(axis) + axis.index("└")) / 2, abs=1)
    assert legend.strip() == "▲ growth began 2026-01-01 00:00:30 UTC"


def test_onset_outside() -> None:
    """An onset before the first point is not marked: its place is not in the picture."""
    assert "▲" not in draw([DAY_ONE, DAY_ONE + 60], [0, 1e6], Unit.BYTES, onset=DAY_ONE - 1)


def test_flat() -> None:
    """A flat series is a flat line, not noise blown up to a mountain."""
    chart = draw([0, 1, 2, 3], [1e9, 1e9 + 1, 1e9, 1e9 + 1], Unit.BYTES, height=5, ascii_only=True).splitlines()
    assert sum("*" in row for row in chart) == 1


def test_spike_between_columns() -> None:
    """A spike of a single point is not lost among ten thousand others."""
    values = [0.0] * 10_000
    values[5_003] = 100.0
    assert "*" in draw(range(10_000), values, Unit.COUNT, width=40, ascii_only=True).splitlines()[0]


@pytest.mark.parametrize(
    ("seconds", "width", "axis"),
    [
        (60, 78, ["2026-01-01 00:00:00", "00:01:00 UTC"]),
        (60, 36, ["00:00:00", "00:01:00 UTC"]),
        (86_399, 78, ["2026-01-01 00:00:00", "23:59:59 UTC"]),
        (86_400, 78, ["2026-01-01 00:00", "2026-01-02 00:00 UTC"]),
        (366 * 86_400, 78, ["2026-01-01 00:00", "2027-01-02 00:00 UTC"]),
        (366 * 86_400, 36, ["01-01 00:00", "01-02 00:00 UTC"]),
    ],
)
def test_the_axis_tells_the_date(seconds: float, width: int, axis: list[str]) -> None:
    """With the year, and at both ends where another day begins between them; what there is no room for is left out."""
    drawn = draw([DAY_ONE, DAY_ONE + seconds], [1, 2], Unit.COUNT, width=width).splitlines()[-1]
    assert re.split("  +", drawn.strip()) == axis


@pytest.mark.parametrize("times", [[], [1.0], [1.0, 1.0]])
def test_too_few(times: list[float]) -> None:
    """Where there is nothing to draw a sentence says so."""
    assert draw(times, [5.0] * len(times), Unit.BYTES) == "too few points to draw"


@given(
    st.lists(st.floats(-1e15, 1e15), min_size=2, max_size=50),
    st.integers(36, 120),
    st.integers(3, 20),
    st.booleans(),
)
def test_size(values: list[float], width: int, height: int, ascii_only: bool) -> None:
    """No line is wider than asked for, and the curve has as many rows as asked for, whatever the values."""
    rows = draw(range(len(values)), values, Unit.BYTES, width=width, height=height, ascii_only=ascii_only).splitlines()
    assert len(rows) == height + 2
    assert max(map(len, rows)) <= width
    assert not ascii_only or all(row.isascii() for row in rows)
