"""`leakdog diff`: what one profile has more, or less, than another."""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

from leakdog.cli.compare import compare
from leakdog.cli.help import Help
from leakdog.cli.profile import add_normalize, add_rows, add_source, add_view
from leakdog.cli.top import show
from leakdog.errors import LeakdogError

EXAMPLES = """examples:
  leakdog diff before.pb.gz after.pb.gz
  leakdog diff shop/a:6060@2026-03-01T10:00:00Z shop/a:6060@latest --sort cum
  leakdog diff before.pb.gz http://127.0.0.1:6060 -o grown.pb.gz   for `go tool pprof`

The same as `leakdog top AFTER --base BEFORE`; so is every other view with `--base`.
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "diff",
        help="what one profile has more, or less, than another",
        description="Show which functions hold more, or less, in one profile than in an earlier one.",
        epilog=EXAMPLES,
        formatter_class=Help,
    )
    parser.add_argument("before", metavar="BEFORE", help="the earlier profile: a file, a URL or TARGET@TIME")
    add_source(parser)
    add_view(parser)
    add_rows(parser, rows=20)
    add_normalize(parser)
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the difference as a profile, too")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 if there is one.

    Raises:
        LeakdogError: a profile cannot be read, the two cannot be compared, or the file cannot be written.

    """
    from leakdog.pprof import encode

    found = compare(args, args.before)
    if args.output is not None:
        try:
            args.output.write_bytes(gzip.compress(encode(found.profile), mtime=0))
        except OSError as error:
            raise LeakdogError(f"writing {args.output}: {error.strerror}") from error
    return show(args, found)
