"""Where profiles come from."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from leakdog.cli import main, origin
from leakdog.errors import ApiError, FetchError, LeakdogError, Reason

Call = Callable[..., int]
Serve = Callable[[dict[str, Any]], str]


class _Pages(BaseHTTPRequestHandler):
    """One page."""

    profile = b""

    def do_GET(self) -> None:
        """A profile, or 404."""
        found = self.path == "/debug/pprof/heap?gc=1"
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(self.profile if found else b"404 page not found\n")

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def url(heap: bytes) -> Iterator[str]:
    """A server with a heap profile."""
    server = HTTPServer(("127.0.0.1", 0), type("Pages", (_Pages,), {"profile": heap}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_profile_comes_from_standard_input(
    call: Call, heap: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`-` is standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(heap)))
    assert call("-", "--json") == 0
    assert json.loads(capsys.readouterr().out)["total"] == 400


def test_a_profile_comes_from_a_url(call: Call, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A URL is fetched, its parameters included."""
    assert call(f"{url}/debug/pprof/heap?gc=1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["total"] == 400


def test_a_url_that_answers_with_an_error_is_named(call: Call, url: str) -> None:
    """The status is in the error."""
    with pytest.raises(FetchError, match="/nothing answered 404") as caught:
        call(f"{url}/nothing")
    assert (caught.value.reason, caught.value.status) == (Reason.HTTP_STATUS, 404)


def test_an_address_without_profiles_is_told_what_may_be_missing(call: Call, heap: bytes, url: str) -> None:
    """A path, or the option with which a leakdog daemon serves its own heap; not where nobody answers."""
    with pytest.raises(FetchError, match=r"/heap answered 404 .*; give the path as well, .* needs --web\.enable-pprof"):
        call(url)
    with pytest.raises(FetchError) as caught:
        call("http://127.0.0.1:1")
    assert "--web" not in str(caught.value)


def test_a_url_that_is_too_large_is_refused(call: Call, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more is read than the limit."""
    monkeypatch.setattr(origin, "_LIMIT_BYTES", 10)
    with pytest.raises(FetchError) as caught:
        call(f"{url}/debug/pprof/heap?gc=1")
    assert caught.value.reason is Reason.BODY_TOO_LARGE


def test_a_closed_port_is_an_error_in_words(call: Call) -> None:
    """Nobody listens: the URL and the reason are told."""
    with pytest.raises(FetchError, match=r"http://127\.0\.0\.1:1/x: .*refused") as caught:
        call("http://127.0.0.1:1/x")
    assert caught.value.reason is Reason.CONNECT


def test_a_missing_file_is_an_error_in_words(call: Call, tmp_path: Path) -> None:
    """The path and the reason are told."""
    with pytest.raises(LeakdogError, match=r"reading .*nothing\.pb: No such file or directory"):
        call(str(tmp_path / "nothing.pb"))


def test_a_target_without_a_time_is_guessed_at(call: Call) -> None:
    """What looks like JOB/INSTANCE is no file, but a target whose latest profile may be meant; a path is one."""
    with pytest.raises(
        LeakdogError, match=r"shop/127\.0\.0\.1:16060: .*; did you mean shop/127\.0\.0\.1:16060@latest\?"
    ):
        call("shop/127.0.0.1:16060")
    with pytest.raises(LeakdogError, match="No such file or directory; an address is HOST:PORT"):
        call("shop/heap.pb.gz")


def test_a_stored_profile_is_named_by_target_and_time(
    call: Call, heap: bytes, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    """TARGET@TIME asks the daemon for the last profile of that kind until then, and for its bytes."""
    answers: dict[str, Any] = {
        "/api/v1/snapshots": {"snapshots": [{"id": 7, "job": "shop", "instance": "a:1"}]},
        "/api/v1/snapshots/7/profile.pb.gz": (200, heap),
    }
    server = serve(answers)
    assert call("shop/a:1@2026-01-01T00:00:00Z", "--kind", "heap", "--json", "--server", server) == 0
    assert json.loads(capsys.readouterr().out)["total"] == 400
    query = "target=shop%2Fa%3A1&kind=heap&limit=1&to=2026-01-01T00%3A00%3A00Z"
    assert answers["asked"][0] == f"/api/v1/snapshots?{query}"
    assert call("shop/a:1@latest", "--server", server) == 0
    assert answers["asked"][2] == "/api/v1/snapshots?target=shop%2Fa%3A1&kind=heap&limit=1"


def test_a_profile_that_was_not_stored_is_an_error(call: Call, heap: bytes, serve: Serve) -> None:
    """Without a stored profile the error says of what and until when, and why there will be none."""
    answers: dict[str, Any] = {"/api/v1/snapshots": {"snapshots": []}}
    server = serve(answers)
    with pytest.raises(ApiError, match=r"heap profile of shop/a:1 until latest: the daemon has stored none$"):
        call("shop/a:1@latest", "--server", server)
    with pytest.raises(ApiError, match=r"an allocs profile .* stored none; it is read only of jobs under whose `prof"):
        call("shop/a:1@latest", "--kind", "allocs", "--server", server)
    answers["/api/v1/sites"] = {"sites": {}, "unprofiled": "no profiles are scraped of it: why"}
    with pytest.raises(ApiError, match=r"the daemon has stored none; no profiles are scraped of it: why$"):
        call("shop/a:1@latest", "--server", server)


def test_an_address_alone_is_its_heap() -> None:
    """A URL without a path is completed to the profile below it."""
    for address, kind in (("http://127.0.0.1:1", "heap"), ("http://127.0.0.1:1/", "goroutine")):
        with pytest.raises(FetchError, match=rf"127\.0\.0\.1:1/debug/pprof/{kind}"):
            origin.read(address, kind, "")


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("127.0.0.1:1", "http://127.0.0.1:1/debug/pprof/heap"),
        ("localhost:1/", "http://localhost:1/debug/pprof/heap"),
        ("[::1]:1", r"http://\[::1\]:1/debug/pprof/heap"),
        ("localhost:1/debug/pprof/allocs?gc=1", r"http://localhost:1/debug/pprof/allocs\?gc=1"),
    ],
)
def test_of_a_url_host_and_port_are_enough(address: str, asked: str) -> None:
    """As for `scan` and for `go tool pprof`."""
    with pytest.raises(FetchError, match=f"connect: {asked}: "):
        origin.read(address, "heap", "")


def test_a_file_that_looks_like_an_address_is_a_file(
    heap: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there is meant; what is neither there nor an address is said not to be there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop:6060").write_bytes(heap)
    assert origin.read("shop:6060", "heap", "").data == heap
    with pytest.raises(LeakdogError, match="No such file or directory; an address is HOST:PORT or begins with http"):
        origin.read("heap.pb.gz", "heap", "")


def test_a_folder_is_told_what_takes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a profile is wanted and a folder given, the error names the option that reads folders."""
    assert main(["top", str(tmp_path)]) == 3
    assert "Is a directory; with --growth, `top`, `list` and `traces` take a folder" in capsys.readouterr().err


def test_a_refused_connection_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Without the number of the error, which means nothing to people, and with what to do."""
    assert main(["top", "http://127.0.0.1:1"]) == 3
    said = "Connection refused; see whether it runs, and whether it listens at this address\n"
    assert capsys.readouterr().err.endswith(f"/debug/pprof/heap: {said}")


@pytest.mark.parametrize("time", ["lates", "2026-01-01T00:00:00", ""])
def test_a_time_that_is_none_is_wrong_usage(time: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What it may be is told; without a zone it could be any."""
    assert main(["top", f"shop/a:1@{time}"]) == 2
    assert f"shop/a:1@{time}: {time!r} is no time; give latest, or one such as" in capsys.readouterr().err
