"""Search for inputs that break a reader, guided by which branches of the code they take.

    python tests/fuzz [--seconds 600] [--out build/fuzz] [READER...]

Each reader has its share of the time. What breaks one is kept in OUT/found, to be read again by
`python tests/fuzz/guided.py READER FILE`, and ends the search with status 1. What leads to new branches is kept in
OUT/corpus, and the next search starts from there.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.append(str(HERE))

from readers import READERS  # noqa: E402
from seeds import LARGEST, seeds  # noqa: E402

MEMORY_MIB = 1024
RUNS = 100_000  # of one process: atheris keeps two kilobytes of every comparison of arrays that it has seen
HANG_SECONDS = 20  # of the clock, for what hangs outside of Python; a second of processor time is an error as it is
EXECUTED = re.compile(r"number_of_executed_units: *(\d+)")


def search(name: str, seconds: int, out: Path) -> bool:
    """Whether a reader survived its share of the search."""
    corpus, start, found = out / "corpus" / name, out / "seeds" / name, out / "found"
    for folder in (corpus, start, found):
        folder.mkdir(parents=True, exist_ok=True)
    for i, data in enumerate(seeds()[name]):
        (start / str(i)).write_bytes(data)
    options = (
        f"-runs={RUNS}",
        f"-max_len={LARGEST}",
        f"-rss_limit_mb={MEMORY_MIB}",
        f"-timeout={HANG_SECONDS}",
        f"-artifact_prefix={found}/{name}-",
        "-print_final_stats=1",
    )
    end = time.monotonic() + seconds
    inputs, said, survived = 0, "", True
    while survived and (left := int(end - time.monotonic())) > 0:
        command = [sys.executable, HERE / "guided.py", name, *options, f"-max_total_time={left}", corpus, start]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        survived, said = done.returncode == 0, done.stdout
        inputs += sum(map(int, EXECUTED.findall(said)))
    print(f"{name:14} {inputs:>9} inputs  {'survived' if survived else 'BROKE'}", flush=True)
    if not survived:
        print(said[-4000:])
    return survived


def main() -> int:
    """Search reader by reader; the status is 1 if one broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"default: {' '.join(READERS)}")
    parser.add_argument("--seconds", type=int, default=600, help="for all together")
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"))
    args = parser.parse_args()
    names = args.readers or list(READERS)
    share = max(1, args.seconds // len(names))
    survived = [search(name, share, args.out) for name in names]  # all of them, whatever the first one does
    return 0 if all(survived) else 1


if __name__ == "__main__":
    sys.exit(main())
