"""Functions whose leaks are known, over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from leakdog.config.schema import ScrapeConfig
from leakdog.model import Acknowledgement, Culprit, Frame, Leak, LeakClass, LeakState, Signal, Target, TargetKey
from leakdog.pipeline.functions import FUNCTIONS, KnownFunctions, load_functions
from leakdog.pipeline.state import Fleet, Watched
from leakdog.store import Store
from leakdog.web import answers
from leakdog.web.functions import MOST, Functions
from leakdog.web.server import Server

Ask = Callable[..., Awaitable[tuple[int, Any]]]
KEY = TargetKey("shop", "10.0.0.7:6060")
PUT = Culprit("5b0c", Frame("cache.(*Index).Put", "a.go", 1), 0.9, 1.0, ())
LEAK = Leak(
    "9f1c", KEY, Signal.INUSE_SPACE, LeakClass.HEAP, LeakState.FIRING, since=950.0, updated=1010.0, culprits=(PUT,)
)
PATH = "/api/v1/acknowledged"


@pytest.fixture
def fleet() -> Fleet:
    """One target that leaks in a function that nobody has acknowledged."""
    job = ScrapeConfig(job_name="shop", acknowledged=("Get$",))
    return Fleet({KEY: Watched(Target(KEY), job, up=True, leaks={LeakClass.HEAP: LEAK})})


@pytest.fixture
async def address(fleet: Fleet, store: Store) -> AsyncIterator[str]:
    """A server over it."""
    server = Server(fleet, store)
    await server.start("127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.port}"
    await server.stop()


async def stored(store: Store) -> list[tuple[str, str]]:
    """Function and job of each that a restart would find."""
    data = await store.states(FUNCTIONS)
    return [(each.function, each.job) for each in load_functions(data[FUNCTIONS])] if data else []


async def test_what_leaks_in_a_function_is_acknowledged_at_once_and_stored(
    ask: Ask, address: str, store: Store
) -> None:
    """The answer says of which leaks; the leak is told with what was said of it."""
    body = {"function": r"\.Put$", "job": "shop", "note": "bounded", "for_seconds": 3600}
    status, given = await ask("POST", address + PATH, json=body)
    assert (status, given["leaks"], given["function"], given["job"]) == (200, ["9f1c"], r"\.Put$", "shop")
    told = (await ask("GET", f"{address}/api/v1/leaks/9f1c"))[1]["acknowledged"]
    assert (told["note"], told["function"], told["configured"]) == ("bounded", r"\.Put$", False)
    assert told["until"] == given["until"] is not None
    (kept,) = await store.leaks()
    assert kept.acknowledged is not None
    assert await stored(store) == [(r"\.Put$", "shop")]


async def test_it_is_taken_back_by_function_and_job(ask: Ask, address: str, store: Store) -> None:
    """That of all jobs and that of one are two; the leak is announced again."""
    for job in ({}, {"job": "shop"}, {"job": "other"}):
        await ask("POST", address + PATH, json={"function": "Put", **job})
    assert (await ask("DELETE", f"{address}{PATH}?function=Put&job=shop"))[1]["leaks"] == []
    assert await stored(store) == [("Put", ""), ("Put", "other")]
    status, taken = await ask("DELETE", f"{address}{PATH}?function=Put")
    assert (status, taken["leaks"]) == (200, ["9f1c"])
    assert [leak.acknowledged for leak in await store.leaks()] == [None]
    status, answer = await ask("DELETE", f"{address}{PATH}?function=Put")
    assert status == 404
    assert "nothing was acknowledged by the function 'Put': `leakdog ack --list`" in answer["error"]


async def test_a_leak_of_known_functions_is_not_announced_again_by_its_id(ask: Ask, address: str) -> None:
    """The answer says by which functions it is still acknowledged; what was said of the leak alone is gone."""
    await ask("POST", address + PATH, json={"function": "Put"})
    url = f"{address}/api/v1/leaks/9f1c/acknowledgement"
    assert (await ask("POST", url, json={"note": "alone"}))[1]["acknowledged"]["function"] is None
    assert (await ask("DELETE", url))[1]["acknowledged"]["function"] == "Put"


async def test_leaks_of_the_functions_that_are_acknowledged_by_id_are_told(ask: Ask, address: str) -> None:
    """They are not of those of which it holds; where the functions were never given, an answer tells of them, too."""
    await ask("POST", f"{address}/api/v1/leaks/9f1c/acknowledgement", json={})
    status, answer = await ask("DELETE", f"{address}{PATH}?function=Put")
    assert status == 404
    assert "by the function 'Put'; by its id: 9f1c (`leakdog ack ID --undo`)" in answer["error"]
    assert "by its id" not in (await ask("DELETE", f"{address}{PATH}?function=Put&job=other"))[1]["error"]
    assert "by its id" not in (await ask("DELETE", f"{address}{PATH}?function=Put("))[1]["error"]
    for function, by_id in (("Put", ["9f1c"]), ("Other", [])):
        answer = (await ask("POST", address + PATH, json={"function": function}))[1]
        assert (answer["leaks"], answer["leaks_by_id"]) == ([], by_id)


@pytest.mark.parametrize(
    ("job", "command"),
    [
        ("", "leakdog ack --function '(Put|Get)$' --undo"),
        ("shop", "leakdog ack --function '(Put|Get)$' --job shop --undo"),
    ],
)
async def test_what_is_known_of_functions_is_not_taken_back_by_a_leak(
    ask: Ask, address: str, fleet: Fleet, job: str, command: str
) -> None:
    """It is said how it is taken back, and nothing changes: not even the date."""
    await ask("POST", address + PATH, json={"function": "(Put|Get)$", "job": job})
    before = fleet.targets[KEY].leaks[LeakClass.HEAP]
    status, answer = await ask("DELETE", f"{address}/api/v1/leaks/9f1c/acknowledgement")
    assert status == 409
    assert (
        answer["error"] == f"leak 9f1c is acknowledged by its functions: `{command}` announces all leaks of these again"
    )
    assert fleet.targets[KEY].leaks[LeakClass.HEAP] is before


async def test_what_is_configured_is_not_taken_back_by_a_leak(ask: Ask, address: str, fleet: Fleet) -> None:
    """It is said where it stands."""
    fleet.targets[KEY].job = ScrapeConfig(job_name="shop", acknowledged=("Put",))
    status, answer = await ask("DELETE", f"{address}/api/v1/leaks/9f1c/acknowledgement")
    assert status == 409
    assert "take 'Put' out of `acknowledged` of job 'shop' in the configuration" in answer["error"]


async def test_leaks_are_told_of_which_it_holds(ask: Ask, address: str, fleet: Fleet) -> None:
    """Also where it held before; not one that another rule acknowledges, before or after, nor one that is over."""
    told = [(await ask("POST", address + PATH, json={"function": "Put", "note": note}))[1]["leaks"] for note in "ab"]
    assert told == [["9f1c"], ["9f1c"]]
    assert (await ask("POST", address + PATH, json={"function": "Index"}))[1]["leaks"] == []
    assert (await ask("DELETE", f"{address}{PATH}?function=Put"))[1]["leaks"] == []
    fleet.targets[KEY].leaks[LeakClass.HEAP] = replace(LEAK, state=LeakState.RESOLVED)
    assert (await ask("POST", address + PATH, json={"function": "Index"}))[1]["leaks"] == []


async def test_configured_ones_are_listed_too(ask: Ask, address: str, fleet: Fleet) -> None:
    """And told apart; one whose time is over is listed no more, and one that is given twice is there once."""
    await ask("POST", address + PATH, json={"function": "Add", "for_seconds": 0.001})
    await ask("POST", address + PATH, json={"function": "Put", "note": "one"})
    await ask("POST", address + PATH, json={"function": "Put", "note": "two"})
    await asyncio.sleep(0.01)
    _, answer = await ask("GET", address + PATH)
    assert [(each["function"], each["job"], each["note"], each["configured"]) for each in answer["acknowledged"]] == [
        ("Get$", "shop", "", True),
        ("Put", None, "two", False),
    ]


async def test_changes_at_the_same_time_lose_none(ask: Ask, address: str, store: Store, fleet: Fleet) -> None:
    """Each is made to what the one before has left; there is an end to how many."""
    answers = await asyncio.gather(
        *(ask("POST", address + PATH, json={"function": f"f{number}"}) for number in range(MOST + 1))
    )
    assert sorted(status for status, _ in answers) == [200] * MOST + [400]
    assert len(await stored(store)) == len(fleet.acknowledged) == MOST


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"no", "not JSON"),
        (b'{"function": "a", "who": 1}', 'an object with "function", "job", "note" and "for_seconds" alone'),
        (b"{}", "function: must be a regular expression"),
        (b'{"function": 1}', "function: must be a regular expression"),
        (b'{"function": "(*Index).Put"}', "function: '(*Index).Put' is no regular expression: nothing to repeat"),
        (b'{"function": "(a+)+$"}', "repeats a group"),
        (b'{"function": "a", "job": 1}', "job: must be the name of a job"),
        (b'{"function": "a", "job": []}', "job: must be the name of a job"),
        (b'{"function": "a", "job": false}', "job: must be the name of a job"),
        (b'{"function": "a", "note": 1}', "note: must be one line"),
        (b'{"function": "a", "for_seconds": -1}', "for_seconds: must be a number above 0"),
    ],
)
async def test_a_wrong_body_is_refused_in_words(ask: Ask, address: str, store: Store, body: bytes, why: str) -> None:
    """And changes nothing."""
    status, answer = await ask("POST", address + PATH, data=body, headers={"Content-Type": "application/json"})
    assert status == 400
    assert why in answer["error"]
    assert await stored(store) == []


async def test_a_form_of_another_page_changes_nothing(ask: Ask, address: str, store: Store) -> None:
    """What a browser sends without asking first is refused."""
    data, headers = b'{"function": "."}', {"Content-Type": "text/plain"}
    status, _ = await ask("POST", address + PATH, data=data, headers=headers)
    assert (status, await stored(store)) == (400, [])


async def test_where_the_store_fails_nothing_holds(ask: Ask, address: str, store: Store, fleet: Fleet) -> None:
    """What would be forgotten by a restart is not said to hold."""
    await store.close()
    status, _ = await ask("POST", address + PATH, json={"function": "Put"})
    assert (status, fleet.acknowledged) == (503, ())
    assert fleet.targets[KEY].leaks[LeakClass.HEAP].acknowledged is None


async def test_others_get_their_turn_while_many_leaks_are_looked_at(store: Store, turns, monkeypatch) -> None:
    """A hundred functions and thousands of leaks take seconds."""
    monkeypatch.setattr(answers, "TURN_SECONDS", 0.0)
    known = replace(LEAK, acknowledged=Acknowledgement(1000.0, function="Put"))
    keys = [TargetKey("shop", str(number)) for number in range(20)]
    job = ScrapeConfig(job_name="shop")
    targets = {key: Watched(Target(key), job, leaks={LeakClass.HEAP: replace(known, id=key.instance)}) for key in keys}
    fleet = Fleet(targets, acknowledged=(KnownFunctions("Put", 1000.0),))
    asked = make_mocked_request("DELETE", f"{PATH}?function=Put")
    number, response = await turns(Functions(fleet, store).take(asked))
    assert number >= 20
    assert len(json.loads(response.text)["leaks"]) == len(await store.leaks()) == 20
