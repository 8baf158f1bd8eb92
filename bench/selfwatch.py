"""Does the daemon leak? Two more leakdogs watch it for an hour, while it watches some hundred targets.

    python -m bench.selfwatch [--minutes 60] [--targets 200] [--interval 60] [--days 0]

They judge as they would any other process of this machine, by resident set, threads and open files: one by the preset
`soak`, which has seen its longest look-back after half an hour, the other by `production`, which says nothing of a
process that is younger than eight hours but for growth that is fast. With `--days` the daemon starts with what it would
know of its targets after so many days: their rings are full, and nothing in it has a reason to grow any more.
Ends with 1 if a leak stands at the end by either; one that was announced and is over is told. `soak` also judges spans
of a minute: where passes pile up on a busy machine, the memory of those that wait is growth to it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from bench.bodies import fetch, free_port, record, running, wait_for
from bench.daemon import MIB, cpu_seconds, daemon, metric, simulated
from bench.startup import filled
from bench.targets import addresses

# By preset, how often the daemon is read.
WATCHERS = {"soak": "2s", "production": "15s"}
SHOWN_SECONDS = 300.0


def main(arguments: Sequence[str] = ()) -> int:
    """Print the daemon's memory every five minutes, and in the end what the watchers say."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--minutes", type=float, default=60.0)
    options.add_argument("--targets", type=int, default=200)
    options.add_argument("--interval", type=float, default=60.0)
    options.add_argument("--days", type=float, default=0.0, help="for how long the targets were watched before")
    given = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"bodies of {record(folder / 'bodies')}; {given.targets} targets every {given.interval:g} s")
        with simulated(folder / "bodies") as port, contextlib.ExitStack() as stack:
            targets = addresses(given.targets, port)
            (folder / "watched").mkdir()
            if given.days:
                asyncio.run(filled(folder / "watched" / "data", targets, given.days))
            process, url = stack.enter_context(daemon(folder / "watched", targets, given.interval))
            watchers = {preset: stack.enter_context(watcher(folder, preset, process.pid)) for preset in WATCHERS}
            show(process, url, 60 * given.minutes)
            return max([verdict(preset, at) for preset, at in watchers.items()])


@contextlib.contextmanager
def watcher(folder: Path, preset: str, pid: int) -> Iterator[str]:
    """A leakdog that watches this process by a preset; gives its URL."""
    config, at = folder / f"{preset}.yml", f"127.0.0.1:{free_port()}"
    settings = {
        "global": {"scrape_interval": WATCHERS[preset]},
        "detection": {"preset": preset},
        "storage": {"backend": "memory"},
        "scrape_configs": [{"job_name": "leakdog", "process": {"pid": pid}}],
    }
    config.write_text(json.dumps(settings))
    with running([sys.executable, "-m", "leakdog", "run", "--config", config, "--web.listen-address", at]) as process:
        wait_for(f"http://{at}/-/ready", process)
        yield f"http://{at}"


def show(process: psutil.Process, url: str, seconds: float) -> None:
    """Print what the daemon takes, every five minutes."""
    began = time.monotonic()
    while (left := began + seconds - time.monotonic()) > 0:
        time.sleep(min(left, SHOWN_SECONDS))
        minutes, rss = (time.monotonic() - began) / 60, process.memory_info().rss / MIB
        cpu, done = cpu_seconds(process), metric(url, "leakdog_scrapes_total")
        skipped = metric(url, "leakdog_scrapes_skipped_total")
        print(
            f"{minutes:4.0f} min {rss:6.1f} MiB {1000 * cpu / done:7.2f} ms CPU per pass, {skipped:.0f} left out",
            flush=True,
        )


def verdict(preset: str, url: str) -> int:
    """Print what a watcher says of each signal; 1 where a leak stands."""
    (target,) = json.loads(fetch(f"{url}/api/v1/targets"))["targets"]
    for signal, found in target["verdicts"].items():
        print(f"{preset:10} {signal:12} {found['verdict']:10} {'; '.join(found['reasons'])}")
    leaks = json.loads(fetch(f"{url}/api/v1/leaks"))["leaks"]
    for leak in leaks:
        print(f"{preset:10} {told(leak)}")
    early = all(found["verdict"] == "too_early" for found in target["verdicts"].values())
    stands = [leak for leak in leaks if leak["state"] != "resolved"]
    whole = "leak" if stands else "too early to say" if early else "no leak"
    over = f", {len(leaks) - len(stands)} announced that are over" if len(leaks) > len(stands) else ""
    print(f"{preset}: {whole}{over} (aim: no leak)", flush=True)
    return 1 if stands else 0


def told(leak: dict[str, Any]) -> str:
    """A leak in a line."""
    grows = f"{leak['growth_per_second'] or 0.0:,.0f} {leak['unit']} a second"
    return f"leak of {leak['signal']}, {leak['state']}, since {leak['since']}, {grows}: {'; '.join(leak['reasons'])}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
