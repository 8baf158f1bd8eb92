"""Which nodes and edges are worth drawing. That they are pprof's is tested by `integration/test_pprof_views.py`."""

import pytest

from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Profile
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType
from leakdog.report.callgraph import CallGraph, callgraph
from leakdog.report.graph import View

SPACE = ValueType("inuse_space", "bytes")


def profile(*samples: tuple[str, int]) -> Profile:
    """Stacks such as `leaf root` with their bytes."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    for stack, size in samples:
        names = stack.split()
        builder.sample([size], [builder.location(hash(name) % 2**32, (Frame(name, "a.go", 1),)) for name in names])
    return builder.build(SPACE, 1)


def nodes(drawn: CallGraph) -> list[str]:
    """Their names."""
    return [node.name for node in drawn.graph.nodes]


def calls(drawn: CallGraph) -> set[tuple[str, str, bool]]:
    """Caller, callee and whether nodes are skipped."""
    return {(edge.caller, edge.callee, edge.residual) for edge in drawn.graph.edges}


def test_what_only_hands_on_is_drawn_last() -> None:
    """Entries, leaves and branches tell something; what is between two of them does not."""
    made = profile(("left branch middle root", 50), ("right branch middle root", 50))
    assert nodes(callgraph(made, View())) == ["branch", "left", "right", "root", "middle"]
    few = callgraph(made, View(n=4))
    assert nodes(few) == ["branch", "left", "right", "root"]
    assert calls(few) == {("root", "branch", True), ("branch", "left", False), ("branch", "right", False)}
    assert few.graph.node_count == 5


def test_an_edge_that_skips_nodes_gives_way_to_a_path() -> None:
    """`root` leads to `leaf` through `mid` anyway; the call through what is too small is not drawn."""
    made = profile(("leaf tiny root", 1), ("leaf mid root", 99))
    drawn = callgraph(made, View(node_fraction=0.05))
    assert calls(drawn) == {("root", "mid", False), ("mid", "leaf", False)}
    assert drawn.graph.dropped == 1


def test_an_edge_that_skips_nodes_is_kept_where_it_is_the_only_one() -> None:
    """Else `leaf` would hang in the air."""
    made = profile(("leaf tiny other", 4), ("other", 20), ("leaf root", 76))
    assert ("other", "leaf", True) in calls(callgraph(made, View(node_fraction=0.05)))


def test_weak_calls_are_left_out_and_counted() -> None:
    """By their share of the whole."""
    made = profile(("a root", 1), ("b root", 99))
    drawn = callgraph(made, View(edge_fraction=0.05))
    assert calls(drawn) == {("root", "b", False)}
    assert (drawn.dropped_edges, drawn.edge_cutoff) == (1, 5)


@pytest.mark.parametrize("size", [0, -5])
def test_a_graph_of_nothing_or_of_less_is_drawn(size: int) -> None:
    """An empty profile, and a difference."""
    drawn = callgraph(profile(("leaf root", size)), View(n=80, node_fraction=0.005))
    assert len(drawn.graph.nodes) == (2 if size else 0)
    assert [edge.weight for edge in drawn.graph.edges] == ([size] if size else [])
