"""A pass asks what is due, keeps all or nothing, and excuses only pages that a target may lack."""

import asyncio
import time
from dataclasses import replace

import pytest

from leakdog.config.schema import Config, DetectionConfig, GlobalConfig, Preset
from leakdog.errors import FetchError, Reason
from leakdog.model import Kind, Signal
from leakdog.pipeline import decode
from leakdog.pipeline.gather import (
    MEMSTATS,
    METRICS,
    PROCESS,
    Gatherer,
)
from leakdog.pipeline.state import Watched
from leakdog.pipeline.worker import Worker

ALL = frozenset({METRICS, PROCESS, *(kind.value for kind in Kind)})
TEXT = (
    b"heap profile: 0: 0 [0: 0] @ heap/1048576\n\n# runtime.MemStats\n"
    b"# HeapAlloc = 4000000\n# TotalAlloc = 9000000\n# DebugGC = false\n"
)


def gatherer(paper, config: Config) -> Gatherer:
    """A gatherer that asks the paper target."""
    return Gatherer(paper, config, time.time)


async def test_every_due_source_is_asked(paper, config, watched: Watched) -> None:
    """Profiles and the metrics page are read, numbers come from all of them, raw profiles are kept."""
    got = await gatherer(paper, config).gather(watched, ALL)
    assert {Signal.INUSE_SPACE, Signal.ALLOC_SPACE, Signal.GOROUTINES, Signal.RSS, Signal.HEAP_ALLOC} <= set(got.values)
    assert [profile.kind for profile in got.profiles] == [Kind.HEAP, Kind.GOROUTINE]
    assert [profile.data for profile in got.profiles] == [
        paper.pages["/debug/pprof/heap"],
        paper.pages["/debug/pprof/goroutine"],
    ]
    assert got.absent == {"goroutineleak", PROCESS}
    assert "/debug/pprof/heap?debug=1" not in paper.asked


@pytest.mark.parametrize(("preset", "age"), [(Preset.SOAK, 0.0), (Preset.PRODUCTION, 120.0)])
def test_a_heap_is_as_old_as_its_last_collection(paper, config, preset: Preset, age: float) -> None:
    """Unless one is asked for with each profile."""
    made = gatherer(paper, replace(config, detection=DetectionConfig(preset=preset)))
    assert made.heap_age_seconds == age


async def test_only_what_is_due_is_asked(paper, config, watched: Watched) -> None:
    """A source whose turn it is not is left in peace."""
    await gatherer(paper, config).gather(watched, frozenset({METRICS}))
    assert paper.asked == ["/metrics"]


async def test_what_is_absent_is_not_asked_again(paper, config, watched: Watched) -> None:
    """A page that the target has said it lacks costs no more requests."""
    watched.absent = {"goroutineleak", "goroutine"}
    await gatherer(paper, config).gather(watched, ALL)
    assert [path for path in paper.asked if "goroutine" in path] == []


async def test_a_dense_heap_profile_is_kept_and_its_sizes_are_not(paper, config, watched: Watched, heap: bytes) -> None:
    """It comes after a collection, so its sizes would make steps in series of the others; what only grows counts."""
    production = replace(config, detection=DetectionConfig())
    got = await gatherer(paper, production).gather(watched, frozenset({METRICS}), frozenset({"heap", "goroutine"}))
    assert paper.asked == ["/metrics", "/debug/pprof/heap?gc=1", "/debug/pprof/goroutine"]
    assert [profile.kind for profile in got.profiles] == [Kind.HEAP, Kind.GOROUTINE]
    assert got.profiles[0].data == heap
    assert {Signal.INUSE_SPACE, Signal.INUSE_OBJECTS}.isdisjoint(got.values)
    assert {Signal.ALLOC_SPACE, Signal.GOROUTINES, Signal.RSS} <= set(got.values)
    assert set(got.tallies) == {Signal.GOROUTINES}


async def test_a_number_is_not_told_anew_by_a_dense_profile(paper, config, watched: Watched) -> None:
    """Two sources count goroutines a little differently, and a series is of one of them."""
    paper.pages["/metrics"] += b"go_goroutines 4711\n"
    got = await gatherer(paper, config).gather(watched, frozenset({METRICS}), frozenset({"goroutine"}))
    assert got.values[Signal.GOROUTINES] == 4711


async def test_what_the_job_calls_load_is_counted(paper, config, watched: Watched) -> None:
    """From the metrics page, and only where the job names counters."""
    paper.pages["/metrics"] += b'http_requests_total{code="200"} 5\nhttp_requests_total{code="500"} 2\n'
    got = await gatherer(paper, config).gather(watched, frozenset({METRICS}))
    assert [seen.load_total for seen in got.observations] == [None]
    watched.job = replace(watched.job, load_metrics=("http_requests_total",))
    got = await gatherer(paper, config).gather(watched, frozenset({METRICS}))
    assert [seen.load_total for seen in got.observations] == [7.0]


