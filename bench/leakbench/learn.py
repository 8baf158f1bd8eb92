"""Learn the score of the detector: `python -m bench.leakbench.learn --out src/leakdog/detect/score.json`.

Draws labelled series, replays them, and notes what each look-back found at each full hour. From that it learns a
hundred small trees that tell growth that leaks from growth that does not, held to the directions that
`leakdog.detect.score.DIRECTIONS` names. Other series, drawn with other seeds, then tell how often a healthy one exceeds
each score, and how far forecasts of the time to the limit are off. What `soak` runs with stays: its thresholds were
read off real programs, not off rates. Needs `lightgbm`, which nothing else does.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from bench.leakbench import by_series
from bench.leakbench.corpus import T0, Labelled, fast, foreign, mixed, own
from bench.leakbench.kinds import STEP
from bench.leakbench.score import life_at
from leakdog.detect import score
from leakdog.detect.evidence import Evidence
from leakdog.detect.forecast import time_to_limit
from leakdog.detect.grid import Grid, History
from leakdog.detect.replay import replay
from leakdog.detect.settings import HOUR, PRODUCTION, Look
from leakdog.model import Signal

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
SLOW = ("own", "mixed", "foreign")
LEARNED_FROM = {"steady": SLOW, "urgent": (*SLOW, "fast")}
# Mixtures are to learn from only; nearly all false alarms of urgent looks are in what is read often.
MEASURED_ON = {"steady": ("own", "foreign"), "urgent": ("fast",)}
LENGTHS = np.array([look.blocks * PRODUCTION.levels[look.level].block_seconds for look in PRODUCTION.looks])
TREES, LEAVES, DEPTH, RATE = 120, 10, 5, 0.15
TREES_BY_SERIES, RATE_BY_SERIES = 100, 0.08
BLIND_WORTH = 0.5  # of rows told as if no other day were known, in the second step
GREW, EARLY = 0.02, 0.4  # leaked shares: grown within the look-back to be a leak; after which finding it is worth less
FORECAST_SCORE = {"steady": 2.5, "urgent": 2.0}
IN_TIME = 0.6  # of the time from onset to limit: after it, finding a fast leak is worth less
LATE_WORTH, HEALTHY_WORTH = 0.3, 0.5
FAST_WORTH = 6.0  # of series that are read as often as urgent looks are meant for; there are few of them
# Our fast leaks begin after a day and end within another one and a half, healthy series go on: what tells how long a
# series has been watched would tell the one from the other here, and nowhere else.
UNTOLD = {"past_days": 0.0, "own_days": 0.0}
OTHER_DAYS = ("record", "same_time", "usual")
MORE = {"ratio": 1}  # directions of the urgent score alone: the room of our fast leaks has bounds that others have not
TRUE = 0.01
MOST_ROWS = 40  # of a series that are learned from, of leak and of none each: neighbours in time say the same
YEAR_HOURS = 365.25 * 24
REARM_HOURS = 12
SCORES = np.arange(-1.0, 7.01, 0.25)
Trees = list[dict[str, list[float]]]
Scored = Sequence[tuple["Seen", Array]]  # what was seen, with the score of each of its rows
NEVER_FIRE = replace(PRODUCTION, false_alarms=1e-200)


@dataclass
class Seen:
    """What look-backs of one kind found in a corpus: (N, ...) of its series, (n, ...) of what was found.

    Attributes:
        leaked: (N, points) leaked share of the baseline, each `step` seconds.
        leaks, over, reached, limit, hard: as in `Labelled`.
        last_life: (N,) begin of the life that reaches the limit.
        series: (n,) which series.
        time: (n,) seconds since the corpus began, as is `last_life`.
        look: (n,) number of the look-back.
        values: (n, features).
        forecast: (n, 4) level, growth per second, its standard error, and by how much readings exceed the lows.

    """

    leaked: npt.NDArray[np.float32]
    step: float
    leaks: Bools
    over: Ints
    reached: Ints
    last_life: Array
    limit: Array
    hard: Bools
    series: Ints
    time: Array
    look: Ints
    values: npt.NDArray[np.float32]
    forecast: Array


def watch(corpus: Sequence[Labelled], *, urgent: bool) -> Seen:
    """Replay a corpus and note what look-backs of one kind found, where a leak is not ruled out."""
    place = {each.history.name: number for number, each in enumerate(corpus)}
    histories = [each.history for each in corpus]
    grid = Grid(histories, PRODUCTION)
    parts: list[tuple[Any, ...]] = []

    def note(examined: Sequence[History], look: Look, time: float, seen: Evidence) -> None:
        rows = np.flatnonzero(score.allowed(seen, PRODUCTION))
        if not len(rows) or (not look.urgent and time % HOUR):
            return
        names = np.array([place[examined[row].name] for row in rows])
        values = score.features(seen, look, PRODUCTION)[rows].astype(np.float32)
        swing = grid.swing(names, int(time // HOUR))
        forecast = np.column_stack((seen.level[rows], seen.growth[rows], seen.error[rows], swing))
        which = np.full(len(rows), PRODUCTION.looks.index(look))
        parts.append((names, np.full(len(rows), time - T0), which, values, forecast))

    looks = tuple(look for look in PRODUCTION.looks if look.urgent == urgent)
    replay(histories, Signal.RSS, replace(NEVER_FIRE, looks=looks), witness=note)
    points = max(len(each.leaked) for each in corpus)
    padded = [np.pad(each.leaked, (0, points - len(each.leaked)), mode="edge") for each in corpus]

    series, time, look, values, forecast = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Seen(
        leaked=np.stack(padded).astype(np.float32),
        step=corpus[0].step,
        leaks=np.array([each.leaks for each in corpus]),
        over=np.array([each.over for each in corpus]),
        reached=np.array([each.reached for each in corpus]),
        last_life=np.array([life_at(each, T0 + each.reached * each.step) - T0 for each in corpus]),
        limit=np.array([each.history.limit or np.inf for each in corpus]),
        hard=np.array([each.hard for each in corpus]),
        series=series,
        time=time,
        look=look,
        values=values,
        forecast=forecast,
    )


def labels(seen: Seen) -> tuple[Bools, Bools, Array]:
    """Rows that are a leak, rows that are not, and what each is worth; the rest says nothing."""
    leaks, over = seen.leaks[seen.series], seen.over[seen.series]
    last = seen.leaked.shape[1] - 1
    now = np.clip((seen.time / seen.step).astype(int) - 1, 0, last)
    begin = ((seen.time - LENGTHS[seen.look]) / seen.step).astype(int)
    at = seen.leaked[seen.series, now]
    before = np.where(begin < 0, 0.0, seen.leaked[seen.series, np.clip(begin, 0, last)])
    bad = leaks & (at - before >= GREW) & (now <= over)
    good = ~leaks & ~seen.hard[seen.series] | (leaks & (at < TRUE))
    worth = np.zeros(len(at))
    onset = (seen.leaked >= TRUE).argmax(1)[seen.series]
    in_time = (at < EARLY) if seen.step == STEP else now - onset < IN_TIME * (over - onset)
    early = np.where(in_time, 1.0, LATE_WORTH)
    total = np.bincount(seen.series[bad], weights=early[bad], minlength=len(seen.leaks))
    worth[bad] = early[bad] / np.maximum(total[seen.series[bad]], 1e-9)
    count = np.bincount(seen.series[good], minlength=len(seen.leaks))
    worth[good] = HEALTHY_WORTH / np.sqrt(np.maximum(count[seen.series[good]], 1))
    return bad, good, worth


def fit(many: Sequence[Seen], *, urgent: bool) -> Any:
    """Learn the trees of one score. Only the urgent one looks at the time that is left.

    It learns from each row twice: as it is, and as it would be in a process of which no other day is known.
    """
    import lightgbm

    values, truth, worth = [], [], []
    for seen in many:
        bad, good, weight = labels(seen)
        weight *= FAST_WORTH if seen.step != STEP else 1.0
        kept = bad | good if urgent else _some(seen.series, bad, bad | good, weight)
        plain = _without({"left": score.MOST_LEFT}, seen.values[kept])
        for each in _both_ways(seen.values[kept]) if urgent else (plain,):
            values.append(each)
            truth.append(bad[kept])
            worth.append(weight[kept])
    data = lightgbm.Dataset(np.concatenate(values), label=np.concatenate(truth), weight=np.concatenate(worth) * 60)
    settings = _settings(urgent=urgent) | {
        "objective": "binary",
        "learning_rate": RATE,
        "min_data_in_leaf": 200,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
    }
    return lightgbm.train(settings, data, TREES)


def refined(first: Trees, many: Sequence[Seen]) -> Trees:
    """The urgent score after its second step: trees added to those of the first, learned by series."""
    import lightgbm

    in_bags = [by_series.bags(seen) for seen in many]
    ways = [_both_ways(seen.values[each.rows]) for seen, each in zip(many, in_bags, strict=True)]
    values = np.concatenate([each for both in zip(*ways, strict=True) for each in both])
    weights = [weight for weight in (1.0, BLIND_WORTH) for _ in many]
    settings = _settings(urgent=True) | {
        "objective": by_series.Loss(in_bags * 2, weights),
        "learning_rate": RATE_BY_SERIES,
        "min_data_in_leaf": 100,
        "min_sum_hessian_in_leaf": 2.0,
    }
    data = lightgbm.Dataset(values, init_score=scores(first, values))
    return first + flattened(lightgbm.train(settings, data, TREES_BY_SERIES))


def scores(trees: Trees, values: npt.NDArray[np.float32]) -> Array:
    """Of rows of features, as the detector works them out."""
    known = score.trees({"trees": trees, "alarms": [], "spread": (0.0, 0.0)})
    parts = np.array_split(values, max(1, len(values) // 100_000))
    return np.concatenate([score.grown(part.astype(float), known) for part in parts])


def _settings(*, urgent: bool) -> dict[str, Any]:
    """What is the same for all trees."""
    return {
        "num_leaves": LEAVES,
        "max_depth": DEPTH,
        "lambda_l2": 5.0,
        "feature_fraction": 0.7,
        "max_bin": 63,
        "monotone_constraints": list((score.DIRECTIONS | (MORE if urgent else {})).values()),
        "seed": 1,
        "deterministic": True,
        "verbose": -1,
    }


def _both_ways(values: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Rows as they are, and as they would be in a process of which no other day is known."""
    plain = _without(UNTOLD, values)
    return plain, _without(dict.fromkeys(OTHER_DAYS, 0.0), plain)


