"""`leakdog raw`: all that a profile holds."""

from __future__ import annotations

import argparse

from leakdog.cli.profile import add_source, load

EXAMPLES = """examples:
  leakdog raw heap.pb.gz | less
  diff <(leakdog raw a.pb.gz) <(leakdog raw b.pb.gz)
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "raw",
        help="all that a profile holds, as text",
        description="Show all that a profile holds, as `go tool pprof -raw` does.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_source(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 if there is one."""
    from leakdog.report.raw import render

    print(render(load(args)), end="")
    return 0
