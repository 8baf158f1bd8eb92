"""`leakdog demo`: a leaking and a healthy process, watched by a real daemon until the leak is named."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leakdog.cli.help import Help
from leakdog.errors import ApiError, LeakdogError

EPILOG = """examples:
  leakdog demo           about two minutes; exit code 0 when the leak was named and nothing else was
  leakdog demo --keep    leave everything running afterwards, to look around in the pages; Ctrl-C ends it
"""
PORT = 5325
# The healthy process is watched this long before it is called healthy: longer than a leak needs to be seen.
LOOK_SECONDS = 90.0
GIVE_UP_SECONDS = 150.0
PROGRAMS = ("leaking", "healthy")


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "demo",
        help="see a leak found in two minutes",
        description="Start a leaking and a healthy Python process, watch both with a real daemon, and name the leak.",
        epilog=EPILOG,
        formatter_class=Help,
    )
    parser.add_argument("--keep", action="store_true", help="keep everything running until Ctrl-C")
    parser.set_defaults(run=run)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the daemon said in the end: the firing leaks, of each program."""

    leaking: list[dict[str, Any]]
    healthy: list[dict[str, Any]]

    @property
    def right(self) -> bool:
        """Whether the leak was named with its code, and the healthy process left in peace."""
        return bool(self.leaking and self.leaking[0]["culprits"]) and not self.healthy


def run(args: argparse.Namespace) -> int:
    """Run the show and say how it went."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="leakdog-demo-")))
        urls = {name: stack.enter_context(_program(f"leakdog.demo.{name}")) for name in PROGRAMS}
        config = folder / "leakdog.yml"
        config.write_text(config_text(urls, folder))
        server = f"http://127.0.0.1:{_free_port(PORT)}"
        stack.enter_context(_daemon(config, server, folder))
        print(f"Watching two processes: {', '.join(f'{name} on {url}' for name, url in urls.items())}")
        print(f"The daemon's pages are on {server}\n", flush=True)
        outcome = _watch(server)
        _report(outcome, server)
        if args.keep:
            print("\nEverything keeps running; Ctrl-C ends it.", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                while True:
                    time.sleep(3600)
    return 0 if outcome.right else 3


def config_text(urls: dict[str, str], folder: Path) -> str:
    """The daemon's configuration: one job per program."""
    jobs = "".join(
        f"  - job_name: {name}\n    static_configs:\n      - targets: ['{url.removeprefix('http://')}']\n"
        for name, url in urls.items()
    )
    return (
        "global:\n  scrape_interval: 1s\n"
        f"storage:\n  path: {folder / 'data'}\n"
        f"detection:\n  preset: soak\nscrape_configs:\n{jobs}"
    )


@contextlib.contextmanager
def _program(module: str) -> Iterator[str]:
    """A running program; gives the URL that it prints, and ends it on leaving."""
    command = [sys.executable, "-m", module]
    with _process(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        if not url:
            raise LeakdogError(f"starting {module}: it ended before it printed its address")
        yield url


@contextlib.contextmanager
def _daemon(config: Path, server: str, folder: Path) -> Iterator[None]:
    """A running daemon; shows its log if it ends by itself."""
    from leakdog.cli.client import Client

    address = server.removeprefix("http://")
    command = [sys.executable, "-m", "leakdog", "run", "--config", str(config), "--web.listen-address", address]
    log = folder / "daemon.log"
    with log.open("wb") as out, _process(command, stdout=out, stderr=out) as process:
        end = time.monotonic() + 20
        while True:
            if process.poll() is not None or time.monotonic() > end:
                raise LeakdogError(f"starting the daemon: it did not come up. Its log:\n{log.read_text()}")
            with contextlib.suppress(ApiError):
                Client(server).get("/api/v1/targets")
                break
            time.sleep(0.1)
        yield


@contextlib.contextmanager
def _process(command: list[str], **where: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A child process that does not outlive the block."""
    process = subprocess.Popen(command, **where)  # noqa: S603  # our own modules
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _free_port(wanted: int) -> int:
    """The wanted port, or another where somebody has it."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise LeakdogError("looking for a free port on 127.0.0.1: there is none")


def _watch(server: str) -> Outcome:
    """Poll the daemon until the leak is named and the healthy process has had time to be wrongly accused."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from leakdog.cli.client import Client

    console = Console()
    began = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("watching", total=LOOK_SECONDS)
        said = ""
        while True:
            time.sleep(1)
            elapsed = time.monotonic() - began
            outcome = _outcome(Client(server).get("/api/v1/leaks")["leaks"])
            stage = "the leak is named; watching the healthy one" if outcome.leaking else "watching both"
            bar.update(task, completed=min(elapsed, LOOK_SECONDS), description=stage)
            if stage != said and not console.is_terminal:
                wait = "" if outcome.leaking else ": a leak is named after about a minute and a half"
                print(f"{elapsed:4.0f} s  {stage}{wait}", flush=True)
            said = stage
            if elapsed > (LOOK_SECONDS if outcome.leaking and outcome.leaking[0]["culprits"] else GIVE_UP_SECONDS):
                return outcome


def _outcome(leaks: list[dict[str, Any]]) -> Outcome:
    firing = [leak for leak in leaks if leak["state"] == "firing"]
    by_job = {name: [leak for leak in firing if leak["target"]["job"] == name] for name in PROGRAMS}
    return Outcome(by_job["leaking"], by_job["healthy"])


def _report(outcome: Outcome, server: str) -> None:
    """The result, and where to look."""
    from leakdog.report.leak import leak_text

    for leak in outcome.leaking:
        print(f"\n{leak_text(leak)}")
    if not outcome.leaking:
        print("\nThe leaking process was not found to leak: this is a bug in leakdog, please report it.")
    if outcome.healthy:
        print("\nThe healthy process was called leaking: this is a bug in leakdog, please report it.")
    else:
        print("\nThe healthy process, which fills a cache and churns, was watched as long and is not flagged.")
    leakdog = "leakdog" if shutil.which("leakdog") else sys.argv[0]  # as after `make demo`, which installs into .venv
    print(
        f"\nWith `{leakdog} demo --keep` everything stays up, and you can look around:\n"
        f"  {server + '/':<32} pages, in a browser\n"
        f"  {server + '/metrics':<32} what Prometheus scrapes\n"
        f"  {leakdog + ' --help':<32} every verb; `{leakdog} leaks --server {server}`"
    )
