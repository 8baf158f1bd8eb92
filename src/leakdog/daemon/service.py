"""The daemon's life: start, signals, periodic work, stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leakdog.config.schema import Backend, Config, Preset, StorageConfig
from leakdog.daemon.malloc import give_back
from leakdog.daemon.memory import Memory
from leakdog.daemon.roster import Roster
from leakdog.detect.settings import settings_of
from leakdog.errors import ConfigError, StoreError
from leakdog.expose import heap_profile
from leakdog.fetch.http import HttpClient
from leakdog.model import Kind, Leak, TargetKey
from leakdog.pipeline.decode import compared
from leakdog.pipeline.evidence import Collected, Collector, Wanted
from leakdog.pipeline.explain import Explainer
from leakdog.pipeline.gather import Gatherer
from leakdog.pipeline.state import Fleet, Watched
from leakdog.pipeline.watch import Pipeline
from leakdog.pipeline.worker import Worker
from leakdog.report.soak import soak_of
from leakdog.report.words import plural
from leakdog.schedule import Schedule
from leakdog.sdnotify import notify, watchdog_interval_seconds
from leakdog.store import open_store
from leakdog.store.contract import Store
from leakdog.web.server import Server

log = logging.getLogger("leakdog.daemon")

# How often local processes are looked for again; a soak run is over before the slower one comes round.
DISCOVERY_SECONDS = {Preset.PRODUCTION: 30.0, Preset.SOAK: 5.0}
RETENTION_SECONDS = 600.0
# Detector state is saved this often; a kill loses at most this much of it, and no stored reading.
SAVE_SECONDS = 300.0
# States are written no faster than this: 5,000 targets of a month take a quarter of an hour, unnoticed by the disk.
SAVE_BYTES_PER_SECOND = 512e3
# Scrapes that are under way at SIGTERM get this long to end before they are cancelled.
DRAIN_SECONDS = 5.0
# Proofs of life per watchdog interval: one that comes late must not be the last.
WATCHDOG_PINGS = 3
EXPOSE_FRAMES = 12


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says, apart from the configuration file."""

    host: str = "127.0.0.1"
    port: int = 5325
    expose_heap: bool = False


