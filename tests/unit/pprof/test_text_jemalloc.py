"""Heap profiles in jemalloc's text form."""

from __future__ import annotations

import pytest

from leakdog.errors import MalformedProfile
from leakdog.pprof import DEFAULT_LIMITS, Label
from leakdog.pprof.text_jemalloc import parse_jemalloc

SAMPLES = b"""heap_v2/524288
  t*: 2: 10496 [0: 0]
  t0: 1: 10240 [0: 0]
  t1: 1: 256 [0: 0] worker 7
@ 0x55d0000c0101 0x55d0000c0201
  t*: 1: 10240 [0: 0]
  t0: 1: 10240 [0: 0]
@ 0x55d0000c0301
  t*: 1: 256 [0: 0]
  t1: 1: 256 [0: 0] worker 7
"""
MAP = b"""
MAPPED_LIBRARIES:
55d0000c0000-55d0000d0000 r-xp 00000000 08:01 131      /srv/shop
"""
WHOLE = SAMPLES + MAP


def test_the_sum_of_all_threads_is_read() -> None:
    """Values are corrected for sampling, stacks lie on the calls, in the binary of the map."""
    profile = parse_jemalloc(WHOLE, DEFAULT_LIMITS)
    assert [kind.type for kind in profile.sample_types] == ["objects", "space"]
    assert profile.values.tolist() == [[51, 529424], [2048, 524416]]
    assert [frame.function for stack in profile.stacks() for frame in stack] == [
        "shop+0x100",
        "shop+0x200",
        "shop+0x300",
    ]
    assert profile.labels(1) == (Label("bytes", 256),)
    assert profile.period == 524288


def test_what_was_allocated_ever_has_its_columns() -> None:
    """Programs with `prof_accum` tell it in brackets."""
    text = WHOLE.replace(b"t*: 1: 256 [0: 0]", b"t*: 1: 256 [2: 512]").replace(b"10496 [0: 0]", b"10496 [2: 512]")
    profile = parse_jemalloc(text, DEFAULT_LIMITS)
    assert [kind.type for kind in profile.sample_types][:2] == ["alloc_objects", "alloc_space"]
    assert profile.values.tolist() == [[0, 0, 51, 529424], [4097, 1048832, 2048, 524416]]


def test_a_heap_of_nothing_is_read() -> None:
    """A young program has only totals."""
    text = b"heap_v2/524288\n  t*: 0: 0 [0: 0]\n" + MAP
    assert parse_jemalloc(text, DEFAULT_LIMITS).values.shape == (0, 2)


@pytest.mark.parametrize("cut", range(15, len(WHOLE)))
def test_a_text_cut_off_anywhere_is_malformed(cut: int) -> None:
    """The map follows the samples, and its last line has an end; a cut right after a heading leaves an empty map."""
    if WHOLE[:cut].endswith((b"LIBRARIES:", b"LIBRARIES:\n")):
        assert len(parse_jemalloc(WHOLE[:cut], DEFAULT_LIMITS).values) == 2
    else:
        with pytest.raises(MalformedProfile):
            parse_jemalloc(WHOLE[:cut], DEFAULT_LIMITS)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b"heap_v2/524288", b"heap_v2/524288 x", "no sampling period"),
        (b"  t*: 2: 10496 [0: 0]\n", b"", "no totals"),
        (b"  t*: 1: 256", b"  t*: 0: 256", "line 9 is no line"),
        (b"  t0: 1: 10240 [0: 0]\n@", b"  hello\n@", "line 7 is no line"),
        (b"@ 0x55d0000c0301", b"@ 55d0000c0301", "line 8 has something else than addresses"),
    ],
)
def test_lines_that_do_not_belong_are_malformed(before: bytes, after: bytes, words: str) -> None:
    """Nothing is skipped: a line that is not understood spoils the whole, and is named."""
    with pytest.raises(MalformedProfile, match=words):
        parse_jemalloc(WHOLE.replace(before, after, 1), DEFAULT_LIMITS)
