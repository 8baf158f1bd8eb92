"""The samples of `leakdog scan`: one target, read again and again until the time is over or somebody has enough."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from typing import NamedTuple

from leakdog.cli.progress import progress
from leakdog.cli.scan_job import only_target
from leakdog.config.schema import Config
from leakdog.detect.settings import settings_of
from leakdog.fetch.http import HttpClient
from leakdog.pipeline.explain import Explainer
from leakdog.pipeline.gather import Gatherer
from leakdog.pipeline.state import Fleet, Watched
from leakdog.pipeline.watch import Pipeline
from leakdog.pipeline.worker import Worker
from leakdog.store import open_store

MOST_PROFILES = 100_000
TRIES = 3  # more, where the first or the last sample failed
TRY_SECONDS = 1.0


class Sampled(NamedTuple):
    """What is known of the target.

    Attributes:
        fleet: of this one target.
        profiles: by the names of their files, where they were kept.
        seconds: for how long it was sampled.
        interrupted: whether somebody ended it with Ctrl-C.

    """

    fleet: Fleet
    profiles: list[tuple[str, bytes]]
    seconds: float
    interrupted: bool = False


async def sample(config: Config, seconds: float, begun: Callable[[], None], *, keep: bool = False) -> Sampled:
    """Read the one target of a configuration for so long, or until the first Ctrl-C; a second one ends all at once.

    `begun` is called once the target was read; with `keep` its profiles are handed out.

    Raises:
        LeakdogError: there is no such target, or more than one.

    """
    fleet = Fleet()
    watched = only_target(config)
    fleet.targets[watched.key] = watched
    store = open_store(config.storage)
    began = time.monotonic()
    async with HttpClient() as client, Worker() as worker:
        gatherer = Gatherer(client, config, time.time, worker)
        explainer = Explainer(fleet, store, gatherer)
        pipeline = Pipeline(fleet, config, settings_of(config), gatherer, explainer, store, time.time)
        reading = asyncio.ensure_future(_read(pipeline, watched, config.global_.scrape_interval, seconds, begun))
        whole = await _until_interrupted(reading)
    took = min(seconds, time.monotonic() - began)
    found = await store.snapshots(limit=MOST_PROFILES) if keep else []
    named = [(f"{each.kind.value}-{each.time:.3f}.pb.gz", await store.profile(each.id)) for each in found]
    await store.close()
    return Sampled(fleet, [(name, data) for name, data in named if data is not None], took, interrupted=not whole)


async def _until_interrupted(work: asyncio.Future[None]) -> bool:
    """Whether the work came to its end; Ctrl-C cancels it, once."""
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        work.cancel()

    loop.add_signal_handler(signal.SIGINT, interrupt)
    await asyncio.wait([work])
    loop.remove_signal_handler(signal.SIGINT)
    if not work.cancelled():
        work.result()
    return not work.cancelled()


async def _read(
    pipeline: Pipeline, watched: Watched, interval: float, seconds: float, begun: Callable[[], None]
) -> None:
    """Read the target again and again; a slot that is late is left out, never made up for."""
    began, told = time.monotonic(), False
    with progress() as advance:
        while (elapsed := time.monotonic() - began) < seconds:
            await pipeline.scrape(watched, time.time())
            if watched.last_success is None:
                await _read_again(pipeline, watched)
            if watched.last_success is None:
                break
            if not told:
                begun()
                told = True
            advance("sampling", elapsed / seconds)
            await asyncio.sleep(interval - (time.monotonic() - began) % interval)
    await _read_again(pipeline, watched)


async def _read_again(pipeline: Pipeline, watched: Watched) -> None:
    """Ask again where the last reading failed: one that came while the target was busy is not to cost the verdict."""
    for _ in range(TRIES):
        if watched.up is True or watched.removed:
            return
        await asyncio.sleep(TRY_SECONDS)
        await pipeline.scrape(watched, time.time())
