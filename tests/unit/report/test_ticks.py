"""Lines of an axis at round values."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.model import Unit
from leakdog.report.ticks import MOST, moments, ticks

KIB, MIB, GIB = 1024.0, 1024.0**2, 1024.0**3


@pytest.mark.parametrize(
    ("low", "high", "unit", "texts"),
    [
        (3 * MIB, 47 * MIB, Unit.BYTES, ["10 MiB", "20 MiB", "30 MiB", "40 MiB"]),
        (0.0, 100 * MIB, Unit.BYTES, ["0 MiB", "20 MiB", "40 MiB", "60 MiB", "80 MiB", "100 MiB"]),
        (700 * KIB, 1.31 * MIB, Unit.BYTES, ["0.8 MiB", "1.0 MiB", "1.2 MiB"]),
        (1.401 * GIB, 1.4044 * GIB, Unit.BYTES, ["1.401 GiB", "1.402 GiB", "1.403 GiB", "1.404 GiB"]),
        (0.0, 3.0, Unit.BYTES, ["0 B", "1 B", "2 B", "3 B"]),
        (900.0, 3100.0, Unit.COUNT, ["1,000", "1,500", "2,000", "2,500", "3,000"]),
        (-3.0, 3.0, Unit.COUNT, ["-2", "0", "2"]),
        (0.12, 0.2, Unit.COUNT, ["0.12", "0.14", "0.16", "0.18", "0.20"]),
    ],
)
def test_they_are_told_in_one_unit(low: float, high: float, unit: Unit, texts: list[str]) -> None:
    """With the digits that the step between them needs."""
    assert [text for _, text in ticks(low, high, unit)] == texts


@given(
    low=st.floats(0, 1e12, allow_nan=False),
    span=st.floats(1e-3, 1e12, allow_nan=False),
    unit=st.sampled_from([Unit.BYTES, Unit.COUNT]),
)
def test_they_lie_within_and_are_few_and_are_different(low: float, span: float, unit: Unit) -> None:
    """From two to six whatever the range is, evenly spaced, the step 1, 2 or 5 times a power of ten."""
    high = low + max(span, low * 1e-6)
    found = ticks(low, high, unit)
    slack = 1e-6 * (high - low)
    assert 2 <= len(found) <= MOST
    assert all(low - slack <= value <= high + slack for value, _ in found)
    assert len({text for _, text in found}) == len(found)
    texts = [float(re.sub(r"[, A-Za-z]", "", text)) for _, text in found]
    steps = {f"{after - before:.3g}" for before, after in pairwise(texts)}
    assert len(steps) == 1
    assert f"{float(steps.pop()):e}"[0] in "125"


NEW_YEAR = 1_767_225_600.0  # 2026-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("begin", "span", "texts"),
    [
        (40, 600, ["00:02", "00:04", "00:06", "00:08", "00:10"]),
        (-1000, 20_000, ["2026-01-01", "01:00", "02:00", "03:00", "04:00", "05:00"]),
        (-1000, 8 * 86400, ["2026-01-01", "01-03", "01-05", "01-07"]),
        (0, 3, ["01-01", "00:00:01", "00:00:02", "00:00:03"]),
        (-300 * 86400, 400 * 86400, ["04-22", "07-31", "11-08", "2026-02-16"]),
    ],
)
def test_round_times_are_told_as_what_is_new_in_them(begin: float, span: float, texts: list[str]) -> None:
    """The time of day, at midnight the date, and the year where another one has begun."""
    found = moments(NEW_YEAR + begin, NEW_YEAR + begin + span)
    assert [text for _, text in found] == texts


@given(begin=st.integers(0, 1 << 32), span=st.floats(1, 1e9))
def test_round_times_lie_within_and_are_few(begin: int, span: float) -> None:
    """Evenly spaced, whatever is between them."""
    found = [time for time, _ in moments(begin, begin + span)]
    assert len(found) <= MOST + 1
    assert all(begin <= time <= begin + span for time in found)
    assert len({after - before for before, after in pairwise(found)}) <= 1
