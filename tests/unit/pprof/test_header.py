"""Fields that a profile has once."""

from __future__ import annotations

from typing import Any

import pytest

from leakdog.errors import MalformedProfile
from leakdog.pprof import header as head
from leakdog.pprof import wire
from leakdog.pprof.decode import decode
from leakdog.pprof.profile import ValueType


def test_fields_are_read(made: Any) -> None:
    """Times, period, comments (packed and not) and patterns come out by name; of a number told twice, the last one."""
    made.rest = b"".join(
        [
            wire.integer(head.DROP_FRAMES, 5),
            wire.integer(head.KEEP_FRAMES, 6),
            wire.integer(head.TIME_NANOS, 1_700_000_000_000_000_000),
            wire.integer(head.DURATION_NANOS, -3),
            wire.delimited(head.PERIOD_TYPE, wire.integer(1, 1) + wire.integer(2, 2)),
            wire.delimited(head.PERIOD_TYPE, wire.integer(1, 3) + wire.integer(2, 4)),
            wire.integer(head.PERIOD, 1),
            wire.integer(head.PERIOD, 524288),
            wire.integer(head.COMMENT, 3),
            wire.packed(head.COMMENT, [4, 0]),
            wire.integer(head.DEFAULT_SAMPLE_TYPE, 3),
            wire.integer(head.DOC_URL, 8),
        ]
    )
    found = decode(made.encode())
    assert (found.drop_frames, found.keep_frames) == ("main.keep", "main.work")
    assert (found.time_nanos, found.duration_nanos, found.period) == (1_700_000_000_000_000_000, -3, 524288)
    assert ValueType("inuse_space", "bytes") == found.period_type
    assert found.comments == ("inuse_space", "bytes", "")
    assert (found.default_sample_type, found.doc_url) == ("inuse_space", "a.go")


def test_what_is_not_told_is_empty(made: Any) -> None:
    """Without any of these fields there is neither time nor text; unknown ones are left out."""
    made.rest = wire.integer(99, 7) + wire.delimited(98, b"later") + b"\xf5\x01abcd" + b"\xf1\x01abcdefgh"
    found = decode(made.encode())
    assert (found.time_nanos, found.period, found.comments, found.doc_url) == (0, 0, (), "")
    assert found.period_type is None


def test_an_empty_period_type_is_none(made: Any) -> None:
    """A period type that says nothing is no period type."""
    made.rest = wire.delimited(head.PERIOD_TYPE, b"")
    assert decode(made.encode()).period_type is None


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (wire.integer(2, 1), "field 2 of a profile has wire type 0"),
        (wire.delimited(12, b""), "field 12 of a profile has wire type 2"),
        (wire.integer(11, 1), "field 11 of a profile has wire type 0"),
        (b"\x69" + bytes(8), "field 13 of a profile has wire type 1"),
        (wire.integer(13, 9), "a comment has string 9, but the string table has 9 entries"),
        (wire.integer(13, -1), "a comment has string -1"),
        (wire.delimited(13, b"\x80"), "cut off"),
        (wire.delimited(11, wire.integer(1, 9)), "a sample type has string 9"),
        (wire.delimited(11, wire.delimited(1, b"")), "field 1 of a sample type"),
        (wire.integer(15, 77), "a profile has string 77"),
        (wire.integer(9, 1) + wire.integer(9, 2), "two profiles are joined"),
        (b"\xf3\x01\xf4\x01", "not protobuf"),  # a group
    ],
)
def test_nonsense_is_malformed(made: Any, data: bytes, what: str) -> None:
    """Wrong wire types, groups, strings that are not there and a second time are refused."""
    made.rest = data
    with pytest.raises(MalformedProfile, match=what):
        decode(made.encode())
