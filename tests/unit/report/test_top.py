"""Which functions hold the most. That every figure is pprof's is tested in `pprof/test_against_go.py`."""

from __future__ import annotations

import pytest

from leakdog.errors import ProfileError
from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Profile
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType
from leakdog.report.top import Row, TopTable, render, top

OBJECTS, SPACE = ValueType("inuse_objects", "count"), ValueType("inuse_space", "bytes")


def profile(*samples: tuple[str, int], inlined: str = "") -> Profile:
    """A profile of stacks such as `leaf caller root` with their bytes; `inlined` ones share the location below."""
    builder = Builder([OBJECTS, SPACE], DEFAULT_LIMITS)
    for stack, size in samples:
        locations: list[tuple[Frame, ...]] = []
        names = stack.split()
        while names:
            lines = [names.pop(0)]
            while lines[-1] in inlined.split() and names:
                lines.append(names.pop(0))
            locations.append(tuple(Frame(name, "a.go", 1) for name in lines))
        builder.sample([1, size], [builder.location(hash(frames) % 2**32, frames) for frames in locations])
    return builder.build(SPACE, 1)


def rows(table: TopTable) -> list[tuple[str, int, int]]:
    """Names, flat and cum."""
    return [(row.name, row.flat, row.cum) for row in table.rows]


def test_flat_is_the_leafs_and_cum_everyones() -> None:
    """What a function allocates itself is flat; its callers hold it in cum."""
    table = top(profile(("leaf mid root", 30), ("mid root", 5), ("root", 1)))
    assert rows(table) == [("leaf", 30, 30), ("mid", 5, 35), ("root", 1, 36)]
    assert (table.sample_type, table.unit, table.total) == ("inuse_space", "bytes", 36)


def test_recursion_counts_once() -> None:
    """A function that is twice in a stack has its bytes once."""
    assert rows(top(profile(("f g f g root", 8)))) == [("f", 8, 8), ("g", 0, 8), ("root", 0, 8)]


def test_one_name_is_one_row() -> None:
    """Different call sites of a function add up."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    for line in (3, 4):
        builder.sample([10], [builder.location(line, (Frame("f", f"{line}.go", line),))])
    assert rows(top(builder.build(SPACE, 1))) == [("f", 20, 20)]


def test_inlined_functions_are_functions() -> None:
    """They have rows of their own, and are marked: by all their callers, or by some."""
    table = top(profile(("small big root", 4), inlined="small"))
    assert table.rows == (Row("small", 4, 4, "(inline)"), Row("big", 0, 4), Row("root", 0, 4))
    builder = Builder([SPACE], DEFAULT_LIMITS)
    small, big, other = (Frame(name, "a.go", 1) for name in ("small", "big", "other"))
    builder.sample([1], [builder.location(1, (small, big))])
    builder.sample([1], [builder.location(2, (small,)), builder.location(3, (other,))])
    assert top(builder.build(SPACE, 1)).rows[0] == Row("small", 2, 2, "(partial-inline)")


def test_rows_are_sorted_by_size_then_name() -> None:
    """By flat or by cum; negative values by their size; ties by name."""
    made = profile(("b root", 5), ("a root", 5), ("c root", -7))
    assert [row.name for row in top(made).rows] == ["c", "a", "b", "root"]
    assert [row.name for row in top(made, sort="cum").rows] == ["c", "a", "b", "root"]
    assert [row.cum for row in top(made, sort="cum").rows] == [-7, 5, 5, 3]
    assert top(made).total == 17


def test_n_cuts_the_rows() -> None:
    """Only the first rows are kept; how many there were is known, and 0 means all."""
    table = top(profile(("a root", 5), ("b root", 4)), n=1)
    assert (rows(table), table.row_count) == ([("a", 5, 5)], 3)
    assert len(top(profile(("a root", 5), ("b root", 4)), n=0).rows) == 3


def test_functions_that_hold_nothing_are_left_out() -> None:
    """Samples of 0, and functions whose samples cancel out, have no row."""
    assert rows(top(profile(("a x", 5), ("gone", 0), ("b y", 5), ("c y", -5)))) == [
        ("a", 5, 5),
        ("b", 5, 5),
        ("c", -5, -5),
        ("x", 0, 5),
    ]


def test_a_stack_of_nothing_counts_in_the_total_only() -> None:
    """Some producers have samples without a stack."""
    table = top(profile(("", 9), ("a", 1)))
    assert (rows(table), table.total) == ([("a", 1, 1)], 10)


def test_without_symbols_the_binary_is_the_name() -> None:
    """Addresses are not functions: those of an unknown binary are one row."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    builder.sample([3], [builder.location(1), builder.location(2)])
    assert rows(top(builder.build(SPACE, 1))) == [("<unknown>", 3, 3)]


def test_sums_beyond_64_bits_are_exact() -> None:
    """Hostile values do not wrap around."""
    huge = (1 << 63) - 1
    table = top(profile(("a root", huge), ("b root", huge), ("a root", huge)))
    assert table.total == 3 * huge
    assert rows(table) == [("a", 2 * huge, 2 * huge), ("b", huge, huge), ("root", 0, 3 * huge)]


def test_no_samples_make_no_rows() -> None:
    """An empty profile has an empty report."""
    table = top(profile())
    assert (table.rows, table.total) == ((), 0)
    assert "Showing nodes accounting for 0, 0% of 0 total\n" in render(table)


def test_another_sample_type_is_another_report() -> None:
    """Objects instead of bytes; an unknown type is an error that names the known ones."""
    assert rows(top(profile(("a", 5), ("a", 6)), "inuse_objects")) == [("a", 2, 2)]
    with pytest.raises(ProfileError, match="it has inuse_objects, inuse_space"):
        top(profile(), "cpu")


def test_the_text_is_laid_out_as_pprofs() -> None:
    """Heading, columns and units."""
    assert render(top(profile(("leaf root", 3 << 20), ("root", 1 << 20)), n=1)) == (
        "Type: inuse_space\n"
        "Showing nodes accounting for 3MB, 75.00% of 4MB total\n"
        "Showing top 1 nodes out of 2\n"
        "      flat  flat%   sum%        cum   cum%\n"
        "       3MB 75.00% 75.00%        3MB 75.00%  leaf\n"
    )
