"""Thread profiles in text form; the goldens tell most."""

from __future__ import annotations

import pytest

from leakdog.errors import MalformedProfile
from leakdog.pprof import DEFAULT_LIMITS
from leakdog.pprof.text_thread import parse_threads

HEADER = b"--- threadz 1 ---\n\n"
THREAD = b"--- Thread 7f79 (name: main/14748) stack: ---\n"


def stacks(text: bytes) -> list[tuple[int, list[str]]]:
    """Counts and addresses."""
    profile = parse_threads(text, DEFAULT_LIMITS)
    counts = profile.values[:, 0].tolist()
    return [(n, [frame.function for frame in stack]) for n, stack in zip(counts, profile.stacks(), strict=True)]


def test_callers_are_moved_onto_the_call() -> None:
    """The leaf is where the thread is, the others are return addresses, the creator's too."""
    text = HEADER + THREAD + b"  PC: 0x11: wait(int)\n  0x21: main\n    creator: 0x31 0x41\n"
    assert stacks(text) == [(1, ["0x11", "0x20", "0x30", "0x40"])]


def test_the_title_may_be_missing() -> None:
    """Comments come before the first thread."""
    assert stacks(b"# hello\n\n" + THREAD + b"  PC: 0x11\n") == [(1, ["0x11"])]


def test_a_leaf_told_twice_is_one() -> None:
    """The signal handler and the unwinder both tell it."""
    assert stacks(HEADER + THREAD + b"  PC: 0x11 0x11 0x21\n") == [(1, ["0x11", "0x20"])]


def test_threads_of_one_stack_are_counted() -> None:
    """As many as are said to be the same, or have no stack of their own; before the first there is none to count."""
    same = THREAD + b"  [same as previous thread]\n"
    assert stacks(HEADER + same + THREAD + b"  PC: 0x11\n" + same + THREAD + same) == [(4, ["0x11"])]


def test_threads_without_a_stack_end_the_list() -> None:
    """What follows is not read as threads."""
    text = HEADER + THREAD + b"  PC: 0x11\n---- no stack trace for 7f80\n  0x22\n"
    assert stacks(text) == [(1, ["0x11"])]


def test_no_threads_are_a_profile() -> None:
    """A title alone is a program that told of none."""
    assert stacks(HEADER) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEADER + b"--- Thread 7f79 stack: ---\n", "line 3 does not begin a thread"),
        (HEADER + THREAD + b"  0x11111111111111111\n", "line 4 has an address of more than 64 bits"),
        (HEADER + THREAD + b"  PC: 0x1", "cut off"),
    ],
)
def test_broken_texts_are_malformed(text: bytes, words: str) -> None:
    """What is wrong is said with its line."""
    with pytest.raises(MalformedProfile, match=words):
        parse_threads(text, DEFAULT_LIMITS)
