"""What it costs a real Go program to be watched, per hour, in the normal and in the dense phase; and what it costs us.

A program of the zoo that leaks is read by the daemon's own code with the defaults of a configuration: first as any
target is, then as a suspect. Time is made: an hour of slots runs as fast as the program answers, and what is counted is
requests, bytes and collections, which do not depend on the machine. The daemon's memory per target is that of a real
daemon with many targets beside one with few, right after its start.

    python -m bench cost
"""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
import time
from pathlib import Path

from bench.bodies import build_zoo, free_port, record, running
from bench.daemon import MIB, daemon, simulated
from bench.targets import addresses
from leakdog.config.resolve import base_interval
from leakdog.config.schema import HOUR, Backend, Config, DenseConfig, ScrapeConfig, StaticConfig, StorageConfig
from leakdog.detect.settings import settings_for
from leakdog.discover import discover
from leakdog.fetch.http import HttpClient
from leakdog.model import Leak, LeakClass, LeakState, Signal
from leakdog.pipeline.explain import Explainer
from leakdog.pipeline.gather import Gatherer
from leakdog.pipeline.state import Cost, Fleet, Watched
from leakdog.pipeline.watch import Pipeline
from leakdog.store import open_store

FEW, MANY = 10, 100
SETTLE_SECONDS = 45.0


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port = free_port()
        with running([build_zoo(folder), "map", "-metrics", "-addr", f"127.0.0.1:{port}"]):
            time.sleep(5)
            print("cost put on a Go program with a metrics page, by the defaults, per hour:")
            print(f"  {'':16} requests      bytes  forced collections")
            normal = asyncio.run(hour(f"127.0.0.1:{port}", suspect=False))
            dense = asyncio.run(hour(f"127.0.0.1:{port}", suspect=True))
        _row("normal", normal)
        _row("dense phase", dense)
        phase, rest = DenseConfig().duration / HOUR, DenseConfig().cool_down / HOUR
        print(f"  a dense phase lasts {60 * phase:.0f} min and comes every {rest:.0f} h at most: over a day that is")
        _row("a suspect", _mixed(normal, dense, phase / rest))
        record(folder / "bodies")
        few, many = (_resident(folder, count) for count in (FEW, MANY))
        print(f"memory of a daemon with {FEW} targets {few / MIB:.1f} MiB, with {MANY} {many / MIB:.1f} MiB:")
        print(f"  {(many - few) / (MANY - FEW) / 1024:.0f} KiB for each target, {SETTLE_SECONDS:.0f} s after its start")


async def hour(address: str, *, suspect: bool) -> Cost:
    """What an hour of passes asks of the target at this address."""
    job = ScrapeConfig(job_name="bench", static_configs=(StaticConfig(targets=(address,)),))
    config = Config(
        storage=StorageConfig(backend=Backend.MEMORY), dense=DenseConfig(duration=2 * HOUR), scrape_configs=(job,)
    )
    (target,) = discover(job)
    watched = Watched(target, job)
    fleet = Fleet({target.key: watched})
    store = open_store(config.storage)
    interval = base_interval(config, job)
    now = time.time() // HOUR * HOUR
    async with HttpClient() as client:
        gatherer = Gatherer(client, config, time.time)
        explainer = Explainer(fleet, store, gatherer)
        settings = settings_for(config.detection)
        pipeline = Pipeline(fleet, config, settings, gatherer, explainer, store, lambda: now)
        await pipeline.scrape(watched, now)
        watched.cost.clear()  # the first pass asks for everything
        for _ in range(round(HOUR / interval)):
            now += interval
            if suspect:
                watched.leaks[LeakClass.HEAP] = _pending(watched, now)
            watched.explained[LeakClass.HEAP] = watched.assessed = now  # it is the readings that are counted
            await pipeline.scrape(watched, now)
            assert watched.up, watched.last_error
    await store.close()
    whole = Cost()
    for cost in watched.cost.values():
        whole.add(cost)
    return whole


def _pending(watched: Watched, now: float) -> Leak:
    return Leak(
        "bench", watched.key, Signal.INUSE_SPACE, LeakClass.HEAP, LeakState.PENDING, now, now, pending_since=now
    )


def _mixed(normal: Cost, dense: Cost, share: float) -> Cost:
    """So much of the time in the dense phase."""
    parts = {
        field.name: (1 - share) * getattr(normal, field.name) + share * getattr(dense, field.name)
        for field in dataclasses.fields(Cost)
    }
    return Cost(**parts)


def _row(name: str, cost: Cost) -> None:
    print(f"  {name:16} {cost.requests:8.0f} {cost.bytes:10,.0f}  {cost.collections:18.0f}", flush=True)


def _resident(folder: Path, count: int) -> int:
    """Bytes of a daemon that has watched so many targets for a while."""
    with simulated(folder / "bodies") as port:
        targets = addresses(count, port)
        with daemon(folder / f"daemon-{count}", targets, SETTLE_SECONDS / 15) as (process, _):
            time.sleep(SETTLE_SECONDS)
            return int(process.memory_info().rss)


if __name__ == "__main__":
    main()
