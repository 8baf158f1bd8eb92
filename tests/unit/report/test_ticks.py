"""Lines of an axis at round values."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.model import Unit
from leakdog.report.ticks import MOST, ticks

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
