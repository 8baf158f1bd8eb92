"""The part of a call graph that is worth drawing: nodes where it branches or something is held, and what leads to them.

Nodes are ranked by entropy: one that only hands on what it gets says little. Edges that skip nodes which are not shown
are left out where another path leads the same way.

Method: google/pprof internal/graph, so that the same nodes and edges are drawn.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from leakdog.pprof.profile import Profile
from leakdog.report.frames import Parts
from leakdog.report.graph import (
    Call,
    Edge,
    Graph,
    Node,
    Tally,
    View,
    calls_between,
    output_unit,
    tally,
    total_of,
)
from leakdog.report.heading import heading
from leakdog.report.node_tags import NodeTags, tags_of
from leakdog.report.select import select

MOST_TAGS = 4  # beside one node


@dataclass(frozen=True, slots=True)
class CallGraph:
    """What is drawn.

    Attributes:
        graph: with the nodes in order of their rank.
        parts, tags: of each node, by the same index.
        dropped_edges: calls that hold less than `edge_cutoff`.

    """

    graph: Graph
    parts: tuple[Parts, ...]
    tags: tuple[NodeTags, ...]
    dropped_edges: int
    edge_cutoff: int


def callgraph(profile: Profile, view: View) -> CallGraph:
    """The graph to draw.

    Args:
        view: with the number of nodes and their labels together, 0 for all.

    Raises:
        ProfileError: there is no such sample type, or what is selected is no regular expression.

    """
    total = total_of(profile, view)
    chosen = select(profile, view.selection)
    found = tally(chosen, view)
    large, dropped = found.large(view.node_fraction)
    least, least_edge = (int(found.whole() * share) for share in (view.node_fraction, view.edge_fraction))
    tags = tags_of(chosen, found, view.unit, least)
    calls = calls_between(found, large)
    shown = _ranked(found, large, calls)
    cut = shown[: _fitting(shown, tags, view.n)] if view.n else shown
    if len(cut) < len(shown):
        calls = calls_between(found, cut)
        cut = _ranked(found, cut, calls)
    strong = [each for each in calls if abs(each.weight) >= least_edge]
    kind = profile.sample_types[profile.sample_index(view.sample_index)]
    nodes = tuple(Node(found.names[i], found.flat[i], found.cum[i]) for i in cut)
    unit = output_unit(view, nodes, total, kind.unit)
    graph = Graph(
        sample_type=kind.type,
        unit=kind.unit,
        total=total,
        nodes=nodes,
        edges=_edges(found, _without_redundant(found, cut, strong)),
        node_count=len(large),
        dropped=dropped,
        cutoff=int(total * view.node_fraction),
        heading=(*heading(profile, kind, total, unit), *view.selection.lines()),
        shown_in=unit,
    )
    weak = len(calls) - len(strong)
    return CallGraph(
        graph, tuple(found.parts[i] for i in cut), tuple(tags[i] for i in cut), weak, int(total * view.edge_fraction)
    )


def _edges(found: Tally, calls: Iterable[Call]) -> tuple[Edge, ...]:
    edges = (Edge(found.names[each.caller], found.names[each.callee], *each[2:]) for each in calls)
    return tuple(sorted(edges, key=lambda edge: (-abs(edge.weight), edge.caller, edge.callee)))


def _fitting(shown: list[int], tags: dict[int, NodeTags], most: int) -> int:
    """How many nodes with their labels are as many as are wanted."""
    count = 0
    for place, node in enumerate(shown, 1):
        count += 1 + min(tags[node].held(), MOST_TAGS)
        if count >= most:
            return place
    return most


def _ranked(found: Tally, nodes: list[int], calls: Iterable[Call]) -> list[int]:
    inward: dict[int, list[int]] = defaultdict(list)
    outward: dict[int, list[int]] = defaultdict(list)
    for each in calls:
        inward[each.callee].append(each.weight)
        outward[each.caller].append(each.weight)

    def order(i: int) -> tuple[int, str, int]:
        flat = found.flat[i]
        score = (_entropy(inward[i], 0) if inward[i] else 1.0) + (_entropy(outward[i], flat) if outward[i] else 1.0)
        return -abs(int(score * found.cum[i]) + flat), found.names[i], -abs(flat)

    return sorted(nodes, key=order)


def _entropy(weights: Iterable[int], own: int) -> float:
    """Bits that tell which way it goes."""
    weights = [*weights, own] if own > 0 else list(weights)
    total = own + sum(each for each in weights if each > 0) - max(own, 0)
    shares = [abs(each) / total for each in weights] if total else []
    return -sum(share * math.log2(abs(share)) for share in shares if share)


def _without_redundant(found: Tally, ranked: list[int], calls: Iterable[Call]) -> list[Call]:
    """The calls without those that skip nodes where another path leads the same way.

    Those into the least ranked nodes go first, and of each the weakest; but none that outweighs a direct call.
    """
    into: dict[int, dict[int, Call]] = defaultdict(dict)
    for each in calls:
        into[each.callee][each.caller] = each
    for node in reversed(ranked):
        incoming = sorted(into[node].values(), key=lambda each: (-abs(each.weight), found.names[each.caller]))
        for each in reversed(incoming):
            if not each.residual:
                break
            if _reaches(into, each):
                del into[node][each.caller]
    return [each for callers in into.values() for each in callers.values()]


def _reaches(into: dict[int, dict[int, Call]], call: Call) -> bool:
    """Whether the caller leads to the callee without this call."""
    seen, waiting = {call.callee}, [call.callee]
    while waiting:
        node = waiting.pop()
        for caller in into[node]:
            if (caller, node) == (call.caller, call.callee) or caller in seen:
                continue
            if caller == call.caller:
                return True
            seen.add(caller)
            waiting.append(caller)
    return False
