"""Run all benchmarks, or those that are named: `python -m bench [NAME...]`."""

from __future__ import annotations

import importlib
import sys

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
# A module called `numbers` would hide Python's own from every script that is run in this folder.
MODULES = {"numbers": "points"}


def main(names: list[str]) -> int:
    """Print one table after the other."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    for name in names or BENCHMARKS:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"bench.{MODULES.get(name, name)}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
