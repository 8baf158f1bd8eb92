"""What can be changed over HTTP: acknowledgements, and nothing else."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from leakdog.config.schema import ScrapeConfig
from leakdog.model import Leak, LeakClass, LeakState, Signal, Target, TargetKey
from leakdog.pipeline.state import Fleet, Watched
from leakdog.store import Store
from leakdog.web.server import Server

Ask = Callable[..., Awaitable[tuple[int, Any]]]
KEY = TargetKey("shop", "10.0.0.7:6060")
LEAK = Leak("9f1c", KEY, Signal.RSS, LeakClass.NATIVE, LeakState.FIRING, since=950.0, updated=1010.0)
PATH = "/api/v1/leaks/9f1c/acknowledgement"


@pytest.fixture
async def address(store: Store) -> AsyncIterator[str]:
    """A server over one leaking target."""
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"), up=True, leaks={LeakClass.NATIVE: LEAK})
    server = Server(Fleet({KEY: watched}), store)
    await server.start("127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.port}"
    await server.stop()


async def test_a_leak_is_acknowledged_and_stored(ask: Ask, address: str, store: Store) -> None:
    """The answer is the leak as it now stands, and so does the store keep it."""
    status, leak = await ask("POST", address + PATH, json={"note": "known", "for_seconds": 3600})
    assert status == 200
    assert (leak["state"], leak["acknowledged"]["note"]) == ("firing", "known")
    (kept,) = await store.leaks()
    assert kept.acknowledged is not None
    assert kept.acknowledged.until == pytest.approx(kept.acknowledged.since + 3600)
    assert not kept.acknowledged.configured


async def test_note_and_time_may_be_left_out(ask: Ask, address: str, store: Store) -> None:
    """Then it holds until the leak is resolved."""
    assert (await ask("POST", address + PATH, json={}))[1]["acknowledged"]["until"] is None


async def test_a_suspicion_that_passes_meanwhile_is_no_failure(ask: Ask, store: Store, monkeypatch) -> None:
    """While the store writes, a pass may find that there is no leak: then none has the id."""
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"), up=True, leaks={LeakClass.NATIVE: LEAK})
    server = Server(Fleet({KEY: watched}), store)
    await server.start("127.0.0.1", 0)

    async def put_leaks(_: object) -> None:
        watched.leaks.clear()

    monkeypatch.setattr(store, "put_leaks", put_leaks)
    status, told = await ask("DELETE", f"http://127.0.0.1:{server.port}{PATH}")
    await server.stop()
    assert (status, told["error"]) == (404, "no leak has the id '9f1c'; GET /api/v1/leaks lists them")


async def test_it_is_taken_back(ask: Ask, address: str, store: Store) -> None:
    """In the store, too."""
    await ask("POST", address + PATH, json={})
    status, leak = await ask("DELETE", address + PATH)
    assert (status, leak["acknowledged"]) == (200, None)
    assert [kept.acknowledged for kept in await store.leaks()] == [None]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"no", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[1]", "must be an object"),
        (b'{"who": 1}', "must be an object"),
        (b'{"note": 1}', "note: must be one line"),
        (b'{"note": "a\\nb"}', "note: must be one line"),
        (b'{"note": "\\ud800"}', "note: must be one line"),
        (b'{"for_seconds": 0}', "for_seconds: must be a number above 0"),
        (b'{"for_seconds": true}', "for_seconds: must be a number above 0"),
        (b'{"for_seconds": 1e300}', "for_seconds: must be a number above 0"),
        (b'{"for_seconds": NaN}', "for_seconds: must be a number above 0"),
        (b"[" * 4000, "not JSON"),
    ],
)
async def test_a_wrong_body_is_refused_in_words(ask: Ask, address: str, store: Store, body: bytes, why: str) -> None:
    """And changes nothing."""
    status, answer = await ask("POST", address + PATH, data=body, headers={"Content-Type": "application/json"})
    assert status == 400
    assert why in answer["error"]
    assert await store.leaks() == []


async def test_json_is_utf_8_whatever_is_said_of_it(ask: Ask, address: str) -> None:
    """A character set that nobody knows is no failure."""
    kind = {"Content-Type": "application/json; charset=nonsense"}
    status, leak = await ask("POST", address + PATH, data='{"note": "größer"}'.encode(), headers=kind)
    assert (status, leak["acknowledged"]["note"]) == (200, "größer")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_a_form_of_another_page_changes_nothing(ask: Ask, address: str, store: Store, kind: str) -> None:
    """What a browser sends without asking first is refused."""
    status, answer = await ask("POST", address + PATH, data=b"{}", headers={"Content-Type": kind})
    assert (status, await store.leaks()) == (400, [])
    assert "application/json" in answer["error"]


async def test_a_leak_of_a_target_that_is_gone_is_listed_and_cannot_be_acknowledged(ask: Ask, store: Store) -> None:
    """It is over: that it were not known would be a lie."""
    over = replace(LEAK, state=LeakState.RESOLVED, resolved_since=1010.0)
    server = Server(Fleet(departed={KEY: [over]}), store)
    await server.start("127.0.0.1", 0)
    status, told = await ask("POST", f"http://127.0.0.1:{server.port}{PATH}", json={})
    await server.stop()
    assert (status, "its target is watched no more" in told["error"]) == (409, True)


@pytest.mark.parametrize(("method", "body"), [("POST", {}), ("DELETE", None)])
async def test_an_unknown_leak_is_told(ask: Ask, address: str, method: str, body: Any) -> None:
    """With where the known ones are listed."""
    status, answer = await ask(method, f"{address}/api/v1/leaks/none/acknowledgement", json=body)
    assert status == 404
    assert "GET /api/v1/leaks" in answer["error"]
