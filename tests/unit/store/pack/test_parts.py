"""Profiles taken apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leakdog.errors import MalformedProfile
from leakdog.pprof.decode import Decoder, decode
from leakdog.pprof.gunzip import gunzip
from leakdog.pprof.limits import DEFAULT_LIMITS
from leakdog.pprof.wire import delimited, integer, packed
from leakdog.store.pack.parts import (
    FUNCTIONS,
    LOCATIONS,
    MAPPINGS,
    STACKS,
    STRINGS,
    TYPES,
    Maps,
    Rows,
    parts_of,
    take_apart,
)


def message(*values: int) -> bytes:
    """A message whose fields 1, 2, 3, … are these numbers."""
    return b"".join(integer(number, value) for number, value in enumerate(values, 1))


def made(**changes: Any) -> bytes:
    """A profile of one sample, with some of its fields given otherwise."""
    fields = {
        "types": [delimited(1, message(1, 2))],
        "samples": [delimited(2, packed(1, [1]) + packed(2, [7]) + delimited(3, message(1, 0, 5, 2)))],
        "mappings": [delimited(3, message(1, 16, 32, 0, 3, 4, 1))],
        "locations": [delimited(4, message(1, 1, 20) + delimited(4, message(1, 9, 3)) + integer(5, 1))],
        "functions": [delimited(5, message(1, 3, 3, 4, 8))],
        "strings": [delimited(6, text) for text in (b"", b"space", b"bytes", b"main", b"a.go")],
        "rest": [integer(9, 123)],
    }
    return b"".join(piece for pieces in (fields | changes).values() for piece in pieces)


def test_all_of_a_profile_is_in_its_parts() -> None:
    """Each table has the rows that its text says."""
    parts = take_apart(made())
    assert parts.strings.list() == [b"", b"space", b"bytes", b"main", b"a.go"]
    assert parts.tables[TYPES].numbers.tolist() == [1, 2]
    assert parts.header == integer(9, 123)
    assert parts.values.tolist() == [[7]]
    assert parts.tables[STRINGS].numbers.tolist() == []
    assert parts.tables[MAPPINGS].numbers.tolist() == [16, 32, 0, 3, 4, 1, 0, 0, 0]
    assert parts.tables[FUNCTIONS].numbers.tolist() == [3, 3, 4, 8]
    assert parts.tables[LOCATIONS].numbers.tolist() == [1, 20, 1, 1, 9, 3]
    assert parts.tables[STACKS].numbers.tolist() == [1, 1, 1, 0, 5, 2]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"strings": [delimited(6, b"x")] * 5}, "first entry of the string table is not empty"),
        ({"strings": []}, "no string table"),
        (
            {"functions": [delimited(5, message(number, 3, 3, 4, 8)) for number in (2, 1)]},
            "ids of this profile are not row numbers",
        ),
        (
            {"mappings": [delimited(3, message(number, 16)) for number in (2, 1)]},
            "ids of this profile are not row numbers",
        ),
        ({"locations": []}, "a sample refers to location 1"),
        ({"functions": [delimited(5, message(1, 99))]}, "a function has string 99"),
        ({"functions": [delimited(5, message(1, -1))]}, "a function has string -1"),
        ({"types": []}, "sample 1 has 1 values, but there are 0"),
        ({"rest": [b"\x08"]}, "not protobuf, or it is cut off"),
    ],
)
def test_what_would_not_come_back_the_same_is_refused(changes: dict[str, list[bytes]], said: str) -> None:
    """Ids that are not row numbers, references to nowhere, and what is no profile."""
    with pytest.raises(MalformedProfile, match=said):
        take_apart(made(**changes))


def test_rows_are_bytes_and_back(body: bytes) -> None:
    """A table is the rows it gives, one by one."""
    for rows in take_apart(gunzip(body, DEFAULT_LIMITS)).tables:
        again = Rows.of(rows.raw())
        assert rows.numbers.tolist() == again.numbers.tolist()
        assert rows.sizes.tolist() == again.sizes.tolist()


def test_references_are_followed_by_renumbering() -> None:
    """Every place that refers to a row of another table gets the number given for it, and no other place."""
    parts = take_apart(made())
    shifted = Maps(np.arange(10, 70), np.arange(0, 70, 10))
    assert parts.tables[MAPPINGS].renumbered(MAPPINGS, shifted).numbers.tolist() == [16, 32, 0, 13, 14, 1, 0, 0, 0]
    assert parts.tables[FUNCTIONS].renumbered(FUNCTIONS, shifted).numbers.tolist() == [13, 13, 14, 8]
    assert parts.tables[LOCATIONS].renumbered(LOCATIONS, shifted).numbers.tolist() == [21, 20, 1, 31, 9, 3]
    assert parts.tables[TYPES].renumbered(TYPES, shifted).numbers.tolist() == [11, 12]
    assert parts.tables[STACKS].renumbered(STACKS, shifted).numbers.tolist() == [1, 41, 11, 10, 5, 12]


@pytest.mark.parametrize("function", [-1, 10])
def test_a_reference_to_nowhere_is_told(function: int) -> None:
    """And nothing beyond the numbers that there are is read."""
    with pytest.raises(IndexError, match="not there"):
        Rows(np.array([0, 1, 0, function, 1, 1]), np.array([6])).renumbered(LOCATIONS, Maps.of([10] * 6))


@pytest.mark.parametrize("sizes", [[1], [1, 2], [3, -1], [-1, 3]])
def test_rows_of_another_size_than_they_say_are_refused(sizes: list[int]) -> None:
    """A damaged file may say anything."""
    with pytest.raises(ValueError, match="not as long"):
        Rows(np.array([4, 5]), np.array(sizes)).raw()


def test_no_frame_is_left_out() -> None:
    """However deep a stack is, all of it is kept, beyond what is shown of it."""
    deep = [1] * (DEFAULT_LIMITS.depth + 1)
    parts = take_apart(made(samples=[delimited(2, packed(1, deep) + packed(2, [7]))]))
    assert parts.tables[STACKS].numbers.tolist() == [len(deep), *deep]


def test_a_profile_that_was_read_has_all_of_its_parts(body: bytes) -> None:
    """They are those of its bytes, which need not be read again."""
    data = gunzip(body, DEFAULT_LIMITS)
    read, again = parts_of(decode(data)), take_apart(data)
    assert read is not None
    assert (read.header, read.strings.list(), read.values.tolist()) == (
        again.header,
        again.strings.list(),
        again.values.tolist(),
    )
    for one, other in zip(read.tables, again.tables, strict=True):
        assert (one.numbers.tolist(), one.sizes.tolist()) == (other.numbers.tolist(), other.sizes.tolist())


def test_of_a_stack_that_was_cut_the_parts_are_not_known() -> None:
    """Whoever keeps the profile has to read it whole."""
    deep = [1] * (DEFAULT_LIMITS.depth + 1)
    assert parts_of(decode(made(samples=[delimited(2, packed(1, deep) + packed(2, [7]))]))) is None


def test_of_other_ids_the_parts_are_not_known() -> None:
    """What refers to rows by other numbers would not come back the same."""
    functions = [delimited(5, message(number, 3, 3, 4, 8)) for number in (2, 1)]
    assert parts_of(decode(made(functions=functions))) is None


def test_of_a_profile_that_was_only_compared_the_parts_are_not_known() -> None:
    """A decoder that finds a profile as the one before does not look at how it was written."""
    decoder = Decoder()
    assert parts_of(decoder.decode(made())) is not None
    assert parts_of(decoder.decode(made())) is None
