"""Parts back to protobuf."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leakdog.pprof.gunzip import gunzip
from leakdog.pprof.limits import DEFAULT_LIMITS
from leakdog.pprof.wire import delimited, integer, packed
from leakdog.store.pack.parts import take_apart
from leakdog.store.pack.protobuf import put_together

Contents = Callable[[bytes], dict[str, Any]]


def test_a_real_profile_is_put_together_again(body: bytes, contents: Contents) -> None:
    """With all that it held, in the same order."""
    data = gunzip(body, DEFAULT_LIMITS)
    assert contents(data) == contents(put_together(take_apart(data)))


def test_the_smallest_profile_is_put_together_again() -> None:
    """No tables, and nothing but the empty string."""
    assert delimited(6, b"") == put_together(take_apart(delimited(6, b"")))


def test_empty_messages_are_still_there(contents: Contents) -> None:
    """A line, a label and a sample in which all is zero are members of their lists all the same."""
    line, label = delimited(4, b""), delimited(3, b"")
    data = b"".join(
        [
            *(delimited(2, packed(1, stack) + labels) for stack, labels in (([1], label), ([], b""), ([1, 1], b""))),
            delimited(4, integer(1, 1) + line + line),
            delimited(6, b""),
        ]
    )
    again = put_together(take_apart(data))
    assert again == data
