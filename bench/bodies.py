"""What the targets of the load benchmarks answer: pages of a real Prometheus server, or else of a small Go program.

A folder holds `heap-0.gz`, `goroutine-0.gz`, `metrics-0.gz` and so on, some rounds a few seconds apart: targets that
always answered the same would be stored and judged for nothing.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.decode import FUNCTIONS, build_service

LARGE_STACKS = 2000  # a heap profile of some 100 kB
ROUNDS = 8
APART_SECONDS = 2.0
LAST_LINES = 5  # of what a process said that failed
PAGES = {"heap": "/debug/pprof/heap", "goroutine": "/debug/pprof/goroutine", "metrics": "/metrics"}
ROOT = Path(__file__).parents[1]
PROMETHEUS = """global: {{scrape_interval: 1s}}
scrape_configs: [{{job_name: prometheus, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}]
"""
METRICS = """process_start_time_seconds {start}
process_resident_memory_bytes 84000000
process_open_fds 12
go_goroutines 41
go_memstats_heap_alloc_bytes 41000000
go_memstats_heap_inuse_bytes 50000000
go_memstats_heap_idle_bytes 20000000
go_memstats_heap_released_bytes 10000000
go_memstats_heap_sys_bytes 70000000
go_memstats_stack_inuse_bytes 1000000
go_memstats_sys_bytes 80000000
go_memstats_alloc_bytes_total {allocated}
"""


def record(folder: Path) -> str:
    """Write pages into the folder; says whose they are."""
    folder.mkdir(exist_ok=True)
    with _prometheus(folder) if shutil.which("prometheus") else _go_program(folder) as (name, port):
        pages = {key: path for key, path in PAGES.items() if key != "metrics" or name == "Prometheus"}
        sizes, start = dict.fromkeys(PAGES, 0.0), time.time() - 3600  # one start, as of one process
        for number in range(ROUNDS):
            time.sleep(APART_SECONDS)
            bodies = {key: fetch(f"http://127.0.0.1:{port}{path}") for key, path in pages.items()}
            if "metrics" not in bodies:
                allocated = int(number * APART_SECONDS * 1e6)
                bodies["metrics"] = gzip.compress(METRICS.format(start=start, allocated=allocated).encode())
            for key, body in bodies.items():
                gzip.decompress(body)  # a profile or a page, not an error
                (folder / f"{key}-{number}.gz").write_bytes(body)
                sizes[key] += len(body) / ROUNDS
    return f"{name}: " + ", ".join(f"{key} {size / 1000:.1f} kB" for key, size in sizes.items())


def record_large(folder: Path) -> str:
    """Write heap profiles of some 100 kB of one process, and a small metrics page that tells when it was started: else
    the first profile after the last would be that of a new process. Says how large they are.
    """
    folder.mkdir(exist_ok=True)
    build_service(folder)
    pages = folder / "heap-0.gz", folder / "heap-1.gz"
    subprocess.run([folder / "service", str(FUNCTIONS), str(LARGE_STACKS), *pages], check=True)
    metrics = METRICS.format(start=time.time() - 3600, allocated=1e9)
    (folder / "metrics-0.gz").write_bytes(gzip.compress(metrics.encode()))
    size = sum(page.stat().st_size for page in pages) / len(pages)
    return f"a Go program with {LARGE_STACKS:,} stacks: heap {size / 1000:.1f} kB"


def fetch(url: str, headers: Mapping[str, str] | None = None) -> bytes:
    """The page, as it comes."""
    asked = urllib.request.Request(url, headers=headers or {"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        data: bytes = answer.read()
    return data


@contextlib.contextmanager
def running(command: list[object], where: Path = ROOT) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended with the block. If it fails by itself, the end of what it said is printed."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=said, cwd=where)
        try:
            yield process
        finally:
            if process.poll():
                said.seek(0)
                print(*said.read().decode(errors="replace").splitlines()[-LAST_LINES:], sep="\n", file=sys.stderr)
            process.terminate()
            process.wait(timeout=60)


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Return once the process answers at this page.

    Raises:
        SystemExit: it does not within this time, or has ended.

    """
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        if process.poll() is not None:
            raise SystemExit(f"{process.args} ended with {process.returncode} before {url} answered")
        if time.monotonic() > end:
            raise SystemExit(f"waited {seconds:.0f} s for {url}")
        time.sleep(0.05)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _prometheus(folder: Path) -> Iterator[tuple[str, int]]:
    """A Prometheus server that watches itself, for as long as to have something in its head block."""
    port = free_port()
    config = folder / "prometheus.yml"
    config.write_text(PROMETHEUS.format(port=port))
    data = folder / "prometheus"
    command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={data}"]
    with running([*command, f"--web.listen-address=127.0.0.1:{port}"]) as process:
        wait_for(f"http://127.0.0.1:{port}/-/ready", process)
        time.sleep(10)
        yield "Prometheus", port
    shutil.rmtree(data)


@contextlib.contextmanager
def _go_program(folder: Path) -> Iterator[tuple[str, int]]:
    """A small Go program."""
    port = free_port()
    with running([build_zoo(folder), "body", "-addr", f"127.0.0.1:{port}"]):
        time.sleep(6)
        yield "a Go program", port


def build_zoo(folder: Path) -> Path:
    """Real Go programs, built here with the Go wheel."""
    binary = folder / "zoo"
    environment = {**os.environ, "CGO_ENABLED": "0", "GOCACHE": str(ROOT / ".cache" / "go-build"), "GOPROXY": "off"}
    environment |= {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
    go = Path(sys.executable).parent / "go"
    subprocess.run([go, "build", "-o", binary, "."], cwd=ROOT / "tests" / "zoo", env=environment, check=True)
    return binary
