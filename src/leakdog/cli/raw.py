"""`leakdog raw`: all that a profile holds."""

from __future__ import annotations

import argparse
import json

from leakdog.cli.compare import load_compared
from leakdog.cli.help import Help
from leakdog.cli.profile import add_base, add_selections, add_source, selection_of

EXAMPLES = """examples:
  leakdog raw heap.pb.gz | less
  leakdog raw heap.pb.gz --focus 'cart\\.Put'
  diff <(leakdog raw a.pb.gz) <(leakdog raw b.pb.gz)
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "raw",
        help="all that a profile holds, as text",
        description="Show all that a profile holds, as `go tool pprof -raw` does.",
        epilog=EXAMPLES,
        formatter_class=Help,
    )
    add_source(parser)
    add_selections(parser)
    add_base(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 if there is one."""
    from leakdog.report.raw import as_json, render
    from leakdog.report.select import select

    profile = select(load_compared(args), selection_of(args))
    print(json.dumps(as_json(profile), indent=2) if args.json else render(profile).rstrip("\n"))
    return 0
