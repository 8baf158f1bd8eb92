"""Real programs for the tests: Go programs of the zoo, leakdog itself, and others, each ended with its block."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
START_SECONDS = 30


@dataclass(frozen=True)
class Running:
    """A program that runs, the address it serves, and where its output goes."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path

    def get(self, path: str) -> bytes:
        """Body of a page of it."""
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=10) as response:
            return bytes(response.read())

    def json(self, path: str) -> Any:
        """JSON of a page of it."""
        return json.loads(self.get(path))

    def status(self, path: str) -> int:
        """HTTP status of a page of it."""
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=10) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def stop(self) -> int:
        """End it as systemd would, and give its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


Start = Callable[..., Running]


Build = Callable[..., Path]


@pytest.fixture(scope="session")
def build_zoo(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """`build_zoo(source, package, cgo=False)`: a binary, built with the Go toolchain that came as a wheel.

    Compiled packages are kept between runs. Cgo needs a C compiler.
    """
    assert pytestconfig.cache is not None
    cache = str(pytestconfig.cache.mkdir("go-build"))

    def build(source: Path = ROOT / "tests" / "zoo", package: str = ".", *, cgo: bool = False) -> Path:
        binary = tmp_path_factory.mktemp("zoo") / "zoo"
        go = Path(sys.executable).parent / "go"
        environment = {
            **os.environ,
            "CGO_ENABLED": "1" if cgo else "0",
            "GOCACHE": cache,
            "GOFLAGS": "-mod=mod",
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
        }
        command = [go, "build", "-o", binary, package]
        subprocess.run(command, cwd=source, env=environment, check=True, timeout=300)
        return binary

    return build


@pytest.fixture(scope="session")
def zoo(build_zoo: Build) -> Path:
    """The zoo's binary."""
    return build_zoo()


@contextlib.contextmanager
def running(
    command: list[Any], address: str, log: Path, ready: Callable[[Running], bool], **extra: Any
) -> Iterator[Running]:
    """A program that has come up, ended on leaving the block."""
    with log.open("wb") as out:
        process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=subprocess.STDOUT, **extra)
    made = Running(process, address, log)
    try:
        await_that(lambda: _up(made, ready), START_SECONDS, f"{command[0]} to come up; its log is {log}")
        yield made
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _up(made: Running, ready: Callable[[Running], bool]) -> bool:
    assert made.process.poll() is None, f"{made.process.args} ended:\n{made.log.read_text(errors='replace')}"
    try:
        return ready(made)
    except (OSError, urllib.error.URLError):
        return False


def answers(path: str) -> Callable[[Running], bool]:
    """Whether a program answers on a page."""
    return lambda made: made.status(path) == 200


def await_that(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until something holds; fail with what was waited for."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"waited {seconds:g} s for {what}"
        time.sleep(0.2)


def _free_port() -> int:
    """A port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def start_zoo(zoo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts programs of the zoo: `start_zoo("map", "-metrics")`, of another binary or at an address where need be."""
    folder = tmp_path_factory.mktemp("programs")
    with contextlib.ExitStack() as stack:

        def start(program: str, *arguments: str, binary: Path = zoo, address: str = "") -> Running:
            address = address or f"127.0.0.1:{_free_port()}"
            command = [binary, program, "-addr", address, *arguments]
            log = folder / f"{program}-{address.rpartition(':')[2]}-{binary.parent.name}.log"
            return stack.enter_context(running(command, address, log, answers("/debug/pprof/cmdline")))

        yield start


@pytest.fixture(scope="module")
def start_leakdog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts daemons on a configuration text: `start_leakdog(text)`. `{data}` in it is an empty directory."""
    with contextlib.ExitStack() as stack:

        def start(config: str, *arguments: str, **extra: Any) -> Running:
            folder = tmp_path_factory.mktemp("leakdog")
            (folder / "leakdog.yml").write_text(config.replace("{data}", str(folder / "data")))
            address = f"127.0.0.1:{_free_port()}"
            command = [sys.executable, "-m", "leakdog", "run", "--config", folder / "leakdog.yml"]
            command += ["--web.listen-address", address, *arguments]
            return stack.enter_context(running(command, address, folder / "leakdog.log", answers("/-/ready"), **extra))

        yield start


@pytest.fixture(scope="module")
def start_program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts any program that serves HTTP: `start_program([...], "127.0.0.1:9090", "/-/ready")`."""
    folder = tmp_path_factory.mktemp("others")
    with contextlib.ExitStack() as stack:

        def start(command: list[Any], address: str, ready_path: str) -> Running:
            log = folder / f"{Path(str(command[0])).name}.log"
            return stack.enter_context(running(command, address, log, answers(ready_path)))

        yield start


@pytest.fixture(scope="session")
def wait() -> Callable[[Callable[[], bool], float, str], None]:
    """`wait(holds, seconds, what)`: until it holds, or the test fails saying what it waited for."""
    return await_that


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """`free_port()`: a port of 127.0.0.1 that nobody uses now."""
    return _free_port
