"""Nodes and their sums. That every figure is pprof's is tested by `integration/test_pprof_views.py`."""

from __future__ import annotations

import pytest

from leakdog.errors import ProfileError
from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Profile
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType
from leakdog.report.diff import difference
from leakdog.report.frames import Granularity
from leakdog.report.graph import Edge, Graph, Node, View, build
from leakdog.report.select import Selection

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


def rows(graph: Graph) -> list[tuple[str, int, int]]:
    """Names, flat and cum."""
    return [(row.name, row.flat, row.cum) for row in graph.nodes]


def test_flat_is_the_leafs_and_cum_everyones() -> None:
    """What a function allocates itself is flat; its callers hold it in cum."""
    table = build(profile(("leaf mid root", 30), ("mid root", 5), ("root", 1)), View())
    assert rows(table) == [("leaf", 30, 30), ("mid", 5, 35), ("root", 1, 36)]
    assert (table.sample_type, table.unit, table.total) == ("inuse_space", "bytes", 36)


def test_recursion_counts_once() -> None:
    """A function that is twice in a stack has its bytes once."""
    assert rows(build(profile(("f g f g root", 8)), View())) == [("f", 8, 8), ("g", 0, 8), ("root", 0, 8)]


def test_one_name_is_one_row() -> None:
    """Different call sites of a function add up."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    for line in (3, 4):
        builder.sample([10], [builder.location(line, (Frame("f", f"{line}.go", line),))])
    assert rows(build(builder.build(SPACE, 1), View())) == [("f", 20, 20)]


def test_inlined_functions_are_functions() -> None:
    """They have rows of their own, and are marked: by all their callers, or by some."""
    table = build(profile(("small big root", 4), inlined="small"), View())
    assert table.nodes == (Node("small", 4, 4, "(inline)"), Node("big", 0, 4), Node("root", 0, 4))
    builder = Builder([SPACE], DEFAULT_LIMITS)
    small, big, other = (Frame(name, "a.go", 1) for name in ("small", "big", "other"))
    builder.sample([1], [builder.location(1, (small, big))])
    builder.sample([1], [builder.location(2, (small,)), builder.location(3, (other,))])
    assert build(builder.build(SPACE, 1), View()).nodes[0] == Node("small", 2, 2, "(partial-inline)")


def test_rows_are_sorted_by_size_then_name() -> None:
    """By flat or by cum; negative values by their size; ties by name."""
    made = profile(("b root", 5), ("a root", 5), ("c root", -7))
    assert [row.name for row in build(made, View()).nodes] == ["c", "a", "b", "root"]
    assert [row.name for row in build(made, View(sort="cum")).nodes] == ["c", "a", "b", "root"]
    assert [row.cum for row in build(made, View(sort="cum")).nodes] == [-7, 5, 5, 3]
    assert build(made, View()).total == 17


def test_n_cuts_the_rows() -> None:
    """Only the first rows are kept; how many there were is known, and 0 means all."""
    table = build(profile(("a root", 5), ("b root", 4)), View(n=1))
    assert (rows(table), table.node_count) == ([("a", 5, 5)], 3)
    assert len(build(profile(("a root", 5), ("b root", 4)), View()).nodes) == 3


def test_functions_that_hold_nothing_are_left_out() -> None:
    """Samples of 0, and functions whose samples cancel out, have no row."""
    assert rows(build(profile(("a x", 5), ("gone", 0), ("b y", 5), ("c y", -5)), View())) == [
        ("a", 5, 5),
        ("b", 5, 5),
        ("c", -5, -5),
        ("x", 0, 5),
    ]


def test_a_stack_of_nothing_counts_in_the_total_only() -> None:
    """Some producers have samples without a stack."""
    table = build(profile(("", 9), ("a", 1)), View())
    assert (rows(table), table.total) == ([("a", 1, 1)], 10)


def test_without_symbols_the_binary_is_the_name() -> None:
    """Addresses are not functions: those of an unknown binary are one row."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    builder.sample([3], [builder.location(1), builder.location(2)])
    assert rows(build(builder.build(SPACE, 1), View())) == [("<unknown>", 3, 3)]


