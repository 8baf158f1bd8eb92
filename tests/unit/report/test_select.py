"""Which samples and frames are looked at; `integration/test_pprof_views.py` compares with pprof."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.errors import ProfileError
from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Profile
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType
from leakdog.report.select import Selection, select, take

SPACE = ValueType("inuse_space", "bytes")
STACKS = ("put,cart main", "get,cart main", "gc", "put lib main")


def profile(*stacks: str) -> Profile:
    """Samples of 1, 2, 4, … bytes; names with a comma are inlined into the next. Files are called `NAME.go`."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    numbers: dict[str, int] = {}
    for i, stack in enumerate(stacks):
        where = [
            builder.location(
                numbers.setdefault(place, len(numbers) + 1),
                tuple(Frame(name, f"{name}.go", 1) for name in place.split(",")),
            )
            for place in stack.split()
        ]
        builder.sample([1 << i], where)
    return builder.build(SPACE, 1)


def told(found: Profile) -> list[tuple[int, str]]:
    """Values and stacks."""
    stacks = (" ".join(frame.function for frame in stack) for stack in found.stacks())
    return list(zip(found.values[:, 0].tolist(), stacks, strict=True))


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        (Selection(), [(1, "put cart main"), (2, "get cart main"), (4, "gc"), (8, "put lib main")]),
        (Selection(focus="put"), [(1, "put cart main"), (8, "put lib main")]),
        (Selection(focus=r"cart\.go"), [(1, "put cart main"), (2, "get cart main")]),
        (Selection(focus="put", ignore="cart"), [(8, "put lib main")]),
        (Selection(hide="cart|gc"), [(1, "put main"), (2, "get main"), (8, "put lib main")]),
        (Selection(hide="put"), [(1, "cart main"), (2, "get cart main"), (4, "gc"), (8, "lib main")]),
        (Selection(show="cart|lib"), [(1, "cart"), (2, "cart"), (8, "lib")]),
        (Selection(show="cart|lib", hide="lib"), [(1, "cart"), (2, "cart")]),
        (Selection(show_from="cart|lib"), [(1, "put cart"), (2, "get cart"), (8, "put lib")]),
        (Selection(show_from="put"), [(1, "put"), (8, "put")]),
    ],
)
def test_what_is_left(wanted: Selection, left: list[tuple[int, str]]) -> None:
    """Of four samples, two of them with inlined calls."""
    assert told(select(profile(*STACKS), wanted)) == left


def test_the_profile_itself_stays_as_it_is() -> None:
    """What is chosen is another profile."""
    made = profile(*STACKS)
    before = told(made)
    select(made, Selection(focus="put", hide="main", show_from="cart"))
    assert told(made) == before


@pytest.mark.parametrize("name", ["focus", "ignore", "hide", "show", "show_from", "tagfocus", "tagignore"])
def test_what_is_no_regular_expression_is_told(name: str) -> None:
    """With the name of the option and what is wrong."""
    with pytest.raises(ProfileError, match=rf"{name}: '\(' is not a regular expression"):
        select(profile(*STACKS), Selection(**{name: "("}))


def test_what_is_chosen_is_told_in_the_heading() -> None:
    """In short, where it is long."""
    assert list(Selection().lines()) == []
    assert list(Selection(focus="a", hide="b" * 100).lines()) == [
        "Active filters:",
        "   focus=a",
        "   hide=" + "b" * 75 + "…",
    ]


@given(st.lists(st.integers(0, 3), max_size=6))
def test_samples_can_be_taken_in_any_order(rows: list[int]) -> None:
    """With their stacks."""
    made = profile(*STACKS)
    assert told(take(made, np.array(rows, np.int64))) == [told(made)[row] for row in rows]
