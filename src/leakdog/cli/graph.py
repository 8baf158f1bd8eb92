"""`leakdog graph`: a call graph as a picture."""

from __future__ import annotations

import argparse

from leakdog.cli.dot import add_arguments, write_graph
from leakdog.cli.help import Help

EXAMPLES = """examples:
  leakdog graph heap.pb.gz -o heap.svg           open it in a browser; hover over a box for its figures
  leakdog graph http://127.0.0.1:6060 --focus 'cart' -n 30 -o cart.svg
  leakdog graph after.pb.gz --base before.pb.gz -o grown.svg
  leakdog graph heap.pb.gz --json                what would be drawn, as numbers
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "graph",
        help="a call graph of a profile (SVG)",
        description="Draw the call graph of a profile: callers above callees. Graphviz is not needed.",
        epilog=EXAMPLES,
        formatter_class=Help,
    )
    add_arguments(parser, nodes=50)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the picture, or what is in it as JSON.

    Raises:
        LeakdogError: the profile cannot be read, or the file cannot be written.

    """
    from leakdog.report.graph_svg import render

    return write_graph(args, render)
