"""What a daemon costs: scrapes per second and core, and resident memory, idle and with many targets."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil

TARGETS = 100
SECONDS = 30.0
MIB = 1 << 20
ROOT = Path(__file__).parents[1]


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_profiles(folder)
        print("resident memory of an idle daemon (no targets):", end=" ", flush=True)
        with _daemon(folder / "idle", []) as (process, _):
            time.sleep(5)
            print(f"{process.memory_info().rss / MIB:.0f} MiB")
        with _targets(folder) as port:
            addresses = [f"127.0.0.{number}:{port}" for number in range(2, TARGETS + 2)]
            _measure(folder, addresses)


def _measure(folder: Path, addresses: list[str]) -> None:
    """Watch all targets every second for a while, and print what that took."""
    sizes = ", ".join(
        f"{file.stem.removesuffix('.pb')} {file.stat().st_size / 1000:.1f} kB" for file in folder.glob("*.gz")
    )
    with _daemon(folder / "busy", addresses) as (process, url):
        time.sleep(5)
        began, before, scrapes = time.monotonic(), sum(process.cpu_times()[:2]), _metric(url, "leakdog_scrapes_total")
        time.sleep(SECONDS)
        cpu = sum(process.cpu_times()[:2]) - before
        done = _metric(url, "leakdog_scrapes_total") - scrapes
        elapsed = time.monotonic() - began
        failed = _metric(url, "leakdog_scrape_failures_total")
        print(f"{len(addresses)} targets, every second, each {sizes} and a metrics page:")
        print(f"  scrapes per second          {done / elapsed:8.1f}   ({failed:.0f} failed)")
        print(f"  cores used                  {cpu / elapsed:8.2f}")
        print(f"  scrapes per second and core {done / cpu:8.1f}")
        print(f"  CPU per scrape              {1000 * cpu / done:8.2f} ms")
        print(f"  resident memory             {process.memory_info().rss / MIB:8.0f} MiB")


def _write_profiles(folder: Path) -> None:
    """A heap and a goroutine profile of a real Go program, built here with the Go wheel."""
    binary = folder / "zoo"
    environment = {**os.environ, "CGO_ENABLED": "0", "GOCACHE": str(ROOT / ".cache" / "go-build"), "GOPROXY": "off"}
    environment |= {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
    go = Path(sys.executable).parent / "go"
    subprocess.run([go, "build", "-o", binary, "."], cwd=ROOT / "tests" / "zoo", env=environment, check=True)
    port = _free_port()
    program = subprocess.Popen([binary, "body", "-addr", f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL)
    try:
        time.sleep(6)
        for kind in ("heap", "goroutine"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/debug/pprof/{kind}") as answer:
                body = answer.read()
            gzip.decompress(body)  # a profile, not an error page
            (folder / f"{kind}.pb.gz").write_bytes(body)
    finally:
        program.terminate()
        program.wait()


@contextlib.contextmanager
def _targets(folder: Path) -> Iterator[int]:
    """The process that plays all targets; gives its port."""
    port = _free_port()
    command = [sys.executable, "-m", "bench.targets", str(folder), str(port)]
    with _process(command):
        _await(f"http://127.0.0.1:{port}/metrics")
        yield port


@contextlib.contextmanager
def _daemon(folder: Path, addresses: list[str]) -> Iterator[tuple[psutil.Process, str]]:
    """A daemon on these targets; gives its process and URL."""
    folder.mkdir()
    config = folder / "leakdog.yml"
    jobs = [{"job_name": "bench", "profiles": ["heap", "goroutine"], "static_configs": [{"targets": addresses}]}]
    settings = {"global": {"scrape_interval": "1s"}, "storage": {"path": str(folder / "data")}}
    config.write_text(json.dumps({**settings, "scrape_configs": jobs if addresses else []}))
    url = f"http://127.0.0.1:{_free_port()}"
    command = [sys.executable, "-m", "leakdog", "run", "--config", str(config)]
    with _process([*command, "--web.listen-address", url.removeprefix("http://")]) as process:
        _await(f"{url}/-/ready")
        yield psutil.Process(process.pid), url


@contextlib.contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def _await(url: str) -> None:
    end = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        if time.monotonic() > end:
            raise SystemExit(f"waited 30 s for {url}")
        time.sleep(0.1)


def _metric(url: str, name: str) -> float:
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
