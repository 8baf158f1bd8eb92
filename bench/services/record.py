"""The recorder: start the services, drive them, read them every ten seconds, restart some, end all."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from bench.services import rhythm
from bench.services.catalogue import catalogue
from bench.services.service import DidNotStart, Service, fetch
from bench.services.table import Row, Table

INTERVAL = 10.0
IN_FLIGHT = 48
GO_BYTES = {"go_memstats_heap_inuse_bytes": "heap_inuse", "go_memstats_heap_alloc_bytes": "heap_alloc"}
FAILURES = (aiohttp.ClientError, OSError, TimeoutError)


async def record(folder: Path, hours: float) -> None:
    """Record into a new folder, until the hours are over or the process is told to end."""
    folder.mkdir(parents=True)
    over = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, over.set)
    services = catalogue(folder)
    timeout = aiohttp.ClientTimeout(total=8)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        recorder = Recorder(folder, services, http)
        try:
            for service in services:
                await service.start(http, folder)
                print(f"{service.name} runs, process {service.process.pid if service.process else 0}", flush=True)
            await recorder.run(over, hours * 3600)
        finally:
            await asyncio.gather(*(service.stop() for service in services))


class Recorder:
    """What runs at the same time, and what was done since the last reading."""

    def __init__(self, folder: Path, services: list[Service], http: aiohttp.ClientSession) -> None:
        self.folder, self.services, self.http = folder, services, http
        self.done: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()

    async def run(self, over: asyncio.Event, seconds: float) -> None:
        """Until it is over, or the seconds are. What goes wrong in one of the tasks ends all."""
        work = [*(self._drive(service) for service in self.services), self._restart(), self._sample()]
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(each) for each in (*work, over.wait())]
        try:
            ended, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            for task in tasks:
                task.cancel()

    async def _drive(self, service: Service) -> None:
        """Send requests at random times, as many as the rhythm wants."""
        in_flight: set[asyncio.Task[None]] = set()
        while True:
            rate = service.peak * rhythm.load(service.name, time.time())
            await asyncio.sleep(min(random.expovariate(rate), 2.0))
            if len(in_flight) < IN_FLIGHT:
                task = asyncio.create_task(self._ask(service))
                in_flight.add(task)
                task.add_done_callback(in_flight.discard)

    async def _ask(self, service: Service) -> None:
        try:
            await service.ask(self.http, random.randrange(1_000_000))
            self.done[service.name] += 1
        except FAILURES:
            self.failed[service.name] += 1

    async def _restart(self) -> None:
        number = 0
        while True:
            await asyncio.sleep(rhythm.RESTART_EVERY)
            for service in self.services:
                if service.name == rhythm.restarted(number):
                    await self._start_anew(service)
            number += 1

    async def _start_anew(self, service: Service) -> None:
        """The recording goes on without a service that does not come back."""
        await service.stop()
        try:
            await service.start(self.http, self.folder)
        except DidNotStart as error:
            print(error, file=sys.stderr, flush=True)

    async def _sample(self) -> None:
        files = (contextlib.closing(Table(self.folder / name)) for name in ("bytes.csv", "counts.csv"))
        with next(files) as sizes, next(files) as counts:
            last = time.monotonic()
            while True:
                await asyncio.sleep(INTERVAL - time.monotonic() % INTERVAL)
                now, span, last = time.time(), time.monotonic() - last, time.monotonic()
                done, failed = self.done.copy(), self.failed.copy()
                self.done.clear()
                self.failed.clear()
                if failed:
                    print(f"{now:.0f}: requests failed: {dict(failed)}", file=sys.stderr, flush=True)
                for service in self.services:
                    await self._read(service, now, done[service.name] / span, sizes, counts)

    async def _read(self, service: Service, now: float, load: float, sizes: Table, counts: Table) -> None:
        """One reading of a service; none where it is not there."""
        if not service.alive or service.process is None:
            return
        go: dict[str, float] = {}
        if service.metrics:
            with contextlib.suppress(*FAILURES):
                go = _numbers((await fetch(self.http, service.metrics)).decode())
        with contextlib.suppress(psutil.NoSuchProcess):
            start = service.process.create_time()
            for part, pid in {"": service.process.pid, **service.parts}.items():
                process, name = psutil.Process(pid), f"{service.name}/{part}{'-' if part else ''}"
                memory = process.memory_info()
                found: dict[str, float] = {"rss": memory.rss, "anon": memory.rss - memory.shared}
                found |= {short: go[long] for long, short in GO_BYTES.items() if long in go and not part}
                begun = process.create_time()
                sizes.append([Row(name + key, now, value, load, begun, service.limit) for key, value in found.items()])
                things = {"threads": process.num_threads(), "files": process.num_fds()}
                counts.append([Row(name + key, now, value, load, begun) for key, value in things.items()])
            if "go_goroutines" in go:
                counts.append([Row(f"{service.name}/goroutines", now, go["go_goroutines"], load, start)])


def _numbers(page: str) -> dict[str, float]:
    """The numbers without labels of a metrics page."""
    pairs = (line.split(" ")[:2] for line in page.splitlines() if line and line[0] != "#" and "{" not in line)
    return {name: float(value) for name, value in pairs}
