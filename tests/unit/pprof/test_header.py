"""Fields that a profile has once."""

from __future__ import annotations

import pytest

from leakdog.errors import MalformedProfile
from leakdog.pprof import header, wire
from leakdog.pprof.header import Header
from leakdog.pprof.profile import ValueType
from leakdog.pprof.symbols import Strings

STRINGS = Strings([b"", b"space", b"bytes", b"a comment", b"runtime\\..*"])


def test_fields_are_read() -> None:
    """Times, period, comments (packed and not) and patterns come out by name."""
    data = b"".join(
        [
            wire.integer(7, 4),
            wire.integer(9, 1_700_000_000_000_000_000),
            wire.delimited(11, wire.integer(1, 1) + wire.integer(2, 2)),
            wire.integer(12, 524288),
            wire.integer(13, 3),
            wire.packed(13, [3, 3]),
            wire.integer(14, 1),
        ]
    )
    found = Header(data, STRINGS)
    assert ValueType("space", "bytes") == found.period_type
    assert found.comments == ("a comment",) * 3
    assert found.text(header.DROP_FRAMES) == "runtime\\..*"
    assert found.text(header.DEFAULT_SAMPLE_TYPE) == "space"
    assert found.text(header.DOC_URL) == ""
    assert found.numbers == {7: 4, 9: 1_700_000_000_000_000_000, 12: 524288, 14: 1}


def test_unknown_fields_are_left_out() -> None:
    """Fields that a later version of the format may bring do no harm."""
    assert Header(wire.integer(99, 7) + wire.delimited(98, b"later"), STRINGS).numbers == {}


def test_an_empty_period_type_is_none() -> None:
    """A period type that says nothing is no period type."""
    assert Header(wire.delimited(11, b""), STRINGS).period_type is None


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (wire.integer(2, 1), "field 2 of a profile has wire type 0"),
        (wire.delimited(12, b""), "field 12 of a profile has wire type 2"),
        (wire.integer(11, 1), "field 11 of a profile has wire type 0"),
        (wire.integer(13, 5), "a comment has string 5, but the string table has 5 entries"),
        (wire.integer(13, -1), "a comment has string -1"),
        (wire.delimited(11, wire.integer(1, 9)), "has string 9"),
        (wire.delimited(11, wire.delimited(1, b"")), "field 1 of a sample type"),
        (wire.integer(9, 1) + wire.integer(9, 2), "two profiles are joined"),
    ],
)
def test_nonsense_is_malformed(data: bytes, what: str) -> None:
    """Wrong wire types, strings that are not there and a second time are refused."""
    with pytest.raises(MalformedProfile, match=what):
        Header(data, STRINGS)


def test_a_text_that_is_not_there_is_malformed() -> None:
    """A string index is looked up when the text is asked for."""
    with pytest.raises(MalformedProfile, match="string 77"):
        Header(wire.integer(15, 77), STRINGS).text(header.DOC_URL)
