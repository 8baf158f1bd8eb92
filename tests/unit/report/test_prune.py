"""Frames that a producer does not want to be shown; `integration/test_pprof_views.py` compares with pprof."""

import time
from dataclasses import replace

import pytest

from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Profile
from leakdog.pprof.build import Builder
from leakdog.pprof.legacy import CONTENTION, HEAP, OTHER
from leakdog.pprof.profile import ValueType
from leakdog.report.prune import pruned

SPACE = ValueType("space", "bytes")


def stacks(drop: str, keep: str, *given: str) -> list[str]:
    """What is left of stacks, leaf first; names with a comma are inlined into the next."""
    return [" ".join(frame.function for frame in stack) for stack in pruned(profile(drop, keep, *given)).stacks()]


def profile(drop: str, keep: str, *given: str) -> Profile:
    """A profile of these stacks."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    for stack in given:
        parts = [tuple(Frame(name, "", 0) for name in place.split(",")) for place in stack.split()]
        builder.sample([1], [builder.location(hash(part) % 2**32, part) for part in parts])
    return replace(builder.build(SPACE, 1), drop_frames=drop, keep_frames=keep)


def test_what_is_dropped_goes_with_all_that_it_called() -> None:
    """From the outermost frame that matches; a name matches as a whole, without its arguments."""
    assert stacks("malloc|new", "", "page malloc f main", "malloc2 main") == ["f main", "malloc2 main"]
    assert stacks("new", "", "free new(int) new f() main") == ["f() main"]


def test_what_is_kept_is_kept() -> None:
    """Though it matches."""
    assert stacks("runtime.*", "runtime.panic", "x runtime.call main", "x runtime.panic main") == [
        "main",
        "x runtime.panic main",
    ]


def test_a_stack_of_nothing_else_stays() -> None:
    """Rather than having no frame."""
    assert stacks("malloc|start", "", "malloc start", "malloc f start") == ["malloc start", "f start"]


def test_within_a_place_with_inlined_calls() -> None:
    """What the match was inlined into stays."""
    assert stacks("malloc", "", "x malloc,g main", "x f,malloc main") == ["g main", "main"]


@pytest.mark.parametrize(
    "pattern", ["(a*)*b", "(a|a)" * 40, "a?" * 40 + "a" * 40, "(?:a+)+b", "(a{1,30}){1,30}b", "(", "["]
)
def test_a_pattern_that_could_take_long_or_is_none_is_not_applied(pattern: str) -> None:
    """A profile from nobody knows where hangs nothing."""
    start = time.monotonic()
    assert stacks(pattern, "", f"x {'a' * 60} main") == [f"x {'a' * 60} main"]
    assert time.monotonic() - start < 1


@pytest.mark.parametrize(
    ("patterns", "name"), [(HEAP, "tc_new_nothrow"), (CONTENTION, "Mutex::Unlock"), (OTHER, "ProfileData::Add")]
)
def test_the_patterns_of_text_profiles_are_applied(patterns: tuple[str, str], name: str) -> None:
    """They are long, and cheap."""
    many = [f"f{i} main" for i in range(2000)]
    assert stacks(*patterns, f"x {name} main", *many)[0] == "main"
