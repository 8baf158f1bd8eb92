"""Memory maps in text."""

from __future__ import annotations

import pytest

from leakdog.errors import MalformedProfile, ProfileTooLarge
from leakdog.pprof import DEFAULT_LIMITS, Limits
from leakdog.pprof.maps import Mapping
from leakdog.pprof.text_maps import read, split


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("  00400000-00fcb000: /srv/shop", Mapping(0x400000, 0xFCB000, 0, "/srv/shop")),
        ("7f00-7fff r-xp 00001000 08:01 131  /lib/a.so", Mapping(0x7F00, 0x7FFF, 0x1000, "/lib/a.so")),
        ("7f00-7fff r-xp 00000000 00:00 0", Mapping(0x7F00, 0x7FFF)),
        ("0x40000-0x80000 /srv/shop (@1000) abc123", Mapping(0x40000, 0x80000, 0x1000, "/srv/shop", "abc123")),
        ("40000 80000 r-x /srv/shop", Mapping(0x40000, 0x80000, 0, "/srv/shop")),
        (
            "ffffffffff600000-ffffffffff601000: [vsyscall]",
            Mapping(-0xA00000 % 2**64, -0x9FF000 % 2**64, 0, "[vsyscall]"),
        ),
        ("I0101 12:00:00 7 maps.cc:12] 1000-2000: /a", Mapping(0x1000, 0x2000, 0, "/a")),
    ],
)
def test_forms_of_a_mapping(line: str, found: Mapping) -> None:
    """As the kernel writes it, and in the shorter forms; a log's prefix is taken off."""
    assert read(line.encode() + b"\n", DEFAULT_LIMITS) == [found]


@pytest.mark.parametrize("line", ["7f00-7fff rw-p 00001000 08:01 131 /a", "7f00-7fff r--p /a", "hello", "", "0x-1"])
def test_other_lines_are_no_mappings(line: str) -> None:
    """Memory that is not run holds no call; anything else is passed over."""
    assert read(line.encode() + b"\n", DEFAULT_LIMITS) == []


def test_attributes_stand_for_their_values() -> None:
    """`name=value` is put in for `$name` further down; what is not known stays."""
    text = b"root=/srv\n  build = $root/shop \n1-2: $build/bin\n2-3: $other/x\n"
    assert [each.file for each in read(text, DEFAULT_LIMITS)] == ["/srv/shop/bin", "$other/x"]


def test_attributes_cannot_grow_without_end() -> None:
    """Values made of values double with each line; the limit of a line stops it."""
    text = b"a0=xxxx\n" + b"".join(b"a%d=$a%d$a%d\n" % (i + 1, i, i) for i in range(60))
    with pytest.raises(ProfileTooLarge, match="limit line_length"):
        read(text, DEFAULT_LIMITS)


def test_mappings_are_limited() -> None:
    """One more than the limit is too many."""
    with pytest.raises(ProfileTooLarge, match="limit mappings"):
        read(b"1-2: a\n3-4: b\n", Limits(mappings=1))


def test_a_map_that_breaks_off_is_malformed() -> None:
    """Its last line has an end."""
    with pytest.raises(MalformedProfile, match="cut off"):
        read(b"1-2: a\n3-4", DEFAULT_LIMITS)


@pytest.mark.parametrize("heading", [b"--- Memory map: ---", b"MAPPED_LIBRARIES:"])
def test_a_heading_parts_the_text(heading: bytes) -> None:
    """Before it are the samples, after it the map; a heading without more is an empty map."""
    assert split(b"1: 2\n" + heading + b"\n1-2: a\n") == (b"1: 2\n", b"1-2: a\n")
    assert split(b"1: 2\n" + heading) == (b"1: 2\n", b"")


def test_without_a_heading_there_is_no_map() -> None:
    """All of the text is samples."""
    assert split(b"1: 2\n") == (b"1: 2\n", None)
    assert read(None, DEFAULT_LIMITS) == []
