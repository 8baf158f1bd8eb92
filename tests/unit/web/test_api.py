"""The API's shapes and its answers to wrong questions, over a real server on loopback."""

import gzip
import html
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request

from leakdog.cli.client import DEFAULT_SERVER
from leakdog.config.schema import Backend, ScrapeConfig, StorageConfig
from leakdog.detect.group import Group
from leakdog.detect.settings import SOAK
from leakdog.errors import Reason, StoreError
from leakdog.model import (
    Assessment,
    Culprit,
    Frame,
    Kind,
    Leak,
    LeakClass,
    LeakState,
    Life,
    RawProfile,
    Scrape,
    Signal,
    Target,
    TargetKey,
    Verdict,
)
from leakdog.pipeline.sites import Site, Sites
from leakdog.pipeline.state import Fleet, Watched
from leakdog.report.replicas import suspected_again
from leakdog.store import open_store
from leakdog.store.contract import Readings
from leakdog.store.memory import MemoryStore
from leakdog.web import answers
from leakdog.web.api import Api
from leakdog.web.pages import Pages
from leakdog.web.server import Server
from leakdog.web.views import leak_view

KEY = TargetKey("shop", "10.0.0.7:6060")
FRAME = Frame("shop/cart.(*Sessions).Put", "/src/cart/<sessions>.go", 88)
LEAF = Frame("runtime.makeslice", "/go/src/runtime/slice.go", 103)
CULPRIT = Culprit("5b0c9d2e11aa", FRAME, 0.9, 279.0, (LEAF, FRAME))
LEAK = Leak(
    id="9f1c0a7be2d4",
    key=KEY,
    signal=Signal.INUSE_SPACE,
    leak_class=LeakClass.HEAP,
    state=LeakState.FIRING,
    since=1_700_000_000.0,
    updated=1_700_000_600.0,
    firing_since=1_700_000_500.0,
    growth_per_second=310.0,
    interval=(290.0, 330.0),
    time_to_limit_seconds=3600.0,
    reasons=("it grows",),
    culprits=(CULPRIT,),
)
PACKED = gzip.compress(b"a profile", mtime=0)


def watched() -> Watched:
    """A target that leaks."""
    found = Watched(
        Target(KEY, {"team": "cart"}, "http://10.0.0.7:6060"),
        ScrapeConfig(job_name="shop", own_code=("github.com/acme/shop",)),
        up=True,
        last_scrape=1_700_000_600.0,
        last_success=1_700_000_600.0,
        last_duration_seconds=0.04,
        life=Life(1_699_990_000.0, 1_699_990_010.0, 7),
        memory_limit=5e8,
    )
    found.values = {Signal.GOROUTINES: 41.0, Signal.INUSE_SPACE: 8e7}
    found.verdicts = {Signal.INUSE_SPACE: Verdict.LEAK}
    found.assessments = {Signal.INUSE_SPACE: Assessment(Signal.INUSE_SPACE, 1.0, Verdict.LEAK, 310.0, (290.0, 330.0))}
    found.leaks = {LeakClass.HEAP: LEAK}
    followed = {7: Site("5b0c9d2e11aa", FRAME, 6e7)}
    found.sites = {Signal.INUSE_SPACE: Sites(Signal.INUSE_SPACE, followed, Group(SOAK, 1), 2e7)}
    return found


