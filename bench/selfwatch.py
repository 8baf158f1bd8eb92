"""Does the daemon leak? Another leakdog watches it for an hour, while it watches some hundred targets.

    python -m bench.selfwatch [--minutes 60] [--targets 500] [--interval 30]

The watcher judges as it would any other process of this machine, by the preset `production` and by resident set,
threads and open files every 15 s. Ends with 1 if it found a leak.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.bodies import fetch, free_port, record, running, wait_for
from bench.daemon import MIB, cpu_seconds, daemon, metric, simulated
from bench.targets import addresses

WATCH_SECONDS = 15
SHOWN_SECONDS = 300.0


def main(arguments: Sequence[str] = ()) -> int:
    """Print the daemon's memory every five minutes, and in the end what the watcher says."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--minutes", type=float, default=60.0)
    options.add_argument("--targets", type=int, default=500)
    options.add_argument("--interval", type=float, default=30.0)
    given = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"bodies of {record(folder / 'bodies')}; {given.targets} targets every {given.interval:g} s")
        with (
            simulated(folder / "bodies") as port,
            daemon(folder / "watched", addresses(given.targets, port), given.interval) as (process, url),
        ):
            watcher = f"127.0.0.1:{free_port()}"
            config = folder / "watcher.yml"
            jobs = [{"job_name": "leakdog", "process": {"pid": process.pid}}]
            whole = {"scrape_interval": f"{WATCH_SECONDS}s"}
            config.write_text(json.dumps({"global": whole, "storage": {"backend": "memory"}, "scrape_configs": jobs}))
            command = [sys.executable, "-m", "leakdog", "run", "--config", config, "--web.listen-address", watcher]
            with running(command):
                wait_for(f"http://{watcher}/-/ready")
                began = time.monotonic()
                while (left := began + 60 * given.minutes - time.monotonic()) > 0:
                    time.sleep(min(left, SHOWN_SECONDS))
                    minutes, rss = (time.monotonic() - began) / 60, process.memory_info().rss / MIB
                    cpu, done = cpu_seconds(process), metric(url, "leakdog_scrapes_total")
                    print(f"{minutes:4.0f} min {rss:6.1f} MiB {1000 * cpu / done:7.2f} ms CPU per scrape", flush=True)
                return verdict(watcher)


def verdict(watcher: str) -> int:
    """What is said of each signal; 1 where one of them leaks."""
    (target,) = json.loads(fetch(f"http://{watcher}/api/v1/targets"))["targets"]
    for signal, found in target["verdicts"].items():
        print(f"{signal:12} {found['verdict']:10} {'; '.join(found['reasons'])}")
    leaks = json.loads(fetch(f"http://{watcher}/api/v1/leaks"))["leaks"]
    print(f"{len(leaks)} leaks" if leaks else "no leak")
    return 1 if leaks else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
