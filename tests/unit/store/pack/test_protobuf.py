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


def test_strings_of_any_length_and_types_of_any_number() -> None:
    """Each with its own length, and none with what another profile had."""
    for types in ([(1, 2)], [(2, 1)], [(1, 2), (3, 2)]):
        kinds = [delimited(1, integer(1, name) + integer(2, unit)) for name, unit in types]
        texts = [delimited(6, b"x" * size) for size in (0, 1, 127, 128, 20_000)]
        data = b"".join([*kinds, *texts])
        assert put_together(take_apart(data)) == data


def test_empty_messages_are_still_there(contents: Contents) -> None:
    """A sample type and a label in which all is zero are members of their lists all the same, and so are a line of
    which nothing is told but its function, and a sample without a stack."""
    line, label, value = delimited(4, integer(1, 1)), delimited(3, b""), packed(2, [0])
    stacks = ([1], label), ([], b""), ([1, 1], b"")
    data = b"".join(
        [
            delimited(1, b""),
            *(delimited(2, packed(1, stack) + value + labels) for stack, labels in stacks),
            delimited(4, integer(1, 1) + line + line),
            delimited(5, integer(1, 1)),
            delimited(6, b""),
        ]
    )
    again = put_together(take_apart(data))
    assert again == data
