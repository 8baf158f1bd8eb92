"""`leakdog evidence`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leakdog.report.archive import Packing, archive

Serve = Callable[[dict[str, Any]], str]
Make = Callable[..., dict[str, Any]]
Capture = pytest.CaptureFixture[str]
Run = Callable[..., int]

FILES = {"README.md": b"# a leak\n", "verdict.json": b"{}"}
WHERE = "/api/v1/leaks/3f9c2a71b0de/evidence"
PACKED = {packing: archive(FILES, "leakdog-3f9c2a71b0de", 0.0, packing) for packing in Packing}


@pytest.fixture
def answers(leak: Make) -> dict[str, Any]:
    """A daemon that has one leak, and what proves it."""
    return {
        "/api/v1/leaks": {"leaks": [leak(), leak(id="3fffffffffff")]},
        f"POST {WHERE}": {"stored": ["cmdline.txt"], "missing": {}},
        **{f"{WHERE}.tar.{packing}": (200, data) for packing, data in PACKED.items()},
    }


@pytest.mark.parametrize(("ending", "packing"), [(".tar.gz", "gz"), (".tgz", "gz"), (".tar.zst", "zst")])
def test_bundle(
    answers: dict[str, Any], serve: Serve, leakdog: Run, capsys: Capture, tmp_path: Path, ending: str, packing: Packing
) -> None:
    """The daemon is asked to ask the target, what it then has is written for this user alone, and that is said."""
    path = tmp_path / f"leak{ending}"
    assert leakdog("evidence", "3f9c", "-o", str(path), "--server", serve(answers)) == 0
    assert path.read_bytes() == PACKED[packing]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert capsys.readouterr().out == f"{path}: 2 files; begin with README.md\n"
    assert [(method, where, json.loads(body)) for method, where, _, body in answers["sent"]] == [("POST", WHERE, {})]


def test_what_is_wanted_beside_is_asked_for(
    answers: dict[str, Any], serve: Serve, leakdog: Run, tmp_path: Path
) -> None:
    """Mutex, block, a CPU profile and a trace, with their seconds."""
    options = ["--mutex", "--block", "--profile", "10s", "--trace", "5s", "-o", str(tmp_path / "leak.tar.gz")]
    assert leakdog("evidence", "3f9c", *options, "--server", serve(answers)) == 0
    assert json.loads(answers["sent"][0][3]) == {
        "mutex": True,
        "block": True,
        "profile_seconds": 10,
        "trace_seconds": 5,
    }


def test_stored(answers: dict[str, Any], serve: Serve, leakdog: Run, capsys: Capture, tmp_path: Path) -> None:
    """With --stored nothing is asked, and nothing can be wanted that only the target tells."""
    path = str(tmp_path / "leak.tar.gz")
    server = serve(answers)
    assert leakdog("evidence", "3f9c", "--stored", "-o", path, "--server", server) == 0
    assert leakdog("evidence", "3f9c", "--stored", "--trace", "5s", "-o", path, "--server", server) == 3
    assert "--stored asks the target nothing" in capsys.readouterr().err
    assert answers["sent"] == []


def test_what_is_missing_is_said(
    answers: dict[str, Any], serve: Serve, leakdog: Run, capsys: Capture, tmp_path: Path
) -> None:
    """A target that is gone, or a page that it does not give, is told with the reason; the archive is there."""
    path = tmp_path / "leak.tar.gz"
    answers[f"POST {WHERE}"] = {"stored": [], "missing": {"*": "shop/a:1 does not answer", "trace.out": "too large"}}
    assert leakdog("evidence", "3f9c", "-o", str(path), "--server", serve(answers)) == 0
    said = capsys.readouterr().err
    assert said == "the target was not asked: shop/a:1 does not answer\nno new trace.out: too large\n"
    assert path.exists()


def test_json_and_default_name(
    answers: dict[str, Any],
    serve: Serve,
    leakdog: Run,
    capsys: Capture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """--json tells the file and the size of all that is in it; without -o it is named for the leak."""
    monkeypatch.chdir(tmp_path)
    assert leakdog("evidence", "3f9c", "--json", "--server", serve(answers)) == 0
    assert json.loads(capsys.readouterr().out) == {
        "file": "leakdog-3f9c2a71b0de.tar.gz",
        "files": {name: len(data) for name, data in FILES.items()},
        "missing": {},
    }


@pytest.mark.parametrize(
    ("name", "file", "message"),
    [
        ("9", "leak.tar.gz", "no leak begins with '9'"),
        ("3f", "leak.tar.gz", "2 leaks begin with '3f'"),
        ("3f9c", "none/leak.tar.gz", "none/leak.tar.gz: No such file or directory"),
    ],
)
def test_what_cannot_be_done(
    answers: dict[str, Any],
    serve: Serve,
    leakdog: Run,
    capsys: Capture,
    tmp_path: Path,
    name: str,
    file: str,
    message: str,
) -> None:
    """A name that no leak has, or several, and a file that cannot be written, are errors that say what to do."""
    assert leakdog("evidence", name, "-o", str(tmp_path / file), "--server", serve(answers)) == 3
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("file", ["leak.zip", "leak", ".tar.gz/leak"])
def test_a_name_that_says_no_packing_is_wrong_usage(leakdog: Run, capsys: Capture, file: str) -> None:
    """No daemon is asked for it, and the endings that there are are told."""
    with pytest.raises(SystemExit, match="2"):
        leakdog("evidence", "3f9c", "-o", file, "--server", "http://127.0.0.1:9")
    assert f"{file!r} must end in one of .tar.gz, .tgz, .tar.zst" in capsys.readouterr().err
