"""A whole daemon in this process: start, watch, reload, stop, and start again with what it knew."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from leakdog.config.load import load
from leakdog.config.schema import Preset
from leakdog.daemon import Daemon, Options, service
from leakdog.detect.group import FIRST
from leakdog.errors import ConfigError, LeakdogError, StoreError
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


async def refuse(*_: object, **__: object) -> None:
    """What a store does whose disk is full."""
    raise StoreError("the disk is full")


def only(daemon: Daemon) -> Any:
    """The one target of a daemon."""
    (watched,) = daemon.fleet
    return watched


def first_times(watched: Any) -> dict[Signal, float]:
    """When each signal was read first in this life."""
    return dict(zip(watched.series.told, watched.series.group.known[FIRST].tolist(), strict=True))


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
    assert not tracemalloc.is_tracing()


async def test_what_was_known_survives_a_restart(file: Path) -> None:
    """The next daemon goes on with the same life and the detector's state, not afresh."""
    async with Started(file) as started:
        await until(lambda: only(started.daemon).series.told and only(started.daemon).last_success)
        life = only(started.daemon).life
        known = first_times(only(started.daemon))
    async with Started(file) as started:
        again = only(started.daemon)
        await until(lambda: again.life)
        assert again.life == life
        assert first_times(again) == known
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


async def test_a_store_that_fails_during_a_reload_does_not_deafen_the_daemon(file: Path, monkeypatch) -> None:
    """The reload is told as failed; the next one works."""
    good = file.read_text()
    async with Started(file) as started:
        daemon = started.daemon
        with monkeypatch.context() as broken:
            broken.setattr(type(daemon._store), "put_leaks", refuse)
            file.write_text(good.replace("job_name: self", "job_name: other"))
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: not daemon.fleet.reload_successful)
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: daemon.fleet.reload_successful)
        assert [watched.key.job for watched in daemon.fleet] == ["other"]


async def test_where_everything_is_kept_is_logged(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Who starts it without a configuration file has not said where. When a soak judges is logged, too."""
    with caplog.at_level(logging.INFO):
        async with Started(file):
            pass
    assert f"the store is {file.parent / 'data'}" in caplog.messages
    assert "preset soak, read every 1s: the first verdict comes after 44s" in caplog.messages


async def test_a_changed_storage_waits_for_a_restart(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The open store is used on, and the log says so."""
    async with Started(file):
        file.write_text(file.read_text().replace("/data'", "/elsewhere'"))
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: "restart leakdog to use it" in caplog.text)
    assert not (file.parent / "elsewhere").exists()


async def test_periodic_work_goes_on_after_a_store_that_failed(file: Path, monkeypatch, caplog) -> None:
    """Targets are looked for, old data deleted and states saved again and again, whatever the store said last time.

    After each saving free memory is given back. The store refuses the first calls and takes all later ones: one that
    refused every other call would never let a saving end that makes two.
    """
    given: list[bool] = []
    monkeypatch.setattr(service, "give_back", lambda: given.append(True))
    monkeypatch.setattr(service, "DISCOVERY_SECONDS", dict.fromkeys(Preset, 0.02))
    monkeypatch.setattr(service, "RETENTION_SECONDS", 0.02)
    monkeypatch.setattr(service, "SAVE_SECONDS", 0.02)
    calls = dict.fromkeys(("retain", "put_states"), 0)
    async with Started(file) as started:

        def failing(name: str) -> None:
            real = getattr(type(started.daemon._store), name)

            async def call(self: object, *arguments: object) -> object:
                calls[name] += 1
                return await (refuse() if calls[name] <= 2 else real(self, *arguments))

            monkeypatch.setattr(type(started.daemon._store), name, call)

        for name in calls:
            failing(name)
        await until(lambda: min(calls.values()) >= 4 and given)
    assert "periodic work is put off: the disk is full" in caplog.text


async def test_periodic_work_that_breaks_stops_the_daemon(file: Path, monkeypatch, caplog) -> None:
    """An error that nobody expected is not kept quiet: the daemon stops in order and ends with that error."""
    monkeypatch.setattr(service, "DISCOVERY_SECONDS", dict.fromkeys(Preset, 0.02))
    daemon = Daemon(lambda: load(str(file)), Options(port=0))

    async def broken(*_: object) -> None:
        raise ZeroDivisionError("nobody expected this")

    with pytest.raises(ZeroDivisionError):
        await daemon.run(lambda port: monkeypatch.setattr(daemon._roster, "refresh", broken))
    assert "discovery has failed" in caplog.text
    assert daemon.fleet.ready is False


async def test_a_scrape_that_hangs_does_not_hold_up_the_stop(file: Path, monkeypatch) -> None:
    """What is under way gets a moment to end, and is cancelled then."""
    monkeypatch.setattr(service, "DRAIN_SECONDS", 0.05)
    ended: list[str] = []

    async def hang(*_: object) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cancelled")

    monkeypatch.setattr(Daemon, "_scrape", hang)
    async with Started(file) as started:
        await until(lambda: started.daemon._roster.running)
    assert ended == ["cancelled"]


async def test_a_state_that_cannot_be_saved_does_not_hold_up_the_stop(file: Path, monkeypatch, caplog) -> None:
    """The daemon ends all the same, and says what was lost."""
    async with Started(file) as started:
        await until(lambda: only(started.daemon).last_success)
        monkeypatch.setattr(type(started.daemon._store), "put_states", refuse)
    assert "the detector's state was not saved: the disk is full" in caplog.text


async def test_systemd_hears_of_life_only_while_the_store_answers(file: Path, monkeypatch, caplog) -> None:
    """A store that has failed is told in the log, and the sign of life is left out."""
    monkeypatch.setattr(service, "watchdog_interval_seconds", lambda: 1.8)
    said: list[str] = []
    monkeypatch.setattr(service, "notify", said.append)
    async with Started(file) as started:
        await until(lambda: "WATCHDOG=1" in said)
        monkeypatch.setattr(type(started.daemon._store), "stats", refuse)
        await until(lambda: "no sign of life is sent to systemd" in caplog.text)
    assert (said[0], said[-1]) == ("READY=1", "STOPPING=1")


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
        with pytest.raises(
            LeakdogError, match=f"listening on 127.0.0.1:{port}: another program listens there, .*--web.listen-address"
        ):
            await daemon.run()
