"""A body cut into its repeated messages."""

from __future__ import annotations

import time
from typing import Any

import pytest

from leakdog.errors import MalformedProfile, ProfileTooLarge
from leakdog.pprof.limits import DEFAULT_LIMITS, Limits
from leakdog.pprof.shallow import cut, tables_of
from leakdog.pprof.wire import delimited, integer


def test_a_body_is_cut_in_three(made: Any) -> None:
    """Samples one by one, the other tables, and what is there once."""
    body = cut(made.encode(), DEFAULT_LIMITS)
    assert body.samples == made.samples
    assert body.rest == made.rest
    assert tuple(tables_of(body.tables)) == (
        made.sample_types,
        made.mappings,
        made.locations,
        made.functions,
        made.table,
    )


def test_the_order_of_fields_does_not_matter(made: Any) -> None:
    """Nor do fields of a later version, which belong to those that are there once."""
    unknown = delimited(77, b"of a later version")
    body = cut(unknown + made.rest + made.encode(), DEFAULT_LIMITS)
    assert body.tables == cut(made.encode(), DEFAULT_LIMITS).tables
    assert body.rest == unknown + made.rest * 2


def test_what_is_no_protobuf_is_malformed() -> None:
    """So are half messages."""
    with pytest.raises(MalformedProfile, match="not protobuf"):
        cut(b"\x0a\x05a", DEFAULT_LIMITS)


@pytest.mark.parametrize(
    "filler",
    [integer(127, 0x12) * 5_000_000, delimited(127, b"\x12" * 100) * 200_000],
    ids=["numbers", "texts"],
)
def test_a_bomb_of_unknown_fields_is_refused_in_time(filler: bytes) -> None:
    """20 MB of fields that are not ours, made to look like messages, are given up on and not walked to their end."""
    start = time.process_time()
    with pytest.raises(ProfileTooLarge, match="limit message_bytes"):
        cut(filler, DEFAULT_LIMITS)
    assert time.process_time() - start < 1


def test_each_kind_of_message_is_counted(made: Any) -> None:
    """One more than its limit is too many."""
    assert len(cut(made.encode(), Limits(samples=2)).samples) == 2
    with pytest.raises(ProfileTooLarge, match="limit samples"):
        cut(made.encode(), Limits(samples=1))
