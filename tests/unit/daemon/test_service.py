"""A whole daemon in this process: start, watch, reload, stop, and start again with what it knew."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from leakdog.config.load import load
from leakdog.daemon import Daemon, Options
from leakdog.errors import ConfigError, LeakdogError
from leakdog.model import Signal


@pytest.fixture
def program() -> Iterator[str]:
    """The address of a small Python program that serves its heap."""
    command = [sys.executable, "-m", "leakdog.demo.healthy"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip().removeprefix("http://").rstrip("/")
        process.terminate()


@pytest.fixture
def file(tmp_path: Path, program: str) -> Path:
    """A configuration with one target, read every second."""
    made = tmp_path / "leakdog.yml"
    made.write_text(
        f"global: {{scrape_interval: 1s}}\nstorage: {{path: '{tmp_path / 'data'}'}}\ndetection: {{preset: soak}}\n"
        f"scrape_configs: [{{job_name: self, static_configs: [{{targets: ['{program}']}}]}}]\n"
    )
    return made


class Started:
    """A daemon that runs in the background of a test."""

    def __init__(self, file: Path, **options: Any) -> None:
        self.daemon = Daemon(lambda: load(str(file)), Options(port=0, **options))
        self._port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self.daemon.run(self._port.set_result))

    async def __aenter__(self) -> Started:
        await asyncio.wait([self.task, asyncio.ensure_future(self._port)], return_when=asyncio.FIRST_COMPLETED)
        if self.task.done():
            self._port.cancel()
            self.task.result()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.daemon.stop()
        await self.task

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page of it."""
        url = f"http://127.0.0.1:{self._port.result()}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.status, await response.text()


async def until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)


def only(daemon: Daemon) -> Any:
    """The one target of a daemon."""
    (watched,) = daemon.fleet
    return watched


async def test_a_daemon_watches_serves_and_stops(file: Path) -> None:
    """Ready once its targets are known, it reads them, serves what it read, and stops when told."""
    async with Started(file) as started:
        assert (await started.get("/-/ready"))[0] == 200
        await until(lambda: Signal.INUSE_SPACE in only(started.daemon).values)
        assert only(started.daemon).up is True
        assert '"job": "self"' in (await started.get("/api/v1/targets"))[1]
        assert "leakdog_target_up" in (await started.get("/metrics"))[1]
        assert (await started.get("/debug/pprof/heap"))[0] == 404


async def test_the_daemon_can_serve_its_own_heap(file: Path) -> None:
    """With the option on it is a target like any other Python program."""
    async with Started(file, expose_heap=True) as started:
        assert (await started.get("/-/healthy"))[0] == 200
        url = f"http://127.0.0.1:{started._port.result()}/debug/pprof/heap?gc=1"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert (await response.read())[:2] == b"\x1f\x8b"


async def test_what_was_known_survives_a_restart(file: Path) -> None:
    """The next daemon goes on with the same life and the detector's state, not afresh."""
    async with Started(file) as started:
        await until(lambda: only(started.daemon).series and only(started.daemon).last_success)
        life = only(started.daemon).life
        known = {name: series.to_bytes() for name, series in only(started.daemon).series.items()}
    async with Started(file) as started:
        again = only(started.daemon)
        assert again.life == life
        assert set(again.series) >= set(known)
        await until(lambda: again.last_success)
        assert again.life == life


async def test_a_reload_follows_the_file_and_a_broken_one_does_not(file: Path) -> None:
    """A changed job takes the place of the old one; a broken file changes nothing but what is told of it."""
    good = file.read_text()
    async with Started(file) as started:
        file.write_text(good + "odd: 1\n")
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: not started.daemon.fleet.reload_successful)
        assert [watched.key.job for watched in started.daemon.fleet] == ["self"]
        file.write_text(good.replace("job_name: self", "job_name: other"))
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: started.daemon.fleet.reload_successful)
        assert [watched.key.job for watched in started.daemon.fleet] == ["other"]


async def test_sigterm_stops_in_order(file: Path) -> None:
    """SIGTERM ends the daemon by itself, without an error."""
    async with Started(file) as started:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(asyncio.shield(started.task), 20)


async def test_a_wrong_configuration_does_not_start(file: Path) -> None:
    """The error is the configuration's, before anything is opened."""
    file.write_text("odd: 1\n")
    with pytest.raises(ConfigError):
        async with Started(file):
            pass


async def test_a_taken_port_is_told(file: Path) -> None:
    """The error names the address and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        daemon = Daemon(lambda: load(str(file)), Options(port=port))
        with pytest.raises(LeakdogError, match=f"listening on 127.0.0.1:{port}: .*--web.listen-address"):
            await daemon.run()
