"""The daemon as a service: how it reloads, refuses and stops, and what it keeps over a restart."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

QUIET = "storage: {path: '{data}'}\nscrape_configs: []\n"
LEAKY = r"^zoo/leaks\."
SUCCESSFUL = "leakdog_config_last_reload_successful"


def run_to_its_end(file: Path) -> subprocess.CompletedProcess[str]:
    """A daemon that is expected to give up at once."""
    command = [sys.executable, "-m", "leakdog", "run", "--config", file, "--web.listen-address", "127.0.0.1:0"]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def acknowledge(daemon: Any, *options: str) -> str:
    """What `leakdog ack` says of the functions that leak in the zoo's program."""
    command = [sys.executable, "-m", "leakdog", "ack", "--function", LEAKY, "--server", daemon.address, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout


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
    wait(lambda: f"{SUCCESSFUL} 0.0" in daemon.get("/metrics").decode(), 10, "the failed reload to show")
    assert f"{file}:3:1: " in daemon.log.read_text()
    assert [target["job"] for target in daemon.json("/api/v1/targets")["targets"]] == ["a"]
    file.write_text(good.replace("job_name: a", "job_name: b"))
    daemon.process.send_signal(signal.SIGHUP)
    wait(lambda: f"{SUCCESSFUL} 1.0" in daemon.get("/metrics").decode(), 10, "the good reload to show")
    assert [target["job"] for target in daemon.json("/api/v1/targets")["targets"]] == ["b"]


def test_a_wrong_configuration_is_refused_with_its_place(tmp_path: Path) -> None:
    """At start all errors are told with their places, and the exit code is 2."""
    file = tmp_path / "leakdog.yml"
    file.write_text("global:\n  scrape_interval: soon\nodd: 1\n")
    done = run_to_its_end(file)
    assert done.returncode == 2
    assert f"{file}:2:20: " in done.stderr
    assert f"{file}:3:1: " in done.stderr


def test_a_second_daemon_on_the_same_data_is_refused(start_leakdog: Callable[..., Any]) -> None:
    """Two daemons never share a store: the second exits with 3 and says who has it."""
    daemon = start_leakdog(QUIET)
    done = run_to_its_end(daemon.log.parent / "leakdog.yml")
    assert done.returncode == 3
    assert str(daemon.process.pid) in done.stderr


@pytest.mark.slow
def test_a_restart_forgets_no_leak(
    start_leakdog: Callable[..., Any], start_zoo: Callable[..., Any], wait: Callable[..., None]
) -> None:
    """Stopped in order and started again, the daemon lists the same firing leak at once, with its code and its past.

    It is acknowledged by its function from the command line, which outlasts the restart and is taken back after it.
    """
    address = start_zoo("map").address
    daemon = start_leakdog(
        "storage: {path: '{data}'}\ndetection: {preset: soak}\n"
        f"scrape_configs: [{{job_name: a, static_configs: [{{targets: ['{address}']}}]}}]\n"
    )

    def firing(running: Any) -> list[tuple[str, str, str]]:
        leaks = running.json("/api/v1/leaks?state=firing")["leaks"]
        return [(leak["id"], leak["firing_since"], leak["culprits"][0]["function"]) for leak in leaks]

    wait(lambda: firing(daemon) != [], 150, "the leak to fire")
    assert "1 leak is acknowledged by this." in acknowledge(daemon, "--note", "known")
    before, snapshots = firing(daemon), daemon.json("/api/v1/snapshots")["snapshots"]
    assert daemon.stop() == 0
    again = start_leakdog((daemon.log.parent / "leakdog.yml").read_text())
    assert firing(again) == before
    (leak,) = again.json("/api/v1/leaks?state=firing")["leaks"]
    assert (leak["acknowledged"]["function"], leak["acknowledged"]["note"]) == (LEAKY, "known")
    assert "1 leak is announced again by this." in acknowledge(again, "--undo")
    assert again.json("/api/v1/leaks?state=firing")["leaks"][0]["acknowledged"] is None
    assert {snapshot["id"] for snapshot in snapshots} <= {
        snapshot["id"] for snapshot in again.json("/api/v1/snapshots")["snapshots"]
    }