def _some(series: Ints, bad: Bools, kept: Bools, weight: Array) -> Ints:
    """At random `MOST_ROWS` of each series and label, which weigh what all of them did."""
    rows = np.random.default_rng(1).permutation(np.flatnonzero(kept))
    rows = rows[np.argsort(2 * series[rows] + bad[rows], kind="stable")]
    first, count = np.unique(2 * series[rows] + bad[rows], return_index=True, return_counts=True)[1:]
    place = np.arange(len(rows)) - np.repeat(first, count)
    weight[rows] *= np.maximum(np.repeat(count, count) / MOST_ROWS, 1.0)
    return np.asarray(rows[place < MOST_ROWS])


def flattened(model: Any) -> Trees:
    """The trees as arrays of nodes, all of one length; a leaf's children are itself."""
    trees = []
    for each in model.dump_model()["tree_info"]:
        nodes: list[tuple[int, float, int, int, float]] = []
        _flatten(each["tree_structure"], nodes)
        nodes += [(0, 1e300, number, number, 0.0) for number in range(len(nodes), 2 * LEAVES - 1)]
        names = ("feature", "bound", "left", "right", "value")
        trees.append({name: list(column) for name, column in zip(names, zip(*nodes, strict=True), strict=True)})
    return trees


def _flatten(node: dict[str, Any], nodes: list[tuple[int, float, int, int, float]]) -> int:
    here = len(nodes)
    if "leaf_value" in node:
        nodes.append((0, 1e300, here, here, round(node["leaf_value"], 4)))
        return here
    nodes.append((0, 0.0, 0, 0, 0.0))
    left = _flatten(node["left_child"], nodes)
    right = _flatten(node["right_child"], nodes)
    nodes[here] = (node["split_feature"], float(f"{node['threshold']:.5g}"), left, right, 0.0)
    return here


