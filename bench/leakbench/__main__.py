"""Compare detectors on labelled series: `python -m bench.leakbench [DETECTOR...]`.

Prints for each detector the figures over all kinds, the mean over seeds with the range of the mean at 95 %, and with
--kinds also kind by kind. A detector is a module in `bench/leakbench/detectors` with `detect(histories)`.
"""

from __future__ import annotations

import argparse
import importlib
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.leakbench.corpus import Labelled, foreign, own
from bench.leakbench.score import FIGURES, Tally, table

DETECTORS = ("leakdog", "deriv", "predict_linear", "least_squares", "e_process", "bayes")


def main(arguments: Sequence[str]) -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.leakbench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("detectors", nargs="*", metavar="DETECTOR", help=f"default: {' '.join(DETECTORS)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--per-kind", type=int, default=20)
    parser.add_argument("--generator", type=Path, help="directory with a generator.py to use instead of our own kinds")
    parser.add_argument("--no-load", action="store_true", help="values alone")
    parser.add_argument("--kinds", action="store_true", help="also kind by kind")
    args = parser.parse_args(arguments)
    names = args.detectors or DETECTORS
    results: dict[str, list[dict[str, Tally]]] = {name: [] for name in names}
    for seed in args.seeds:
        corpus = _corpus(args, seed)
        for name in names:
            module = importlib.import_module(f"bench.leakbench.detectors.{name}")
            results[name].append(table(corpus, module.detect([each.history for each in corpus])))
            print(f"seed {seed}: {name} done", file=sys.stderr, flush=True)
    print(f"{'detector':16}" + "".join(f"{name:>18}" for name in FIGURES))
    for name in names:
        print(_row(name, [each["all"] for each in results[name]]), flush=True)
        if args.kinds:
            for kind in results[name][0]:
                if kind != "all":
                    print(_row(f"  {kind}", [each[kind] for each in results[name]]), flush=True)
    return 0


def _corpus(args: argparse.Namespace, seed: int) -> list[Labelled]:
    if args.generator:
        return foreign(args.generator, seed, args.per_kind, load=not args.no_load)
    return own(seed, args.per_kind, load=not args.no_load)


def _row(name: str, tallies: list[Tally]) -> str:
    figures = [tally.figures() for tally in tallies]
    return f"{name:16}" + "".join(f"{_cell([each[figure] for each in figures]):>18}" for figure in FIGURES)


def _cell(values: list[float]) -> str:
    """Mean, and half the width of its 95 % range over seeds."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return "-"
    mean = float(np.mean(known))
    digits = 1 if mean >= 10 else 3
    if len(known) < 2:
        return f"{mean:.{digits}f}"
    half = 1.96 * float(np.std(known, ddof=1)) / math.sqrt(len(known))
    return f"{mean:.{digits}f} ± {half:.{digits}f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
