"""`leakdog targets`."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from leakdog.cli.targets import condition

Serve = Callable[[dict[str, Any]], str]
Make = Callable[..., dict[str, Any]]
Capture = pytest.CaptureFixture[str]
Run = Callable[..., int]


def test_table(serve: Serve, target: Make, leak: Make, leakdog: Run, capsys: Capture) -> None:
    """Each target is listed with its numbers and its condition, within 80 columns; errors stand below."""
    gone = {"up": False, "last_error": "connect: refused", "signals": {}, "last_success": "2026-01-01T00:12:00.000Z"}
    targets = [target(), target(instance="10.0.0.9:6060", **gone)]
    url = serve({"/api/v1/targets": {"targets": targets}, "/api/v1/leaks": {"leaks": [leak()]}})
    assert leakdog("targets", "--server", url) == 0
    text = capsys.readouterr().out
    for part in ("shop/127.0.0.1:6060", "40.0 MiB", "5.00 MiB", "12", "leaks: heap"):
        assert part in text
    _, down = text.split("\n1 target down:\n")
    assert re.sub("\\(.* ago", "(3 days ago", down).splitlines() == [
        "  shop/10.0.0.9:6060: connect: refused",
        "    last read 2026-01-01 00:12:00 UTC (3 days ago)",
        "    to do: see whether it runs, and whether it listens at this address",
    ]
    assert max(map(len, text.splitlines())) <= 80


def test_a_long_error_is_wrapped(serve: Serve, target: Make, leakdog: Run, capsys: Capture) -> None:
    """What a target that is down last said has at most 80 columns, further in than the name of the target."""
    error = "http_status: http://10.0.0.9:6060/debug/pprof/heap?gc=1 answered 503 Service Unavailable, " + "busy " * 20
    gone = target(instance="10.0.0.9:6060", up=False, last_error=error, signals={}, last_success=None)
    url = serve({"/api/v1/targets": {"targets": [gone]}, "/api/v1/leaks": {"leaks": []}})
    assert leakdog("targets", "--server", url) == 0
    lines = capsys.readouterr().out.partition("down:\n")[2].splitlines()
    assert max(map(len, lines)) <= 80
    assert [len(line) - len(line.lstrip()) for line in lines[:3]] == [2, 4, 4]
    assert " ".join(" ".join(lines).split()).startswith(f"shop/10.0.0.9:6060: {error}".rstrip())


def test_an_outage_fits_on_a_screen(serve: Serve, target: Make, leakdog: Run, capsys: Capture) -> None:
    """Of hundreds that are down for one reason ten are told in full, and what to do about it once."""
    gone = {"up": False, "last_error": "connect: refused", "signals": {}, "last_success": None}
    targets = [target(instance=f"10.0.0.{number}:6060", **gone) for number in range(200)]
    url = serve({"/api/v1/targets": {"targets": targets}, "/api/v1/leaks": {"leaks": []}})
    assert leakdog("targets", "--server", url) == 0
    _, down = capsys.readouterr().out.split("\n200 targets down:\n")
    assert down.count("connect: refused") == 10
    assert down.count("to do:") == 1
    assert down.splitlines()[-1] == "  and 190 more; --json has all"


def test_none(serve: Serve, leakdog: Run, capsys: Capture) -> None:
    """That there are none is said with what the reason may be."""
    assert leakdog("targets", "--server", serve({"/api/v1/targets": {"targets": []}})) == 0
    assert capsys.readouterr().out == "no targets: `scrape_configs` is empty, or nothing was found for it\n"


@pytest.mark.parametrize("watched", [0, 1])
def test_jobs_without_a_process_are_told(serve: Serve, target: Make, leakdog: Run, capsys: Capture, watched) -> None:
    """They have no line in the table: nothing would tell of one that is mistyped."""
    targets = [target()] * watched
    answers = {"/api/v1/targets": {"jobs_without_process": ["web", "db"], "targets": targets}}
    url = serve({**answers, "/api/v1/leaks": {"leaks": []}})
    assert leakdog("targets", "--server", url) == 0
    said = "no process of jobs web, db was found: nothing that runs here matches `process`\nin the configuration\n"
    assert capsys.readouterr().out.endswith(f"\n\n{said}" if watched else said)
    assert leakdog("targets", "--json", "--server", url) == 0
    assert json.loads(capsys.readouterr().out) == answers["/api/v1/targets"]


def test_json(serve: Serve, target: Make, leakdog: Run, capsys: Capture) -> None:
    """--json prints the targets in the shape of the API."""
    assert leakdog("targets", "--json", "--server", serve({"/api/v1/targets": {"targets": [target()]}})) == 0
    assert json.loads(capsys.readouterr().out) == {"targets": [target()]}


@pytest.mark.parametrize(
    ("changes", "leaks", "words"),
    [
        ({"up": None}, [], "not read yet"),
        ({"up": False}, [("heap", "firing", None)], "down"),
        ({}, [("heap", "firing", None), ("files", "firing", {}), ("threads", "pending", None)], "leaks: heap, files"),
        ({}, [("heap", "firing", {"note": ""})], "leaks: heap (known)"),
        ({}, [("heap", "pending", None), ("files", "resolved", None)], "suspected: heap"),
        ({}, [("heap", "resolved", None)], "steady over 48 s"),
        ({"verdicts": {}}, [], "too early to say"),
        ({"verdicts": {"rss": {"verdict": "too_early"}}}, [], "too early to say"),
        ({"verdicts": {"rss": {"verdict": "steady"}, "threads": {"verdict": "leak"}}}, [], "growing"),
        ({"verdicts": {"rss": {"verdict": "settling"}, "threads": {"verdict": "too_early"}}}, [], "settling"),
        ({"verdicts": {"rss": {"verdict": "load"}}}, [], "grows with load"),
        ({}, [], "steady over 48 s"),
        ({"verdicts": {"rss": {"verdict": "steady", "look_back_seconds": 96.0}}}, [], "steady over 1 min 36 s"),
        (
            {"verdicts": {"rss": {"verdict": "steady", "look_back_seconds": 48.0}, "sys": {"verdict": "too_early"}}},
            [],
            "steady so far over 48 s",
        ),
        ({"verdicts": {"rss": {"verdict": "steady"}}}, [], "steady"),
    ],
)
def test_condition(
    target: Make, leak: Make, changes: dict[str, Any], leaks: list[tuple[str, str, Any]], words: str
) -> None:
    """A target's condition is that of its leaks, else the worst that is said of any of its signals.

    What is steady is so over the time that was seen: over the shortest of its signals', or so far. A daemon of an
    earlier version does not tell it.
    """
    own = [leak(**{"class": name, "state": state, "acknowledged": known}) for name, state, known in leaks]
    assert condition(target(**changes), own) == words


def test_what_is_urgent_comes_first(serve: Serve, target: Make, leak: Make, leakdog: Run, capsys: Capture) -> None:
    """What leaks, what is down, what is suspected; the others stay in their order."""
    names = {"a": {}, "b": {"up": None}, "c": {}, "d": {"up": False, "last_error": "refused"}, "e": {}, "f": {}}
    targets = [target(instance=name, **changes) for name, changes in names.items()]
    leaks = [
        leak(target={"job": "shop", "instance": name}, state=state)
        for name, state in (("c", "pending"), ("e", "firing"))
    ]
    url = serve({"/api/v1/targets": {"targets": targets}, "/api/v1/leaks": {"leaks": leaks}})
    assert leakdog("targets", "--server", url) == 0
    lines = capsys.readouterr().out.splitlines()[1:7]
    assert [line.split()[0].removeprefix("shop/") for line in lines] == ["e", "d", "c", "a", "b", "f"]


def test_a_long_name_is_broken_where_people_would(
    serve: Serve, target: Make, leak: Make, leakdog: Run, capsys: Capture
) -> None:
    """After a dot, a slash or a dash, within 80 columns; nothing of it is lost."""
    name = "shop-1.warehouse-of-the-platform-team.eu-central-1.example.org:6060"
    url = serve({"/api/v1/targets": {"targets": [target(instance=name)]}, "/api/v1/leaks": {"leaks": []}})
    assert leakdog("targets", "--server", url) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    shown = [line[: head.index("MEMORY") - 2].strip() for line in lines]
    assert "".join(shown) == f"shop/{name}"
    assert all(line.endswith((".", "/", "-")) for line in shown[:-1])
    assert max(map(len, lines)) <= 80


def test_in_a_narrow_terminal_names_stay_whole(
    serve: Serve, target: Make, leakdog: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the numbers leave no room for names, name and state stand beside or below them, and can be copied."""
    name = "prometheus/monitoring-1.example:9090"
    answers = {
        "/api/v1/targets": {"targets": [target(job="prometheus", instance="monitoring-1.example:9090")]},
        "/api/v1/leaks": {"leaks": []},
    }
    for columns in (60, 44):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert leakdog("targets", "--server", serve(answers)) == 0
        lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
        assert any(line.endswith(name) for line in lines)
        assert any(line.startswith("steady over") for line in lines)
        assert max(map(len, lines)) <= columns
