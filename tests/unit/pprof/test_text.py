"""What Go's text forms have in common."""

from __future__ import annotations

import time

import pytest

from leakdog.errors import MalformedProfile, ProfileTooLarge
from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Limits, text
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType


def test_lines_are_numbered_from_one() -> None:
    """Both kinds of line ends are taken; broken UTF-8 comes out escaped."""
    assert list(text.lines(b"a\r\n\n\xff\n", DEFAULT_LIMITS)) == [(1, "a"), (2, ""), (3, r"\xff")]


def test_a_text_without_its_last_line_end_is_cut_off() -> None:
    """Every form ends with a line end."""
    with pytest.raises(MalformedProfile, match="cut off in mid-line"):
        list(text.lines(b"heap profile: 1", DEFAULT_LIMITS))


def test_long_lines_are_too_large() -> None:
    """A line over the limit is refused before it is taken apart."""
    with pytest.raises(ProfileTooLarge, match="line 2 has more than 10 characters"):
        list(text.lines(b"a\n" + b"b" * 11 + b"\n", Limits(line_length=10)))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("#\t0x46a5f2\tmain.keep+0x52\t/src/main.go:17", (0x46A5F2, Frame("main.keep", "/src/main.go", 17))),
        ("#\t0x1\tmain.main.func1+0x1\t\t\t/my src/a b.go:1", (1, Frame("main.main.func1", "/my src/a b.go", 1))),
        ("#\t0x1\tmain.(*T[...]).put+0x1\tC:/a.go:2", (1, Frame("main.(*T[...]).put", "C:/a.go", 2))),
        ("#\t0x0", (0, None)),
        ("# runtime.MemStats", None),
        ('# labels: {"a":"b"}', None),
    ],
)
def test_frames_are_found_in_comments(line: str, found: object) -> None:
    """Address, function, file and line; an address alone where the program knows no more; no other comment."""
    assert text.frame(line, 1) == found


@pytest.mark.parametrize(
    "line",
    ["#\t0x46a5f2\tmain.keep", "#\t0xzz", "#\t0x1\tmain.keep+0x52\tmain.go", "#\t0x1\tf+0x1\ta.go:" + "9" * 5000],
)
def test_half_a_frame_is_malformed(line: str) -> None:
    """A comment that begins like a frame must be one."""
    with pytest.raises(MalformedProfile, match="line 7 is no frame"):
        text.frame(line, 7)


def test_long_lines_of_halves_are_refused_at_once() -> None:
    """A line of many names without a place is not searched from each of them."""
    start = time.process_time()
    with pytest.raises(MalformedProfile, match="line 7 is no frame"):
        text.frame("#\t0x1\t" + "a+0x1\t" * 40_000, 7)
    assert time.process_time() - start < 1


def test_return_addresses_are_moved_onto_the_call() -> None:
    """Addresses lie behind the call, so one is taken off; 0 wraps around, as in google/pprof."""
    assert text.addresses(" 0x46a5f3 0x1", 1) == [0x46A5F2, 0]
    assert text.addresses("0x0", 1) == [(1 << 64) - 1]
    assert text.addresses(" ", 1) == []


@pytest.mark.parametrize("words", ["0x1 12", "0x12345678901234567", "0x1,0x2"])
def test_other_words_than_addresses_are_malformed(words: str) -> None:
    """Only hexadecimal numbers of 64 bits are addresses."""
    with pytest.raises(MalformedProfile, match="line 3 has something else than addresses"):
        text.addresses(words, 3)


def test_frames_of_one_address_are_one_location() -> None:
    """Lines with one address are inlined calls; without frames the bare addresses stand."""
    builder = Builder([ValueType("a", "count")], DEFAULT_LIMITS)
    one, two, three = (Frame(name, "a.go", 1) for name in ("one", "two", "three"))
    builder.sample([1], text.stack(builder, [9, 8, 7], [(9, one), (9, two), (8, three), (7, None)]))
    builder.sample([1], text.stack(builder, [9, 8], []))
    profile = builder.build(ValueType("a", "count"), 1)
    assert profile.stacks()[0] == (one, two, three, Frame("0x7", "", 0))
    assert profile.stacks()[1] == (Frame("0x9", "", 0), Frame("0x8", "", 0))
    assert profile.stack_offsets.tolist() == [0, 3, 5]
