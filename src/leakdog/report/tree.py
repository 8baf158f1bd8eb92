"""Each function between its callers and its callees, laid out as `go tool pprof -tree` and `-peek` do."""

from __future__ import annotations

import re
from collections import defaultdict

from leakdog.errors import ProfileError
from leakdog.report.graph import NOTHING, Edge, Graph
from leakdog.report.measure import label, percentage
from leakdog.report.top import summary

SEPARATOR = "----------------------------------------------------------+-------------"
LEGEND = "      flat  flat%   sum%        cum   cum%   calls calls% + context 	 	 "


def render(graph: Graph, peek: str = "") -> str:
    """The report as text; with `peek` only of the nodes whose name it matches.

    Raises:
        ProfileError: `peek` is no regular expression, or matches nothing.

    """
    wanted = _compiled(peek)
    unit = graph.shown_in
    callers, callees = _by_end(graph)
    lines = [*summary(graph, unit), SEPARATOR, LEGEND]
    running, before = 0, len(lines)
    for node in graph.nodes:
        if not wanted.search(node.name):
            continue
        running += node.flat
        lines.append(SEPARATOR)
        lines += [_call(graph, unit, edge, edge.caller, node.cum) for edge in callers[node.name]]
        lines.append(
            f"{label(node.flat, graph.unit, unit):>10} {percentage(node.flat, graph.total)} "
            f"{percentage(running, graph.total)} {label(node.cum, graph.unit, unit):>10} "
            f"{percentage(node.cum, graph.total)}                | {node.name}"
        )
        lines += [_call(graph, unit, edge, edge.callee, node.cum) for edge in callees[node.name]]
    if peek and len(lines) == before:
        raise ProfileError(f"no function of this profile matches {peek!r}" if graph.nodes else NOTHING)
    if graph.nodes:
        lines.append(SEPARATOR)
    return "\n".join(lines) + "\n"


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ProfileError(f"{pattern!r} is not a regular expression: {error}") from None


def _by_end(graph: Graph) -> tuple[dict[str, list[Edge]], dict[str, list[Edge]]]:
    """Edges by callee and by caller, the heaviest first."""
    callers: dict[str, list[Edge]] = defaultdict(list)
    callees: dict[str, list[Edge]] = defaultdict(list)
    for edge in sorted(graph.edges, key=lambda edge: (-abs(edge.weight), edge.caller, edge.callee)):
        callers[edge.callee].append(edge)
        callees[edge.caller].append(edge)
    return callers, callees


def _call(graph: Graph, unit: str, edge: Edge, other: str, cum: int) -> str:
    weight, share = label(edge.weight, graph.unit, unit), percentage(edge.weight, cum)
    return f"{weight:>50} {share} |   {other}{' (inline)' if edge.inline else ''}"
