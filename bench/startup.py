"""How soon a daemon is ready that has watched many targets for a month, and what it takes in memory then.

    python -m bench.startup [--targets 5000] [--days 30]

A store is made with the detector's states of that many targets, as full as that many days make them, and with their
last numbers. Then a daemon is started on it. `wait` is from the start of the process to the answer of `/-/ready`; most
of an empty daemon's is Python's own start. On a busy machine look at the processor time.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from sys import intern

from bench.bodies import record
from bench.daemon import MIB, cpu_seconds, daemon, metric, simulated
from bench.targets import addresses
from leakdog.config.schema import ScrapeConfig, StorageConfig
from leakdog.daemon.memory import Memory
from leakdog.detect.group import Group
from leakdog.detect.settings import PRODUCTION, Settings, for_sites
from leakdog.detect.stored import from_bytes, to_bytes
from leakdog.model import Frame, Life, Scrape, Signal, Target, TargetKey
from leakdog.pipeline.judge import TESTED
from leakdog.pipeline.signals import Signals
from leakdog.pipeline.sites import BESIDE, BY_SITE, FOLLOWED, Site, Sites
from leakdog.pipeline.state import Watched
from leakdog.store import Store, open_store

DAY = 86400.0
STEP_SECONDS = 900.0
MINUTES = 360
SIGNALS = tuple(signal for signal in TESTED if signal not in (Signal.RSS_ANON, Signal.GOROUTINES_LEAKED))
CUMULATIVE = (Signal.TOTAL_ALLOC, Signal.ALLOC_SPACE, Signal.ALLOC_OBJECTS)
# Of the twelve sites that are followed in a Prometheus server, those whose objects differ in size; etcd has none.
OWN_OBJECTS = 2
OF_SITES = for_sites(PRODUCTION)
FRAME = Frame("github.com/example/shop.(*Index).Put", "/src/shop/index.go", 12)


def main(arguments: Sequence[str] = ()) -> None:
    """Print a row for each number of targets."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--targets", type=int, nargs="*", default=[0, 1000])
    options.add_argument("--days", type=float, default=30.0)
    options.add_argument("--interval", type=float, default=300.0, help="seconds; in the first all states are read")
    options.add_argument("--pass", dest="whole", action="store_true", help="go on until all targets have been read")
    given = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record(folder / "bodies")
        with simulated(folder / "bodies") as port:
            print(
                f"{'targets':>8}{'states':>10}{'wait':>9}{'CPU':>9}{'RSS ready':>12}   after the first pass", flush=True
            )
            for count in given.targets:
                print(measure(folder / str(count), addresses(count, port), given), flush=True)


def measure(folder: Path, targets: Sequence[str], given: argparse.Namespace) -> str:
    """Fill a store, start a daemon on it: a row of the table."""
    folder.mkdir()
    states = asyncio.run(filled(folder / "data", targets, given.days))
    began = time.monotonic()
    with daemon(folder, targets, given.interval) as (process, url):
        wait, cpu, rss = time.monotonic() - began, cpu_seconds(process), process.memory_info().rss
        row = f"{len(targets):8,}{states / MIB:6.0f} MiB{wait:7.2f} s{cpu:7.2f} s{rss / MIB:8.0f} MiB"
        if not given.whole or not targets:
            return row
        time.sleep(given.interval + 10)
        after, done = process.memory_info().rss, metric(url, "leakdog_scrapes_total")
        each = (after - rss) / done / 1024
        used = 1000 * (cpu_seconds(process) - cpu) / done
        return f"{row}   {done:,.0f} read, {after / MIB:.0f} MiB, {each:.0f} KiB each, {used:.1f} ms each"


async def filled(directory: Path, targets: Sequence[str], days: float) -> int:
    """Write what a daemon leaves that has watched these targets for some days; bytes of the states."""
    store = open_store(StorageConfig(path=str(directory)))
    now = time.time()
    job = ScrapeConfig(job_name="bench")
    series, site = histories(now, days)
    memory, size = Memory(store), 0
    for first in range(0, len(targets), 100):
        some = [Watched(Target(TargetKey("bench", where)), job) for where in targets[first : first + 100]]
        for watched in some:
            remember(watched, series, site)
            size += len(series) + sum(len(each.to_bytes()) for each in watched.sites.values())
        await memory.save(some)
        await numbers(store, some, now)
    await store.close()
    return size


async def numbers(store: Store, some: Sequence[Watched], now: float) -> None:
    """The last readings of these targets."""
    life = Life(now - 40 * DAY, now - 40 * DAY)
    values = dict.fromkeys((*SIGNALS, *CUMULATIVE), 1e6)
    for watched in some:
        times = (now - 60.0 * minute for minute in range(MINUTES if watched is some[0] else 2, 0, -1))
        await asyncio.gather(*(store.append(Scrape(watched.key, when, when, life, values)) for when in times))


def histories(now: float, days: float) -> tuple[bytes, bytes]:
    """What is stored of a target's signals, and of the sites of one of them."""
    return tuple(
        to_bytes(history(settings, count, now, days))
        for settings, count in ((PRODUCTION, len(SIGNALS)), (OF_SITES, FOLLOWED))
    )


def history(settings: Settings, count: int, now: float, days: float) -> Group:
    """Series of a process that has run for longer than it was watched."""
    rng = random.Random(1)
    group = Group(settings, count)
    begin = now - days * DAY
    for step in range(int(days * DAY / STEP_SECONDS)):
        values = [5e7 + rng.gauss(0, 1e6) for _ in range(count)]
        load = 1e6 + rng.gauss(0, 1e5)
        group.observe(begin + step * STEP_SECONDS, values, life_start=begin - DAY, load=load)
    return group


def remember(watched: Watched, series: bytes, site: bytes) -> None:
    """Give a target what `histories` made: all signals, and as many sites as have series.

    Of objects only those have one where they differ in size. What targets share when a daemon reads their states they
    share here too: settings, and names.
    """
    watched.series = Signals([*SIGNALS], from_bytes(series, PRODUCTION))
    for signal in BY_SITE:
        count = OWN_OBJECTS if signal in BESIDE else FOLLOWED
        group = from_bytes(site, OF_SITES)
        if count < FOLLOWED:
            group.arrange(range(count))
        made = {number: Site(intern(f"{number:016x}"), FRAME) for number in range(count)}
        watched.sites[signal] = Sites(signal, made, group)


if __name__ == "__main__":
    main(sys.argv[1:])
