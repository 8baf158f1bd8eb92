"""`leakdog show`."""

import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest

Serve = Callable[[dict[str, Any]], str]
Make = Callable[..., dict[str, Any]]
Capture = pytest.CaptureFixture[str]
Run = Callable[..., int]


@pytest.fixture
def daemon(serve: Serve, leak: Make, target: Make, series: dict[str, Any]) -> str:
    """A daemon with two targets, of which one leaks."""
    return serve(
        {
            "/api/v1/leaks": {"leaks": [leak(), leak(id="3fffffffffff", state="resolved")]},
            "/api/v1/targets": {"targets": [target(), target(job="other"), target(instance="10.0.0.9:6060")]},
            "/api/v1/series": series,
        }
    )


def test_leak(daemon: str, leakdog: Run, capsys: Capture) -> None:
    """A leak is told in words, then its trend is drawn with the onset marked."""
    assert leakdog("show", "3f9c2a71b0de", "--server", daemon) == 0
    text = capsys.readouterr().out
    what, code, *_ = text.splitlines()
    assert what == "shop/127.0.0.1:6060: heap leak, 2.00 MiB/s,"
    assert code == "  by shop/leaks.(*Cache).Put (leaks.go:19)"
    assert "inuse_space of shop/127.0.0.1:6060\n" in text
    assert "growth began 2026-01-01 00:00:10 UTC" in text
    assert any("\u2800" <= character <= "\u28ff" for character in text)
    assert max(map(len, text.splitlines())) <= 80


def test_beginning_of_an_id(daemon: str, leakdog: Run, capsys: Capture) -> None:
    """The beginning of an id is enough, as long as it is the only one."""
    assert leakdog("show", "3f9", "--server", daemon) == 0
    assert "3f9c2a71b0de" in capsys.readouterr().out
    assert leakdog("show", "3f", "--server", daemon) == 3
    assert "may be one of several" in capsys.readouterr().err


def test_target(daemon: str, leakdog: Run, capsys: Capture) -> None:
    """A target is shown with its condition, its leaks, all its signals, and the trend of what leaks."""
    assert leakdog("show", "shop/127.0.0.1:6060", "--server", daemon) == 0
    text = capsys.readouterr().out
    assert text.splitlines()[:4] == [
        "shop/127.0.0.1:6060: leaks: heap",
        "running since 2026-01-01 00:00:00 UTC",
        "leak 3f9c2a71b0de: heap leak, 2.00 MiB/s,",
        "  by shop/leaks.(*Cache).Put (leaks.go:19)",
    ]
    assert "goroutines" in text
    assert "inuse_space of shop/127.0.0.1:6060\n" in text
    assert text.splitlines()[4].startswith("leak 3fffffffffff: resolved heap leak, ")
    assert max(map(len, text.splitlines())) <= 80


def test_a_target_that_was_never_read(serve: Serve, target: Make, leakdog: Run, capsys: Capture) -> None:
    """There are no signals to list, so no heading stands over nothing."""
    down = target(up=False, last_error="connection refused", signals={}, verdicts={}, life_start=None)
    answers = {"/api/v1/targets": {"targets": [down]}, "/api/v1/leaks": {"leaks": []}}
    assert leakdog("show", "shop/127.0.0.1:6060", "--server", serve(answers)) == 0
    assert capsys.readouterr().out == (
        "shop/127.0.0.1:6060: down\nlast error: connection refused\nnot read since the daemon was started\n"
    )


def test_a_target_that_is_down(
    serve: Serve, leak: Make, target: Make, series: dict[str, Any], leakdog: Run, capsys: Capture
) -> None:
    """Its leak that ended with its process is named and drawn; it is not said to be running."""
    time = "2026-01-01T00:12:00.000Z"
    gone = leak(state="resolved", firing_since=time, resolved_since=time, process_ended=time)
    down = target(up=False, last_error="connect: refused", last_success=time)
    answers = {"/api/v1/targets": {"targets": [down]}, "/api/v1/series": series}
    assert (
        leakdog("show", "shop/127.0.0.1:6060", "--server", serve({"/api/v1/leaks": {"leaks": [gone]}, **answers})) == 0
    )
    text = capsys.readouterr().out
    state, error, read, remedy, started, ended, *_ = text.splitlines()
    assert (state, error) == ("shop/127.0.0.1:6060: down", "last error: connect: refused")
    assert read.startswith("last read 2026-01-01 00:12:00 UTC (")
    assert remedy == "to do: see whether it runs, and whether it listens at this address"
    assert started == "started 2026-01-01 00:00:00 UTC"
    assert ended.startswith("leak 3f9c2a71b0de: heap leak (its process has ended), 2.00 MiB/s")
    assert "inuse_space of shop/127.0.0.1:6060\n" in text


