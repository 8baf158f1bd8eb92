"""`leakdog scan`: what a target may be, and how it ends."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from leakdog import cli
from leakdog.cli.scan import job_for, scan_config
from leakdog.config.schema import Backend, Preset, ProcessConfig


@pytest.mark.parametrize(
    ("address", "path", "target"),
    [
        ("127.0.0.1:6060", "/debug/pprof", "127.0.0.1:6060"),
        ("127.0.0.1:6060", "/debug/pprof", "http://127.0.0.1:6060"),
        ("127.0.0.1:6060", "/debug/pprof", "http://127.0.0.1:6060/"),
        ("127.0.0.1:6060", "/debug/pprof", "http://127.0.0.1:6060/debug/pprof/heap"),
        ("db.example:443", "/pprof", "https://db.example:443/pprof/"),
    ],
)
def test_a_target_may_be_an_address(address: str, path: str, target: str) -> None:
    """With or without scheme, with or without the path of a profile."""
    job = job_for(target)
    assert (job.static_configs[0].targets, job.pprof_path) == ((address,), path)
    assert job.scheme == ("https" if target.startswith("https") else "http")


def test_a_target_may_be_a_process() -> None:
    """A number is a process id, another word the name of a process."""
    assert job_for("4711").process == ProcessConfig(pid=4711)
    assert job_for("etcd").process == ProcessConfig(name="etcd")


def test_a_scan_keeps_nothing_and_judges_as_a_soak_run() -> None:
    """The store is memory, the preset soak."""
    config = scan_config(job_for("etcd"), 0.5)
    assert (config.storage.backend, config.detection.preset) == (Backend.MEMORY, Preset.SOAK)
    assert config.global_.scrape_interval == 0.5


@pytest.fixture
def program() -> Iterator[str]:
    """The address of a small Python program that serves its heap."""
    command = [sys.executable, "-m", "leakdog.demo.healthy"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


def test_a_short_scan_says_that_it_is_too_early(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Three seconds find no leak (exit code 0); values are told, and that it is too early to say."""
    assert cli.main(["scan", program, "--for", "3s", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["leaks"] == []
    assert found["target"]["up"] is True
    assert {verdict["verdict"] for verdict in found["target"]["verdicts"].values()} == {"too_early"}
    assert cli.main(["scan", str(os.getpid()), "--for", "1s"]) == 0
    assert "no leak found" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("said", "target"),
    [
        ("reading 127.0.0.1:1: connect", "http://127.0.0.1:1"),
        ("no process is called", "no-such-process-anywhere"),
        ("no process has the id", "99999999"),
    ],
)
def test_what_cannot_be_read_ends_with_3(said: str, target: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the target and the reason."""
    assert cli.main(["scan", target, "--for", "1s"]) == 3
    assert said in capsys.readouterr().err


def test_a_time_must_be_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    """`--for soon` is a usage error that says what is wanted."""
    with pytest.raises(SystemExit) as end:
        cli.main(["scan", "1", "--for", "soon"])
    assert end.value.code == 2
    assert "soon" in capsys.readouterr().err
