"""The daemon as a service: what it tells systemd, how it reloads and stops, what it keeps over a restart."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "systemd" / "leakdog.service"
QUIET = "storage: {path: '{data}'}\nscrape_configs: []\n"


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[tuple[dict[str, str], Callable[[], str]]]:
    """A socket as systemd's, the environment that names it, and a function that reads the next message."""
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(path))
        receiver.settimeout(20)
        yield {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "600000"}, lambda: receiver.recv(4096).decode()


def test_systemd_is_told_of_readiness_reload_life_and_stop(
    start_leakdog: Callable[..., Any], systemd: tuple[dict[str, str], Callable[[], str]]
) -> None:
    """READY at start, WATCHDOG while it lives, RELOADING and READY at a reload, STOPPING at SIGTERM, exit code 0."""
    environment, message = systemd
    daemon = start_leakdog(QUIET, env={**os.environ, **environment})
    assert message() == "READY=1"
    pings = [message() for _ in range(3)]
    assert pings == ["WATCHDOG=1"] * 3
    daemon.process.send_signal(signal.SIGHUP)
    said = next(text for text in iter(message, "") if text != "WATCHDOG=1")
    assert said.startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert next(text for text in iter(message, "") if text != "WATCHDOG=1") == "READY=1"
    assert daemon.stop() == 0
    assert next(text for text in iter(message, "") if text != "WATCHDOG=1") == "STOPPING=1"


def test_a_broken_file_leaves_the_old_configuration_running(
    start_leakdog: Callable[..., Any], start_zoo: Callable[..., Any], wait: Callable[..., None]
) -> None:
    """After SIGHUP on a broken file the target is still watched, log and metric say so; a mended file is taken."""
    address = start_zoo("idle").address
    daemon = start_leakdog(
        "storage: {path: '{data}'}\n"
        f"scrape_configs: [{{job_name: a, static_configs: [{{targets: ['{address}']}}]}}]\n"
    )
    file = daemon.log.parent / "leakdog.yml"
    good = file.read_text()
    file.write_text(good + "globl: {}\n")
    daemon.process.send_signal(signal.SIGHUP)
    metric = "leakdog_config_last_reload_successful"
    wait(lambda: f"{metric} 0.0" in daemon.get("/metrics").decode(), 10, "the failed reload to show")
    assert f"{file}:3:1: " in daemon.log.read_text()
    assert len(daemon.json("/api/v1/targets")["targets"]) == 1
    file.write_text(good.replace("job_name: a", "job_name: b"))
    daemon.process.send_signal(signal.SIGHUP)
    wait(lambda: f"{metric} 1.0" in daemon.get("/metrics").decode(), 10, "the good reload to show")
    assert [target["job"] for target in daemon.json("/api/v1/targets")["targets"]] == ["b"]


def test_a_wrong_configuration_is_refused_with_its_place(tmp_path: Path) -> None:
    """At start all errors are told with their places, and the exit code is 2."""
    file = tmp_path / "leakdog.yml"
    file.write_text("global:\n  scrape_interval: soon\nodd: 1\n")
    done = subprocess.run(
        [sys.executable, "-m", "leakdog", "run", "--config", file], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 2
    assert f"{file}:2:20: " in done.stderr
    assert f"{file}:3:1: " in done.stderr


def test_a_second_daemon_on_the_same_data_is_refused(start_leakdog: Callable[..., Any]) -> None:
    """Two daemons never share a store: the second exits with 3 and says who has it."""
    daemon = start_leakdog(QUIET)
    file = daemon.log.parent / "leakdog.yml"
    command = [sys.executable, "-m", "leakdog", "run", "--config", file, "--web.listen-address", "127.0.0.1:0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 3
    assert str(daemon.process.pid) in done.stderr


def test_the_unit_is_hardened() -> None:
    """systemd scores the unit's exposure below 2."""
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=19", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-200:]


def test_every_directive_of_the_unit_has_its_comment() -> None:
    """Whoever reads the unit learns why each line is there."""
    for path in (UNIT, *sorted((ROOT / "systemd" / "drop-ins").glob("*.conf"))):
        lines = path.read_text().splitlines()
        bare = [line for above, line in itertools.pairwise(lines) if "=" in line and not above.startswith("#")]
        directives = [line for line in bare if not line.startswith("#")]
        allowed = {"After=network-online.target"}  # shares the comment of the line above it
        assert set(directives) <= allowed, path