@pytest.mark.parametrize(("limit", "found"), [(None, False), (1, True), (10_000, False)])
async def test_too_many_goroutines_at_one_line_are_told(paper, config, watched, limit: int | None, found: bool) -> None:
    """Where the job has a limit, and one line is over it."""
    watched.job = replace(watched.job, blocked_goroutines=limit)
    got = await gatherer(paper, config).gather(watched, frozenset({"goroutine"}))
    assert (got.blocked is not None) is found


async def test_what_a_pass_costs_the_target_is_counted(paper, config, watched: Watched, heap: bytes) -> None:
    """By what was asked: requests with those that fail, bytes of answers, and collections that they force."""
    production = gatherer(paper, replace(config, detection=DetectionConfig()))
    await production.gather(watched, ALL, frozenset())
    await production.gather(watched, frozenset({METRICS, "goroutineleak"}), frozenset({"heap"}))
    cost = watched.cost
    assert (cost["heap"].requests, cost["heap"].bytes, cost["heap"].collections) == (2, 2 * len(heap), 1)
    assert (cost["goroutineleak"].requests, cost["goroutineleak"].bytes) == (2, 0)
    assert cost["goroutineleak"].collections == 0  # there is no such page
    assert cost[METRICS].requests == 2
    assert sum(each.requests for each in cost.values()) == len(paper.asked)
    await production.goroutine_dump(watched)
    assert cost["goroutine_dump"].requests == 1
    assert all(each.seconds > 0 for each in cost.values())


async def test_a_pass_is_good_without_what_is_dense(paper, config, watched: Watched, caplog) -> None:
    """A suspect that does not give its profile in time has its numbers all the same, and the log says so."""
    paper.pages["/debug/pprof/heap"] = FetchError(Reason.TIMEOUT, "a slow collection")
    with caplog.at_level("INFO"):
        got = await gatherer(paper, config).gather(watched, frozenset({METRICS}), frozenset({"heap"}))
    assert Signal.RSS in got.values
    assert got.profiles == []
    assert "a slow collection" in caplog.text


@pytest.mark.parametrize(
    ("expected", "preset"), [("/debug/pprof/heap?gc=1", Preset.SOAK), ("/debug/pprof/heap", Preset.PRODUCTION)]
)
async def test_a_collection_is_forced_under_soak_only(paper, config, watched, expected: str, preset: Preset) -> None:
    """In production a heap profile costs the target no collection."""
    await gatherer(paper, replace(config, detection=DetectionConfig(preset=preset))).gather(watched, ALL)
    assert paper.asked[0] == expected


async def test_a_job_may_forbid_collections(paper, config, watched) -> None:
    """Also under soak: what its `params` say counts."""
    watched.job = replace(watched.job, params={"gc": ("0",)})
    await gatherer(paper, replace(config, detection=DetectionConfig(preset=Preset.SOAK))).gather(watched, ALL)
    assert paper.asked[0] == "/debug/pprof/heap?gc=0"
    assert watched.cost["heap"].collections == 0


async def test_a_job_may_forbid_collections_of_dense_readings_too(paper, config, watched) -> None:
    """A suspect is read at every scrape in production, and not made to collect where its job says so."""
    watched.job = replace(watched.job, params={"gc": ("0",)})
    production = gatherer(paper, replace(config, detection=DetectionConfig()))
    await production.gather(watched, frozenset({METRICS}), frozenset({"heap"}))
    assert "/debug/pprof/heap?gc=0" in paper.asked
    assert watched.cost["heap"].collections == 0


async def test_memstats_are_read_where_no_metrics_page_tells_them(paper, config, watched: Watched) -> None:
    """Without a metrics page the text form of the heap profile gives the memory figures."""
    del paper.pages["/metrics"]
    paper.pages["/debug/pprof/heap?debug=1"] = TEXT
    got = await gatherer(paper, config).gather(watched, ALL)
    assert (got.values[Signal.HEAP_ALLOC], got.values[Signal.TOTAL_ALLOC]) == (4e6, 9e6)
    assert METRICS in got.absent


async def test_a_program_without_memstats_is_not_asked_again(paper, config, watched: Watched) -> None:
    """What is not a Go program answers with the profile itself; that is no error."""
    del paper.pages["/metrics"]
    got = await gatherer(paper, config).gather(watched, ALL)
    assert MEMSTATS in got.absent
    assert Signal.HEAP_ALLOC not in got.values


@pytest.mark.parametrize(
    ("reason", "path", "body"),
    [
        (Reason.WRONG_TYPE, "/debug/pprof/heap", b"<html>login</html>"),
        (Reason.DECODE, "/debug/pprof/goroutine", b"\x1f\x8b\x08\x00broken"),
        (Reason.TIMEOUT, "/metrics", FetchError(Reason.TIMEOUT, "too slow")),
        (Reason.HTTP_STATUS, "/metrics", FetchError(Reason.HTTP_STATUS, "503", status=503)),
    ],
)
async def test_one_bad_page_fails_the_whole_pass(paper, config, watched, reason, path, body) -> None:
    """Nothing of a pass is kept if one page of it is broken, late or refused."""
    paper.pages[path] = body
    with pytest.raises(FetchError) as caught:
        await gatherer(paper, config).gather(watched, ALL)
    assert caught.value.reason is reason


