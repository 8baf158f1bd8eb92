"""Strings and frames."""

from __future__ import annotations

import numpy as np
import pytest

from leakdog.model import Frame
from leakdog.pprof.symbols import Functions, Locations, Mappings, Strings, Symbols, text_of


def ints(*values: int) -> np.ndarray:
    """An array of 64-bit numbers."""
    return np.array(values, np.int64)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("größe".encode(), "größe"),
        (b"main.(*T[...]).put", "main.(*T[...]).put"),
        (b"\xff\xfe", r"\xff\xfe"),
        (b"a\x1b[31mred", r"a\x1b[31mred"),
        (b"a\x00b\nc", r"a\x00b\nc"),
        ("a\u202eb".encode(), r"a\u202eb"),
        (b"<script>", "<script>"),
    ],
)
def test_names_are_inert(raw: bytes, text: str) -> None:
    """Control characters, bidirectional marks and broken UTF-8 come out escaped; all else as it is."""
    strings = Strings.of([b"", raw])
    assert text == strings[1]
    assert raw == strings.raw[1]


@pytest.mark.parametrize(
    ("prefix", "found"), [("main.", [2, 3]), ("main.a", [3]), ("", [0, 1, 2, 3, 4]), ("mains", []), ("ü", [4])]
)
def test_entries_are_found_by_how_they_begin(prefix: str, found: list[int]) -> None:
    """Those that are shorter, and those of which another begins so, are not."""
    strings = Strings.of([b"", b"main", b"main.", b"main.a", "über".encode()])
    assert np.flatnonzero(strings.begin(prefix)).tolist() == found


def test_long_names_are_cut() -> None:
    """A name of 10 MB is cut to the limit."""
    assert Strings.of([b"x" * 10_000_000], name_length=100)[0] == "x" * 100


def test_escapes_do_not_pass_the_limit() -> None:
    """What escaping adds counts towards the length."""
    assert len(Strings.of([b"\x01" * 1000], name_length=100)[0]) == 100


@pytest.mark.parametrize(
    "raw", [b"main.put", b"\x01" * 1000, "ß".encode() * 99, "\U0001f980".encode() * 200, b"\xff" * 401]
)
def test_the_head_of_an_entry_tells_its_text(raw: bytes) -> None:
    """A head is what the text is made of, and no longer than that can need: it is held as a key."""
    strings = Strings.of([b"", raw, b"after"], name_length=100)
    assert [text_of(head, 100) for head in strings.heads] == list(strings)
    assert max(map(len, strings.heads)) <= 400


def test_a_table_has_a_length() -> None:
    """The empty string counts as an entry."""
    assert len(Strings.of([b"", b"a"])) == 2


@pytest.fixture
def symbols() -> Symbols:
    """Two functions, a location with both (the first inlined), one in a library and one nowhere."""
    strings = Strings.of([b"", b"leaf", b"root", b"a.go", b"_sys", b"/lib/libz.so.1"])
    return Symbols(
        strings,
        Mappings(ints(0x7000), ints(0x8000), ints(0x100), ints(5), ints(0), np.zeros((1, 4), np.int64)),
        Functions(ints(1, 2, 0, 0), ints(1, 2, 4, 0), ints(3, 3, 0, 0), ints(0, 0, 0, 0)),
        Locations(
            mapping=ints(-1, 0, -1, -1),
            address=ints(1, 0x7010, -1, 5),
            folded=ints(0, 0, 0, 0),
            line_offsets=ints(0, 2, 2, 2, 4),
            line_function=ints(0, 1, 2, 3),
            line_number=ints(10, 20, -3, 0),
            line_column=ints(0, 0, 0, 0),
        ),
    )


def test_inlined_calls_are_frames_innermost_first(symbols: Symbols) -> None:
    """A location with two lines is two frames."""
    assert (Frame("leaf", "a.go", 10), Frame("root", "a.go", 20)) == symbols.frames()[0]


def test_a_location_without_symbols_is_named_by_its_place(symbols: Symbols) -> None:
    """In a library it is the offset, which is the same in every run; elsewhere the address."""
    assert (Frame("libz.so.1+0x110", "/lib/libz.so.1", 0),) == symbols.frames()[1]
    assert (Frame("0xffffffffffffffff", "", 0),) == symbols.frames()[2]


def test_functions_without_name_have_one(symbols: Symbols) -> None:
    """The system name stands in, then a word; a negative line is an unknown one."""
    assert (Frame("_sys", "", 0), Frame("<unknown>", "", 0)) == symbols.frames()[3]


def test_frames_are_made_once(symbols: Symbols) -> None:
    """Asking again gives the same objects."""
    assert symbols.frames() is symbols.frames()
