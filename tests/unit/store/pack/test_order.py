"""Orders told by what is unexpected in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.store.pack.order import applied, edits

ROWS = st.lists(st.integers(0, 20), unique=True)


@given(ROWS, ROWS)
def test_any_order_comes_back(expected: list[int], actual: list[int]) -> None:
    """Whatever was expected, with rows that are new, gone or moved."""
    told = edits(np.array(expected, np.int64), np.array(actual, np.int64), 21)
    assert actual == applied(np.array(expected, np.int64), told, 21).tolist()


def test_what_is_expected_is_not_told() -> None:
    """An order that is as expected takes nothing."""
    assert edits(np.array([3, 1, 2]), np.array([3, 1, 2]), 4).tolist() == []


@pytest.mark.parametrize(
    ("actual", "jumps"),
    [([9, 1, 2, 3, 4, 5], 2), ([1, 2, 4, 5], 1), ([1, 2, 3, 4], 0), ([9, 8, 1, 2, 3, 4, 5], 3)],
)
def test_only_jumps_are_told(actual: list[int], jumps: int) -> None:
    """How long the list is, then two numbers for each place where the next row is not the one expected."""
    told = edits(np.array([1, 2, 3, 4, 5]), np.array(actual), 10)
    assert (len(actual), 1 + 2 * jumps) == (told[0], len(told))


@pytest.mark.parametrize("row", [-1, 3, 1 << 40])
def test_a_row_that_is_not_there_is_told(row: int) -> None:
    """Whether it is expected or comes."""
    some, other = np.array([1, 2]), np.array([1, row])
    for expected, actual in ((some, other), (other, some)):
        with pytest.raises(IndexError, match="no such row"):
            edits(expected, actual, 3)
    with pytest.raises(IndexError, match="no such row"):
        applied(other, edits(some, some, 3), 3)


@pytest.mark.parametrize("told", [[4], [-1], [2, 0, 9], [2, 0, -9], [2, 0, -(1 << 63)], [2, 1, (1 << 63) - 1]])
def test_edits_that_lead_nowhere_are_told(told: list[int]) -> None:
    """A list that would be longer than there are rows, or a jump out of them."""
    with pytest.raises(IndexError, match="no such row"):
        applied(np.array([1, 2]), np.array(told), 3)
