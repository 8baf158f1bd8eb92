"""A pass asks what is due, keeps all or nothing, and excuses only pages that a target may lack."""

import asyncio
import time
from dataclasses import replace

import pytest

from leakdog.config.schema import Config, DetectionConfig, GlobalConfig, Preset
from leakdog.errors import FetchError, Reason
from leakdog.model import Kind, Observation, Signal, Source, Target
from leakdog.pipeline import decode
from leakdog.pipeline import gather as room
from leakdog.pipeline.gather import (
    MEMSTATS,
    METRICS,
    PROCESS,
    Gatherer,
    profile_values,
    profiling_bytes,
)
from leakdog.pipeline.state import Watched
from leakdog.pipeline.worker import Worker
from leakdog.pprof import parse

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
    assert cost["goroutineleak"].collections == 2
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
    assert Signal.INUSE_SPACE in got.values
    alone = type(paper)({"/metrics": b"<!doctype html><html></html>"})
    with pytest.raises(FetchError, match="HTML"):
        await gatherer(alone, config).gather(watched, ALL)


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


def local(watched: Watched) -> Watched:
    """The same target on a loopback address."""
    address = watched.target.key._replace(instance="127.0.0.1:6060")
    return replace_target(watched, Target(address, base_url="http://127.0.0.1:6060"))


def replace_target(watched: Watched, target: Target) -> Watched:
    """The watched target with another address."""
    return Watched(target, watched.job)


def told(found: Observation | FetchError) -> Observation:
    """The observation, or the error raised."""
    if isinstance(found, FetchError):
        raise found
    return found


@pytest.fixture
def listener(monkeypatch) -> dict[int, Observation]:
    """A process that listens on every port, started at 1000, and what can be read of it."""
    seen = Observation(Source.PROCESS, 0.0, {Signal.RSS_ANON: 3e6}, start_time=1000.4, pid=7)
    found = {7: seen}
    monkeypatch.setattr(room, "find_listener", lambda host, port: 7)
    monkeypatch.setattr(room, "read_process", lambda pid, time: told(found[pid]))
    monkeypatch.setattr(room, "command_line", lambda pid: b"shop\0--port=6060")
    return found


async def test_the_process_behind_a_loopback_address_is_read_too(paper, config, watched, listener) -> None:
    """The listener is the target if it began when the target says it did."""
    target = local(watched)
    got = await gatherer(paper, config).gather(target, ALL)
    assert got.values[Signal.RSS_ANON] == 3e6
    assert target.local_pid == 7


async def test_a_listener_that_ends_is_looked_for_anew(paper, config, watched, listener) -> None:
    """The process ends between two passes: that pass goes without its numbers, the next looks for the new one."""
    target = local(watched)
    asks = gatherer(paper, config)
    await asks.gather(target, ALL)
    seen = listener[7]
    listener[7] = FetchError(Reason.PROCESS_GONE, "process 7 has ended")
    got = await asks.gather(target, ALL)
    assert (Signal.RSS_ANON in got.values, target.local_pid, PROCESS in got.absent) == (False, None, False)
    listener[7] = seen
    assert Signal.RSS_ANON in (await asks.gather(target, ALL)).values


async def test_a_listener_that_cannot_be_read_is_not_guessed_at(paper, config, watched, listener, monkeypatch) -> None:
    """Neither one that ends while it is looked at, nor none at all."""
    listener[7] = FetchError(Reason.PROCESS_GONE, "process 7 may not be read by this user")
    assert PROCESS in (await gatherer(paper, config).gather(local(watched), ALL)).absent
    monkeypatch.setattr(room, "find_listener", lambda host, port: None)
    assert PROCESS in (await gatherer(paper, config).gather(local(watched), ALL)).absent


