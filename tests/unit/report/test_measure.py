"""Numbers with units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.report.measure import common_unit, is_unit, label, percentage, scale


@pytest.mark.parametrize(
    ("value", "unit", "to", "wanted"),
    [
        (0, "bytes", "auto", "0"),
        (1, "bytes", "auto", "1B"),
        (1023, "bytes", "auto", "1023B"),
        (1024, "bytes", "auto", "1kB"),
        (1536, "bytes", "auto", "1.50kB"),
        (-1536, "bytes", "auto", "-1.50kB"),
        (5 << 50, "bytes", "auto", "5PB"),
        (1 << 20, "kilobytes", "auto", "1GB"),
        (10, "bytes", "MB", "0"),
        (1 << 20, "bytes", "kb", "1024kB"),
        (1, "bytes", "parsecs", "1B"),
        (1500, "nanoseconds", "auto", "1.50us"),
        (7_200_000_000_000, "ns", "auto", "2hrs"),
        (0, "seconds", "auto", "0"),
        (17, "count", "auto", "17"),
        (17, "count", "minimum", "17"),
        (17, "widgets", "widgets", "17widgets"),
    ],
)
def test_labels_are_pprofs(value: int, unit: str, to: str, wanted: str) -> None:
    """Two decimals unless both are 0, the largest unit that leaves 1 or more, no unit for counts."""
    assert label(value, unit, to) == wanted


def test_values_below_every_unit_take_the_usual_one() -> None:
    """Nothing fits a time of 0: seconds are shown."""
    assert scale(0, "nanoseconds") == (0.0, "s")


@pytest.mark.parametrize(
    ("value", "total", "wanted"),
    [
        (1, 1, "  100%"),
        (9995, 10000, "  100%"),
        (1, 2, "50.00%"),
        (-1, 2, "50.00%"),
        (1, 100, " 1.00%"),
        (1, 1000, "  0.1%"),
        (1, 30000, "0.0033%"),
        (0, 5, "    0%"),
        (5, 0, "    0%"),
        (3, 1, "300.00%"),
    ],
)
def test_percentages_are_pprofs(value: int, total: int, wanted: str) -> None:
    """Two decimals from 1 %, two digits below; nearly all is all."""
    assert percentage(value, total) == wanted


@pytest.mark.parametrize(
    ("smallest", "largest", "unit", "wanted"),
    [
        (512, 1 << 30, "bytes", "kB"),  # 100 times 512 are kilobytes
        (1 << 20, 1 << 21, "bytes", "MB"),
        (1 << 10, 10 << 10, "bytes", "kB"),
        (100, 2048, "bytes", "B"),  # not far enough apart
        (0, 1 << 20, "bytes", "MB"),
        (1, 100, "count", "count"),
    ],
)
def test_one_unit_serves_a_table(smallest: int, largest: int, unit: str, wanted: str) -> None:
    """The unit of the smallest value, or of 100 times it where the largest has another and is far off."""
    assert common_unit(smallest, largest, unit) == wanted


@given(st.integers(-(1 << 63), (1 << 63) - 1), st.sampled_from(["bytes", "nanoseconds", "count", "x"]))
def test_any_number_has_a_label(value: int, unit: str) -> None:
    """Every 64-bit number has a label; it is negative exactly when the number is, unless it rounds to 0."""
    text = label(value, unit)
    assert text == "0" or text.startswith("-") == (value < 0)


@pytest.mark.parametrize(
    ("name", "known"), [("MB", True), ("ms", True), ("auto", True), ("minimum", True), ("parsecs", False)]
)
def test_units_are_known_by_any_of_their_names(name: str, known: bool) -> None:
    """Those of memory and time, and the two that choose one."""
    assert is_unit(name) is known
