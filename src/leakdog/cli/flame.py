"""`leakdog flame`: a profile as a flame graph."""

from __future__ import annotations

import argparse
import json

from leakdog.cli.compare import load_compared
from leakdog.cli.help import Help
from leakdog.cli.profile import add_base, add_output, add_source, add_view, view_of, write

EXAMPLES = """examples:
  leakdog flame heap.pb.gz -o heap.svg           open it in a browser; hover over a frame for its figures
  leakdog flame after.pb.gz --base before.pb.gz -o grown.svg
  leakdog flame http://127.0.0.1:6060 --kind goroutine > goroutines.svg
  leakdog flame heap.pb.gz --json                frames within frames, for a drawer of your own
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "flame",
        help="a profile as a flame graph (SVG)",
        description="Draw a profile as a flame graph: callers above, callees below, each as wide as what it holds.",
        epilog=EXAMPLES,
        formatter_class=Help,
    )
    add_source(parser)
    add_view(parser)
    add_base(parser)
    add_output(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the picture, or its frames as JSON.

    Raises:
        LeakdogError: the profile cannot be read, or the file cannot be written.

    """
    from leakdog.report.flame import as_json, render

    profile, view = load_compared(args), view_of(args)
    # Not indented: blanks before frames within frames would be most of the text.
    return write(args, f"{json.dumps(as_json(profile, view))}\n" if args.json else render(profile, view))