def test_growth_that_is_no_leak(serve: Serve, target: Make, leakdog: Run, capsys: Capture) -> None:
    """A target whose cache fills says so, with every reason."""
    growth = {"class": "cache", "signal": "rss", "unit": "bytes", "growth_per_second": 5.0, "reasons": ["slows down"]}
    answers = {
        "/api/v1/targets": {"targets": [target(growth=[growth], own_code=["shop", "till"])]},
        "/api/v1/series": {"series": []},
    }
    assert leakdog("show", "shop/127.0.0.1:6060", "--server", serve({"/api/v1/leaks": {"leaks": []}, **answers})) == 0
    text = capsys.readouterr().out
    assert "no leak, but growth of a cache that still fills (rss):\n  - slows down\n" in text
    assert "own code: shop, till\n" in text


def test_memory(serve: Serve, target: Make, leakdog: Run, capsys: Capture) -> None:
    """What a target's memory is made of is told, as far as its signals tell; one of a later daemon does no harm."""
    signals = {"rss": 40 << 20, "rss_anon": 30 << 20, "from_the_future": 1}
    url = serve(
        {
            "/api/v1/leaks": {"leaks": []},
            "/api/v1/targets": {"targets": [target(signals=signals)]},
            "/api/v1/series": {"series": []},
        }
    )
    assert leakdog("show", "shop/127.0.0.1:6060", "--server", url) == 0
    assert "  30.0 MiB   75%  not told apart\n  10.0 MiB   25%  file pages\n" in capsys.readouterr().out


def test_target_by_instance(daemon: str, leakdog: Run, capsys: Capture) -> None:
    """An instance alone names a target where only one has it."""
    assert leakdog("show", "10.0.0.9:6060", "--server", daemon) == 0
    assert capsys.readouterr().out.startswith("shop/10.0.0.9:6060: steady")
    assert leakdog("show", "127.0.0.1:6060", "--server", daemon) == 3


def test_unknown(daemon: str, leakdog: Run, capsys: Capture) -> None:
    """A name that nothing has is an error that says where names are listed."""
    assert leakdog("show", "nobody", "--server", daemon) == 3
    assert "`leakdog leaks --all` and `leakdog targets` list what there is" in capsys.readouterr().err


def test_signal(serve: Serve, leak: Make, leakdog: Run) -> None:
    """Another signal can be drawn."""
    answers: dict[str, Any] = {"/api/v1/leaks": {"leaks": [leak()]}, "/api/v1/series": {"series": []}}
    assert leakdog("show", "3f9c2a71b0de", "--signal", "goroutines", "--server", serve(answers)) == 0
    assert answers["asked"][-1].startswith("/api/v1/series?target=shop%2F127.0.0.1%3A6060&signal=goroutines&")


