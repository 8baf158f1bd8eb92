"""Contention profiles in text form; the goldens tell more of C++."""

from __future__ import annotations

import pytest

from leakdog.errors import MalformedProfile
from leakdog.model import Frame, Kind
from leakdog.pprof import DEFAULT_LIMITS, expect
from leakdog.pprof.text_contention import parse_contention

GO = b"""--- mutex:
cycles/second=2000000000
sampling period=5
3000 2 @ 0x11 0x21
#\t0x10\tsync.(*Mutex).Unlock+0x1\t/go/mutex.go:7
#\t0x20\tmain.main+0x1\t/a.go:9

"""


def test_go_is_read_with_its_names() -> None:
    """Cycles become nanoseconds, and one in five is seen."""
    profile = parse_contention(GO, DEFAULT_LIMITS)
    assert profile.values.tolist() == [[10, 7500]]
    assert profile.stack(0) == (Frame("sync.(*Mutex).Unlock", "/go/mutex.go", 7), Frame("main.main", "/a.go", 9))
    assert profile.period == 5
    expect(profile, Kind.MUTEX)


def test_block_profiles_have_every_event() -> None:
    """They have no sampling period; without cycles per second the delay is in nanoseconds already."""
    assert parse_contention(b"--- contention:\n3000 2 @ 0x11\n", DEFAULT_LIMITS).values.tolist() == [[2, 3000]]


def test_a_period_of_zero_corrects_nothing() -> None:
    """Profiling is off, and what is there is from before."""
    text = GO.replace(b"period=5", b"period=0")
    assert parse_contention(text, DEFAULT_LIMITS).values.tolist() == [[2, 3000]]


def test_the_time_recorded_is_told() -> None:
    """gperftools tells since when it counts."""
    text = b"--- contentionz 1 ---\nms since reset = 1500\ndiscarded samples = 3\n"
    profile = parse_contention(text, DEFAULT_LIMITS)
    assert (profile.duration_nanos, profile.values.shape) == (1_500_000_000, (0, 2))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"--- contentionz 1 ---\nformat = java\n", "line 2 is no attribute"),
        (GO.replace(b"=5", b"=many"), "line 3 is no attribute"),
        (GO.replace(b"3000 2 @", b"3000 @"), "line 4 is no sample"),
        (GO + b"discarded samples = 3\n", "line 8 is no sample"),
        (GO.replace(b"=5", b"=" + b"9" * 18).replace(b"3000 2", b"3000 " + b"9" * 18), "more than 64 bits"),
        (GO.replace(b"sampling period", b"ms since reset").replace(b"=5", b"=" + b"9" * 18), "more than 64 bits"),
        (GO[:-3], "cut off"),
    ],
)
def test_broken_texts_are_malformed(text: bytes, words: str) -> None:
    """What is wrong is said, with its line where it has one."""
    with pytest.raises(MalformedProfile, match=words):
        parse_contention(text, DEFAULT_LIMITS)
