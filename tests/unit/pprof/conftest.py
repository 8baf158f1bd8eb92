"""Profiles for the tests: made by hand, captured from real servers, and written by a real Go program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from leakdog.pprof.wire import delimited, integer, packed

HERE = Path(__file__).parent

Numbers = Sequence[int]


class Made:
    """A small valid heap profile whose parts can be replaced by any bytes before it is put together.

    Sample 1 is main.keep (inlined into main.work) called by main.main; sample 2 is main.main alone.
    """

    strings = (
        b"",
        b"inuse_objects",
        b"count",
        b"inuse_space",
        b"bytes",
        b"main.keep",
        b"main.work",
        b"main.main",
        b"a.go",
    )

    def __init__(self) -> None:
        """All parts as they are when nothing is replaced."""
        self.sample_types = [self.numbers(1, 2), self.numbers(3, 4)]
        self.samples = [self.sample([1, 2], [3, 300]), self.sample([2], [1, 100])]
        self.mappings = [self.numbers(1, 0x400000, 0x500000)]
        self.locations = [
            self.numbers(1, 1, 0x400100) + self.line(1, 10) + self.line(2, 20),
            self.numbers(2, 1, 0x400200) + self.line(3, 30),
        ]
        self.functions = [self.numbers(1, 5, 5, 8), self.numbers(2, 6, 6, 8), self.numbers(3, 7, 7, 8)]
        self.table = list(self.strings)
        self.rest = integer(12, 524288)

    @staticmethod
    def numbers(*values: int) -> bytes:
        """A message whose fields 1, 2, 3, … are these numbers."""
        return b"".join(integer(number, value) for number, value in enumerate(values, 1))

    @staticmethod
    def sample(locations: Numbers, values: Numbers, labels: Sequence[bytes] = ()) -> bytes:
        """A sample with packed numbers."""
        return packed(1, locations) + packed(2, values) + b"".join(delimited(3, label) for label in labels)

    @classmethod
    def line(cls, function: int, number: int) -> bytes:
        """A line field of a location."""
        return delimited(4, cls.numbers(function, number))

    def encode(self) -> bytes:
        """The profile's bytes."""
        fields = enumerate(
            (self.sample_types, self.samples, self.mappings, self.locations, self.functions, self.table), 1
        )
        return b"".join(delimited(number, each) for number, messages in fields for each in messages) + self.rest


@pytest.fixture
def made() -> Made:
    """A small valid profile to change."""
    return Made()


@pytest.fixture
def testdata() -> Path:
    """The folder of captured profiles."""
    return HERE / "testdata"


@pytest.fixture
def captured(testdata: Path) -> bytes:
    """A gzipped heap profile of a real server."""
    return (testdata / "prometheus-heap.pb.gz").read_bytes()


Go = Callable[..., str]


@pytest.fixture(scope="session")
def go(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Go:
    """Runs the Go command of this environment and gives its output. Compiled packages are kept between runs."""
    assert pytestconfig.cache is not None
    environment = {
        "GOCACHE": str(pytestconfig.cache.mkdir("go-build")),
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",  # no C compiler is needed
        "HOME": str(tmp_path_factory.mktemp("home")),
        "PATH": os.environ["PATH"],
        "TZ": "UTC",
    }

    def run(*arguments: str, folder: Path = HERE) -> str:
        command = [str(Path(sys.executable).parent / "go"), *arguments]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def written(go: Go, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the profiles that `program/main.go` writes: `heap.pb.gz`, `heap.txt`, `goroutine.pb.gz`, …"""
    folder = tmp_path_factory.mktemp("written")
    program = folder / "profiled"
    go("build", "-o", str(program), ".", folder=HERE / "program")
    subprocess.run([program, folder], check=True, timeout=60)
    return folder
