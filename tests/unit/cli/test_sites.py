"""`leakdog sites`."""

import json
from collections.abc import Callable
from typing import Any

import pytest

Serve = Callable[[dict[str, Any]], str]
Capture = pytest.CaptureFixture[str]
Run = Callable[..., int]
PUT = {"stack_id": "5b0c", "function": "shop.(*Cart).Put", "file": "/src/cart.go", "line": 12, "value": 5 << 20}
PUT |= {"verdict": "leak", "growth_per_second": (5 << 20) / 3600}
GET = {"stack_id": "77aa", "function": "shop.Get", "file": "", "line": 0, "value": 1 << 20, "verdict": None}
FOUND = {
    "target": {"job": "shop", "instance": "a:1"},
    "sites": {
        "inuse_space": {"followed": [PUT, GET], "other": 2048},
    },
}


def test_table(serve: Serve, leakdog: Run, capsys: Capture) -> None:
    """Each site is a line with its number, its growth, what is said of it and where it is; the rest is one line."""
    url = serve({"/api/v1/sites": FOUND})
    assert leakdog("sites", "shop/a:1", "--server", url) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].strip() == "inuse_space"
    assert lines[2].split() == ["5.00", "MiB", "1.42", "KiB/s", "leak", "shop.(*Cart).Put", "/src/cart.go:12"]
    assert lines[3].split() == ["1.00", "MiB", "-", "too", "early", "shop.Get"]
    assert lines[4].split() == ["2.00", "KiB", "all", "other", "code"]


def test_sites_at_one_line_have_a_caller(serve: Serve, leakdog: Run, capsys: Capture) -> None:
    """It stands below the line; a daemon of before tells none."""
    caller = {"function": "shop.Load", "file": "/src/load.go", "line": 3}
    found = {"inuse_space": {"followed": [{**PUT, "caller": caller}, {**PUT, "caller": None}, PUT], "other": 0}}
    assert leakdog("sites", "shop/a:1", "--server", serve({"/api/v1/sites": {**FOUND, "sites": found}})) == 0
    told = capsys.readouterr().out
    assert told.count("shop.(*Cart).Put /src/cart.go:12") == 3
    assert told.count("called by") == 1
    assert "  called by shop.Load /src/load.go:3\n" in told


def test_what_they_are_of(serve: Serve, leakdog: Run, capsys: Capture) -> None:
    """Of a target that is down: why, since when, what to do, and when the profile was read that the sites are of."""
    sites = {"inuse_space": {**FOUND["sites"]["inuse_space"], "time": "2026-01-01T00:07:00.000Z"}}
    down = {"up": False, "last_error": "connect: refused", "last_success": "2026-01-01T00:12:00.000Z"}
    assert leakdog("sites", "a:1", "--server", serve({"/api/v1/sites": {**FOUND, **down, "sites": sites}})) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "shop/a:1 is down: connect: refused"
    assert lines[1].startswith("last read 2026-01-01 00:12:00 UTC (")
    assert lines[2:4] == ["to do: see whether it runs, and whether it listens at this address", ""]
    assert lines[4].startswith("inuse_space, as of 2026-01-01 00:07:00 UTC (")
    assert leakdog("sites", "a:1", "--server", serve({"/api/v1/sites": {**FOUND, **down, "sites": {}}})) == 0
    assert capsys.readouterr().out.endswith("\n\nno profile of this target has been read yet\n")


def test_objects_are_counted(serve: Serve, leakdog: Run, capsys: Capture) -> None:
    """The same sites by their objects are a table of their own, in plain numbers."""
    by_objects = {"followed": [{**PUT, "value": 40_960, "growth_per_second": 0.5}], "other": 12}
    found = {**FOUND, "sites": {**FOUND["sites"], "inuse_objects": by_objects}}
    assert leakdog("sites", "shop/a:1", "--server", serve({"/api/v1/sites": found})) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    table = lines[lines.index(["inuse_objects"]) :]
    assert table[2] == ["40,960", "30/min", "leak", "shop.(*Cart).Put", "/src/cart.go:12"]
    assert table[3] == ["12", "all", "other", "code"]


def test_growth_is_told_where_it_is_sure(serve: Serve, leakdog: Run, capsys: Capture) -> None:
    """Beside a steady site is a dash, as `leakdog show` has beside a steady signal."""
    few, more = ({**PUT, "verdict": verdict} for verdict in ("steady", "settling"))
    found = {**FOUND, "sites": {"inuse_space": {"followed": [few, more], "other": 0}}}
    assert leakdog("sites", "shop/a:1", "--server", serve({"/api/v1/sites": found})) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[2:-2] for line in lines[2:4]] == [["-", "steady"], ["1.42", "KiB/s", "settling"]]


def test_json(serve: Serve, leakdog: Run, capsys: Capture) -> None:
    """--json prints what the API gives."""
    assert leakdog("sites", "shop/a:1", "--json", "--server", serve({"/api/v1/sites": FOUND})) == 0
    assert json.loads(capsys.readouterr().out) == FOUND


def test_none(serve: Serve, leakdog: Run, capsys: Capture) -> None:
    """A target without profiles is told as such, with why; one that was not read yet is not."""
    answers: dict[str, Any] = {"/api/v1/sites": {"sites": {}, "unprofiled": None}}
    server = serve(answers)
    assert leakdog("sites", "a:1", "--server", server) == 0
    assert capsys.readouterr().out == "no profile of this target has been read yet\n"
    why = "no profiles are scraped of this target: `pprof_path` of job 'shop' is empty, and so nothing is told of code"
    answers["/api/v1/sites"]["unprofiled"] = why
    assert leakdog("sites", "a:1", "--server", server) == 0
    told = capsys.readouterr().out.splitlines()
    assert (" ".join(told), max(map(len, told)) <= 80) == (why, True)


def test_unknown_target(serve: Serve, leakdog: Run, capsys: Capture) -> None:
    """What the daemon says of a target that it does not watch is what is printed."""
    url = serve({"/api/v1/sites": (400, b'{"error": "target: nope is not watched"}')})
    assert leakdog("sites", "nope", "--server", url) == 3
    assert "target: nope is not watched" in capsys.readouterr().err