class Unreadable(dict[Signal, Assessment]):
    """Assessments that lie on a disk which has broken since."""

    def get(self, key: Signal, default: object = None) -> Assessment:  # type: ignore[override]
        """Fail."""
        raise StoreError(f"reading back what the detector knows of {key}: I/O error")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server over one leaking target and a store with two snapshots."""
    store = open_store(StorageConfig(backend=Backend.MEMORY))
    fleet = Fleet(targets={KEY: watched()})
    for slot, data in ((1_700_000_000.0, PACKED), (1_700_000_060.0, b"not packed")):
        life = Life(1_699_990_000.0, 1_699_990_010.0, 7)
        profile = RawProfile(Kind.HEAP, slot, data)
        await store.append(Scrape(KEY, slot, slot, life, {Signal.INUSE_SPACE: slot}, (profile,)))
    fleet.counters.failures[Reason.TIMEOUT] = 3
    made = Server(fleet, store, heap_profile=lambda gc: b"heap after gc" if gc else b"heap")
    await made.start("127.0.0.1", 0)
    yield made
    await made.stop()
    await store.close()


async def get(server: Server, path: str) -> tuple[int, aiohttp.typedefs.LooseHeaders, bytes]:
    """Status, headers and body of one request."""
    url = f"http://127.0.0.1:{server.port}{path}"
    async with aiohttp.ClientSession(auto_decompress=False) as session, session.get(url) as response:
        return response.status, response.headers, await response.read()


async def get_json(server: Server, path: str) -> object:
    """The JSON body of a request that succeeds."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{server.port}{path}") as response:
        assert response.status == 200
        return await response.json()


async def test_targets_tell_their_last_scrape_and_verdicts(server: Server) -> None:
    """A target is listed with job, instance, labels, up, last error, last scrape, values and verdicts."""
    told = await get_json(server, "/api/v1/targets")
    (target,) = told["targets"]
    assert told["jobs_without_process"] == []
    assert (target["job"], target["instance"], target["labels"]) == ("shop", "10.0.0.7:6060", {"team": "cart"})
    assert (target["up"], target["last_error"], target["last_scrape"]) == (True, "", "2023-11-14T22:23:20.000Z")
    assert target["signals"] == {"goroutines": 41.0, "inuse_space": 8e7}
    assert target["verdicts"]["inuse_space"]["verdict"] == "leak"
    assert (target["own_code"], target["growth"]) == (["github.com/acme/shop"], [])


async def test_sites_add_up(server: Server) -> None:
    """The followed sites of a target are told with what is said of each; a target must be named."""
    told = await get_json(server, "/api/v1/sites?target=shop/10.0.0.7:6060")
    (sites,) = told["sites"].values()
    assert (told["up"], told["last_error"], told["last_success"]) == (True, "", "2023-11-14T22:23:20.000Z")
    (site,) = sites["followed"]
    assert (site["function"], site["value"], site["verdict"], sites["other"]) == (FRAME.function, 6e7, None, 2e7)
    assert (await get(server, "/api/v1/sites"))[0] == 400


async def test_leaks_have_the_published_shape(server: Server) -> None:
    """A leak tells target, signal, class, state, growth with interval, limit, reasons and culprits, leaf first."""
    (leak,) = (await get_json(server, "/api/v1/leaks"))["leaks"]
    assert leak["target"] == {"job": "shop", "instance": "10.0.0.7:6060"}
    assert (leak["signal"], leak["class"], leak["state"]) == ("inuse_space", "heap", "firing")
    assert (leak["since"], leak["interval"]) == ("2023-11-14T22:13:20.000Z", [290.0, 330.0])
    assert (leak["growth_per_second"], leak["time_to_limit_seconds"]) == (310.0, 3600.0)
    (culprit,) = leak["culprits"]
    assert (culprit["function"], culprit["line"], culprit["share"]) == (FRAME.function, 88, 0.9)
    assert [frame["function"] for frame in culprit["stack"]] == [LEAF.function, FRAME.function]
    assert await get_json(server, "/api/v1/leaks/9f1c0a7be2d4") == leak


async def test_equal_leaks_of_a_job_can_be_put_together(server: Server) -> None:
    """`by=job` gives groups with their leaks whole; another name is refused."""
    (group,) = (await get_json(server, "/api/v1/leaks?by=job"))["jobs"]
    assert (group["job"], group["class"], group["function"]) == ("shop", "heap", FRAME.function)
    assert group["leaks"] == (await get_json(server, "/api/v1/leaks"))["leaks"]


