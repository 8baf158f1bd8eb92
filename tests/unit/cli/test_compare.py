"""Two profiles that are compared: whether they are of one process."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from leakdog.cli import main

Serve = Callable[[dict[str, Any]], str]
Capture = pytest.CaptureFixture[str]
DATA = Path(__file__).parents[1] / "attribute" / "shop"
BEFORE, AFTER = str(DATA / "heap-1.pb.gz"), str(DATA / "heap-6.pb.gz")
NINE, TEN = "2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z"


def daemon(serve: Serve, **starts: str) -> str:
    """A daemon that has stored the first profile of a target at nine, the last one at ten, of lives that began then."""

    def stored(path: str) -> dict[str, Any]:
        at = "1" if "to=2026-03-01T09" in path else "6"
        job, _, instance = parse_qs(urlsplit(path).query)["target"][0].rpartition("/")
        told = {"job": job or "shop", "instance": instance}
        return {"snapshots": [{"id": int(at), **told, **({"life_start": starts[f"of_{at}"]} if starts else {})}]}

    files = {f"/api/v1/snapshots/{i}/profile.pb.gz": (200, (DATA / f"heap-{i}.pb.gz").read_bytes()) for i in (1, 6)}
    return serve({"/api/v1/snapshots": stored, **files})


def test_stored_profiles_of_two_lives_are_told(serve: Serve, capsys: Capture) -> None:
    """Of which target, and when it was started anew; in JSON as a field of its own; whatever the profiles hold."""
    server = daemon(serve, of_1="2026-03-01T08:00:00.000Z", of_6="2026-03-01T09:30:00.000Z")
    assert main(["diff", f"shop/a:1@{NINE}", f"shop/a:1@{TEN}", "--json", "--server", server]) == 0
    shown = capsys.readouterr()
    why = "shop/a:1 was started anew at 2026-03-01 09:30:00 UTC"
    assert json.loads(shown.out)["two_processes"] == why
    assert shown.err == (
        f"shop/a:1@{NINE} and shop/a:1@{TEN} are of two processes: {why}; what is shown is how they differ, and may be "
        "no growth\n"
    )
    assert main(["tree", f"shop/a:1@{TEN}", "--base", f"shop/a:1@{NINE}", "--server", server]) == 0
    assert f"are of two processes: {why}" in capsys.readouterr().err


def test_stored_profiles_of_one_life_are_compared_in_silence(serve: Serve, capsys: Capture) -> None:
    """The same start is the same process; with a daemon that tells none, what they hold says nothing else."""
    start = "2026-03-01T08:00:00.000Z"
    for server in (daemon(serve, of_1=start, of_6=start), daemon(serve)):
        assert main(["diff", f"shop/a:1@{NINE}", f"shop/a:1@{TEN}", "--json", "--server", server]) == 0
        shown = capsys.readouterr()
        assert (json.loads(shown.out)["two_processes"], shown.err) == (None, "")


def test_stored_profiles_of_two_targets_are_two_processes(serve: Serve, capsys: Capture) -> None:
    """As started at one time as they may be."""
    start = "2026-03-01T08:00:00.000Z"
    server = daemon(serve, of_1=start, of_6=start)
    assert main(["diff", f"shop/b:1@{NINE}", f"shop/a:1@{TEN}", "--server", server]) == 0
    assert "are of two processes: shop/b:1 is another target than shop/a:1; what" in capsys.readouterr().err


def test_a_target_is_the_same_by_its_instance_alone(serve: Serve, capsys: Capture) -> None:
    """As it can be named where one job has it."""
    server = daemon(serve, of_1=NINE, of_6=NINE)
    assert main(["diff", f"a:1@{NINE}", f"shop/a:1@{TEN}", "--server", server]) == 0
    assert capsys.readouterr().err == ""


def test_a_stored_profile_and_a_file_are_told_apart_by_what_they_hold(serve: Serve, capsys: Capture) -> None:
    """A file tells no start of its process."""
    server = daemon(serve, of_1=NINE, of_6=NINE)
    assert main(["diff", BEFORE, f"shop/a:1@{TEN}", "--server", server]) == 0
    assert capsys.readouterr().err == ""


def test_profiles_of_one_process_are_compared_in_silence(capsys: Capture) -> None:
    """Also where the later one is the base; a view without a base has no such field."""
    for pair in ([BEFORE, AFTER], [AFTER, BEFORE]):
        assert main(["diff", *pair, "--json"]) == 0
        shown = capsys.readouterr()
        assert (json.loads(shown.out)["two_processes"], shown.err) == (None, "")
    assert main(["top", AFTER, "--json"]) == 0
    assert "two_processes" not in json.loads(capsys.readouterr().out)


def test_what_is_asked_for_at_two_addresses_is_of_two_processes(serve: Serve, capsys: Capture) -> None:
    """What they hold may look as if they were of one; at one address they are, and a file has none."""
    a, b = (serve({"/debug/pprof/heap": (200, Path(file).read_bytes())}) for file in (BEFORE, AFTER))
    assert main(["diff", a, b]) == 0
    one, other = (each.removeprefix("http://") for each in (a, b))
    assert f"are of two processes: {one} is another address than {other}; what is shown" in capsys.readouterr().err
    for pair in ([a, f"{a}/debug/pprof/heap"], [BEFORE, b]):
        assert main(["diff", *pair]) == 0
        assert capsys.readouterr().err == ""