async def test_a_process_that_is_absent_is_not_looked_for_again(paper, config, watched, listener, monkeypatch) -> None:
    """Looking through all processes of a machine costs; once per life is enough."""
    target = local(watched)
    target.absent = {PROCESS}
    monkeypatch.setattr(room, "find_listener", lambda host, port: pytest.fail("was looked for"))
    assert Signal.RSS_ANON not in (await gatherer(paper, config).gather(target, ALL)).values


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


async def test_a_tunnel_is_not_taken_for_the_target(paper, config, watched, listener) -> None:
    """A listener that began at another time is something in between: its memory is not the target's."""
    listener[7] = replace(listener[7], start_time=5000.0)
    got = await gatherer(paper, config).gather(local(watched), ALL)
    assert Signal.RSS_ANON not in got.values
    assert PROCESS in got.absent


@pytest.mark.parametrize(("expected", "said"), [(True, b"shop\0--port=6060"), (False, b"other"), (False, None)])
async def test_without_a_start_time_the_command_line_confirms(paper, config, watched, listener, expected, said) -> None:
    """Go's cmdline page must agree with the listener's command line; without that nothing is guessed."""
    del paper.pages["/metrics"]
    if said is not None:
        paper.pages["/debug/pprof/cmdline"] = said
    got = await gatherer(paper, config).gather(local(watched), ALL)
    assert (Signal.RSS_ANON in got.values) is expected


async def test_without_pprof_no_page_of_it_is_asked(paper, config, watched, listener) -> None:
    """With an empty pprof_path neither profiles, nor a command line, nor a dump are looked for at the root."""
    target = local(watched)
    target.job = replace(target.job, pprof_path="")
    paper.pages["/metrics"] = b"go_goroutines 5\n"
    got = await gatherer(paper, config).gather(target, ALL)
    assert (got.values, paper.asked) == ({Signal.GOROUTINES: 5.0}, ["/metrics"])
    assert await gatherer(paper, config).goroutine_dump(target) is None


async def test_a_local_process_is_read_without_http(config, watched, listener, paper) -> None:
    """A target that is only a process id is read by that id."""
    target = replace_target(watched, Target(watched.key, pid=7))
    got = await gatherer(paper, config).gather(target, ALL)
    assert (got.values, paper.asked) == ({Signal.RSS_ANON: 3e6}, [])


async def test_a_dump_is_asked_in_text(paper, config, watched: Watched) -> None:
    """The goroutine dump is the page with debug=2; a target without goroutine profiles has none."""
    assert await gatherer(paper, config).goroutine_dump(watched) == paper.pages["/debug/pprof/goroutine"]
    assert paper.asked == ["/debug/pprof/goroutine?debug=2"]
    watched.absent = {"goroutine"}
    assert await gatherer(paper, config).goroutine_dump(watched) is None


def test_totals_of_profiles_are_signals(heap: bytes, goroutine: bytes) -> None:
    """A heap profile gives four totals, a goroutine profile their number, others nothing."""
    found = profile_values(parse(heap), Kind.HEAP)
    assert set(found) == {Signal.INUSE_SPACE, Signal.INUSE_OBJECTS, Signal.ALLOC_SPACE, Signal.ALLOC_OBJECTS}
    assert set(profile_values(parse(goroutine), Kind.GOROUTINE)) == {Signal.GOROUTINES}
    assert set(profile_values(parse(goroutine), Kind.GOROUTINELEAK)) == {Signal.GOROUTINES_LEAKED}
    assert profile_values(parse(goroutine), Kind.THREADCREATE) == {}


def test_what_profiling_costs_is_part_of_what_was_allocated(heap: bytes, goroutine: bytes) -> None:
    """The bytes allocated to write profiles are some, but not all, of a profiled program's; a count has none."""
    profile = parse(heap)
    allocated = profile_values(profile, Kind.HEAP)[Signal.ALLOC_SPACE]
    assert 0 <= profiling_bytes(profile) < allocated
    assert profiling_bytes(parse(goroutine)) is None
