"""`leakdog evidence`."""

from __future__ import annotations

import json
import tarfile
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

SHOP = Path(__file__).parents[1] / "attribute" / "shop"
Serve = Callable[[dict[str, Any]], str]
Make = Callable[..., dict[str, Any]]
Capture = pytest.CaptureFixture[str]
Run = Callable[..., int]

BASE = {"README.md", "README.html", "verdict.json", "chart.svg", "series.csv"}
HEAPS = {"heap-baseline.pb.gz", "heap-latest.pb.gz", "heap-diff.pb.gz"}


@pytest.fixture
def answers(leak: Make, target: Make, series: dict[str, Any]) -> dict[str, Any]:
    """A daemon that has one leak, its numbers, and two heap profiles."""
    return {
        "/api/v1/leaks": {"leaks": [leak(), leak(id="3fffffffffff")]},
        "/api/v1/targets": {"targets": [target(job="other"), target()]},
        "/api/v1/series": series,
        "/api/v1/snapshots": {"snapshots": [{"id": 7}]},
        "/api/v1/snapshots/7/profile.pb.gz": (200, (SHOP / "heap-6.pb.gz").read_bytes()),
    }


def unpacked(path: Path) -> dict[str, bytes]:
    """Files of an archive by name, all below one folder."""
    with tarfile.open(path) as archive:
        files = {entry.name: archive.extractfile(entry) for entry in archive}
        assert {name.partition("/")[0] for name in files} == {"leakdog-3f9c2a71b0de"}
        return {name.partition("/")[2]: file.read() for name, file in files.items() if file}


def test_bundle(answers: dict[str, Any], serve: Serve, leakdog: Run, capsys: Capture, tmp_path: Path) -> None:
    """What the daemon has is in it, and what that is, is said."""
    path = tmp_path / "leak.tar.gz"
    assert leakdog("evidence", "3f9c", "-o", str(path), "--server", serve(answers)) == 0
    files = unpacked(path)
    assert set(files) == BASE | {"heap-latest.pb.gz", "goroutine-latest.pb.gz", "goroutineleak-latest.pb.gz"}
    assert capsys.readouterr().out == f"{path}: {len(files)} files; begin with README.md\n"
    assert json.loads(files["verdict.json"])["id"] == "3f9c2a71b0de"
    assert files["series.csv"].splitlines()[0].startswith(b"time,inuse_space")
    assert files["README.md"].startswith(b"# shop/127.0.0.1:6060: heap leak")


def test_chart_stands_alone(answers: dict[str, Any], serve: Serve, leakdog: Run, tmp_path: Path) -> None:
    """It is an SVG document with a style of its own."""
    path = tmp_path / "leak.tar.gz"
    assert leakdog("evidence", "3f9c", "-o", str(path), "--server", serve(answers)) == 0
    root = ET.fromstring(unpacked(path)["chart.svg"])
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root[0].tag.endswith("style")
    assert root.find("{*}polyline") is not None


def test_profiles_from_before_and_after(
    answers: dict[str, Any], serve: Serve, leakdog: Run, target: Make, tmp_path: Path
) -> None:
    """The baseline is the last profile before the growth began, of the same life."""

    def snapshots(path: str) -> dict[str, Any]:
        query = parse_qs(urlsplit(path).query)
        return {"snapshots": [{"id": 6 if "to" in query else 7}] if query["kind"] == ["heap"] else []}

    answers["/api/v1/snapshots"] = snapshots
    answers["/api/v1/snapshots/6/profile.pb.gz"] = (200, (SHOP / "heap-1.pb.gz").read_bytes())
    path = tmp_path / "leak.tar.gz"
    assert leakdog("evidence", "3f9c", "-o", str(path), "--server", serve(answers)) == 0
    files = unpacked(path)
    assert set(files) == BASE | HEAPS
    assert files["heap-baseline.pb.gz"] == (SHOP / "heap-1.pb.gz").read_bytes()
    asked = [parse_qs(urlsplit(path).query) for path in answers["asked"] if "kind=heap" in path]
    assert {query["from"][0] for query in asked} == {"1767225600.0"}  # the start of the life
    assert [query["to"][0] for query in asked if "to" in query] == ["1767225610.0"]  # the onset


def test_without_a_profile_from_before_the_first_is_the_baseline(
    answers: dict[str, Any], serve: Serve, leakdog: Run, tmp_path: Path
) -> None:
    """A leak from the start has nothing before it."""

    def snapshots(path: str) -> dict[str, Any]:
        query = parse_qs(urlsplit(path).query)
        if query["kind"] != ["heap"] or "to" in query:
            return {"snapshots": []}
        return {"snapshots": [{"id": 7}, {"id": 6}][: int(query["limit"][0])]}

    answers["/api/v1/snapshots"] = snapshots
    answers["/api/v1/snapshots/6/profile.pb.gz"] = (200, (SHOP / "heap-1.pb.gz").read_bytes())
    path = tmp_path / "leak.tar.gz"
    assert leakdog("evidence", "3f9c", "-o", str(path), "--server", serve(answers)) == 0
    assert set(unpacked(path)) == BASE | HEAPS


def test_the_target_tells_what_it_can(
    answers: dict[str, Any], serve: Serve, leakdog: Run, target: Make, tmp_path: Path
) -> None:
    """A dump and the command line are fetched from it; a page that it lacks is left out."""
    url = serve(
        {
            "/debug/pprof/goroutine": (200, b"goroutine 1 [running]:\n"),
            "/debug/pprof/cmdline": (200, b"shop\0-port\x006060"),
        }
    )
    answers["/api/v1/targets"] = {"targets": [target(url=url)]}
    path = tmp_path / "leak.tar.gz"
    assert leakdog("evidence", "3f9c", "-o", str(path), "--server", serve(answers)) == 0
    files = unpacked(path)
    assert files["goroutines.txt"] == b"goroutine 1 [running]:\n"
    assert files["cmdline.txt"] == b"shop -port 6060\n"
    assert "allocs.pb.gz" not in files


def test_stored(answers: dict[str, Any], serve: Serve, leakdog: Run, target: Make, tmp_path: Path) -> None:
    """With --stored, or where it is down, the target is not asked."""
    pages: dict[str, Any] = {"/debug/pprof/cmdline": (200, b"shop")}
    url = serve(pages)
    for options, up in ((["--stored"], True), ([], False)):
        answers["/api/v1/targets"] = {"targets": [target(url=url, up=up)]}
        path = tmp_path / "leak.tar.gz"
        assert leakdog("evidence", "3f9c", "-o", str(path), *options, "--server", serve(answers)) == 0
        assert "cmdline.txt" not in unpacked(path)
    assert pages["asked"] == []


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
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == "leakdog-3f9c2a71b0de.tar.gz"
    assert told["files"] == {name: len(data) for name, data in unpacked(Path(told["file"])).items()}


@pytest.mark.parametrize(("name", "message"), [("9", "no leak begins with '9'"), ("3f", "2 leaks begin with '3f'")])
def test_unknown(answers: dict[str, Any], serve: Serve, leakdog: Run, capsys: Capture, name: str, message: str) -> None:
    """A name that no leak has, or several, is an error that says where they are listed."""
    assert leakdog("evidence", name, "--server", serve(answers)) == 3
    assert message in capsys.readouterr().err
