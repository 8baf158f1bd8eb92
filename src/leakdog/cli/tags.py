"""`leakdog tags`: how much is in samples of each label."""

from __future__ import annotations

import argparse
import json

from leakdog.cli.compare import load_compared
from leakdog.cli.help import Help
from leakdog.cli.profile import add_base, add_source, add_view, view_of

EXAMPLES = """examples:
  leakdog tags heap.pb.gz                        how large the objects are
  leakdog tags cpu.pb.gz --focus 'json'
  leakdog tags after.pb.gz --base before.pb.gz
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "tags",
        help="how much of a profile is in samples of each label",
        description="Show how much of a profile is in samples of each label, as `go tool pprof -tags` does.",
        epilog=EXAMPLES,
        formatter_class=Help,
    )
    add_source(parser)
    add_view(parser)
    add_base(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 if there is one."""
    from leakdog.report.tags import render, sums_of

    profile, view = load_compared(args), view_of(args)
    text = json.dumps({"tags": sums_of(profile, view)}, indent=2) if args.json else render(profile, view)
    print(text.rstrip("\n") or "no sample of this profile has a label")
    return 0
