"""Heap profiles in Go's text form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from leakdog.errors import MalformedProfile
from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Label
from leakdog.pprof.text_heap import parse_heap, unsampled

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


def test_the_golden_is_matched(testdata: Path) -> None:
    """Every number of google/pprof's own golden of its Go heap profile is ours."""
    profile = parse_heap((testdata / "gobench.heap").read_bytes(), DEFAULT_LIMITS)
    golden = (testdata / "gobench.heap.string").read_text().partition("inuse_space/bytes\n")[2]
    samples, _, locations = golden.partition("\nLocations\n")
    lines = samples.splitlines()
    assert [[int(n) for n in line.partition(":")[0].split()] for line in lines[::2]] == profile.values.tolist()
    labels = [f"bytes:[{label.value}]" for i in range(len(profile.values)) for label in profile.labels(i)]
    assert [line.strip() for line in lines[1::2]] == labels
    ids = [int(n) - 1 for line in lines[::2] for n in line.partition(":")[2].split()]
    assert ids == profile.stack_locations.tolist()
    addresses = [int(line.split()[1], 16) for line in locations.partition("\nMappings")[0].splitlines()]
    assert addresses == profile.symbols.locations.address.tolist()


@pytest.mark.parametrize(
    ("sampled", "period", "wanted"),
    [
        ((1, 524288), 524288, (1, 829411)),  # the figures are the golden's
        ((1, 10240), 524288, (51, 529424)),
        ((5, 500), 1, (5, 500)),  # every allocation is sampled
        ((5, 500), 0, (5, 500)),  # the rate is not known
        ((0, 0), 524288, (0, 0)),
        ((1, 1 << 40), 524288, (1, 1 << 40)),  # too large to be missed
    ],
)
def test_sampling_is_corrected(sampled: tuple[int, int], period: int, wanted: tuple[int, int]) -> None:
    """Small objects are seen seldom, so each one seen stands for many."""
    assert unsampled(*sampled, period) == wanted


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
