"""Learn a recurrent network: `python -m bench.leakbench.learn_course course --out src/leakdog/detect/course.json`.

Draws labelled series, reduces them to blocks as the detector does, and learns to tell after each block whether a series
leaks: `course` from hours of slow leaks, `spurt` from minutes of fast ones. The trees of `bench.leakbench.learn` weigh
what it says, so they are to be learned from other seeds. Needs `torch`, which nothing else does.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from bench.leakbench.corpus import named
from bench.leakbench.disturbed import begun_later, disturbed
from bench.leakbench.recurrent import learn
from bench.leakbench.sooner import go_on
from bench.leakbench.told import Told, of_course, of_spurts

SEEDS = {"course": range(541, 553), "spurt": range(701, 751)}
SOONER = range(94001, 94017)  # to go on learning from; half of them disturbed
WIDTH = {"course": 64, "spurt": 32}
WINDOW = {"course": None, "spurt": 400}


def main(arguments: Sequence[str]) -> int:
    """Learn and write."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.leakbench.learn_course", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("of", choices=SEEDS)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", help="odd ones with load")
    parser.add_argument(
        "--disturbed", type=int, nargs="+", default=[*range(553, 565)], help="more for courses, most of them disturbed"
    )
    parser.add_argument("--per-kind", type=int, default=50, help="of ours; of another generator twice as many")
    parser.add_argument("--mixed", type=int, default=1500, help="series of random mixtures, for each seed")
    parser.add_argument(
        "--fast", type=int, default=20, help="fast series per healthy kind, five times as many per leak"
    )
    parser.add_argument("--generator", type=Path, help="directory with a generator.py whose kinds are learned from too")
    parser.add_argument("--passes", type=int, default=12, help="over all series")
    parser.add_argument(
        "--sooner", action="store_true", help="go on with what was learned, for leaks told sooner at few false alarms"
    )
    args = parser.parse_args(arguments)
    seeds = args.seeds or [*SEEDS[args.of]]
    if args.sooner:
        plain, args.disturbed = ([seed for seed in SOONER if (seed % 4 > 1) is swung] for swung in (False, True))
        seeds = args.seeds or plain
    names: tuple[str, ...] = ("fast",)
    if args.of == "course":
        seeds, names = [*seeds, *args.disturbed], ("own", "mixed", *(("foreign",) if args.generator else ()))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        told = list(pool.map(partial(_told, args), [(seed, name) for seed in seeds for name in names]))
    if args.sooner:
        weights = go_on(told, json.loads(args.out.read_text()), args.passes)
    else:
        weights = learn(told, args.passes, WIDTH[args.of], WINDOW[args.of])
    text = json.dumps(weights, separators=(",", ":")).replace('"', '\n"')
    args.out.write_text(text.replace('\n":', '":') + "\n")
    return 0


def _told(args: argparse.Namespace, job: tuple[int, str]) -> Told:
    seed, name = job
    counts = {"own": args.per_kind, "mixed": args.mixed, "foreign": 2 * args.per_kind, "fast": args.fast}
    corpus = named(name, seed, counts[name], load=seed % 2 == 1, generator=args.generator)
    if name == "fast":
        return of_spurts(begun_later(corpus, seed))
    return of_course(disturbed(corpus, seed) if seed in args.disturbed else corpus)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
