"""What is wrong, in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leakdog.errors import MalformedProfile, ProfileTooLarge
from leakdog.pprof import trouble
from leakdog.pprof.kernel import VERSION, Counts
from leakdog.pprof.limits import DEFAULT_LIMITS
from leakdog.pprof.trouble import LIMITS, error

KERNEL = (Path(trouble.__file__).parent / "csrc" / "kernel.h").read_text()


def names(first: str) -> list[str]:
    """The names of the enumeration that begins with one."""
    found = re.search(rf"enum \{{\s*({first}\b[^}}]*)\}}", KERNEL)
    assert found
    return [name.strip() for name in found[1].split(",")]


def test_the_order_is_that_of_the_kernel() -> None:
    """Counts, limits, codes and messages have the same places on both sides."""
    counts = [name.lower() for name in names("TYPES")]
    assert counts == [*Counts._fields, "counts"]
    limits = ["sample_types", *counts[1:9], *(name.split(" = ")[0].lower() for name in names("MESSAGE_BYTES"))]
    assert list(LIMITS) == limits
    messages = [name.removeprefix("OF_").replace("_", " ").lower() for name in names("OF_PROFILE")]
    assert [name.lower() for name in trouble._MESSAGES] == messages
    codes = {name: place for place, name in enumerate(names("FINE"))}
    assert codes["NO_ROW"] == trouble._NO_ROW
    assert codes["TWO_PROFILES"] == trouble._TWO == len(codes) - 1
    assert f"VERSION = {VERSION} " in KERNEL


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ((1, 0, 7, 0), "this is not protobuf, or it is cut off (at byte 7)"),
        ((2, 2, 7, 0), "a Sample is not valid protobuf (at byte 7)"),
        ((3, 5, 2, 1), "field 2 of a Location has wire type 1, which it cannot have"),
        ((8, 6, 9, 7), "a line of a location refers to function 9, which is not in the profile"),
        ((9, 64, 3, 1), "sample 3 has 1 values, but there are 64 sample types"),
        ((9, 0, 1, 0), "the profile has samples, but no sample types"),
    ],
)
def test_what_is_broken_is_malformed(found: tuple[int, ...], words: str) -> None:
    """Each code says what it is about, and where."""
    said = error(found, DEFAULT_LIMITS)
    assert isinstance(said, MalformedProfile)
    assert str(said) == words


def test_too_much_is_too_large() -> None:
    """Of the profile or of one message; the limit is named with its value."""
    said = [error((4, message, LIMITS.index("fields"), 0), DEFAULT_LIMITS) for message in (0, 2)]
    assert all(isinstance(each, ProfileTooLarge) for each in said)
    assert [str(each) for each in said] == [
        "the profile has more than 250 fields (limit fields)",
        "a Sample has more than 250 fields (limit fields)",
    ]
