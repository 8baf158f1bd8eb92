"""How much sooner a leak is found by its site than by the total of a heap that breathes.

A heap of 500 MB in 200 sites, a few of them large, follows the load of the day by 20 % and wanders; each value is what
a sampled profile would tell. In half of the runs one site more leaks 1 MB an hour. Both ways run side by side on the
same numbers, each under the budget of false alarms that the configuration's defaults give.

    python -m bench sites
    python -m bench.sites [--targets 20] [--seed 1]
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from leakdog.attribute.tally import Tally
from leakdog.config.schema import DAY, HOUR, MIB, MINUTE
from leakdog.detect.engine import assess
from leakdog.detect.series import SeriesState
from leakdog.detect.settings import PRODUCTION
from leakdog.model import Frame, Signal, Verdict
from leakdog.pipeline.sites import Sites, judge_sites

START = 1_750_003_200.0
STEP = 5 * MINUTE
DAYS = 14
HEAP, SITES, BREATH = 500 * MIB, 200, 0.2
LEAK_PER_HOUR = 1 * MIB
PERIOD = 512 * 1024
FAMILIES = 5  # tested beside the heap's bytes: goroutines, threads, files, sites


class Named:
    """Stands in for a profile: its stacks are single functions."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def stack(self, sample: int) -> tuple[Frame, ...]:
        """The stack of a sample."""
        return (Frame(f"shop.{self.names[sample]}", "/src/shop/shop.go", 1),)


@dataclass(frozen=True, slots=True)
class Found:
    """When each way called a leak, in hours from its onset; infinite for never. `right`: it named the leaking site."""

    total: float
    site: float
    right: bool


def heap(rng: np.random.Generator, leak: float) -> Iterator[tuple[float, Tally]]:
    """Profiles of one target, oldest first; the last site leaks from the third day on, by so many bytes an hour."""
    share = rng.pareto(1.2, SITES) + 0.05
    mean = HEAP * share / share.sum()
    phase, wander, breath = rng.normal(0, 0.4, SITES), np.zeros(SITES), 0.0
    names = [f"site{number}" for number in range(SITES)] + ["leaks"]
    keys = np.arange(1, SITES + 2, dtype=np.uint64)
    leaked = 0.0
    keep = math.exp(-STEP / (6 * HOUR))
    for number in range(int(DAYS * DAY / STEP)):
        time = START + number * STEP
        wander = keep * wander + math.sqrt(1 - keep**2) * rng.normal(0, 0.1, SITES)
        breath = keep * breath + math.sqrt(1 - keep**2) * rng.normal(0, BREATH / 4)
        rhythm = BREATH / 4 * np.sin(2 * np.pi * time / DAY + phase)
        level = mean * np.clip(1 + rhythm + breath + wander, 0.05, None)
        if time >= START + 3 * DAY:
            leaked += PERIOD * rng.poisson(leak * STEP / HOUR / PERIOD)
        values = np.append(PERIOD * rng.poisson(level / PERIOD), leaked).astype(float)
        held = values > 0
        sample = np.flatnonzero(held)
        yield time, Tally(keys[held], values[held], float(values.sum()), PERIOD, sample, Named(names))  # type: ignore[arg-type]


def find(seed: int, leak: float) -> Found:
    """Both ways on one target."""
    rng = np.random.default_rng(seed)
    total, sites = SeriesState(PRODUCTION), Sites(Signal.INUSE_SPACE)
    first_total = first_site = math.inf
    right = False
    for time, seen in heap(rng, leak):
        hours = (time - START - 3 * DAY) / HOUR
        total.observe(time, seen.total, life_start=START - 10 * DAY)
        sites.observe(seen, time, PRODUCTION, life_start=START - 10 * DAY, load=None)
        if time % HOUR:
            continue
        (said,) = assess([total], [Signal.INUSE_SPACE], [None], time, PRODUCTION, tested=FAMILIES)
        judge_sites([sites], time, PRODUCTION, FAMILIES)
        if said.verdict is Verdict.LEAK:
            first_total = min(first_total, hours)
        leaking = [site for site in sites if site.leaks]
        if leaking and math.isinf(first_site):
            first_site, right = hours, leaking[0].frame.function == "shop.leaks"
        if max(first_total, first_site) < math.inf:
            break
    return Found(first_total, first_site, right)


def main(argv: Sequence[str] | None = None) -> None:
    """Print what was found, and how often a healthy target was called leaking."""
    parser = argparse.ArgumentParser(prog="python -m bench.sites", description=__doc__.splitlines()[0])
    parser.add_argument("--targets", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args([] if argv is None else argv)
    targets = range(options.targets)
    found = [find(options.seed + number, LEAK_PER_HOUR) for number in targets]
    healthy = [find(options.seed + 10_000 + number, 0.0) for number in targets]
    total, site = (statistics.median(getattr(each, way) for each in found) for way in ("total", "site"))
    print(f"{len(found)} heaps of 500 MB that breathe by 20 %, each with a leak of 1 MB/h, for {DAYS - 3} days:")
    print(f"  by the total: {_hours(total)} at the median, {sum(each.total < math.inf for each in found)} found")
    print(f"  by the site:  {_hours(site)} at the median, {sum(each.site < math.inf for each in found)} found,")
    print(f"                {sum(each.right for each in found)} with the right site first")
    longest = f"{total / site:.1f}" if total < math.inf else f"more than {(DAYS - 3) * DAY / HOUR / site:.1f}"
    print(f"  the total takes {longest} times as long as the site" if site < math.inf else "  neither was found")
    for way in ("total", "site"):
        alarms = sum(getattr(each, way) < math.inf for each in healthy)
        print(f"  false alarms by the {way}: {alarms} in {len(healthy) * DAYS / 7:.0f} healthy weeks")


def _hours(hours: float) -> str:
    return "never" if math.isinf(hours) else f"{hours:.0f} h"


if __name__ == "__main__":
    main(sys.argv[1:])
