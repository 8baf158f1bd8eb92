"""`leakdog list --link`: from a line of a running program to that line at a host that shows source."""

from __future__ import annotations

import functools
import json
import re
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag

import pytest

from leakdog.cli import main

ZOO = Path(__file__).parents[1] / "zoo"
LEAK = r"^zoo/leaks\.cacheSession$"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and says nothing."""

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def source_host() -> Iterator[str]:
    """The address of a host that shows the source of the zoo."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(ZOO))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def leaking(start_zoo: Callable[..., Any], wait: Callable[..., None]) -> str:
    """The address of a program whose leak is in its heap profile."""
    program = start_zoo("map")
    wait(lambda: b"leaks.cacheSession" in program.get("/debug/pprof/heap?gc=1&debug=1"), 30, "the leak to be sampled")
    return f"http://{program.address}"


def test_links_lead_to_the_lines_that_hold_memory(
    leaking: str, source_host: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Each link, followed, shows the very line that `list` shows from the files; it holds as much."""
    heap = tmp_path / "heap.pb.gz"
    with urllib.request.urlopen(f"{leaking}/debug/pprof/heap") as answer:
        heap.write_bytes(answer.read())

    def listed(*arguments: str) -> list[dict[str, Any]]:
        assert main(["list", LEAK, str(heap), "--trim-path", str(ZOO), "--json", *arguments]) == 0
        (routine,) = json.loads(capsys.readouterr().out)["routines"]
        assert (routine["function"], routine["file"]) == ("zoo/leaks.cacheSession", "leaks/memory.go")
        return [line for line in routine["lines"] if line["cum"]]

    linked, written = listed("--link", f"{source_host}/{{file}}#L{{line}}"), listed("--source-path", str(ZOO))
    assert linked
    for there, here in zip(linked, written, strict=True):
        assert {**there, "source": ""} == {**here, "source": ""}
        page, fragment = urldefrag(there["source"])
        with urllib.request.urlopen(page) as answer:
            lines = answer.read().decode().splitlines()
        assert lines[int(fragment.removeprefix("L")) - 1] == here["source"]
        assert "make([]byte" in here["source"]


def test_links_stand_in_the_text(leaking: str, source_host: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a live program, where source stands otherwise: one for each line that holds something."""
    link = ["--trim-path", str(ZOO), "--link", f"{source_host}/{{file}}#L{{line}}"]
    assert main(["list", LEAK, leaking, *link]) == 0
    text = capsys.readouterr().out
    assert "ROUTINE ======================== zoo/leaks.cacheSession in leaks/memory.go\n" in text
    found = re.findall(rf"^ +\S+ +\S+ +(\d+):{source_host}/leaks/memory\.go#L(\d+)$", text, re.MULTILINE)
    assert found
    assert all(number == linked for number, linked in found)