async def test_a_web_page_in_place_of_metrics_is_excused_where_profiles_are(paper, config, watched: Watched) -> None:
    """Many programs answer every unknown path with their web page; their profiles are read all the same."""
    paper.pages["/metrics"] = b"<!doctype html><html></html>"
    got = await gatherer(paper, config).gather(watched, ALL)
    assert METRICS in got.absent
    assert {"heap", "goroutine"} <= got.answered
    assert Signal.INUSE_SPACE in got.values
    alone = type(paper)({"/metrics": b"<!doctype html><html></html>"})
    with pytest.raises(FetchError, match="HTML"):
        await gatherer(alone, config).gather(watched, ALL)


@pytest.mark.parametrize("page", [None, b"<!doctype html><html></html>"])
async def test_profiles_stand_in_for_a_metrics_page_that_is_not_there(paper, config, watched: Watched, page) -> None:
    """Also where they are not due: a new process is asked for its metrics page again, and is not down without one."""
    paper.pages = {**paper.pages, "/debug/pprof/heap?debug=1": TEXT, "/metrics": page}
    if page is None:
        del paper.pages["/metrics"]
    got = await gatherer(paper, config).gather(watched, frozenset({METRICS, PROCESS}))
    assert METRICS in got.absent
    assert {Signal.INUSE_SPACE, Signal.GOROUTINES, Signal.HEAP_ALLOC} <= set(got.values)
    assert sum("heap" in path and "debug=1" not in path for path in paper.asked) == 1
    for path in [path for path in paper.pages if "pprof" in path]:
        del paper.pages[path]
    with pytest.raises(FetchError, match="HTML" if page else "has no .*heap.* page"):
        await gatherer(paper, config).gather(watched, frozenset({METRICS, PROCESS}))


async def test_an_address_with_nothing_to_read_is_an_error(paper, config, watched: Watched) -> None:
    """A server that lacks every page is the wrong server."""
    paper.pages.clear()
    with pytest.raises(FetchError, match=r"has no .*heap.* page") as caught:
        await gatherer(paper, config).gather(watched, ALL)
    assert (caught.value.reason, caught.value.status) == (Reason.HTTP_STATUS, 404)


async def test_the_whole_pass_has_a_deadline(paper, config, watched: Watched, monkeypatch) -> None:
    """Pages that are each in time still fail the pass if together they take too long."""

    async def slow(*_: object, **__: object) -> None:
        await asyncio.sleep(0.2)

    monkeypatch.setattr(Gatherer, "_profile", slow)
    config = replace(config, global_=replace(config.global_, scrape_interval=0.3, scrape_timeout=0.3))
    with pytest.raises(FetchError, match=r"took longer than 0\.3 s"):
        await gatherer(paper, config).gather(watched, ALL)


async def test_broken_memstats_fail_the_pass(paper, config, watched: Watched) -> None:
    """A text that is the right one but breaks off is an error like any other page's."""
    del paper.pages["/metrics"]
    paper.pages["/debug/pprof/heap?debug=1"] = TEXT[:-20]
    with pytest.raises(FetchError, match="debug=1") as caught:
        await gatherer(paper, config).gather(watched, ALL)
    assert caught.value.reason is Reason.DECODE


async def test_a_large_profile_is_decoded_all_the_same(paper, config, watched, monkeypatch) -> None:
    """Above some size the work moves to a process of its own; what comes of it is the same."""
    small = await gatherer(paper, config).gather(watched, ALL)
    monkeypatch.setattr(decode, "INLINE_DECODE_BYTES", 10)
    patient = replace(config, global_=GlobalConfig(scrape_interval=60.0, scrape_timeout=60.0))  # a process starts
    async with Worker() as worker:
        large = await Gatherer(paper, patient, time.time, worker).gather(watched, ALL)
        assert worker.pid is not None
    assert large.values == small.values
    assert [each.data for each in large.profiles] == [each.data for each in small.profiles]
    sites = [{signal: seen.keys.tolist() for signal, seen in each.tallies.items()} for each in (small, large)]
    assert sites[0] == sites[1]


async def test_a_dump_is_asked_in_text(paper, config, watched: Watched) -> None:
    """The goroutine dump is the page with debug=2; a target without goroutine profiles has none."""
    assert await gatherer(paper, config).goroutine_dump(watched) == paper.pages["/debug/pprof/goroutine"]
    assert paper.asked == ["/debug/pprof/goroutine?debug=2"]
    watched.absent = {"goroutine"}
    assert await gatherer(paper, config).goroutine_dump(watched) is None
