"""The bundle of a real leak, made by the command line and opened by Go's own pprof."""

from __future__ import annotations

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
        environment = {**os.environ, "CGO_ENABLED": "0"}  # no C compiler is needed to build pprof
        done = subprocess.run(
            command, cwd=bundle, env=environment, check=True, capture_output=True, text=True, timeout=60
        )
        shown = done.stdout
        first = next(line for line in shown.splitlines() if line.strip().endswith(("cacheSession", "(inline)")))
        assert "zoo/leaks.cacheSession" in first
