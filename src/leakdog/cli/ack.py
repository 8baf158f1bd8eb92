"""`leakdog ack`: say that a leak is known, so that it is not announced."""

from __future__ import annotations

import argparse
import json

from leakdog.cli.arguments import duration
from leakdog.cli.client import Client, add_arguments
from leakdog.report.leak import beside, headline

EPILOG = """examples:
  leakdog ack 3f9c2a --note "known, fixed in the next release"
  leakdog ack 3f9c2a --for 3d                    announce it again in three days
  leakdog ack 3f9c2a --undo                      announce it again at once

A leak that is acknowledged stays listed, and `leakdog_leak_acknowledged` is 1 for it, which keeps the alert rules
quiet; they still tell when its limit is near. An acknowledgement ends with its time, and when the leak is resolved: if
it comes back it is news. Functions that are known for good stand under `acknowledged` in the configuration.
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "ack",
        help="say that a leak is known, so that it is not announced",
        description="Acknowledge a leak of a running daemon: it stays listed, and is not announced.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("leak", metavar="LEAK", help="a leak's id, or the beginning of it")
    parser.add_argument("--for", dest="seconds", metavar="TIME", type=duration, help="only for so long, such as 3d")
    parser.add_argument("--note", metavar="TEXT", default="", help="what is known of it, for the others on call")
    parser.add_argument("--undo", action="store_true", help="take the acknowledgement back")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Send it, and say how the leak stands now.

    Raises:
        ApiError: no daemon answers, or it has no such leak.

    """
    client = Client(args.server)
    path = f"/api/v1/leaks/{client.leak(args.leak)['id']}/acknowledgement"
    if args.undo:
        leak = client.send("DELETE", path)
    else:
        leak = client.send("POST", path, {"note": args.note, "for_seconds": args.seconds})
    if args.json:
        print(json.dumps(leak, indent=2))
    else:
        print("\n".join([headline(leak), *beside(leak)]))
    return 0