async def test_a_target_that_is_gone_can_be_asked_about(server: Server) -> None:
    """What is stored of it is given as long as its leak is listed; what only a watched one has is refused."""
    gone = replace(LEAK, state=LeakState.RESOLVED, process_ended=LEAK.updated)
    server._fleet.depart(KEY, [gone])
    del server._fleet.targets[KEY]
    (leak,) = (await get_json(server, "/api/v1/leaks"))["leaks"]
    assert (leak["state"], leak["process_ended"]) == ("resolved", "2023-11-14T22:23:20.000Z")
    (series,) = (await get_json(server, f"/api/v1/series?target={KEY}"))["series"]
    assert len(series["points"]) == 2
    assert len((await get_json(server, f"/api/v1/snapshots?target={KEY.instance}"))["snapshots"]) == 2
    url = f"http://127.0.0.1:{server.port}/api/v1/sites?target={KEY}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert (response.status, (await response.json())["error"]) == (400, f"target: {KEY} is watched no more")


async def test_leaks_can_be_kept_to_one_state(server: Server) -> None:
    """`state=` keeps leaks of that state only."""
    assert await get_json(server, "/api/v1/leaks?state=pending") == {"leaks": []}
    assert len((await get_json(server, "/api/v1/leaks?state=firing"))["leaks"]) == 1


def test_a_leak_that_is_suspected_again_is_pending_in_the_api() -> None:
    """Else who asks for what is pending is not told of it, and who asks for what is over is."""
    again = replace(LEAK, state=LeakState.RESOLVED, resolved_since=LEAK.updated, pending_since=LEAK.updated + 60)
    view = leak_view(again, Fleet())
    assert (view["state"], bool(view["resolved_since"]), bool(view["pending_since"])) == ("pending", True, True)
    assert suspected_again(view)
    assert not suspected_again(leak_view(replace(again, state=LeakState.FIRING), Fleet()))
    assert not suspected_again(leak_view(replace(again, pending_since=None), Fleet()))


async def test_series_are_the_stored_points(server: Server) -> None:
    """A series holds the stored points of the signal, oldest first, within the asked range."""
    (series,) = (await get_json(server, "/api/v1/series?target=shop/10.0.0.7:6060&signal=inuse_space"))["series"]
    assert (series["unit"], len(series["points"])) == ("bytes", 2)
    assert series["points"][0] == ["2023-11-14T22:13:20.000Z", 1_700_000_000.0]
    ranged = await get_json(server, "/api/v1/series?target=10.0.0.7:6060&signal=inuse_space&from=2023-11-14T22:14:00Z")
    assert [point[1] for point in ranged["series"][0]["points"]] == [1_700_000_060.0]


async def test_snapshots_are_listed_newest_first_and_come_back_byte_for_byte(server: Server) -> None:
    """A stored profile is downloaded as it was sent; one that was sent unpacked is packed."""
    snapshots = (await get_json(server, "/api/v1/snapshots?target=shop/10.0.0.7:6060&kind=heap"))["snapshots"]
    assert [snapshot["size_bytes"] for snapshot in snapshots] == [len(b"not packed"), len(PACKED)]
    status, headers, body = await get(server, f"/api/v1/snapshots/{snapshots[1]['id']}/profile.pb.gz")
    assert (status, body) == (200, PACKED)
    assert "Content-Encoding" not in headers
    _, _, body = await get(server, f"/api/v1/snapshots/{snapshots[0]['id']}/profile.pb.gz")
    assert gzip.decompress(body) == b"not packed"
    assert len((await get_json(server, "/api/v1/snapshots?limit=1"))["snapshots"]) == 1


@pytest.mark.parametrize(
    "start", ["2023-11-14T22:14:00Z", "2023-11-14T23:14:00%2B01:00", "2023-11-14T23:14:00+01:00", "1700000040"]
)
async def test_a_time_may_be_written_in_several_ways(server: Server, start: str) -> None:
    """RFC 3339 with any offset, its plus escaped or not, and unix seconds mean the same moment."""
    assert len((await get_json(server, f"/api/v1/snapshots?from={start}"))["snapshots"]) == 1