def test_sums_beyond_64_bits_are_exact() -> None:
    """Hostile values do not wrap around."""
    huge = (1 << 63) - 1
    table = build(profile(("a root", huge), ("b root", huge), ("a root", huge)), View())
    assert table.total == 3 * huge
    assert rows(table) == [("a", 2 * huge, 2 * huge), ("b", huge, huge), ("root", 0, 3 * huge)]


def test_no_samples_make_no_rows() -> None:
    """An empty profile has an empty report."""
    table = build(profile(), View())
    assert (table.nodes, table.total) == ((), 0)


def test_another_sample_type_is_another_report() -> None:
    """Objects instead of bytes; an unknown type is an error that names the known ones."""
    assert rows(build(profile(("a", 5), ("a", 6)), View("inuse_objects"))) == [("a", 2, 2)]
    with pytest.raises(ProfileError, match="it has inuse_objects, inuse_space"):
        build(profile(), View("cpu"))


def test_edges_hold_what_callees_hold_for_their_callers() -> None:
    """A call that is twice in a stack counts once; calls of itself are none."""
    found = build(profile(("leaf mid root", 30), ("leaf root", 5), ("f g f g g root", 8)), View()).edges
    assert sorted(found) == [
        Edge("f", "g", 8, inline=False),
        Edge("g", "f", 8, inline=False),
        Edge("mid", "leaf", 30, inline=False),
        Edge("root", "g", 8, inline=False),
        Edge("root", "leaf", 5, inline=False),
        Edge("root", "mid", 30, inline=False),
    ]


def test_calls_reach_over_nodes_that_are_left_out() -> None:
    """The caller is the next one outward that is shown."""
    made = profile(("leaf tiny root", 1), ("leaf mid root", 99))
    graph = build(made, View(node_fraction=0.05))
    assert ([node.name for node in graph.nodes], graph.dropped, graph.cutoff) == (["leaf", "mid", "root"], 1, 5)
    over = Edge("root", "leaf", 1, inline=False, residual=True)
    assert over in graph.edges
    assert over not in build(made, View(node_fraction=0.05, edge_fraction=0.05)).edges


@pytest.mark.parametrize(
    ("granularity", "name"),
    [
        (Granularity.FUNCTIONS, "f"),
        (Granularity.FILES, "/src/a.go"),
        (Granularity.FILEFUNCTIONS, "f /src/a.go"),
        (Granularity.LINES, "f /src/a.go:7"),
        (Granularity.ADDRESSES, "0000000000000010 f /src/a.go:7"),
    ],
)
def test_what_a_row_is(granularity: Granularity, name: str) -> None:
    """Functions, files, both, lines, or addresses; paths are cleaned."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    builder.sample([3], [builder.location(16, (Frame("f", "/src/x/../a.go", 7),))])
    assert [node.name for node in build(builder.build(SPACE, 1), View(granularity=granularity)).nodes] == [name]


def test_shares_are_of_all_that_there_is() -> None:
    """What is selected does not change the total; a base that is kept apart is the total."""
    made = profile(("a root", 5), ("b root", 15))
    selected = build(made, View(selection=Selection(focus="^a$")))
    assert (rows(selected), selected.total) == ([("a", 5, 5), ("root", 0, 5)], 20)
    assert selected.heading[-2:] == ("Active filters:", "   focus=^a$")
    assert build(difference(profile(("a", 2000)), made, of_base=True), View()).total == 2000


def test_calls_go_through_what_adds_up_to_nothing() -> None:
    """A function that has lost what another place in it has gained is no row, and is still who calls."""
    made = difference(profile(("a f x", 5)), profile(("b f y", 5)))
    graph = build(made, View())
    assert {node.name for node in graph.nodes} == {"a", "b", "x", "y"}
    assert {(edge.caller, edge.callee) for edge in graph.edges} == {("x", "f"), ("f", "a"), ("y", "f"), ("f", "b")}
    weak = build(profile(("a f x", 5), ("b f y", -5), ("c", 100)), View(edge_fraction=0.5))
    assert {(edge.caller, edge.callee) for edge in weak.edges} == {("x", "f"), ("y", "f")}
    cut = build(made, View(n=3))
    assert "f" not in {name for edge in cut.edges for name in (edge.caller, edge.callee)}
