"""Which functions hold the most, laid out as `go tool pprof -top` does."""

from __future__ import annotations

from typing import Any

from leakdog.report.graph import Graph
from leakdog.report.measure import label, percentage


def render(graph: Graph) -> str:
    """The report as text."""
    unit = graph.shown_in
    lines = [*summary(graph, unit), "      flat  flat%   sum%        cum   cum%"]
    running = 0
    for node in graph.nodes:
        running += node.flat
        lines.append(
            f"{label(node.flat, graph.unit, unit):>10} {percentage(node.flat, graph.total)} "
            f"{percentage(running, graph.total)} {label(node.cum, graph.unit, unit):>10} "
            f"{percentage(node.cum, graph.total)}  {node.name}{' ' if node.inline else ''}{node.inline}"
        )
    return "\n".join(lines) + "\n"


def as_json(graph: Graph) -> dict[str, Any]:
    """The rows with raw numbers."""
    rows = [{"name": node.name, "flat": node.flat, "cum": node.cum} for node in graph.nodes]
    return {"sample_type": graph.sample_type, "unit": graph.unit, "total": graph.total, "rows": rows}


def summary(graph: Graph, unit: str) -> list[str]:
    """What the profile is, and how much of it is shown."""
    shown = sum(node.flat for node in graph.nodes)
    share = percentage(shown, graph.total).strip()
    total = label(graph.total, graph.unit, unit)
    lines = [
        *graph.heading,
        f"Showing nodes accounting for {label(shown, graph.unit, unit)}, {share} of {total} total",
    ]
    if graph.total and graph.dropped:
        nodes = "node" if graph.dropped == 1 else "nodes"
        lines.append(f"Dropped {graph.dropped} {nodes} (cum <= {label(graph.cutoff, graph.unit, unit)})")
    if graph.total and len(graph.nodes) < graph.node_count:
        lines.append(f"Showing top {len(graph.nodes)} nodes out of {graph.node_count}")
    return lines
