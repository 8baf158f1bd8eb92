"""What a daemon costs: CPU per scrape, scrapes per second and core, and resident memory, idle and with many targets.

    python -m bench daemon                                      the short form
    python -m bench.daemon --targets 1000 --interval 60 --seconds 180
    python -m bench.daemon --targets --large 100 --large-interval 2        only large bodies

A scrape is one pass over one target: a heap profile, a goroutine profile and a metrics page, read, decoded, stored and
judged; so it is three bodies of some 6 kB. In the last row it is one, a heap profile of 100 kB, and a metrics page of
twelve lines, which is not counted. CPU is that of the daemon alone, whatever else the machine does; `bodies/s/core` is
how many bodies a second of it is enough for.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from bench.bodies import PAGES, fetch, free_port, record, record_large, running, wait_for
from bench.targets import addresses

MIB = 1 << 20
SMALL = ("heap", "goroutine", "metrics")
LARGE = ("heap", "metrics")
BODIES = {SMALL: 3, LARGE: 1}  # that are counted of a scrape
# Bodies a second that one core is to be enough for.
AIMS = {SMALL: 400, LARGE: 120}
IDLE_AIM = 96  # MiB
RSS_AIMS = {500: 160, 5000: 320}  # MiB, by number of targets


def main(arguments: Sequence[str] = ()) -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--targets", type=int, nargs="*", default=[100])
    options.add_argument("--interval", type=float, nargs="*", default=[5.0], help="seconds, one for each --targets")
    options.add_argument("--large", type=int, default=50, help="targets that send 100 kB; 0: none")
    options.add_argument("--large-interval", type=float, default=5.0, help="seconds")
    options.add_argument("--settle", type=float, default=5.0, help="seconds from the end of a first pass on")
    options.add_argument("--seconds", type=float, default=30.0, help="how long is measured after that")
    given = options.parse_args(arguments)
    if len(given.interval) < len(given.targets):
        options.error(f"{len(given.targets)} numbers of --targets, and an --interval for {len(given.interval)} of them")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"bodies of {record(folder / 'bodies')}")
        with daemon(folder / "idle", [], 60.0) as (process, _):
            time.sleep(5)
            idle = process.memory_info().rss / MIB
            print(f"resident memory of an idle daemon (no targets): {idle:.0f} MiB (aim: {IDLE_AIM})")
        print(
            f"{'targets':>8}{'every':>8}{'scrapes/s':>11}{'failed':>8}{'cores':>7}{'CPU/scrape':>12}"
            f"{'RSS':>9}{'':12}{'KiB/target':>12}{'bodies/s/core':>15}",
            flush=True,
        )
        with simulated(folder / "bodies") as port:
            for count, interval in zip(given.targets, given.interval[: len(given.targets)], strict=True):
                targets = addresses(count, port)
                print(measure(folder / f"daemon-{count}", targets, interval, given), flush=True)
        if given.large:
            print(record_large(folder / "large"))
            with simulated(folder / "large") as port:
                targets = addresses(given.large, port)
                print(measure(folder / "daemon-large", targets, given.large_interval, given, LARGE), flush=True)


def measure(
    folder: Path, targets: Sequence[str], interval: float, given: argparse.Namespace, pages: tuple[str, ...] = SMALL
) -> str:
    """Watch all targets for a while: a row of the table."""
    with daemon(folder, targets, interval, pages) as (process, url):
        idle = process.memory_info().rss
        time.sleep(interval + given.settle)  # the first pass of each is another: it decodes and stores all anew
        scrapes = metric(url, "leakdog_scrapes_total")  # what this page costs is not counted
        began, before = time.monotonic(), cpu_seconds(process)
        time.sleep(given.seconds)
        cpu, elapsed = cpu_seconds(process) - before, time.monotonic() - began
        done = metric(url, "leakdog_scrapes_total") - scrapes
        failed = metric(url, "leakdog_scrape_failures_total")
        rss = process.memory_info().rss
    each, bodies = (rss - idle) / len(targets) / 1024, BODIES[pages] * done / cpu
    aim = f" (aim: {RSS_AIMS[len(targets)]})" if len(targets) in RSS_AIMS else ""
    memory = f"{rss / MIB:5.0f} MiB{aim}"
    return (
        f"{len(targets):8,}{interval:7g}s{done / elapsed:11.1f}{failed:8.0f}{cpu / elapsed:7.2f}"
        f"{1000 * cpu / done:9.2f} ms{memory:21}{each:12.0f}{bodies:15.0f} (aim: {AIMS[pages]})"
    )


def cpu_seconds(process: psutil.Process) -> float:
    """Processor time of a process and of those that it has started."""
    total = sum(process.cpu_times()[:2])
    for child in process.children():
        with contextlib.suppress(psutil.Error):
            total += sum(child.cpu_times()[:2])
    return float(total)


@contextlib.contextmanager
def simulated(folder: Path) -> Iterator[int]:
    """The process that plays all targets; gives its port."""
    port = free_port()
    with running([sys.executable, "-m", "bench.targets", folder, port]) as process:
        wait_for(f"http://127.0.0.1:{port}{PAGES['heap']}", process)
        yield port


@contextlib.contextmanager
def daemon(
    folder: Path, targets: Sequence[str], interval: float, pages: Sequence[str] = SMALL
) -> Iterator[tuple[psutil.Process, str]]:
    """A daemon on these pages of these targets, once it is ready; gives its process and URL."""
    folder.mkdir(exist_ok=True)
    config, every = folder / "leakdog.yml", f"{1000 * interval:.0f}ms"
    profiles = [page for page in pages if page != "metrics"]
    job = {"job_name": "bench", "profiles": profiles, "static_configs": [{"targets": list(targets)}]}
    jobs = [{**job, "intervals": dict.fromkeys(profiles, every)}]
    settings = {"global": {"scrape_interval": every}, "storage": {"path": str(folder / "data")}}
    config.write_text(json.dumps({**settings, "scrape_configs": jobs if targets else []}))
    url = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "leakdog", "run", "--config", config]
    with running([*command, "--web.listen-address", url.removeprefix("http://")]) as process:
        wait_for(f"{url}/-/ready", process, 300)
        yield psutil.Process(process.pid), url


def metric(url: str, name: str) -> float:
    """The sum of a metric's series."""
    lines = fetch(f"{url}/metrics", {"Accept": "text/plain"}).decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


if __name__ == "__main__":
    main(sys.argv[1:])
