"""The bundle of a real leak, made by the command line and opened by Go's own pprof."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.zoo, pytest.mark.slow]

GO = Path(sys.executable).parent / "go"
EVERYTHING = {
    "README.md",
    "README.html",
    "verdict.json",
    "chart.svg",
    "series.csv",
    "heap-baseline.pb.gz",
    "heap-latest.pb.gz",
    "heap-diff.pb.gz",
    "goroutine-baseline.pb.gz",
    "goroutine-latest.pb.gz",
    "goroutine-diff.pb.gz",
    "goroutineleak-latest.pb.gz",
    "goroutines.txt",
    "allocs.pb.gz",
    "threadcreate.pb.gz",
    "cmdline.txt",
}

ENVIRONMENT = {**os.environ, "CGO_ENABLED": "0"}  # no C compiler is needed to build pprof


@pytest.fixture(scope="module")
def bundle(
    start_zoo: Callable[..., Any], start_leakdog: Callable[..., Any], wait: Callable[..., None], tmp_path_factory: Any
) -> Path:
    """The unpacked bundle of a program that leaks heap."""
    program = start_zoo("map", "-metrics", "-speed", "4")
    daemon = start_leakdog(
        "global: {scrape_interval: 1s}\nstorage: {path: '{data}'}\ndetection: {preset: soak}\n"
        f"scrape_configs:\n  - {{job_name: map, static_configs: [{{targets: ['{program.address}']}}]}}\n"
    )
    leaks: list[dict[str, Any]] = []

    def known() -> bool:
        leaks[:] = [leak for leak in daemon.json("/api/v1/leaks")["leaks"] if leak["culprits"]]
        return bool(leaks)

    wait(known, 150, "the leak to be found with its code")
    folder: Path = tmp_path_factory.mktemp("bundle")
    command = [sys.executable, "-m", "leakdog", "evidence", leaks[0]["id"], "-o", folder / "leak.tar.gz"]
    subprocess.run([*command, "--server", f"http://{daemon.address}"], check=True, timeout=60)
    with tarfile.open(folder / "leak.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / f"leakdog-{leaks[0]['id']}"


def test_everything_is_in_it(bundle: Path) -> None:
    """Of a target that is up, with all its profiles, nothing is missing."""
    assert {path.name for path in bundle.iterdir()} == EVERYTHING


def test_its_commands_name_the_leak(bundle: Path) -> None:
    """The lines for `go tool pprof` that the page gives are typed as they stand, and show the leaking function."""
    lines = (bundle / "README.md").read_text().splitlines()
    heap = [line.split() for line in lines if line.startswith("    go tool pprof") and "heap" in line]
    assert [words[3] for words in heap] == ["-diff_base", "-http"]
    for words in (heap[0][3:], ["heap-diff.pb.gz"]):
        command = [GO, "tool", "pprof", "-top", *words]
        done = subprocess.run(
            command, cwd=bundle, env=ENVIRONMENT, check=True, capture_output=True, text=True, timeout=60
        )
        shown = done.stdout
        first = next(line for line in shown.splitlines() if line.strip().endswith(("cacheSession", "(inline)")))
        assert "zoo/leaks.cacheSession" in first


@pytest.fixture(scope="module")
def killed(
    start_zoo: Callable[..., Any], start_leakdog: Callable[..., Any], wait: Callable[..., None], tmp_path_factory: Any
) -> tuple[Any, dict[str, Any], Path]:
    """A daemon, the leak of a program that was killed while it was only suspected, and the unpacked bundle of it."""
    program = start_zoo("map", "-metrics", "-speed", "4")
    daemon = start_leakdog(
        "global: {scrape_interval: 1s}\nstorage: {path: '{data}'}\ndetection: {preset: soak, hold_time: 20s}\n"
        "scrape_configs:\n  - job_name: map\n"
        f"    static_configs: [{{targets: ['{program.address}']}}]\n"
    )

    def leak() -> dict[str, Any]:
        leaks = daemon.json("/api/v1/leaks")["leaks"]
        return next((each for each in leaks if each["class"] == "heap" and each["culprits"]), {})

    wait(leak, 150, "the leak to be suspected")
    assert leak()["state"] == "pending"
    program.process.kill()
    wait(lambda: leak().get("process_ended"), 60, "the end of the program to be seen")
    folder: Path = tmp_path_factory.mktemp("killed")
    command = [sys.executable, "-m", "leakdog", "evidence", leak()["id"], "-o", folder / "leak.tar.zst"]
    subprocess.run([*command, "--server", f"http://{daemon.address}"], check=True, timeout=60)
    subprocess.run(["tar", "--zstd", "-xf", folder / "leak.tar.zst", "-C", folder], check=True, timeout=60)
    return daemon, leak(), folder / f"leakdog-{leak()['id']}"


def test_a_program_that_was_killed_leaves_its_last_profiles(killed: tuple[Any, dict[str, Any], Path]) -> None:
    """What it held just before is there, a few seconds old at most, and names the leak."""
    _, leak, bundle = killed
    assert (leak["state"], leak["firing_since"]) == ("resolved", None)
    assert {"heap-baseline.pb.gz", "heap-latest.pb.gz", "goroutine-latest.pb.gz"} <= {
        path.name for path in bundle.iterdir()
    }
    command = [GO, "tool", "pprof", "-top", "-diff_base", "heap-baseline.pb.gz", "heap-latest.pb.gz"]
    done = subprocess.run(command, cwd=bundle, env=ENVIRONMENT, check=True, capture_output=True, text=True, timeout=60)
    assert "zoo/leaks.cacheSession" in done.stdout
    lines = (bundle / "series.csv").read_text().splitlines()
    assert lines[0].startswith("time,")
    assert len(lines) > 10
    page = (bundle / "README.md").read_text()
    assert page.startswith("# map/127.0.0.1:")
    assert "suspected heap leak \\(its process has ended\\)" in page
    assert "Its process was gone " in page


def test_the_leak_of_a_dead_program_is_still_shown(killed: tuple[Any, dict[str, Any], Path]) -> None:
    """`leakdog show` and the page in a browser tell it as before."""
    daemon, leak, _ = killed
    command = [sys.executable, "-m", "leakdog", "show", leak["id"], "--server", f"http://{daemon.address}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert "Its process was gone " in done.stdout
    assert "cacheSession" in done.stdout
    assert f"/api/v1/leaks/{leak['id']}/evidence.tar.gz" in daemon.get(f"/leaks/{leak['id']}").decode()


def test_what_costs_the_target_is_there_on_request(
    start_zoo: Callable[..., Any], start_leakdog: Callable[..., Any], wait: Callable[..., None], tmp_path: Path
) -> None:
    """A CPU profile and an execution trace of a second each, mutex and block profiles, from the running program."""
    program = start_zoo("map", "-metrics", "-speed", "8")
    daemon = start_leakdog(
        "global: {scrape_interval: 1s}\nstorage: {path: '{data}'}\ndetection: {preset: soak}\n"
        f"scrape_configs:\n  - {{job_name: map, static_configs: [{{targets: ['{program.address}']}}]}}\n"
    )

    def firing() -> list[dict[str, Any]]:
        return list(daemon.json("/api/v1/leaks?state=firing")["leaks"])

    wait(firing, 150, "the leak to fire")
    (leak, *_) = firing()
    wanted = ["--mutex", "--block", "--profile", "1s", "--trace", "1s", "--json"]
    command = [sys.executable, "-m", "leakdog", "evidence", leak["id"], "-o", tmp_path / "leak.tar.gz", *wanted]
    done = subprocess.run(
        [*command, "--server", f"http://{daemon.address}"], check=True, capture_output=True, text=True, timeout=90
    )
    told = json.loads(done.stdout)
    assert told["missing"] == {}
    assert {"mutex.pb.gz", "block.pb.gz", "profile.pb.gz", "trace.out", "goroutines.txt"} <= set(told["files"])
    with tarfile.open(tmp_path / "leak.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    folder = tmp_path / f"leakdog-{leak['id']}"
    assert (folder / "trace.out").read_bytes().startswith(b"go 1.")
    pprof = [GO, "tool", "pprof", "-top", "profile.pb.gz"]
    shown = subprocess.run(pprof, cwd=folder, env=ENVIRONMENT, check=True, capture_output=True, text=True, timeout=60)
    assert "Type: cpu" in shown.stdout