async def test_what_is_told_is_found_by_its_own_time(server: Server) -> None:
    """Times are told in milliseconds; a range reaches to the end of the last one, and no further."""
    for slot in (1_700_000_120.259874, 1_700_000_120.2601):
        profile = RawProfile(Kind.HEAP, slot, PACKED)
        await server._store.append(Scrape(KEY, slot, slot, Life(1.0, 1.0), {Signal.RSS: slot}, (profile,)))
    (last, told, *_) = (await get_json(server, "/api/v1/snapshots"))["snapshots"]
    for time in (told["time"], "1700000120.259"):
        found = (await get_json(server, f"/api/v1/snapshots?to={time}"))["snapshots"]
        assert (found[0], len(found)) == (told, 3)
    assert (await get_json(server, f"/api/v1/snapshots?to={last['time']}"))["snapshots"][0] == last
    (series,) = (await get_json(server, f"/api/v1/series?target={KEY}&signal=rss&to={told['time']}"))["series"]
    assert len(series["points"]) == 1


async def test_an_instance_that_several_jobs_have_must_be_told_with_its_job(server: Server) -> None:
    """The instance alone is enough only where one job has it."""
    other = TargetKey("other/shop", KEY.instance)
    server._fleet.targets[other] = Watched(Target(other), ScrapeConfig(job_name="other/shop"))
    assert (await get(server, f"/api/v1/snapshots?target={KEY.instance}"))[0] == 400
    assert await get_json(server, f"/api/v1/snapshots?target=other/shop/{KEY.instance}") == {"snapshots": []}


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/api/v1/leaks?by=odd", 400, "by: 'odd' is not job"),
        ("/api/v1/leaks?state=odd", 400, "pending, firing, resolved"),
        ("/api/v1/leaks/none", 404, "no leak has the id"),
        ("/api/v1/series", 400, "give target=JOB/INSTANCE"),
        ("/api/v1/series?target=shop/10.0.0.7:6060&signal=odd", 400, "inuse_space"),
        (
            "/api/v1/snapshots?target=http://169.254.169.254/",
            400,
            "is not watched; give JOB/INSTANCE as `leakdog targets`",
        ),
        ("/api/v1/snapshots?kind=odd", 400, "goroutineleak"),
        ("/api/v1/snapshots?from=yesterday", 400, "RFC 3339"),
        ("/api/v1/snapshots?from=2023-01-01T00:00:00", 400, "no time zone"),
        ("/api/v1/snapshots?from=nan", 400, "RFC 3339"),
        ("/api/v1/snapshots?to=1e999", 400, "RFC 3339"),
        ("/api/v1/snapshots?to=-inf", 400, "RFC 3339"),
        ("/api/v1/snapshots?limit=0", 400, "whole number"),
        ("/api/v1/snapshots?limit=99999999999999999999", 400, "whole number"),
        ("/api/v1/snapshots/999/profile.pb.gz", 404, "no stored snapshot"),
        ("/api/v1/snapshots/%2e%2e/profile.pb.gz", 404, ""),
        ("/api/v1/snapshots/1%00/profile.pb.gz", 404, "no stored snapshot"),
        ("/api/v1/snapshots/99999999999999999999/profile.pb.gz", 404, "no stored snapshot"),
        ("/nothing", 404, ""),
    ],
)
async def test_a_wrong_question_is_answered_with_what_is_allowed(
    server: Server, path: str, status: int, says: str
) -> None:
    """Unknown names, ids and values are refused with a sentence, and nothing is fetched for them."""
    got, _, body = await get(server, path)
    assert got == status
    assert says in body.decode()


async def test_a_target_of_several_jobs_is_told_with_these() -> None:
    """An instance that two jobs watch is watched: the answer names the jobs between which to choose."""
    store = open_store(StorageConfig(backend=Backend.MEMORY))
    made = Server(Fleet(targets={KEY: watched(), TargetKey("till", KEY.instance): watched()}), store)
    await made.start("127.0.0.1", 0)
    status, _, body = await get(made, f"/api/v1/sites?target={KEY.instance}")
    await made.stop()
    await store.close()
    assert status == 400
    assert "is watched by several jobs (shop, till); give JOB/INSTANCE" in body.decode()


