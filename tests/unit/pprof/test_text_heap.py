"""Heap profiles in the text forms of Go, tcmalloc and gperftools."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leakdog.errors import MalformedProfile
from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Label
from leakdog.pprof.text_heap import parse_heap

HEADER = b"heap profile: 3: 12288 [4: 16384] @ heap/2\n"
FIRST = b"2: 8192 [3: 12288] @ 0x11 0x21\n#\t0x10\tmain.keep+0x1\t/a.go:7\n#\t0x20\tmain.main+0x1\t/a.go:9\n\n"
SECOND = b"1: 4096 [1: 4096] @ 0x31\n#\t0x30\tmain.main+0x1\t/a.go:12\n\n"
END = b"\n# runtime.MemStats\n# Alloc = 5\n# DebugGC = false\n"
WHOLE = HEADER + FIRST + SECOND + END


def test_samples_are_read() -> None:
    """Allocated and in use, the size of one object, and named frames; a rate of 1 needs no correction."""
    profile = parse_heap(WHOLE, DEFAULT_LIMITS)
    assert [kind.type for kind in profile.sample_types] == [
        "alloc_objects",
        "alloc_space",
        "inuse_objects",
        "inuse_space",
    ]
    assert profile.values.tolist() == [[3, 12288, 2, 8192], [1, 4096, 1, 4096]]
    assert profile.labels(0) == (Label("bytes", 4096),)
    assert profile.stacks() == (
        (Frame("main.keep", "/a.go", 7), Frame("main.main", "/a.go", 9)),
        (Frame("main.main", "/a.go", 12),),
    )
    assert profile.period == 1


def test_go_writes_twice_its_rate() -> None:
    """A header with 1048576 is a program that samples every 512 KiB."""
    assert parse_heap(WHOLE.replace(b"heap/2\n", b"heap/1048576\n"), DEFAULT_LIMITS).period == 524288


def test_two_columns_are_kept_two() -> None:
    """A profile whose header does not tell allocated and in use apart has objects and space."""
    text = b"heap profile: 1: 10 [1: 10] @ heap/2\n1: 10 [1: 10] @ 0x11\n"
    profile = parse_heap(text, DEFAULT_LIMITS)
    assert ([kind.type for kind in profile.sample_types], profile.values.tolist()) == (["objects", "space"], [[1, 10]])


@pytest.mark.parametrize("cut", range(len(HEADER) - 1, len(WHOLE) - len(END) + 1))
def test_a_text_cut_off_anywhere_is_malformed(cut: int) -> None:
    """Until the heading of the memory statistics, which follows the last sample, the text is not whole."""
    with pytest.raises(MalformedProfile):
        parse_heap(WHOLE[:cut], DEFAULT_LIMITS)


def test_no_samples_are_fine_if_the_header_says_so() -> None:
    """A program that has sampled nothing yet has a profile without samples."""
    text = b"heap profile: 0: 0 [0: 1] @ heap/1048576\n" + END
    assert parse_heap(text, DEFAULT_LIMITS).values.shape == (0, 4)


BROKEN: dict[str, Callable[[], bytes]] = {
    "line 2 is no sample": lambda: HEADER + b"2: 8192 [3: 12288] 0x11\n" + FIRST + END,
    "line 6 is no sample": lambda: HEADER + FIRST + b"hello\n" + SECOND + END,
    "has bytes, but no objects": lambda: HEADER + b"0: 8 [3: 12288] @ 0x11\n" + END,
    "something else than addresses": lambda: HEADER + b"1: 8 [3: 12288] @ 0x11 zz\n" + END,
    "line 3 is no frame": lambda: WHOLE.replace(b"\t/a.go:7", b""),
    "the first line": lambda: WHOLE.replace(b"heap/2", b"heap_v9/2"),
}


@pytest.mark.parametrize("words", BROKEN)
def test_lines_that_do_not_belong_are_malformed(words: str) -> None:
    """Nothing is skipped: a line that is not understood spoils the whole, and is named."""
    with pytest.raises(MalformedProfile, match=words):
        parse_heap(BROKEN[words](), DEFAULT_LIMITS)


def test_negative_objects_in_use_are_kept() -> None:
    """Counters that a race has driven below 0 are passed on, as google/pprof does."""
    text = b"heap profile: -1: -8 [1: 8] @ heap/2\n".replace(b"-", b"") + b"-1: -8 [1: 8] @ 0x11\n" + END
    assert parse_heap(text, DEFAULT_LIMITS).values.tolist() == [[-1, -8]]


@pytest.mark.parametrize(
    ("form", "period", "values"),
    [
        (b"heap/1048576", 524288, [51, 529424]),
        (b"heap_v2/524288", 524288, [51, 529424]),
        (b"heapz_v2/524288", 524288, [51, 529424]),
        (b"heapz_v2", 0, [1, 10240]),
        (b"heapprofile", 1, [1, 10240]),
        (b"growth", 1, [1, 10240]),
        (b"growthz", 1, [1, 10240]),
        (b"fragmentationz", 1, [1, 10240]),
    ],
)
def test_each_form_has_its_correction(form: bytes, period: int, values: list[int]) -> None:
    """Go writes twice its period, tcmalloc its period; what is not sampled is left as it is."""
    text = b"heap profile: 1: 10240 [1: 10240] @ " + form + b"\n1: 10240 [1: 10240] @ 0x11\nMAPPED_LIBRARIES:\n"
    profile = parse_heap(text, DEFAULT_LIMITS)
    assert (profile.period, profile.values.tolist()) == (period, [values])


def test_growth_has_two_columns() -> None:
    """It is told twice, and allocated ever says nothing of its own."""
    text = b"heap profile: 1: 8 [9: 99] @ growthz\n1: 8 [9: 99] @ 0x11\nMAPPED_LIBRARIES:\n"
    assert parse_heap(text, DEFAULT_LIMITS).values.tolist() == [[1, 8]]


def test_a_memory_map_ends_the_samples() -> None:
    """It places the addresses, and shows that the text is whole whatever the totals say."""
    text = HEADER + b"1: 4096 [1: 4096] @ 0x31\n--- Memory map: ---\n  00000000-00000040: /srv/shop\n"
    assert parse_heap(text, DEFAULT_LIMITS).stacks() == ((Frame("shop+0x30", "/srv/shop", 0),),)
