"""`leakdog demo`: its configuration, its verdict on itself, and that it leaves nothing running."""

import subprocess
import sys
from pathlib import Path

import pytest

from leakdog.cli import demo
from leakdog.config.load import loads
from leakdog.config.schema import Preset
from leakdog.errors import LeakdogError

LEAK = {
    "id": "3f9c2a71b0de",
    "target": {"job": "leaking", "instance": "127.0.0.1:1"},
    "signal": "inuse_space",
    "unit": "bytes",
    "class": "heap",
    "state": "firing",
    "since": "2026-01-01T00:00:10.000Z",
    "growth_per_second": 1.0,
    "interval": [0.9, 1.1],
    "time_to_limit_seconds": None,
    "reasons": ["it grows"],
    "culprits": [
        {"stack_id": "0", "function": "f", "file": "a.py", "line": 1, "share": 1.0, "growth_per_second": 1.0,
         "created_by": None, "note": "", "stack": []}
    ],
}  # fmt: skip


def test_the_configuration_is_valid(tmp_path: Path) -> None:
    """One job per program, judged as a soak run, stored in the demo's own folder."""
    urls = {"leaking": "http://127.0.0.1:1", "healthy": "http://127.0.0.1:2"}
    config = loads(demo.config_text(urls, tmp_path), "demo.yml")
    assert [job.static_configs[0].targets for job in config.scrape_configs] == [("127.0.0.1:1",), ("127.0.0.1:2",)]
    assert config.detection.preset is Preset.SOAK
    assert config.storage.path == str(tmp_path / "data")


@pytest.mark.parametrize(
    ("expected", "leaks"),
    [
        (True, [LEAK]),
        (False, []),
        (False, [{**LEAK, "state": "pending"}]),
        (False, [{**LEAK, "culprits": []}]),
        (False, [LEAK, {**LEAK, "target": {"job": "healthy", "instance": "127.0.0.1:2"}}]),
    ],
)
def test_the_demo_is_right_only_if_the_leak_alone_is_named(expected: bool, leaks: list[dict[str, object]]) -> None:
    """No leak, a pending one, one without code, or a healthy process accused: each is a failed demo."""
    assert demo._outcome(leaks).right is expected


def test_the_report_says_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    """The leak is told with its line, and the daemon's address is given."""
    demo._report(demo.Outcome([LEAK], []), "http://127.0.0.1:5325")
    said = capsys.readouterr().out
    assert "a.py:1" in said
    assert "http://127.0.0.1:5325/" in said
    demo._report(demo.Outcome([], [LEAK]), "http://127.0.0.1:5325")
    assert capsys.readouterr().out.count("this is a bug in leakdog") == 2


def test_a_program_ends_with_its_block() -> None:
    """Both programs print an address; leaving the block ends them."""
    for name in demo.PROGRAMS:
        with demo._program(f"leakdog.demo.{name}") as url:
            assert url.startswith("http://127.0.0.1:")
    with pytest.raises(LeakdogError, match="ended before it printed its address"), demo._program("leakdog.nothing"):
        pass


def test_a_taken_port_is_left_alone() -> None:
    """Where somebody has the usual port, another is taken."""
    code = (
        "import socket, sys; taken = socket.create_server(('127.0.0.1', 0)); "
        "print(taken.getsockname()[1], flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        taken = int(process.stdout.readline())
        assert demo._free_port(taken) != taken
        process.communicate()
    assert demo._free_port(taken) == taken