def _without(told: dict[str, float], values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """With the same in all rows of some features, so that nothing is learned from them."""
    out = values.copy()
    for name, value in told.items():
        out[:, score.FEATURES.index(name)] = value
    return out


def best_scores(seen: Seen, scores: Array) -> Array:
    """The highest score of each series at each hour, (N, hours), that stood for as long as a leak must."""
    hours = round(seen.leaked.shape[1] * seen.step / HOUR) + 1
    best = np.full((len(seen.leaks), hours + 9), -50.0)
    for number, look in enumerate(PRODUCTION.looks):
        rows = np.flatnonzero(seen.look == number)
        stands = max(1, int(look.every * PRODUCTION.levels[look.level].block_seconds / HOUR))
        for later in range(stands):
            np.maximum.at(best, (seen.series[rows], (seen.time[rows] // HOUR).astype(int) + later), scores[rows])
    if PRODUCTION.looks[seen.look[0]].urgent:
        return best[:, :hours]
    hold = round(PRODUCTION.hold_seconds / HOUR)
    held = sliding_window_view(best, hold + 1, axis=1).min(2)
    return np.concatenate((np.full((len(best), hold), -50.0), held), 1)[:, :hours]


def alarm_rates(many: Scored) -> list[tuple[float, float]]:
    """How many alarms a year a healthy series gives at each score; alarms within 12 h are one."""
    alarms, hours = np.zeros(len(SCORES)), 0.0
    for seen, scored in many:
        best = best_scores(seen, scored)
        for number in np.flatnonzero(~seen.leaks & ~seen.hard):
            hours += best.shape[1]
            alarms += [_begun(best[number] >= least) for least in SCORES]
    rates = np.minimum.accumulate(alarms) / hours * YEAR_HOURS
    return [(float(s), round(float(r), 4)) for s, r, n in zip(SCORES, rates, alarms, strict=True) if n > 2]


def _begun(fires: Bools) -> int:
    on = np.flatnonzero(fires)
    return int((np.diff(on) > REARM_HOURS).sum() + 1) if len(on) else 0


def spread(many: Scored, least: float) -> list[float]:
    """Quantiles of 10 and 90 % of the logarithm of true over straight-line time to the limit, when found.

    Of leaks that reach it in the life in which they are found; each corpus counts as much as any other.
    """
    off, part = [], []
    for number, (seen, scored) in enumerate(many):
        ends = (seen.leaks & (seen.reached < seen.leaked.shape[1]))[seen.series]
        hit = np.flatnonzero((scored >= least) & ends & (seen.time >= seen.last_life[seen.series]))
        first = np.full(len(seen.leaks), np.inf)
        np.minimum.at(first, seen.series[hit], seen.time[hit])
        hit = hit[seen.time[hit] == first[seen.series[hit]]]
        sure = seen.forecast[hit, 1] / seen.forecast[hit, 2] * LENGTHS[seen.look[hit]]
        for row in hit[np.lexsort((-sure, seen.series[hit]))][
            np.unique(np.sort(seen.series[hit]), return_index=True)[1]
        ]:
            level, growth, _, swing = seen.forecast[row]
            which = seen.series[row]
            line = time_to_limit(level, seen.limit[which], growth, swing, (0.0, 0.0))
            left = seen.reached[which] * seen.step - seen.time[row]
            if line and line[0] > 0 and left > 0:
                off.append(float(np.log(left / line[0])))
                part.append(number)
    quantiles = np.quantile(off, (0.1, 0.9), weights=1 / np.bincount(part)[part], method="inverted_cdf")
    print(f"forecasts of {len(off)} leaks: true over straight line {np.exp(quantiles).round(2)}", file=sys.stderr)
    return [round(float(each), 3) for each in quantiles]


def main(arguments: Sequence[str]) -> int:
    """Learn and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.leakbench.learn", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[401, 402], help="to learn from")
    parser.add_argument("--apart", type=int, nargs="+", default=[403], help="to measure rates and forecasts with")
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
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--generator", type=Path, help="directory with a generator.py whose kinds are learned from too")
    args = parser.parse_args(arguments)
    before = json.loads(args.out.read_text()) if args.out.exists() else {}
    kept = [part for part in before if part != "features" and (args.only or args.refine or part not in LEARNED_FROM)]
    out: dict[str, Any] = {"features": list(score.FEATURES)} | {part: before[part] for part in kept}
    with ProcessPoolExecutor(args.processes, initializer=_forget) as pool:
        if args.refine:
            out["urgent"] = refine(args, before["urgent"]["trees"][:TREES], pool)
        else:
            for part in (args.only,) if args.only else LEARNED_FROM:
                out[part] = learn(args, part, pool)
    args.out.write_text(re.sub(r'(\{"feature)', r"\n\1", json.dumps(out, separators=(",", ":"))) + "\n")
    return 0


def learn(args: argparse.Namespace, part: str, pool: ProcessPoolExecutor) -> dict[str, Any]:
    """One of the two scores, with what was measured of it."""
    urgent = part == "urgent"
    sets = [(args.seeds, LEARNED_FROM[part]), (args.apart, MEASURED_ON[part])]
    jobs = [(seed, load, name) for seeds, names in sets for seed in seeds for load in (True, False) for name in names]
    jobs = [job for job in jobs if args.generator or job[2] != "foreign"]
    seen = dict(zip(jobs, pool.map(partial(_watched, args, urgent), jobs), strict=True))
    trees = flattened(fit([each for (seed, *_), each in seen.items() if seed in args.seeds], urgent=urgent))
    if urgent:
        return by_two_steps(trees, [(job[0], each) for job, each in seen.items() if job[2] == "fast"], args.apart)
    return measured(
        part, trees, [(each, scores(trees, each.values)) for (seed, *_), each in seen.items() if seed in args.apart]
    )


def refine(args: argparse.Namespace, first: Trees, pool: ProcessPoolExecutor) -> dict[str, Any]:
    """The second step of the urgent score anew."""
    jobs = [(seed, load, "fast") for seed in (*args.seeds, *args.apart) for load in (True, False)]
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
        scored += [(each, scores(trees, each.values)) for one, each in many if one == seed]
    return measured("urgent", refined(first, [each for _, each in many]), scored)


def measured(part: str, trees: Trees, apart: Scored) -> dict[str, Any]:
    """A score with what was measured of it."""
    alarms = alarm_rates(apart)
    for least, rate in alarms:
        print(f"{part} score {least:5.2f}: {rate:8.3f} alarms per healthy series and year", file=sys.stderr)
    return {"alarms": alarms, "spread": spread(apart, FORECAST_SCORE[part]), "trees": trees}


def _forget() -> None:
    """Watch without what was learned before, which may be of other features: nothing is judged meanwhile."""
    none = np.zeros(0, int)
    nothing = score.Trees(
        bounds=np.zeros(0),
        owner=none,
        begin=none,
        open=np.zeros((0, 0), np.uint16),
        value=np.zeros((0, 1)),
        alarms=np.array([[0.0, 4.0], [1.0, 2.0], [2.0, 1.0]]),
        spread=(0.0, 0.0),
    )
    score.learned = lambda: score.Learned(nothing, nothing, nothing)


def _watched(args: argparse.Namespace, urgent: bool, job: tuple[int, bool, str]) -> Seen:
    seed, load, name = job
    match name:
        case "own":
            corpus = own(seed, args.per_kind, load=load)
        case "mixed":
            corpus = mixed(seed, args.mixed, load=load)
        case "fast":
            corpus = fast(seed, args.fast, load=load)
        case _:
            corpus = foreign(args.generator, seed, args.per_kind, load=load)
    print(
        f"seed {seed}, {name}, {'with' if load else 'without'} load: {len(corpus)} series", file=sys.stderr, flush=True
    )
    return watch(corpus, urgent=urgent)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
