"""A small daemon of paper: answers like the API, with what a test gives it."""

import argparse
import importlib
import json
import pkgutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from leakdog import cli
from leakdog.cli import main, top
from leakdog.pprof.wire import delimited, integer, packed

# A verb's module is loaded when the verb is first used. One that were first used while a test has put something in a
# name's place would keep that.
for each in pkgutil.iter_modules(cli.__path__, "leakdog.cli."):
    importlib.import_module(each.name)

PUT = {"function": "shop/leaks.(*Cache).Put", "file": "/srv/shop/leaks/leaks.go", "line": 19}
Serve = Callable[[dict[str, Any]], str]
TABLE = (b"", b"inuse_objects", b"count", b"inuse_space", b"bytes", b"main.keep", b"main.main", b"a.go")


def profile() -> bytes:
    """main.main calls main.keep, which holds 300 bytes in 3 objects; main.main itself holds 100 in 1."""

    def numbers(*values: int) -> bytes:
        return b"".join(integer(number, value) for number, value in enumerate(values, 1))

    parts = [delimited(1, numbers(1, 2)), delimited(1, numbers(3, 4))]
    parts += [delimited(2, packed(1, [1, 2]) + packed(2, [3, 300])), delimited(2, packed(1, [2]) + packed(2, [1, 100]))]
    parts += [delimited(4, numbers(i) + delimited(4, numbers(i, 9))) for i in (1, 2)]
    parts += [delimited(5, numbers(i, 4 + i, 4 + i, 7)) for i in (1, 2)]
    return b"".join([*parts, *(delimited(6, text) for text in TABLE)])


@pytest.fixture
def heap() -> bytes:
    """A profile in which main.main calls main.keep."""
    return profile()


@pytest.fixture
def path(tmp_path: Path, heap: bytes) -> str:
    """It in a file."""
    file = tmp_path / "heap.pb"
    file.write_bytes(heap)
    return str(file)


@pytest.fixture
def call() -> Callable[..., int]:
    """Run `top` with these arguments; what `main` would make a sentence of is raised."""

    def run(*arguments: str) -> int:
        parser = argparse.ArgumentParser()
        top.register(parser.add_subparsers())
        args = parser.parse_args(["top", *arguments])
        return int(args.run(args))

    return run


@pytest.fixture
def run(path: str) -> Callable[..., int]:
    """Run a verb on that profile; `first` is an argument before it."""
    return lambda verb, *arguments, first=None: main([verb, *([first] if first else []), path, *arguments])


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server with these answers by path (query left out).

    An answer is JSON, a pair of a status and a raw body, or a function from the path with its query to either.
    """
    servers: list[ThreadingHTTPServer] = []

    def start(answers: dict[str, Any]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = answers.get(self.path.partition("?")[0], (404, b'{"error": "no such page"}'))
                asked.append(self.path)
                self._tell(answer(self.path) if callable(answer) else answer)

            def _tell(self, answer: Any) -> None:
                status, body = answer if isinstance(answer, tuple) else (200, json.dumps(answer).encode())
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _send(self) -> None:
                """A POST or DELETE: answered as what is given for `METHOD PATH`; its body is kept."""
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                sent.append((self.command, self.path, self.headers.get("Content-Type"), body))
                self._tell(answers[f"{self.command} {self.path}"])

            do_POST = _send  # noqa: N815  # the name that the library looks for
            do_DELETE = _send  # noqa: N815

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        asked: list[str] = answers.setdefault("asked", [])
        sent: list[tuple[str, str, str | None, bytes]] = answers.setdefault("sent", [])
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def leak() -> Callable[..., dict[str, Any]]:
    """A firing heap leak as the API gives it, with changes."""

    def make(**changes: Any) -> dict[str, Any]:
        return {
            "id": "3f9c2a71b0de",
            "target": {"job": "shop", "instance": "127.0.0.1:6060"},
            "signal": "inuse_space",
            "unit": "bytes",
            "class": "heap",
            "state": "firing",
            "since": "2026-01-01T00:00:10.000Z",
            "updated": "2026-01-01T00:12:00.000Z",
            "growth_per_second": 2.0 * 1024 * 1024,
            "interval": [1.5 * 1024 * 1024, 2.5 * 1024 * 1024],
            "time_to_limit_seconds": 7500.0,
            "reasons": ["grew in 8 of 8 parts of the last 12 min"],
            "culprits": [
                {
                    "stack_id": "8476e5ec1b5f",
                    **PUT,
                    "share": 0.87,
                    "growth_per_second": 1.75 * 1024 * 1024,
                    "created_by": None,
                    "note": "",
                    "stack": [PUT],
                }
            ],
            **changes,
        }

    return make


@pytest.fixture
def target() -> Callable[..., dict[str, Any]]:
    """A target that is up and steady as the API gives it, with changes."""
    steady = {"verdict": "steady", "growth_per_second": 0.0, "ready_at": None, "reasons": []}

    def make(**changes: Any) -> dict[str, Any]:
        return {
            "job": "shop",
            "instance": "127.0.0.1:6060",
            "labels": {},
            "up": True,
            "last_error": "",
            "last_scrape": "2026-01-01T00:12:00.000Z",
            "life_start": "2026-01-01T00:00:00.000Z",
            "signals": {"goroutines": 12.0, "inuse_space": 5 * 1024 * 1024, "rss": 40 * 1024 * 1024},
            "verdicts": {
                "rss": {**steady, "look_back_seconds": 96.0},
                "goroutines": {**steady, "look_back_seconds": 48.0},
            },
            **changes,
        }

    return make


@pytest.fixture
def series() -> dict[str, Any]:
    """A series of `inuse_space` that grows for a minute."""
    points = [[f"2026-01-01T00:00:{i:02d}.000Z", 1e6 * i] for i in range(60)]
    about = {"job": "shop", "instance": "127.0.0.1:6060", "signal": "inuse_space", "unit": "bytes"}
    return {"series": [{**about, "points": points}]}


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal is 80 columns wide, and no daemon is named by the environment."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("LEAKDOG_SERVER", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.fixture
def leakdog(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run a verb that asks a daemon, in this process, and return the exit code of the command line."""
    monkeypatch.setattr("leakdog.cli.VERBS", ("targets", "sites", "leaks", "show", "ack", "evidence"))
    return lambda *args: main(list(args))
