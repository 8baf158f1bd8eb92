"""`leakdog demo`: its configuration, its verdict on itself, and that it leaves nothing running."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from leakdog import cli
from leakdog.cli import client, demo
from leakdog.config.load import loads
from leakdog.config.schema import Preset
from leakdog.errors import ApiError, LeakdogError

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


@pytest.mark.parametrize(("found", "named"), [(None, ".venv/bin/leakdog"), ("/usr/bin/leakdog", "leakdog")])
def test_the_command_is_called_as_it_can_be_typed(
    found: str | None, named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its path where it is not among the commands, as after `make demo`."""
    monkeypatch.setattr("shutil.which", lambda name: found)
    monkeypatch.setattr("sys.argv", [".venv/bin/leakdog", "demo"])
    demo._report(demo.Outcome([LEAK], []), "http://127.0.0.1:5325")
    assert f"With `{named} demo --keep`" in capsys.readouterr().out


def test_a_program_ends_with_its_block() -> None:
    """Both programs print an address; leaving the block ends them."""
    for name in demo.PROGRAMS:
        with demo._program(f"leakdog.demo.{name}") as url:
            assert url.startswith("http://127.0.0.1:")
    with pytest.raises(LeakdogError, match="ended before it printed its address"), demo._program("leakdog.nothing"):
        pass


@pytest.mark.parametrize(("code", "leaks"), [(0, [LEAK]), (3, []), (3, [{**LEAK, "culprits": []}])])
def test_the_show_ends_with_its_verdict(code: int, leaks: list[object], monkeypatch, capsys) -> None:
    """0 only if the leak was named with its code; programs and daemon are started, asked once a second, and told of."""
    began, asked = iter(range(1000)), iter(range(1000))
    started: list[str] = []

    @contextlib.contextmanager
    def start(what: object, *_: object) -> Iterator[str]:
        started.append(str(what).rpartition(".")[2])
        yield "http://127.0.0.1:1"

    class Paper:
        def __init__(self, server: str) -> None:
            assert server.startswith("http://127.0.0.1:")

        def get(self, path: str) -> dict[str, object]:
            """Nothing for a while, then the leak."""
            assert path == "/api/v1/leaks"
            return {"leaks": leaks if next(asked) > 3 else []}

    monkeypatch.setattr(demo, "_program", start)
    monkeypatch.setattr(demo, "_daemon", start)
    monkeypatch.setattr(client, "Client", Paper)
    monkeypatch.setattr(demo, "time", SimpleNamespace(sleep=lambda seconds: None, monotonic=lambda: next(began)))
    assert cli.main(["demo"]) == code
    assert started == ["leaking", "healthy", "yml"]
    said = capsys.readouterr().out
    assert "watching both: a leak is named after about a minute and a half" in said
    assert ("the leak is named; watching the healthy one" in said) is bool(leaks)


def test_a_show_that_is_kept_ends_with_ctrl_c(monkeypatch, capsys) -> None:
    """Everything stays up until then; the exit code is still that of the verdict."""

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "_program", lambda module: contextlib.nullcontext("http://127.0.0.1:1"))
    monkeypatch.setattr(demo, "_daemon", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(demo, "_watch", lambda server: demo.Outcome([LEAK], []))
    monkeypatch.setattr(demo, "time", SimpleNamespace(sleep=interrupted))
    assert cli.main(["demo", "--keep"]) == 0
    assert "Everything keeps running; Ctrl-C ends it." in capsys.readouterr().out


def test_the_daemon_of_the_show_is_a_real_one(tmp_path: Path) -> None:
    """It answers within its block and is gone after it; one that does not come up shows its log."""
    config = tmp_path / "leakdog.yml"
    config.write_text(demo.config_text({}, tmp_path).replace("scrape_configs:\n", "scrape_configs: []\n"))
    server = f"http://127.0.0.1:{demo._free_port(0)}"
    with demo._daemon(config, server, tmp_path):
        assert client.Client(server).get("/api/v1/targets")["targets"] == []
    with pytest.raises(ApiError):
        client.Client(server).get("/api/v1/targets")
    config.write_text("odd: 1\n")
    failed = pytest.raises(LeakdogError, match=r"did not come up\. Its log:\n.*odd")
    with failed, demo._daemon(config, server, tmp_path):
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
