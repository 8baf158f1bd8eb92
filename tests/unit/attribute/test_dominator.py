"""What most of the growth flows through."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.attribute.dominator import DOMINATES, dominator
from leakdog.model import Frame

Make = Callable[..., Frame]


def stack(*names: str) -> tuple[Frame, ...]:
    """A stack of functions of the program's own, leaf first."""
    return tuple(Frame(f"main.{name}", "shop/shop.go", number) for number, name in enumerate(names))


@pytest.mark.parametrize(
    ("stacks", "whole", "expected"),
    [
        ({stack("put", "handle", "main"): 10.0}, 10.0, "main.put"),
        ({stack("a", "decode", "main"): 4.0, stack("b", "decode", "main"): 6.0}, 10.0, "main.decode"),
        ({stack("put", "one", "main"): 5.0, stack("put", "two", "main"): 5.0}, 10.0, "main.put"),
        ({stack("put", "one", "main"): 8.0, stack("get", "two", "main"): 2.0}, 10.0, "main.put"),
        ({stack("put", "one", "main"): 7.0, stack("get", "two", "main"): 3.0}, 10.0, "main.main"),
        ({stack("put", "one"): 5.0, stack("get", "two"): 5.0}, 10.0, None),
        ({stack("put", "main"): 5.0}, 10.0, None),
        ({stack("walk", "walk", "walk", "main"): 10.0}, 10.0, "main.walk"),
        ({}, 0.0, None),
    ],
)
def test_the_deepest_function_of_most_growth(
    stacks: dict[tuple[Frame, ...], float], whole: float, expected: str | None
) -> None:
    """Wherever it is on a stack, and by whatever path it is reached."""
    found = dominator(stacks.items(), whole)
    assert (found[0].function if found else None) == expected


def test_standard_code_does_not_count(frame: Make) -> None:
    """Everything flows through the runtime and the server of the standard library."""
    serve = frame("net/http.(*conn).serve", "net/http/server.go", 1)
    made = {(frame("bytes.Clone", "bytes/bytes.go", 1), *stack(name), serve): 5.0 for name in ("one", "two")}
    assert dominator(made.items(), 10.0) is None


def test_the_line_that_most_flows_through_is_told() -> None:
    """Of a function's lines the one with the largest site is shown, with the share of all of them."""
    here, there = (Frame("main.put", "shop/put.go", line) for line in (10, 20))
    assert dominator([((here,), 3.0), ((there,), 6.0)], 10.0) == (there, 0.9)


STACKS = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abcdef"), min_size=1, max_size=5).map(lambda names: stack(*names)), st.floats(0.1, 9)
    ),
    max_size=6,
)


@given(STACKS)
def test_what_is_told_is_true(found: list[tuple[tuple[Frame, ...], float]]) -> None:
    """The share that is told flows through the function that is told, and it is most of the whole."""
    whole = sum(growth for _, growth in found)
    told = dominator(found, whole)
    if told is None:
        return
    name, share = told[0].function, told[1]
    through = sum(growth for frames, growth in found if any(each.function == name for each in frames))
    assert share >= DOMINATES - 1e-9
    assert share * whole == pytest.approx(through)
