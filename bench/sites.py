"""How much sooner a leak is found by its site than by the total of a heap that breathes.

A heap of 500 MB in 200 sites, a few of them large, follows the load of the day by 20 % and wanders; each value is what
a sampled profile would tell. In half of the runs one site more leaks 1 MB an hour. Both ways run side by side on the
same numbers, each under the budget of false alarms that the configuration's defaults give.

Then the same for buffers of all sizes: the site that leaks holds 50 MB in them, and their average size wanders by 30 %,
so that its bytes swing and its objects do not; half of the other sites hold such buffers too.

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
import numpy.typing as npt

from leakdog.attribute.tally import Tally
from leakdog.config.schema import DAY, HOUR, MIB, MINUTE
from leakdog.detect.engine import assess
from leakdog.detect.group import Group
from leakdog.detect.settings import PRODUCTION
from leakdog.model import Frame, Signal, Verdict
from leakdog.pipeline.sites import Sites, judge_sites

START = 1_750_003_200.0
STEP = 5 * MINUTE
DAYS = 14
HEAP, SITES, BREATH = 500 * MIB, 200, 0.2
LEAK_PER_HOUR = 1 * MIB
PERIOD = 512 * 1024
BUFFERS, BUFFER, WANDER = 50 * MIB, 256 * 1024, 0.3


class Named:
    """Stands in for a profile: its stacks are single functions."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def stack(self, sample: int) -> tuple[Frame, ...]:
        """The stack of a sample."""
        return (Frame(f"shop.{self.names[sample]}", "/src/shop/shop.go", 1),)


def tally_of(values: npt.NDArray[np.float64], names: list[str]) -> Tally:
    """A profile in which the site of each number holds so much."""
    (held,) = np.nonzero(values > 0)
    keys = np.arange(1, len(values) + 1, dtype=np.uint64)[held]
    return Tally(keys, values[held], float(values.sum()), PERIOD, held, Named(names))  # type: ignore[arg-type]


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
        yield time, tally_of(values, names)


def buffers(rng: np.random.Generator, leak: float) -> Iterator[tuple[float, Tally, Tally]]:
    """Profiles of a target by bytes and by objects; the last site leaks buffers from the third day on."""
    sites = SITES // 4
    names = [f"site{number}" for number in range(sites)] + ["leaks"]
    share = rng.pareto(1.2, sites) + 0.05
    mean = np.append(HEAP * share / share.sum(), BUFFERS)
    usual = np.append(np.exp(rng.uniform(np.log(64), np.log(1 << 20), sites)), BUFFER)
    wanders = np.append(rng.random(sites) < 0.5, True)
    size, level = np.zeros(sites + 1), np.zeros(sites + 1)
    keep = math.exp(-STEP / (3 * HOUR))
    more = math.sqrt(1 - keep**2)
    for number in range(int(DAYS * DAY / STEP)):
        time = START + number * STEP
        size = keep * size + more * rng.normal(0, WANDER, sites + 1) * wanders
        level = keep * level + more * rng.normal(0, 0.1, sites + 1)
        each = usual * np.exp(size)
        objects = mean / usual * np.clip(1 + level * (np.arange(sites + 1) < sites) + 0.02 * level, 0.05, None)
        objects[-1] += max(0.0, time - START - 3 * DAY) / HOUR * leak / BUFFER
        chance = -np.expm1(-each / PERIOD)  # of an object to be in the sample
        counted = rng.poisson(objects * chance) / chance
        yield time, tally_of(counted * each, names), tally_of(np.floor(counted), names)


def find_buffers(seed: int, leak: float) -> tuple[float, float, bool]:
    """Hours until the site's bytes leak, until its objects do, and whether that was the right site."""
    rng = np.random.default_rng(seed)
    space, objects = Sites(Signal.INUSE_SPACE), Sites(Signal.INUSE_OBJECTS)
    first = {space.signal: math.inf, objects.signal: math.inf}
    right = True
    for time, held, counted in buffers(rng, leak):
        space.observe(held, time, PRODUCTION, life_start=START - 10 * DAY, load=None)
        objects.observe(counted, time, PRODUCTION, life_start=START - 10 * DAY, load=None, beside=space)
        if time % HOUR:
            continue
        judge_sites([space, objects], time, PRODUCTION)
        for sites in (space, objects):
            leaking = sites.fastest()
            if leaking is not None and math.isinf(first[sites.signal]):
                first[sites.signal] = (time - START - 3 * DAY) / HOUR
                right &= leaking.frame.function == "shop.leaks"
        if max(first.values()) < math.inf:
            break
    return first[space.signal], first[objects.signal], right


def find(seed: int, leak: float) -> Found:
    """Both ways on one target."""
    rng = np.random.default_rng(seed)
    total, sites = Group(PRODUCTION, 1), Sites(Signal.INUSE_SPACE)
    first_total = first_site = math.inf
    right = False
    for time, seen in heap(rng, leak):
        hours = (time - START - 3 * DAY) / HOUR
        total.observe(time, [seen.total], life_start=START - 10 * DAY, load=None)
        sites.observe(seen, time, PRODUCTION, life_start=START - 10 * DAY, load=None)
        if time % HOUR:
            continue
        (said,) = assess(total, [Signal.INUSE_SPACE], [None], time)
        judge_sites([sites], time, PRODUCTION)
        if said.verdict is Verdict.LEAK:
            first_total = min(first_total, hours)
        leaking = sites.fastest()
        if leaking is not None and math.isinf(first_site):
            first_site, right = hours, leaking.frame.function == "shop.leaks"
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
    few = targets[: max(1, len(targets) // 2)]  # two signals are judged, and to the end where nothing is found
    of_buffers = [find_buffers(options.seed + number, LEAK_PER_HOUR) for number in few]
    quiet = [find_buffers(options.seed + 10_000 + number, 0.0) for number in few]
    print(f"{len(of_buffers)} heaps with a leak of 1 MB/h in buffers whose size wanders, for {DAYS - 3} days:")
    for place, way in enumerate(("bytes", "objects")):
        hours = [each[place] for each in of_buffers]
        when = _hours(statistics.median(hours))
        print(f"  by the site's {way}: {when} at the median, {sum(each < math.inf for each in hours)} found")
        alarms = sum(each[place] < math.inf for each in quiet)
        print(f"    false alarms: {alarms} in {len(quiet) * DAYS / 7:.0f} healthy weeks")
    print(f"  with the right site: {sum(each[2] for each in of_buffers)}")


def _hours(hours: float) -> str:
    return "never" if math.isinf(hours) else f"{hours:.0f} h"


if __name__ == "__main__":
    main(sys.argv[1:])