def test_a_leak_whose_target_is_down(serve: Serve, leak: Make, leakdog: Run, capsys: Capture) -> None:
    """That is said first, with what to do: what follows is of before."""
    down = {"last_error": "timeout: no answer", "last_success": "2026-01-01T00:12:00.000Z"}
    answers = {"/api/v1/leaks": {"leaks": [leak(down=down)]}, "/api/v1/series": {"series": []}}
    assert leakdog("show", leak()["id"], "--server", serve(answers)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["its target is down, what is told here is of before:", "timeout: no answer"]
    assert lines[2].startswith("last read 2026-01-01 00:12:00 UTC (")
    assert lines[3] == "to do: see whether it hangs; if it is slow, raise `scrape_timeout`, and"
    assert lines[4:6] == ["`scrape_interval` if that is as short", ""]
    assert lines[6].startswith("shop/127.0.0.1:6060: heap leak")


def test_a_leak_is_drawn_from_a_while_before_it_began(serve: Serve, leak: Make, leakdog: Run) -> None:
    """To a while after its end, if it is over: in all that is stored it could not be seen."""
    began, ended = (datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (10, 13))
    over = leak(since=began.isoformat(), resolved_since=ended.isoformat(), state="resolved", pending_since=None)
    answers: dict[str, Any] = {"/api/v1/leaks": {"leaks": [over]}, "/api/v1/series": {"series": []}}
    assert leakdog("show", over["id"], "--server", serve(answers)) == 0
    asked = dict(parse_qsl(answers["asked"][-1].partition("?")[2]))
    assert float(asked["from"]) == began.timestamp() - 3 * 3600
    assert float(asked["to"]) == ended.timestamp() + 3 * 3600


def test_unknown_signal(leakdog: Run, capsys: Capture) -> None:
    """A signal that there is not is a mistake of usage."""
    with pytest.raises(SystemExit) as stopped:
        leakdog("show", "x", "--signal", "bogus")
    assert stopped.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


def test_nothing_stored(serve: Serve, leak: Make, leakdog: Run, capsys: Capture) -> None:
    """Where no point is stored yet that is said instead of drawn."""
    url = serve({"/api/v1/leaks": {"leaks": [leak()]}, "/api/v1/series": {"series": []}})
    assert leakdog("show", "3f9c2a71b0de", "--server", url) == 0
    assert capsys.readouterr().out.endswith("nothing stored yet\n")


def test_json(daemon: str, leak: Make, target: Make, leakdog: Run, capsys: Capture) -> None:
    """--json prints the leak or the target in the shape of the API."""
    assert leakdog("show", "3f9c2a71b0de", "--json", "--server", daemon) == 0
    assert json.loads(capsys.readouterr().out) == leak()
    assert leakdog("show", "other/127.0.0.1:6060", "--json", "--server", daemon) == 0
    assert json.loads(capsys.readouterr().out) == target(job="other")


def test_too_early(serve: Serve, target: Make, leakdog: Run, capsys: Capture) -> None:
    """Where it is too early to say, the time when it will not be is told."""
    early = {"rss": {"verdict": "too_early", "growth_per_second": None, "ready_at": "2026-01-01T00:20:00Z"}}
    url = serve(
        {
            "/api/v1/leaks": {"leaks": []},
            "/api/v1/targets": {"targets": [target(verdicts=early)]},
            "/api/v1/series": {"series": []},
        }
    )
    assert leakdog("show", "shop/127.0.0.1:6060", "--server", url) == 0
    assert "too early, ready 2026-01-01 00:20:00 UTC" in capsys.readouterr().out


def test_growth_is_told_where_it_is_sure(serve: Serve, target: Make, leakdog: Run, capsys: Capture) -> None:
    """Of a steady signal no rate is told, however much it has moved; of one that is not judged nothing is."""
    steady = {"verdict": "steady", "growth_per_second": 8.5 / 3600, "counts": True, "ready_at": None}
    found = {"rss": steady, "goroutines": {**steady, "verdict": "settling"}}
    found |= {"threads": {**steady, "verdict": "load"}, "open_files": {**steady, "verdict": "leak"}}
    down = target(verdicts=found, signals=dict.fromkeys(found, 30.0))
    answers = {"/api/v1/targets": {"targets": [down]}, "/api/v1/series": {"series": []}}
    assert leakdog("show", "shop/127.0.0.1:6060", "--server", serve({"/api/v1/leaks": {"leaks": []}, **answers})) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [next(line for line in lines if line.startswith(name)).split()[-2] for name in found] == [
        "-",
        "8.5/h",
        "-",
        "8.5/h",
    ]


def test_without_unicode(daemon: str, leakdog: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal without Unicode gets a chart of plain characters."""
    plain = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", plain)
    assert leakdog("show", "3f9c2a71b0de", "--server", daemon) == 0
    plain.flush()
    assert b"****" in plain.buffer.getvalue()  # type: ignore[attr-defined]