async def test_a_leak_is_drawn_from_a_while_before_it_began(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a picture of all that is stored nobody sees what grows since an hour ago; a link leads to more of it."""
    asked = []

    async def readings(self: object, key: TargetKey, signal: Signal, **span: float | None) -> Readings:
        asked.append((key, signal, span))
        return await read(self, key, signal, **span)

    read = MemoryStore.readings
    monkeypatch.setattr(MemoryStore, "readings", readings)
    monkeypatch.setattr("time.time", lambda: LEAK.since + 7200.0)
    page = (await get(server, f"/leaks/{LEAK.id}"))[2].decode()
    assert asked == [(KEY, Signal.INUSE_SPACE, {"start": LEAK.since - 7200.0, "end": None})]
    assert 'href="/targets/shop/10.0.0.7%3A6060?signal=inuse_space&amp;range=30d#chart">more of this signal</a>' in page
    monkeypatch.setattr("time.time", lambda: LEAK.since + 40 * 86400.0)
    page = (await get(server, f"/targets/shop/{KEY.instance}"))[2].decode()
    assert "Nothing that was read in this time is stored." in page


async def test_the_overview_is_read_again_unless_asked_not_to_be(server: Server) -> None:
    """By the browser, as its page says."""
    told = [(await get(server, path))[2].decode() for path in ("/", "/?refresh=off", "/?refresh=on")]
    assert ['http-equiv="refresh"' in page for page in told] == [True, False, True]


async def test_pages_show_names_inert(server: Server) -> None:
    """The pages show the leak with its code; what a target says is escaped; no script is allowed."""
    status, headers, body = await get(server, "/")
    assert status == 200
    assert "script" not in headers["Content-Security-Policy"]
    assert "shop/cart.(*Sessions).Put (&lt;sessions&gt;.go:88)" in body.decode()
    status, _, body = await get(server, "/leaks/9f1c0a7be2d4")
    assert "leakdog ack 9f1c0a7be2d4 --for 3d --note" in body.decode()
    assert status == 200
    assert "<svg" in body.decode()
    assert "/src/cart/&lt;sessions&gt;.go:88" in body.decode()
    assert (await get(server, "/leaks/none"))[0] == 404
    assert (await get(server, "/style.css"))[1]["Content-Type"].startswith("text/css")


@pytest.mark.parametrize("page", ["/leaks/9f1c0a7be2d4", "/targets/shop/10.0.0.7:6060"])
async def test_commands_name_the_daemon(server: Server, page: str) -> None:
    """Each asks the daemon of this page, unless the command line does so by itself; an odd host harms no shell."""

    async def commands(host: str) -> list[str]:
        url = f"http://127.0.0.1:{server.port}{page}"
        async with aiohttp.ClientSession(headers={"Host": host}) as session, session.get(url) as response:
            return html.unescape((await response.text()).rpartition("<pre>")[2].partition("</pre>")[0]).splitlines()

    bare = await commands(DEFAULT_SERVER.removeprefix("http://"))
    assert [line.split()[0] for line in bare] == ["leakdog"] * len(bare)
    assert "--server" not in "".join(bare)
    assert await commands("watch.example:80") == [f"{line} --server http://watch.example:80" for line in bare]
    assert await commands("a;reboot") == [f"{line} --server 'http://a;reboot'" for line in bare]


async def test_health_and_readiness(server: Server) -> None:
    """Healthy at once; ready only once the fleet is."""
    assert (await get(server, "/-/healthy"))[0] == 200
    assert (await get(server, "/-/ready"))[0] == 503
    server._fleet.ready = True
    assert (await get(server, "/-/ready"))[0] == 200


async def test_the_daemons_own_heap_is_served(server: Server) -> None:
    """With the option on, leakdog's heap is a page like any other program's."""
    assert (await get(server, "/debug/pprof/heap"))[2] == b"heap"
    assert (await get(server, "/debug/pprof/heap?gc=1"))[2] == b"heap after gc"


async def test_metrics_are_served_with_their_content_type(server: Server) -> None:
    """The metrics page is text for Prometheus and names the leak."""
    status, headers, body = await get(server, "/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain; version=")
    assert b'leakdog_scrape_failures_total{reason="timeout"} 3.0' in body


async def test_a_target_has_a_page(server: Server) -> None:
    """What is drawn can be asked for; the overview leads there."""
    page = "/targets/shop/10.0.0.7%3A6060"
    assert f'href="{page}"' in (await get(server, "/"))[2].decode()
    status, _, body = await get(server, f"{page}?range=30d&signal=goroutines")
    assert status == 200
    assert "<h2 id=chart>goroutines</h2>" in body.decode()
    assert 'aria-current="true">30d</a>' in body.decode()


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/targets/shop/10.0.0.8:6060", 404, "No target shop/10.0.0.8:6060 is watched"),
        ("/targets/a%7Bb%7D/c%2Fd", 404, "No target a{b}/c/d is watched"),
        ("/targets/shop/10.0.0.7:6060?range=1y", 400, "range is one of 6h, 1d, 7d, 30d"),
        ("/targets/shop/10.0.0.7:6060?signal=heaps", 400, "signal is one of alloc_objects"),
    ],
)
async def test_a_page_that_cannot_be_says_why(server: Server, path: str, status: int, says: str) -> None:
    """What was asked for is not guessed."""
    got, _, body = await get(server, path)
    assert got == status
    assert says in body.decode()


async def test_a_target_that_cannot_be_read_back_is_shown_without_what_is_said_of_it(server: Server) -> None:
    """It hides no other: the list of targets and its page are answered, with no verdict of it."""
    target = server._fleet.targets[KEY]
    target.assessments = Unreadable(target.assessments)
    assert [each["verdicts"] for each in (await get_json(server, "/api/v1/targets"))["targets"]] == [{}]
    status, _, page = await get(server, f"/targets/{KEY.job}/{KEY.instance}")
    assert (status, b"inuse_space" in page) == (200, True)


async def test_others_get_their_turn_while_it_is_asked_when_targets_can_be_judged(store, turns, monkeypatch) -> None:
    """After a start that is asked of all of them each time somebody looks."""
    monkeypatch.setattr(answers, "TURN_SECONDS", 0.0)
    keys = [TargetKey("shop", str(number)) for number in range(20)]
    young = {key: Watched(Target(key), ScrapeConfig(job_name="shop"), up=True) for key in keys}
    number, page = await turns(Pages(Fleet(young), store).index(make_mocked_request("GET", "/?job=shop")))
    assert number == 20
    assert "too early to say of 20 targets" in page.text


@pytest.mark.parametrize("path", ["leaks", "leaks?by=job", "targets", "series?target=shop/10.0.0.1:6060"])
async def test_others_get_their_turn_while_much_is_told(store, turns, monkeypatch, path: str) -> None:
    """Of thousands of targets or points a list takes seconds, between whose members scrapes go on."""
    monkeypatch.setattr(answers, "TURN_SECONDS", 0.0)
    keys = [TargetKey("shop", f"10.0.0.{number}:6060") for number in range(20)]
    job = ScrapeConfig(job_name="shop")
    leaking = {key: Watched(Target(key), job, up=True, leaks={LeakClass.HEAP: replace(LEAK, key=key)}) for key in keys}
    for number in range(20):
        time, life = 1_700_000_000.0 + 60 * number, Life(1_700_000_000.0, 1_700_000_000.0)
        await store.append(Scrape(keys[1], time, time, life, {Signal.RSS: 1e9}))
    handler = getattr(Api(Fleet(leaking), store), path.partition("?")[0])
    number, answer = await turns(handler(make_mocked_request("GET", f"/api/v1/{path}")))
    assert number >= 20
    *_, told = json.loads(answer.text).values()
    assert {"leaks": 20, "targets": 20}.get(path, 1) == len(told)
