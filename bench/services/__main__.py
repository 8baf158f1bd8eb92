"""The command: see `bench.services`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import bench.services
from bench.services.judge import judge
from bench.services.record import record
from bench.services.service import DidNotStart


def main() -> int:
    """Record, or judge a recording."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.services",
        description=bench.services.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--hours", type=float, default=6.0, help="how long to record (default: 6)")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path, metavar="DIR", help="record into this new folder")
    what.add_argument(
        "--judge", type=Path, nargs="+", metavar="DIR", help="replay recordings, also while they are made"
    )
    args = parser.parse_args()
    if args.judge:
        return judge(args.judge)
    if args.out.exists():
        parser.error(f"{args.out} is there already; recordings are not mixed: name a new folder")
    try:
        asyncio.run(record(args.out, args.hours))
    except DidNotStart as error:
        sys.exit(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
