"""Learn the score of the detector: `python -m bench.leakbench.learn --out src/leakdog/detect/score.json`.

Draws labelled series, replays them, and notes what each look-back found at each full hour. From that it learns a
hundred small trees that tell growth that leaks from growth that does not, held to the directions that
`leakdog.detect.score.DIRECTIONS` names. Other series, drawn with other seeds, then tell how often a healthy one exceeds
each score. What `soak` runs with stays: its thresholds were read off real programs, not off rates. How far forecasts
are off stays too, until `bench.leakbench.horizons` measures that of what is told. Needs `lightgbm`, which nothing else
does.
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
from typing import Any

import numpy as np

from bench.leakbench.corpus import named
from bench.leakbench.fit import TREES, Trees, fit, flattened, of_trees, refined, without_load, write
from bench.leakbench.rates import Scored, alarm_rates
from bench.leakbench.seen import UNKNOWN, Seen, forget, watch
from leakdog.detect import score
from leakdog.detect.course import Course
from leakdog.detect.network import parsed
from leakdog.detect.settings import PRODUCTION

KNOWN = Course.network
SLOW = ("own", "mixed", "foreign")
LEARNED_FROM = {"steady": SLOW, "urgent": (*SLOW, "fast")}
# Mixtures are to learn from only; nearly all false alarms of urgent looks are in what is read often.
MEASURED_ON = {"steady": ("own", "foreign"), "urgent": ("fast",)}


def main(arguments: Sequence[str]) -> int:
    """Learn and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.leakbench.learn", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[401, 402], help="to learn from")
    parser.add_argument("--apart", type=int, nargs="+", default=[403], help="to measure rates with")
    parser.add_argument("--per-kind", type=int, default=40)
    parser.add_argument("--mixed", type=int, default=1200, help="series of random mixtures, for each seed")
    parser.add_argument("--fast", type=int, default=20, help="fast series per healthy kind, and a fifth as many leaks")
    parser.add_argument(
        "--only",
        choices=LEARNED_FROM,
        help="learn one score and keep the other, for which new features must be the last",
    )
    parser.add_argument(
        "--refine", action="store_true", help="learn only the second step of the urgent score, from fast series"
    )
    parser.add_argument(
        "--rates", action="store_true", help="learn nothing: measure the slow score, as after a change of its course"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--generator", type=Path, help="directory with a generator.py whose kinds are learned from too")
    parser.add_argument(
        "--stranger",
        type=Path,
        help="a network of courses that was not learned from the generator's kinds: its word on them is learned with",
    )
    args = parser.parse_args(arguments)
    before = json.loads(args.out.read_text()) if args.out.exists() else {}
    some = args.only or args.refine or args.rates
    kept = [part for part in before if part != "features" and (some or part not in LEARNED_FROM)]
    out: dict[str, Any] = {"features": list(score.FEATURES)} | {part: before[part] for part in kept}
    with ProcessPoolExecutor(args.processes, initializer=forget) as pool:
        if args.refine:
            out["urgent"] = refine(args, before["urgent"]["trees"][:TREES], pool)
        elif args.rates:
            out["steady"] = rated(args, before["steady"]["trees"], pool)
        else:
            for part in (args.only,) if args.only else LEARNED_FROM:
                out[part] = learn(args, part, pool)
    for part in filter(out.__contains__, LEARNED_FROM):
        out[part]["spread"] = before[part]["spread"] if part in before else UNKNOWN
    write(out, args.out)
    return 0


def learn(args: argparse.Namespace, part: str, pool: ProcessPoolExecutor) -> dict[str, Any]:
    """One of the two scores, with what was measured of it."""
    urgent = part == "urgent"
    jobs = [*_jobs(args, args.seeds, LEARNED_FROM[part]), *_jobs(args, args.apart, MEASURED_ON[part])]
    seen = dict(zip(jobs, pool.map(partial(_watched, args, urgent), jobs), strict=True))
    trees = flattened(fit([each for (seed, *_), each in seen.items() if seed in args.seeds], urgent=urgent))
    if urgent:
        return by_two_steps(trees, [(job[0], each) for job, each in seen.items() if job[2] == "fast"], args.apart)
    apart = [(each, of_trees(trees, each)) for (seed, *_), each in seen.items() if seed in args.apart]
    less = asks_less(apart, [load for seed, load, _ in seen if seed in args.apart])
    more = without_load(less)
    return measured(part, [*trees, more], [(each, of_trees([*trees, more], each)) for each, _ in apart])


def rated(args: argparse.Namespace, trees: Trees, pool: ProcessPoolExecutor) -> dict[str, Any]:
    """The slow score with its trees as they are, measured anew."""
    jobs = _jobs(args, args.apart, MEASURED_ON["steady"])
    seen = pool.map(partial(_watched, args, False), jobs)
    return measured("steady", trees, [(each, of_trees(trees, each)) for each in seen])


def asks_less(apart: Scored, loads: Sequence[bool]) -> float:
    """By how much slow looks may ask for less where load is not known, to be wrong as seldom as where it is."""
    assert PRODUCTION.false_alarms is not None
    wanted = np.log(PRODUCTION.false_alarms * PRODUCTION.slow_part)
    least = []
    for known in (True, False):
        curve = np.array(alarm_rates([each for each, load in zip(apart, loads, strict=True) if load is known]))
        least.append(float(np.interp(-wanted, -np.log(curve[:, 1]), curve[:, 0])))
    return least[0] - least[1]


def refine(args: argparse.Namespace, first: Trees, pool: ProcessPoolExecutor) -> dict[str, Any]:
    """The second step of the urgent score anew."""
    jobs = _jobs(args, (*args.seeds, *args.apart), ("fast",))
    seen = pool.map(partial(_watched, args, True), jobs)
    return by_two_steps(first, [(job[0], each) for job, each in zip(jobs, seen, strict=True)], args.apart)


def by_two_steps(first: Trees, many: Sequence[tuple[int, Seen]], apart: Sequence[int]) -> dict[str, Any]:
    """The urgent score: the second step learns from all fast series, those that the first knows and those apart.

    What is measured apart is measured on each seed with trees that were learned from the others.

    Args:
        many: fast series, with the seed of each corpus.

    """
    scored = []
    for seed in apart:
        trees = refined(first, [each for other, each in many if other != seed])
        scored += [(each, of_trees(trees, each)) for one, each in many if one == seed]
    return measured("urgent", refined(first, [each for _, each in many]), scored)


def measured(part: str, trees: Trees, apart: Scored) -> dict[str, Any]:
    """A score with what was measured of it."""
    alarms = alarm_rates(apart)
    for least, rate in alarms:
        print(f"{part} score {least:5.2f}: {rate:8.3f} alarms per healthy series and year", file=sys.stderr)
    return {"alarms": alarms, "trees": trees}


def listen(stranger: Path | None) -> None:
    """Take courses from another network than the detector's, which knows less kinds: nor will that know all."""
    other = None if stranger is None else parsed(stranger.read_text(), Course.inputs)
    Course.network = KNOWN if other is None else staticmethod(lambda: other)


def _jobs(args: argparse.Namespace, seeds: Sequence[int], names: Sequence[str]) -> list[tuple[int, bool, str]]:
    """Corpora to watch, each with load and without; those of another generator only where there is one."""
    known = [name for name in names if args.generator or name != "foreign"]
    return [(seed, load, name) for seed in seeds for load in (True, False) for name in known]


def _watched(args: argparse.Namespace, urgent: bool, job: tuple[int, bool, str]) -> Seen:
    seed, load, name = job
    listen(args.stranger if name == "foreign" and seed in args.seeds else None)
    counts = {"own": args.per_kind, "mixed": args.mixed, "fast": args.fast, "foreign": args.per_kind}
    corpus = named(name, seed, counts[name], load=load, generator=args.generator)
    print(
        f"seed {seed}, {name}, {'with' if load else 'without'} load: {len(corpus)} series", file=sys.stderr, flush=True
    )
    return watch(corpus, urgent=urgent)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
