"""What it changes that replicas which do not grow speak against one that does.

One replica of four is restarted alone. In half of the runs it fills a cache, straight, up to what the others rest at,
and no further; in the others it leaks as fast, and goes on. Each run is judged twice: with the others beside it, and
alone. The memory limit is twice what the others rest at: what reaches it within six hours fires at once, in both.

    python -m bench replicas
    python -m bench.replicas [--runs 30] [--seed 1]
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from leakdog.config.schema import DAY, HOUR, MIB, MINUTE, ScrapeConfig
from leakdog.detect.settings import PRODUCTION
from leakdog.model import Assessment, LeakClass, LeakState, Life, Signal, Target, TargetKey, Verdict
from leakdog.pipeline.judge import begin_life, judge, observe
from leakdog.pipeline.replicas import doubts
from leakdog.pipeline.state import Fleet, Watched

START = 1_750_003_200.0
STEP = 5 * MINUTE
REST, NOISE = 500 * MIB, 0.02
LIMIT = 2 * REST
BEGIN = 0.2  # of what the others rest at, what the new process has
FILLS = (3 * HOUR, 48 * HOUR)  # within so long, drawn evenly in the logarithm


def run(seed: int, *, leaks: bool, beside: bool) -> tuple[bool, float]:
    """Whether it was suspected, and after how many hours it fired; infinite for never."""
    rng = np.random.default_rng(seed)
    seconds = float(np.exp(rng.uniform(*np.log(FILLS))))
    fleet = _fleet() if beside else Fleet()
    suspect = Watched(Target(TargetKey("shop", "new")), ScrapeConfig(job_name="shop"), up=True)
    fleet.targets[suspect.key] = suspect
    begin_life(suspect, Life(START, START), START, PRODUCTION)
    suspect.memory_limit = LIMIT
    suspected = False
    wander = 0.0
    for number in range(int((seconds + DAY) / STEP)):
        now = START + number * STEP
        wander = 0.9 * wander + rng.normal(0, NOISE * math.sqrt(1 - 0.9**2))
        share = BEGIN + (1 - BEGIN) * number * STEP / seconds
        level = REST * (share if leaks else min(1.0, share)) * (1 + wander)
        observe(suspect, {Signal.INUSE_SPACE: level}, now, PRODUCTION, {})
        judge(suspect, now, PRODUCTION, frozenset(), doubts(fleet, suspect))
        leak = suspect.leaks.get(LeakClass.HEAP)
        suspected |= leak is not None
        if leak is not None and leak.state is LeakState.FIRING:
            return True, (now - START) / HOUR
    return suspected, math.inf


def _fleet() -> Fleet:
    """Three replicas that have run for a month, and rest."""
    fleet = Fleet()
    for name in ("a", "b", "c"):
        rest = Assessment(Signal.INUSE_SPACE, START, Verdict.STEADY, level=REST * (1 - NOISE))
        other = Watched(Target(TargetKey("shop", name)), ScrapeConfig(job_name="shop"), up=True)
        begin_life(other, Life(START - 30 * DAY, START - 30 * DAY), START, PRODUCTION)
        fleet.targets[other.key] = replace(other, assessments={Signal.INUSE_SPACE: rest})
    return fleet


def main(argv: Sequence[str] | None = None) -> None:
    """Print false alarms and delays with and without the others."""
    parser = argparse.ArgumentParser(prog="python -m bench.replicas", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args([] if argv is None else argv)
    seeds = range(options.seed, options.seed + options.runs)
    for leaks in (False, True):
        what = "leak on" if leaks else "fill a cache and rest"
        alone, beside = ([run(seed, leaks=leaks, beside=way) for seed in seeds] for way in (False, True))
        print(f"{len(seeds)} replicas that {what}: {sum(each for each, _ in alone)} are suspected")
        for name, runs in (("alone", alone), ("beside three at rest", beside)):
            hours = [fired for _, fired in runs if math.isfinite(fired)]
            when = f", after {statistics.mean(hours):.1f} h on average" if hours else ""
            print(f"  {name}: {len(hours)} fire{when}")
        pairs = zip(alone, beside, strict=True)
        later = [after - before for (_, before), (_, after) in pairs if before < after < math.inf]
        print(f"  later beside the others: {len(later)}" + (f", by up to {max(later):.1f} h" if later else ""))


if __name__ == "__main__":
    main(sys.argv[1:])
