"""Look at many profiles in many ways, and compare with `go tool pprof`: `python tests/differential --runs 5000`."""

from __future__ import annotations

import argparse
import difflib
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

HERE = Path(__file__).parent
sys.path.append(str(HERE))

from captured import groups  # noqa: E402
from comparing import differ  # noqa: E402
from draws import draw  # noqa: E402


def main() -> int:
    """Print what differs; 1 if anything does."""
    parser = argparse.ArgumentParser(prog="tests/differential", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stop", type=int, default=10, help="after so many that differ")
    args = parser.parse_args()
    choices, seen, wrong = Random(args.seed), Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        found = groups(Path(folder), args.seed)
        for _ in range(args.runs):
            look = draw(choices, found)
            seen[look.verb] += 1
            if (difference := differ(look)) is None:
                continue
            wrong[look.verb] += 1
            mine, wanted = ((text or "failed").splitlines() for text in difference)
            print(look, *difflib.unified_diff(mine, wanted, "leakdog", "pprof", n=1, lineterm=""), "", sep="\n")
            if wrong.total() >= args.stop:
                break
    print(f"{seen.total()} looks at {sum(map(len, found))} profiles, {wrong.total()} differ")
    for verb, count in sorted(seen.items()):
        print(f"  {verb:8} {count:6} {wrong[verb]:4} differ")
    return 1 if wrong else 0


sys.exit(main())
