"""Compare leak detectors on labelled series: `python -m bench.leakbench [DETECTOR...]`.

A detector is a module in `bench/leakbench/detectors` with `detect(histories)`. Figures are means over seeds with the
half width of their 95 % interval; `bench/leakbench/score.py` says what they mean.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # cores are shared out by series; must be set before NumPy is loaded

from bench.leakbench import publish, report
from bench.leakbench.run import Corpus, compare

DETECTORS = (
    "leakdog", "robust_trend", "bayes", "mann_kendall", "e_process", "least_squares", "predict_linear",
    "predict_linear_hour", "deriv",
)  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Run and print."""
    args = _parser().parse_args(arguments)
    detectors = args.detectors or DETECTORS
    if args.publish:
        publish.publish(detectors, args.processes)
        return 0
    corpus = Corpus(
        tuple(args.seeds), args.per_kind, not args.no_load, args.fast, args.generator, tuple(args.only or ())
    )
    results = {name: report.summarise(seeds) for name, seeds in compare(corpus, detectors, args.processes).items()}
    if args.json:
        print(json.dumps({"seeds": args.seeds, "per_kind": args.per_kind, "detectors": results}, indent=1))
    elif args.markdown:
        kinds = [f"### {name}\n\n{report.markdown_kinds(rows)}" for name, rows in results.items() if args.kinds]
        print("\n\n".join([report.markdown(results), *kinds]))
    else:
        print(report.text(results, kinds=args.kinds))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.leakbench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("detectors", nargs="*", metavar="DETECTOR", help=f"default: {' '.join(DETECTORS)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(publish.SEEDS))
    parser.add_argument("--per-kind", type=int, default=publish.PER_KIND)
    parser.add_argument("--fast", action="store_true", help="leaks that reach the limit within minutes to hours")
    parser.add_argument("--generator", type=Path, help="directory with a generator.py to use instead of our own kinds")
    parser.add_argument("--only", nargs="+", metavar="KIND", help="only these kinds")
    parser.add_argument("--no-load", action="store_true", help="values alone")
    parser.add_argument("--kinds", action="store_true", help="also kind by kind")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: as many as cores")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print all figures, mean and half width")
    output.add_argument("--markdown", action="store_true", help="print tables for a page")
    output.add_argument("--publish", action="store_true", help="run what is published and write docs/leakbench.md")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
