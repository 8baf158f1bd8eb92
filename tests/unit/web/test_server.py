"""The server around the pages: where it listens, what it says when the store does not answer, how it stops."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from leakdog.config.schema import ScrapeConfig
from leakdog.errors import LeakdogError, StoreCorrupted, StoreError
from leakdog.model import Leak, LeakClass, LeakState, Signal, Target, TargetKey
from leakdog.pipeline.state import Fleet, Watched
from leakdog.web import server as room
from leakdog.web.server import SECURITY_HEADERS, Server

KEY = TargetKey("shop", "10.0.0.7:6060")
LEAK = Leak("9f1c", KEY, Signal.RSS, LeakClass.NATIVE, LeakState.FIRING, since=950.0, updated=1010.0)


class Broken:
    """A store whose disk is gone."""

    def __getattr__(self, name: str) -> object:
        async def refuse(*_: object, **__: object) -> None:
            raise StoreError("the disk is gone")

        return refuse


def slow_heap(gc: bool) -> bytes:
    """A heap that takes its time, and tells in which thread."""
    time.sleep(0.05)
    return threading.current_thread().name.encode()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server over one leaking target and a store that does not answer."""
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"), up=True, leaks={LeakClass.NATIVE: LEAK})
    made = Server(Fleet({KEY: watched}), Broken(), slow_heap)  # type: ignore[arg-type]
    await made.start("127.0.0.1", 0)
    yield made
    await made.stop()


async def get(server: Server, path: str, **headers: str) -> tuple[int, aiohttp.typedefs.LooseHeaders, str]:
    """Status, headers and body of one request."""
    url = f"http://127.0.0.1:{server.port}{path}"
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as response:
        return response.status, response.headers, await response.text()


@pytest.mark.parametrize(("path", "kind"), [("/api/v1/leaks", "application/json"), ("/leaks/9f1c", "text/html")])
async def test_what_fails_by_itself_is_said_as_all_else(
    server: Server, monkeypatch: pytest.MonkeyPatch, path: str, kind: str
) -> None:
    """In the API as JSON, else as a page, with the headers of all answers; the log has the rest."""

    def fail(_: Fleet) -> None:
        raise RuntimeError("a mistake of <ours>")

    monkeypatch.setattr(Fleet, "leaks", fail)
    status, headers, body = await get(server, path)
    assert (status, headers["Content-Type"].partition(";")[0]) == (500, kind)
    assert "leakdog itself failed, see its log" in body
    assert "<ours>" not in body or kind == "application/json"
    assert SECURITY_HEADERS.items() <= dict(headers).items()


@pytest.mark.parametrize("path", ["/api/v1/snapshots", "/api/v1/snapshots/1/profile.pb.gz", "/leaks/9f1c"])
async def test_a_store_that_does_not_answer_is_said_to(server: Server, path: str) -> None:
    """503 with the store's own words, not a bare 500."""
    status, headers, body = await get(server, path)
    assert status == 503
    assert "the store does not answer: the disk is gone" in body
    assert headers["X-Frame-Options"] == "DENY"