class Daemon:
    """One leakdog. `load` reads the configuration, at start and at each SIGHUP."""

    def __init__(self, load: Callable[[], Config], options: Options) -> None:
        self._load = load
        self._options = options
        self._stop = asyncio.Event()
        self._schedule = Schedule(self._skipped)
        self._failure: BaseException | None = None
        self.fleet = Fleet()

    async def run(self, started: Callable[[int], None] | None = None) -> None:
        """Serve until SIGTERM, SIGINT or `stop`. `started` is told the port once the daemon is ready.

        Raises:
            ConfigError: the configuration cannot be used.
            StoreError: the store cannot be opened.
            LeakdogError: the address cannot be listened on.
            Exception: periodic work failed for a reason nobody foresaw; the daemon has stopped in order.

        """
        config = self._load()
        async with contextlib.AsyncExitStack() as stack:
            if self._options.expose_heap:
                tracemalloc.start(EXPOSE_FRAMES)
                stack.callback(tracemalloc.stop)
            store = open_store(config.storage)
            log.info("the store is %s", _place(config.storage))
            stack.push_async_callback(store.close)
            self._worker = await stack.enter_async_context(Worker(self._decoder_died))
            self._build(config, store, await stack.enter_async_context(HttpClient()))
            own_heap = heap_profile if self._options.expose_heap else None
            server = Server(self.fleet, store, own_heap, self._ask, self._compare)
            await server.start(self._options.host, self._options.port)
            stack.push_async_callback(server.stop)
            self._on_signals()
            await self._memory.load()
            self.fleet.dense = await self._memory.dense_phases()
            self.fleet.acknowledged = await self._memory.acknowledged()
            self._schedule.start()
            await self._watch(config)
            tasks = [asyncio.create_task(work, name=name) for name, work in self._periodic().items()]
            for task in tasks:
                task.add_done_callback(self._ended)
            self.fleet.ready = True
            notify("READY=1")
            watched = plural(len(self.fleet.targets), "target")
            log.info("ready: %s, http://%s:%d", watched, self._options.host, server.port)
            if started is not None:
                started(server.port)
            await self._stop.wait()
            await self._drain(tasks)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Stop in order, as SIGTERM does."""
        self._stop.set()

    def _build(self, config: Config, store: Store, client: HttpClient) -> None:
        self._store, self._client = store, client
        self._leak_seconds = config.storage.retention.seconds(
            config.storage.retention.leaks.time
        )  # the store's, also after a reload
        self._memory = Memory(store)
        self._roster = Roster(self.fleet, self._schedule, store, self._memory, self._scrape, self._keep_last)
        self._use(config)

    def _use(self, config: Config) -> None:
        """Make a configuration the one in force; targets follow at the next refresh of the roster."""
        gatherer = Gatherer(self._client, config, time.time, self._worker)
        explainer = Explainer(self.fleet, self._store, gatherer)
        settings = settings_of(config)
        if (soak := soak_of(config)) is not None:
            log.info("%s", soak)
        self._collector = collector = Collector(self.fleet, self._store, gatherer, time.time)
        self._pipeline = Pipeline(self.fleet, config, settings, gatherer, explainer, self._store, time.time, collector)
        self._config = config

    async def _watch(self, config: Config) -> None:
        """Follow the configuration's targets; after that it is in force as a whole."""
        await self._roster.refresh(config, time.time())
        self.fleet.reload_successful = True
        self.fleet.reload_success_time = time.time()

    async def _scrape(self, watched: Watched, slot: float) -> None:
        await self._pipeline.scrape(watched, slot)

    async def _keep_last(self, leak: Leak) -> None:
        await self._collector.ended(leak)

    async def _ask(self, watched: Watched, leak: Leak, wanted: Wanted) -> Collected:
        return await self._collector.asked(watched, leak, wanted)

    async def _compare(self, key: TargetKey, kind: Kind, baseline: bytes, latest: bytes) -> bytes | None:
        return await compared(self._worker, self._config, key, kind, baseline, latest)

    def _skipped(self, why: str) -> None:
        self.fleet.counters.skipped[why] += 1

    def _decoder_died(self) -> None:
        self.fleet.counters.decoder_deaths += 1

    # -- signals ------------------------------------------------------------------------------------------------

    def _on_signals(self) -> None:
        loop = asyncio.get_running_loop()
        self._reload_asked = asyncio.Event()
        loop.add_signal_handler(signal.SIGHUP, self._reload_asked.set)
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self._stop_on, each)

    def _stop_on(self, which: signal.Signals) -> None:
        """Stop in order; the same signal once more ends the process at once, as it would any other."""
        asyncio.get_running_loop().remove_signal_handler(which)
        log.info("%s: stopping", which.name)
        self.stop()

    async def _reload(self) -> None:
        """Read the configuration again; a broken one changes nothing but what is told of it."""
        notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            config = await asyncio.to_thread(self._load)
            if config.storage != self._config.storage:
                log.warning("storage has changed: restart leakdog to use it; until then the old one is used")
            self._use(config)
            await self._watch(config)
            log.info("configuration reloaded: %s", plural(len(self.fleet.targets), "target"))
        except ConfigError as error:
            self.fleet.reload_successful = False
            for problem in error.problems:
                log.error("the configuration was not reloaded, the old one runs on: %s", problem)
        except StoreError as error:
            self.fleet.reload_successful = False
            log.error("the configuration was reloaded, but not all of its targets are followed yet: %s", error)
        notify("READY=1")

    # -- periodic work ------------------------------------------------------------------------------------------

    def _periodic(self) -> dict[str, Coroutine[Any, Any, None]]:
        return {
            "reload": self._reloads(),
            "discovery": self._every(self._discovery_seconds, self._rediscover),
            "retention": self._every(lambda: RETENTION_SECONDS, self._retain),
            "saving": self._every(lambda: SAVE_SECONDS, self._save),
            "watchdog": self._watchdog(),
        }

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Periodic work that failed for a reason nobody foresaw ends the daemon: half of it would look like all."""
        if not task.cancelled() and task.exception() is not None:
            log.critical("%s has failed: leakdog stops, and is to be started anew", task.get_name())
            self._failure = task.exception()
            self.stop()

    async def _reloads(self) -> None:
        """Reload at SIGHUP. Signals that come during a reload make one more, however many they are."""
        while True:
            await self._reload_asked.wait()
            self._reload_asked.clear()
            await self._reload()

    async def _every(self, seconds: Callable[[], float], work: Callable[[], Awaitable[None]]) -> None:
        """Do the work again and again; a store that fails now may work the next time."""
        while True:
            await asyncio.sleep(seconds())
            try:
                await work()
            except StoreError as error:
                log.error("periodic work is put off: %s", error)

    def _discovery_seconds(self) -> float:
        return DISCOVERY_SECONDS[self._config.detection.preset]

    async def _rediscover(self) -> None:
        await self._roster.refresh(self._config, time.time())

    async def _retain(self) -> None:
        now = time.time()
        self.fleet.forget(now - self._leak_seconds)
        deleted = await self._store.retain(now)
        if deleted.snapshots or deleted.points:
            log.info("retention deleted %d snapshots and %d numbers", deleted.snapshots, deleted.points)

    async def _save(self) -> None:
        await self._memory.save(self.fleet, self.fleet.dense, SAVE_BYTES_PER_SECOND)
        give_back()

    async def _watchdog(self) -> None:
        """Tell systemd that the loop, the scheduler and the store still move; silence gets the daemon restarted."""
        interval = watchdog_interval_seconds()
        while interval is not None:
            beats = self._schedule.beats
            await asyncio.sleep(interval / WATCHDOG_PINGS)
            try:
                await asyncio.wait_for(self._store.stats(), interval / WATCHDOG_PINGS)
            except (StoreError, TimeoutError) as error:
                log.error("no sign of life is sent to systemd: the store does not answer: %s", error)
                continue
            if self._schedule.beats != beats:
                notify("WATCHDOG=1")

    # -- stop ---------------------------------------------------------------------------------------------------

    async def _drain(self, tasks: list[asyncio.Task[None]]) -> None:
        """Begin nothing new, let running scrapes end or cancel them, save what the detector knows."""
        notify("STOPPING=1")
        self.fleet.ready = False
        self._schedule.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._roster.running:
            _, late = await asyncio.wait(self._roster.running, timeout=DRAIN_SECONDS)
            for scrape in late:
                scrape.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        try:
            await self._memory.save(self.fleet, self.fleet.dense)
        except StoreError as error:
            log.error("the detector's state was not saved: %s", error)
        log.info("stopped")


def _place(storage: StorageConfig) -> str:
    """Where the store is, as whoever reads the log finds it from any directory."""
    return "in memory" if storage.backend is Backend.MEMORY else str(Path(storage.path).absolute())
