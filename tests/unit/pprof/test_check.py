"""Limits and ids."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.errors import MalformedProfile, ProfileTooLarge
from leakdog.pprof.check import Ids, check_count


def ints(*values: int) -> np.ndarray:
    """An array of 64-bit numbers."""
    return np.array(values, np.int64)


def test_a_count_over_its_limit_is_too_large() -> None:
    """The limit itself is allowed; one more is refused, and the limit is named."""
    check_count("samples", 10, 10)
    with pytest.raises(ProfileTooLarge, match=r"more than 10 samples \(limit samples\)"):
        check_count("samples", 11, 10)


@given(st.lists(st.integers(1, 1 << 62), min_size=1, unique=True), st.data())
def test_ids_become_rows(ids: list[int], data: st.DataObject) -> None:
    """Any distinct ids are found again, whatever their order."""
    wanted = data.draw(st.lists(st.sampled_from(ids)))
    assert [ids.index(each) for each in wanted] == Ids("location", ints(*ids)).rows(ints(*wanted), "sample").tolist()


@pytest.mark.parametrize("wanted", [(1, 0, 2), (2, 1, 2), (0,), ()])
def test_id_0_becomes_no_row(wanted: tuple[int, ...]) -> None:
    """Where a reference may be missing, id 0 is row -1."""
    rows = Ids("mapping", ints(1, 2)).rows_or_none(ints(*wanted), "location")
    assert rows.tolist() == [each - 1 for each in wanted]


@pytest.mark.parametrize(("ids", "what"), [((5, 7, 5), "two locations have id 5"), ((3, 0), "a location has id 0")])
def test_ids_are_unique_and_not_zero(ids: tuple[int, ...], what: str) -> None:
    """An id twice, or 0, is malformed."""
    with pytest.raises(MalformedProfile, match=what):
        Ids("location", ints(*ids))


@pytest.mark.parametrize("ids", [(1, 2, 3), (9, 4)])
@pytest.mark.parametrize("wanted", [0, -1, 5])
def test_a_reference_to_nothing_is_malformed(ids: tuple[int, ...], wanted: int) -> None:
    """A reference to an id that is not in the table is named with who has it."""
    with pytest.raises(MalformedProfile, match=f"a sample refers to location {wanted}, which is not in the profile"):
        Ids("location", ints(*ids)).rows(ints(wanted), "sample")