async def test_what_is_damaged_is_said_to_be(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 with what is lost: to ask again would not help."""

    async def profile(snapshot_id: int) -> None:
        raise StoreCorrupted(f"snapshot {snapshot_id} is cut off")

    monkeypatch.setattr(server._store, "profile", profile, raising=False)
    status, _, body = await get(server, "/api/v1/snapshots/7/profile.pb.gz")
    assert (status, body) == (500, '{"error": "snapshot 7 is cut off"}')


async def test_what_needs_no_store_is_answered_without(server: Server) -> None:
    """Leaks, targets, the overview and the metrics page go on; only the numbers of the store are left out."""
    for path in ("/", "/api/v1/leaks", "/api/v1/targets", "/-/healthy"):
        assert (await get(server, path))[0] == 200
    status, _, body = await get(server, "/metrics")
    assert status == 200
    assert "leakdog_leak_state" in body
    assert "leakdog_storage" not in body


async def test_an_accept_header_without_sense_gets_metrics(server: Server) -> None:
    """What a reader asks for cannot break the page."""
    status, headers, _ = await get(server, "/metrics", Accept="application/openmetrics-text; version=x")
    assert (status, headers["Content-Type"].partition(";")[0]) == (200, "text/plain")


async def test_a_daemon_that_stops_is_not_ready(server: Server) -> None:
    """503 before it is ready, 200 then, 503 again while it drains."""
    seen = []
    for ready in (False, True, False):
        server._fleet.ready = ready
        seen.append((await get(server, "/-/ready"))[0])
    assert seen == [503, 200, 503]


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/v1/leaks?state=odd", "/metrics", "/style.css"])
async def test_every_answer_is_hardened(server: Server, path: str) -> None:
    """Good or bad, each answer tells the browser to do nothing but show it."""
    headers = (await get(server, path))[1]
    assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


async def test_a_path_without_a_page_leads_back(server: Server) -> None:
    """A page with the link to the overview; what was asked is shown, and is no part of the page."""
    status, headers, body = await get(server, "/leak/<b>")
    assert (status, headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "<p>Nothing is at /leak/&lt;b&gt;. The overview lists all" in body
    assert '<a href="/">overview</a>' in body


async def test_the_api_refuses_in_json(server: Server) -> None:
    """Of an unknown path it says which there are, of another method which is possible; own words stay."""
    status, headers, body = await get(server, "/api/v1/leak")
    assert (status, headers["Content-Type"]) == (404, "application/json; charset=utf-8")
    error = json.loads(body)["error"]
    assert error.startswith("nothing is at /api/v1/leak; there are /api/v1/")
    assert "/api/v1/leaks/{id}," in error
    assert "no leak has the id 'x'" in json.loads((await get(server, "/api/v1/leaks/x"))[2])["error"]
    url = f"http://127.0.0.1:{server.port}/api/v1/targets"
    async with aiohttp.ClientSession() as session, session.post(url) as response:
        assert (response.status, response.headers["Allow"]) == (405, "GET,HEAD")
        assert await response.json() == {"error": "POST /api/v1/targets is not possible; it takes GET, HEAD"}


async def test_nothing_can_be_posted(server: Server) -> None:
    """The server only tells; it takes nothing."""
    async with aiohttp.ClientSession() as session:
        for method in ("POST", "PUT", "DELETE"):
            async with session.request(method, f"http://127.0.0.1:{server.port}/api/v1/leaks") as response:
                assert response.status == 405


async def test_a_heap_that_cannot_be_told_now_is_no_fault() -> None:
    """While another profile is in the making the answer is 503, with why."""

    def busy(gc: bool) -> bytes:
        raise LeakdogError("a profile is in the making")

    made = Server(Fleet(), Broken(), busy)  # type: ignore[arg-type]
    await made.start("127.0.0.1", 0)
    try:
        status, _, body = await get(made, "/debug/pprof/heap")
    finally:
        await made.stop()
    assert (status, body) == (503, "a profile is in the making\n")


async def test_making_the_heap_holds_up_nobody(server: Server) -> None:
    """The profile is made in a thread of its own."""
    assert (await get(server, "/debug/pprof/heap"))[2] != threading.main_thread().name


@pytest.mark.parametrize("host", ["a..b", "256.256.256.256", "x" * 70 + ".example"])
async def test_what_is_no_address_is_told_in_a_sentence(host: str) -> None:
    """The error names the address and the option, whatever the resolver made of it."""
    with pytest.raises(LeakdogError, match=f"listening on {host}:0: .*--web.listen-address"):
        await Server(Fleet(), Broken()).start(host, 0)  # type: ignore[arg-type]


async def test_a_reader_that_does_not_read_does_not_hold_up_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is under way has a moment to end; then the server closes all the same."""
    monkeypatch.setattr(room, "SHUTDOWN_SECONDS", 0.1)
    begun, ended = asyncio.Event(), asyncio.Event()

    async def hang(*_: object) -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    monkeypatch.setattr(Server, "healthy", hang)
    made = Server(Fleet(), Broken())  # type: ignore[arg-type]
    await made.start("127.0.0.1", 0)
    async with aiohttp.ClientSession() as session:
        request = asyncio.create_task(session.get(f"http://127.0.0.1:{made.port}/-/healthy"))
        await asyncio.wait_for(begun.wait(), 5)
        await asyncio.wait_for(made.stop(), 5)
        with pytest.raises(aiohttp.ClientError):
            await request
    assert ended.is_set()
