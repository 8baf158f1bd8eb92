"""Run all benchmarks, or those that are named: `python -m bench [NAME...]`."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from types import ModuleType

BENCHMARKS = (
    "decode",
    "store",
    "series",
    "numbers",
    "daemon",
    "growth",
    "startup",
    "detect",
    "sites",
    "replicas",
    "cost",
)
# Those that take too long to be among all.
LONG = ("cap", "selfwatch", "leakbench", "services")
# A module called `numbers` would hide Python's own from every script that is run in this folder.
MODULES = {"numbers": "points"}


def main(arguments: Sequence[str]) -> int:
    """Print one table after the other."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Run all benchmarks in their short form but the long ones, or those that are named.",
        epilog=f"{listing(BENCHMARKS)}\n\nlong ones, each `python -m bench.NAME`:\n{listing(LONG)}\n\n"
        "`python -m bench.NAME --help` tells what most of them can be given.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help="one of the following")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    for name in given.names or BENCHMARKS:
        print(f"\n== {name}", flush=True)
        module(name).main()
    return 0


def listing(names: Sequence[str]) -> str:
    """A line for each benchmark."""
    return "\n".join(f"  {name:12}{(module(name).__doc__ or '').splitlines()[0]}" for name in names)


def module(name: str) -> ModuleType:
    """The module of a benchmark."""
    return importlib.import_module(f"bench.{MODULES.get(name, name)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
