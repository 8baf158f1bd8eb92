"""The archive over HTTP, and what a target may be asked for."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from leakdog.config.schema import Backend, ScrapeConfig, StorageConfig
from leakdog.model import Kind, Leak, LeakClass, LeakState, Life, RawProfile, Scrape, Signal, Target, TargetKey
from leakdog.pipeline.evidence import Collected, Wanted
from leakdog.pipeline.state import Fleet, Watched
from leakdog.report.archive import Packing, sizes
from leakdog.store import Store, open_store
from leakdog.web.server import Server

SHOP = Path(__file__).parents[1] / "attribute" / "shop"
HEAPS = [(SHOP / f"heap-{number}.pb.gz").read_bytes() for number in (1, 6)]
KEY = TargetKey("shop", "10.0.0.7:6060")
LIFE = Life(1000.0, 1000.0)
LEAK = Leak("9f1c", KEY, Signal.INUSE_SPACE, LeakClass.HEAP, LeakState.FIRING, 1005.0, 1060.0, growth_per_second=1e4)
GONE = replace(LEAK, state=LeakState.RESOLVED, updated=1070.0, resolved_since=1070.0, process_ended=1070.0)
BASE = {"README.md", "README.html", "verdict.json", "series.csv", "chart.svg"}
PAIR = {"heap-baseline.pb.gz", "heap-latest.pb.gz", "heap-diff.pb.gz"}


class House:
    """A server over one target, and what that was asked for."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"), up=True, leaks={LeakClass.HEAP: LEAK})
        self.fleet = Fleet(targets={KEY: self.watched})
        self.wanted: list[Wanted] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.difference: bytes | None = b"difference"
        self.compared: list[tuple[TargetKey, Kind, bytes, bytes]] = []
        self.server = Server(self.fleet, store, ask=self.ask, compare=self.compare)

    async def compare(self, *asked: Any) -> bytes | None:
        """Stand in for the worker."""
        self.compared.append(asked)
        return self.difference

    async def ask(self, watched: Watched, leak: Leak, wanted: Wanted) -> Collected:
        """Stand in for the collector."""
        self.wanted.append(wanted)
        await self.hold.wait()
        return Collected(["cmdline.txt"], {"mutex.pb.gz": "404"})

    async def fetch(self, method: str, path: str, **how: Any) -> tuple[int, bytes]:
        """Status and body."""
        url = f"http://127.0.0.1:{self.server.port}/api/v1/leaks/{path}"
        async with aiohttp.ClientSession() as session, session.request(method, url, **how) as response:
            return response.status, await response.read()

    async def files(self, packing: Packing = Packing.GZ) -> dict[str, int]:
        """Sizes of what is in the archive."""
        status, body = await self.fetch("GET", f"9f1c/evidence.tar.{packing}")
        assert status == 200
        return sizes(body, packing)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Two heap profiles and ten readings of a life."""
    store = open_store(StorageConfig(backend=Backend.MEMORY))
    for number, time in enumerate((1001.0, 1060.0)):
        await store.append(Scrape(KEY, time, time, LIFE, {}, (RawProfile(Kind.HEAP, time, HEAPS[number]),)))
    for time in range(1000, 1060, 6):
        await store.append(Scrape(KEY, time, time, LIFE, {Signal.INUSE_SPACE: 1e6 + time}))
    made = House(store)
    await made.server.start("127.0.0.1", 0)
    yield made
    await made.server.stop()
    await store.close()


@pytest.mark.parametrize("packing", Packing)
async def test_the_archive_has_what_was_kept_and_what_is_stored(house: House, packing: Packing) -> None:
    """In either packing: fresh profiles from before and after with their difference, and the collected files."""
    await house.store.put_evidence("9f1c", {"goroutines.txt": b"dump", "heap-latest.pb.gz": b"old"}, 1050.0)
    found = await house.files(packing)
    assert set(found) == BASE | PAIR | {"goroutines.txt"}
    assert found["heap-latest.pb.gz"] == len(HEAPS[1])


async def test_profiles_that_cannot_be_compared_are_both_there(house: House) -> None:
    """Of two builds, or too large: each can be looked at by itself. They are compared as what the target gave."""
    house.difference = None
    assert set(await house.files()) == (BASE | PAIR) - {"heap-diff.pb.gz"}
    ((key, kind, *both),) = house.compared
    assert (key, kind) == (KEY, Kind.HEAP)
    assert [gzip.decompress(data) for data in both] == [gzip.decompress(data) for data in HEAPS]


async def test_what_retention_has_taken_is_still_in_the_archive(house: House) -> None:
    """Profiles that were kept stand in for snapshots that are gone."""
    house.store._stored.clear()  # type: ignore[attr-defined]
    files = {"heap-baseline.pb.gz": HEAPS[0], "heap-latest.pb.gz": HEAPS[1]}
    await house.store.put_evidence("9f1c", files, 1050.0)
    assert set(await house.files()) == BASE | PAIR


@pytest.mark.parametrize("watched", [True, False])
async def test_of_a_process_that_is_gone_the_last_profiles_are_there(house: House, watched: bool) -> None:
    """They are the latest, whatever came after them, also when the target has left the configuration."""
    house.watched.leaks = {LeakClass.HEAP: GONE}
    if not watched:
        house.fleet.depart(KEY, [GONE])
        del house.fleet.targets[KEY]
    later = Scrape(KEY, 1065.0, 1065.0, LIFE, {}, (RawProfile(Kind.HEAP, 1065.0, b"of another process"),))
    await house.store.append(later)
    files = {"heap-exit.pb.gz": HEAPS[1], "heap-baseline.pb.gz": HEAPS[0]}
    await house.store.put_evidence("9f1c", files, 1070.0)
    found = await house.files()
    assert set(found) == BASE | PAIR
    assert found["heap-latest.pb.gz"] == len(HEAPS[1])


async def test_the_process_before_is_shown_beside_the_one_that_leaks_again(house: House) -> None:
    """Its last profile has a name of its own."""
    house.watched.leaks = {LeakClass.HEAP: replace(LEAK, process_ended=900.0)}
    await house.store.put_evidence("9f1c", {"heap-exit.pb.gz": HEAPS[0]}, 900.0)
    assert set(await house.files()) == BASE | PAIR | {"heap-exit.pb.gz"}


async def test_a_leak_that_is_suspected_again_is_proved_by_what_grows_now(house: House) -> None:
    """Not by what its end left, which was before this growth began."""
    house.watched.leaks = {
        LeakClass.HEAP: replace(GONE, resolved_since=900.0, process_ended=900.0, pending_since=1050.0)
    }
    await house.store.put_evidence("9f1c", {"heap-exit.pb.gz": HEAPS[0]}, 900.0)
    assert set(await house.files()) == BASE | PAIR | {"heap-exit.pb.gz"}


@pytest.mark.parametrize("path", ["9f1c/evidence.tar.zip", "none/evidence.tar.gz"])
async def test_what_is_not_there_is_said(house: House, path: str) -> None:
    """An ending that no archive has, and a leak that there is not."""
    status, body = await house.fetch("GET", path)
    assert status == 404
    assert json.loads(body)["error"]


async def test_the_target_is_asked_for_what_is_wanted(house: House) -> None:
    """Each part of the body reaches it, and what came of it is told."""
    wanted = {"mutex": True, "block": True, "profile_seconds": 60, "trace_seconds": 30}
    status, body = await house.fetch("POST", "9f1c/evidence", json=wanted)
    assert (status, json.loads(body)) == (200, {"stored": ["cmdline.txt"], "missing": {"mutex.pb.gz": "404"}})
    assert house.wanted == [Wanted(**wanted)]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"profile_seconds": 61}, "a whole number of seconds up to 60"),
        ({"trace_seconds": 31}, "a whole number of seconds up to 30"),
        ({"trace_seconds": -1}, "a whole number"),
        ({"trace_seconds": True}, "a whole number"),
        ({"profile_seconds": 1.5}, "a whole number"),
        ({"mutex": 1}, "must be true or false"),
        ({"url": "http://elsewhere"}, "alone"),
        ([], "must be an object"),
    ],
)
async def test_what_is_wanted_is_bounded(house: House, body: Any, said: str) -> None:
    """Nothing beyond it reaches the target."""
    status, answer = await house.fetch("POST", "9f1c/evidence", json=body)
    assert status == 400
    assert said in json.loads(answer)["error"]
    assert house.wanted == []


@pytest.mark.parametrize(
    ("body", "type_", "status"),
    [(b"\xff", "application/json", 400), (b"{}", "application/json; charset=nonsense", 200)],
)
async def test_json_is_utf_8_whatever_is_said_of_it(house: House, body: bytes, type_: str, status: int) -> None:
    """What is not is refused in words, as all that is wrong."""
    assert (await house.fetch("POST", "9f1c/evidence", data=body, headers={"Content-Type": type_}))[0] == status


async def test_a_form_of_another_page_asks_nothing(house: House) -> None:
    """A browser sends plain text without asking first, so that is refused."""
    status, _ = await house.fetch("POST", "9f1c/evidence", data="{}")
    assert (status, house.wanted) == (400, [])


async def test_a_target_that_is_gone_is_not_asked(house: House) -> None:
    """That is no error: what was kept is there."""
    house.watched.up, house.watched.last_error = False, "connect: refused"
    status, body = await house.fetch("POST", "9f1c/evidence", json={})
    assert (status, json.loads(body)["missing"]) == (200, {"*": f"{KEY} does not answer: connect: refused"})
    house.fleet.depart(KEY, [GONE])
    del house.fleet.targets[KEY]
    _, body = await house.fetch("POST", "9f1c/evidence", json={})
    assert json.loads(body)["missing"] == {"*": f"{KEY} is watched no more"}
    assert house.wanted == []


async def test_a_target_is_asked_by_one_at_a_time(house: House) -> None:
    """A second request while a trace is taken is refused, and the next one is not."""
    house.hold.clear()
    first = asyncio.create_task(house.fetch("POST", "9f1c/evidence", json={"trace_seconds": 5}))
    while not house.wanted:
        await asyncio.sleep(0.01)
    status, body = await house.fetch("POST", "9f1c/evidence", json={})
    assert (status, "being asked already" in json.loads(body)["error"]) == (409, True)
    house.hold.set()
    assert (await first)[0] == 200
    assert (await house.fetch("POST", "9f1c/evidence", json={}))[0] == 200


async def test_few_targets_are_asked_at_a_time(house: House) -> None:
    """Whoever has a thousand leaks collected at once does not have a thousand targets traced."""
    house.hold.clear()
    for number in range(5):
        key = TargetKey("shop", f"pod-{number}:6060")
        leak = replace(LEAK, id=f"{number}", key=key)
        house.fleet.targets[key] = Watched(Target(key), house.watched.job, up=True, leaks={LeakClass.HEAP: leak})
    under_way = [asyncio.create_task(house.fetch("POST", f"{number}/evidence", json={})) for number in range(4)]
    while len(house.wanted) < len(under_way):
        await asyncio.sleep(0.01)
    status, body = await asyncio.wait_for(house.fetch("POST", "4/evidence", json={}), 5)
    assert (status, "4 targets are being asked already" in json.loads(body)["error"]) == (409, True)
    house.hold.set()
    assert [status for status, _ in await asyncio.gather(*under_way)] == [200] * 4
    assert (await house.fetch("POST", "4/evidence", json={}))[0] == 200
