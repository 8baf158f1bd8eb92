"""Rows kept once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.store.pack.table import FIELDS, Raw, Table

ROWS = st.lists(st.binary(max_size=5))


def table(rows: list[bytes]) -> Table:
    """A table of these rows, behind the empty one."""
    made = Table(np.zeros(FIELDS, np.int64))
    made.extend(Raw.of(rows))
    return made


@given(ROWS)
def test_rows_are_bytes_and_back(rows: list[bytes]) -> None:
    """Of any sizes, none too."""
    assert Raw.of(rows).list() == rows


@given(ROWS, ROWS, st.booleans())
def test_rows_are_found_by_their_numbers(some: list[bytes], more: list[bytes], room: bool) -> None:
    """Also where others were added since, and room was made."""
    made = table(some)
    if room:
        made.make_room(3, 50)
    made.extend(Raw.of(more))
    every = [b"", *some, *more]
    assert len(made) == len(every)
    assert made.pick(np.arange(len(every))[::-1].copy()).list() == every[::-1]
    assert made.since(1 + len(some)).list() == more


@pytest.mark.parametrize("number", [-1, 3])
def test_a_row_that_is_not_there_is_told(number: int) -> None:
    """Before the first and behind the last."""
    with pytest.raises(IndexError):
        table([b"a", b"b"]).pick(np.array([1, number]))


def test_a_row_takes_little_more_than_its_bytes() -> None:
    """Where many of them are looked up, some forty bytes."""
    made = table([b"%020d" % number for number in range(10_000)])
    made.make_room()
    assert made.room.nbytes / 10_000 < 60


def test_what_a_table_cannot_hold_is_refused() -> None:
    """Places of bytes are numbers of 32 bits."""
    with pytest.raises(ValueError, match="more rows"):
        table([b"a"]).make_room(1, 1 << 31)
