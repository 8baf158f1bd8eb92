"""`leakdog peek`: the callers and callees of some functions."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import replace

from leakdog.cli.arguments import regex
from leakdog.cli.compare import load_compared
from leakdog.cli.help import Help
from leakdog.cli.profile import add_base, add_sort, add_source, add_view, view_of

EXAMPLES = """examples:
  leakdog peek 'cart\\.Put' heap.pb.gz           who calls it, and what it calls
  leakdog peek 'json' http://127.0.0.1:6060 --sample-index alloc_space
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "peek",
        help="the callers and callees of some functions of a profile",
        description="Show functions that match between their callers and callees, as `go tool pprof -peek` does.",
        epilog=EXAMPLES,
        formatter_class=Help,
    )
    parser.add_argument("regex", metavar="REGEX", type=regex, help="which functions")
    add_source(parser)
    add_view(parser)
    add_sort(parser)
    add_base(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 if there is one."""
    from leakdog.cli.tree import as_json
    from leakdog.report.graph import build
    from leakdog.report.tree import render

    graph = build(load_compared(args), view_of(args))
    text = render(graph, args.regex)
    if args.json:
        names = {node.name for node in graph.nodes if re.search(args.regex, node.name)}
        graph = replace(
            graph,
            nodes=tuple(node for node in graph.nodes if node.name in names),
            edges=tuple(edge for edge in graph.edges if names & {edge.caller, edge.callee}),
        )
        text = json.dumps(as_json(graph), indent=2)
    print(text.rstrip("\n"))
    return 0
