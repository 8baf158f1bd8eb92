"""A service that is started, asked, and ended by its process id."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil

START_SECONDS, STOP_SECONDS = 60.0, 30.0

Ask = Callable[[aiohttp.ClientSession, int], Awaitable[None]]
"""Sends one request, which the number chooses; raises `aiohttp.ClientError` or `OSError` where that fails."""


async def fetch(http: aiohttp.ClientSession, url: str, method: str = "GET", **more: object) -> bytes:
    """The body of an answer.

    Raises:
        aiohttp.ClientError: there is none, or its status is an error.

    """
    async with http.request(method, url, raise_for_status=True, **more) as answer:  # type: ignore[arg-type]
        return await answer.read()


class DidNotStart(Exception):
    """A service has not come up. The sentence says which and where its log is."""


@dataclass(slots=True)
class Service:
    """One program.

    Attributes:
        ask: sends one request; it has come up when the first one succeeds.
        peak: requests per second at full load.
        limit: bytes that such a service would be given.
        metrics: URL of its page of Go's memory figures, if it has one.
        user: who runs it; None for who runs this.
        end: the signal that ends it in order.
        parts: series name and pid of its child processes that are recorded too.
        clients: processes that ask it, and end with it.

    """

    name: str
    command: list[str]
    ask: Ask
    peak: float
    limit: int
    metrics: str | None = None
    user: str | None = None
    end: signal.Signals = signal.SIGTERM
    parts: dict[str, int] = field(default_factory=dict)
    clients: list[asyncio.subprocess.Process] = field(default_factory=list)
    process: psutil.Popen | None = None

    async def start(self, http: aiohttp.ClientSession, logs: Path) -> None:
        """Start it, and wait until it answers.

        Raises:
            DidNotStart: it does not come up.

        """
        # The kernel ends it too, should the recorder be killed.
        command = ["setpriv", "--pdeathsig", self.end.name.removeprefix("SIG"), *self.command]
        log = logs / f"{self.name}.log"
        with log.open("ab") as out:
            self.process = psutil.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                user=self.user,
                group=self.user,
                start_new_session=True,  # Ctrl-C is for the recorder, which then ends them in order
            )
        for _ in range(int(START_SECONDS * 2)):
            await asyncio.sleep(0.5)
            with contextlib.suppress(aiohttp.ClientError, OSError):
                return await self.ask(http, 0)
            if not self.alive:
                break
        raise DidNotStart(f"{self.name} has not come up; its log is {log}")

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    async def stop(self) -> None:
        """End it, in order if it can be had."""
        for client in self.clients:
            if client.returncode is None:
                client.terminate()
                await client.wait()
        if self.process is None or not self.alive:
            return
        self.process.send_signal(self.end)
        try:
            await asyncio.to_thread(self.process.wait, STOP_SECONDS)
        except psutil.TimeoutExpired:
            self.process.kill()
            self.process.wait()
