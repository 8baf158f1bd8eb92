"""Goroutine and thread profiles in Go's text form."""

from __future__ import annotations

import pytest

from leakdog.errors import MalformedProfile
from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Label
from leakdog.pprof.profile import ValueType
from leakdog.pprof.text_count import parse_count

HEADER = b"goroutine profile: total 3\n"
FIRST = b'2 @ 0x11 0x21\n# labels: {"job":"import", "who":"a \\"b\\" \\x1b"}\n#\t0x20\tmain.wait+0x1\t/a.go:7\n\n'
SECOND = b"1 @ 0x31\n#\t0x30\tmain.main+0x1\t/a.go:12\n\n"
WHOLE = HEADER + FIRST + SECOND


def test_samples_are_read() -> None:
    """Counts, frames and labels; an escape that only Go has stays one."""
    profile = parse_count(WHOLE, DEFAULT_LIMITS)
    assert profile.sample_types == (ValueType("goroutine", "count"),)
    assert profile.values.tolist() == [[2], [1]]
    assert profile.stacks() == ((Frame("main.wait", "/a.go", 7),), (Frame("main.main", "/a.go", 12),))
    assert profile.labels(0) == (Label("job", "import"), Label("who", r"a \"b\" \x1b"))
    assert profile.labels(1) == ()


def test_bare_addresses_are_read() -> None:
    """Without comments the stacks are addresses."""
    profile = parse_count(b"# a comment\n\nthreadcreate profile: total 1\n1 @ 0x11 0x21\n", DEFAULT_LIMITS)
    assert profile.stacks() == ((Frame("0x10", "", 0), Frame("0x20", "", 0)),)


def test_labels_end_where_they_break_off() -> None:
    """What is no label is left out, and half a million quotes are not searched from each of them."""
    text = HEADER.replace(b"3", b"1") + b'1 @ 0x11\n# labels: {"a":"b", "c":' + b'\\"' * 100_000 + b"\n"
    assert parse_count(text, DEFAULT_LIMITS).labels(0) == (Label("a", "b"),)


def test_other_sections_end_the_samples() -> None:
    """A memory map among them places the addresses."""
    text = HEADER + b"3 @ 0x11\n--- other\nhello\n--- Memory map: ---\n 00-40: /srv/shop\n"
    assert parse_count(text, DEFAULT_LIMITS).stacks() == ((Frame("shop+0x10", "/srv/shop", 0),),)


def test_half_a_character_is_kept_inert() -> None:
    """A surrogate on its own is no text; it is shown as it was written."""
    text = WHOLE.replace(b"import", b"\\ud800")
    assert parse_count(text, DEFAULT_LIMITS).labels(0)[0] == Label("job", r"\ud800")


def test_no_goroutines_are_a_profile() -> None:
    """A goroutineleak profile that finds nothing is one line."""
    assert parse_count(b"goroutineleak profile: total 0\n", DEFAULT_LIMITS).values.shape == (0, 1)


@pytest.mark.parametrize("cut", range(len(HEADER), len(WHOLE)))
def test_a_text_cut_off_anywhere_is_malformed(cut: int) -> None:
    """The header tells how many there are, and each stack ends with an empty line."""
    with pytest.raises(MalformedProfile):
        parse_count(WHOLE[:cut], DEFAULT_LIMITS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEADER + b"3 0x11\n", "line 2 is no sample"),
        (HEADER + b"-3 @ 0x11\n", "line 2 is no sample"),
        (HEADER + b"4 @ 0x11\n", "counts 4 of 3 goroutine stacks"),
        (b"goroutine profile: total 3 and more\n", "header"),
        (WHOLE.replace(b"+0x1\t/a.go:7", b""), "line 4 is no frame"),
    ],
)
def test_lines_that_do_not_belong_are_malformed(text: bytes, words: str) -> None:
    """Nothing is skipped, and the numbers must add up."""
    with pytest.raises(MalformedProfile, match=words):
        parse_count(text, DEFAULT_LIMITS)
