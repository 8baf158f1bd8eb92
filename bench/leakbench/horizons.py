"""How far forecasts of the time to the limit are off, by how far off it is.

    python -m bench.leakbench.horizons --out src/leakdog/detect/score.json --generator DIRECTORY

Replays leaks with the detector as it is, takes of each the alert that found it, if that life reaches the limit, and
writes what `leakdog.detect.forecast.Spread` is made of. Growth that was found on its steepest part slows down again,
and of a limit that is far off those leaks reach it which speed up: so the spread of true over straight-line times
differs with the time that a straight line tells. Each corpus counts as much as any other.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.leakbench.fit import write
from bench.leakbench.run import Corpus
from bench.leakbench.score import Fired, forecast, found_at
from leakdog.detect.replay import replay
from leakdog.detect.settings import HOUR, PRODUCTION
from leakdog.model import Signal

Array = npt.NDArray[np.float64]
# Leaks that reach a far limit sooner than a straight line are told of as such; that all do so is due to corpora of two
# weeks, in which no others reach it. So the straight line itself is within.
LEAST_LATE = 0.0
# Horizons that are told apart, as many leaks in each, and the share of true times on either side of the interval. One
# interval for corpora that differ leaves a tenth of what is drawn anew outside where it leaves less of these.
PARTS = {"steady": (4, 0.0875), "urgent": (1, 0.1)}


def main(arguments: Sequence[str]) -> None:
    """Measure, and write."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.leakbench.horizons", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[521, 98001, 98002])
    parser.add_argument("--per-kind", type=int, default=20)
    parser.add_argument(
        "--generator", type=Path, help="directory with a generator.py whose kinds count as much as ours"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    args = parser.parse_args(arguments)
    out = json.loads(args.out.read_text())
    generators = (None, args.generator) if args.generator else (None,)
    corpora = {
        "steady": [
            Corpus(tuple(args.seeds), args.per_kind, load=load, generator=each)
            for load in (True, False)
            for each in generators
        ],
        "urgent": [Corpus(tuple(args.seeds), args.per_kind, fast=True)],
    }
    with ProcessPoolExecutor(args.processes, get_context("spawn")) as pool:
        for part, some in corpora.items():
            found = [np.concatenate(list(pool.map(forecasts, corpus.parts()))) for corpus in some]
            out[part]["spread"] = spread(found, *PARTS[part])
            print(f"{part}: {sum(map(len, found))} leaks, {out[part]['spread']}", file=sys.stderr, flush=True)
    write(out, args.out)


def forecasts(part: Corpus) -> Array:
    """Of each leak that is found and reaches its limit the hours that were told to be left, and those that were."""
    corpus = [each for each in part.series(part.seeds[0]) if not each.hard and each.reached < len(each.leaked)]
    found = []
    for series, told in zip(corpus, replay([each.history for each in corpus], Signal.RSS, PRODUCTION), strict=True):
        straight = [(each, each.assessment.time_to_limit_seconds) for each in told.alerts]
        alerts = [Fired(alert.start, alert.end, (left, left)) for alert, left in straight if left]
        at = found_at(series, alerts)
        each = None if at is None else forecast(series, alerts, at)
        if each is not None:
            (said, _), left = each
            found.append((said / HOUR, left / HOUR))
    return np.array(found).reshape(-1, 2)


def spread(corpora: Sequence[Array], parts: int, outside: float) -> list[list[float]]:
    """Rows of `Spread`: of so many parts of the leaks, by the time that was told.

    Args:
        corpora: (leaks, 2) hours that were told, and that were left.
        parts: with as many leaks in each.
        outside: share of true times on either side of the interval.

    """
    told, left = np.concatenate(corpora).T
    weights = np.concatenate([np.full(len(each), 1 / len(each)) for each in corpora])
    part = np.searchsorted(_quantiles(told, weights, np.arange(1, parts) / parts), told)
    return [_row(told[some], left[some], weights[some], outside) for some in (part == each for each in range(parts))]


def _row(told: Array, left: Array, weights: Array, outside: float) -> list[float]:
    off = np.log(left / told)
    late = max(float(_quantiles(off, weights, 1 - outside)), LEAST_LATE)
    above = float(np.average(off > late, weights=weights))
    early = float(_quantiles(off, weights, 2 * outside - above))
    middle = math.exp(float(np.average(np.log(told), weights=weights)))
    return [round(middle, 1), round(early, 3), round(late, 3)]


def _quantiles(values: Array, weights: Array, shares: Array | float) -> Array:
    return np.asarray(np.quantile(values, shares, weights=weights, method="inverted_cdf"))


if __name__ == "__main__":
    main(sys.argv[1:])
