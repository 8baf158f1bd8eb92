"""What proves a leak is put into the store while there is somebody to ask."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from leakdog.config.schema import Backend, Config, EvidenceConfig, StorageConfig
from leakdog.errors import FetchError, Reason, StoreCorrupted
from leakdog.model import Kind, Leak, LeakClass, LeakState, Life, RawProfile, Scrape, Signal, TargetKey
from leakdog.pipeline.evidence import CUT, DUMP_BYTES, Collector, Wanted, pair
from leakdog.pipeline.gather import Gatherer
from leakdog.pipeline.state import Fleet, Watched
from leakdog.store import Store, open_store

FIRST, SECOND = Life(1000.0, 1000.0), Life(1100.0, 1100.0)


class Pages:
    """Stands in for the HTTP client: bodies or errors by path and query, and what was asked how."""

    def __init__(self, pages: dict[str, bytes | FetchError]) -> None:
        self.pages = pages
        self.asked: dict[str, dict[str, Any]] = {}

    async def get(self, url: str, *, params: dict[str, list[str]], **how: Any) -> Any:
        """Answer as the page does, cut where that is allowed."""
        query = "&".join(f"{name}={value}" for name, values in params.items() for value in values)
        path = url.rpartition("/")[2] + (f"?{query}" if query else "")
        self.asked[path] = how
        found = self.pages.get(path, FetchError(Reason.HTTP_STATUS, f"{path} answered 404", status=404))
        if isinstance(found, FetchError):
            raise found
        return type("Answer", (), {"data": found[: how["limit_bytes"]]})


@pytest.fixture
async def store(watched: Watched) -> AsyncIterator[Store]:
    """Heap profiles each ten seconds of two lives, named by their time, and a proof in the second."""
    made = open_store(StorageConfig(backend=Backend.MEMORY, evidence=EvidenceConfig(leak_size=100_000, size=100_000)))
    for life in (FIRST, SECOND):
        for time in range(int(life.start_time) + 10, int(life.start_time) + 60, 10):
            profiles = [RawProfile(Kind.HEAP, float(time), b"heap %d" % time)]
            if time == 1150:
                profiles.append(RawProfile(Kind.GOROUTINELEAK, float(time), b"proof"))
            await made.append(Scrape(watched.key, time, time, life, {Signal.RSS: 1.0}, tuple(profiles)))
    yield made
    await made.close()


@pytest.fixture
def leak(watched: Watched) -> Leak:
    """A leak that began in the middle of the second life."""
    return Leak("9f1c", watched.key, Signal.INUSE_SPACE, LeakClass.HEAP, LeakState.FIRING, since=1125.0, updated=1155.0)


def collector(config: Config, store: Store, client: Pages) -> tuple[Collector, Fleet]:
    """A collector that asks these pages at second 1200."""
    fleet = Fleet()
    gatherer = Gatherer(client, config, lambda: 1200.0)  # type: ignore[arg-type]
    return Collector(fleet, store, gatherer, lambda: 1200.0), fleet


async def kept(store: Store) -> dict[str, bytes]:
    """Files of the leak's evidence, profiles unpacked."""
    import gzip

    files = {name: file.data for name, file in (await store.evidence("9f1c")).items()}
    return {name: gzip.decompress(data) if name.endswith(".gz") else data for name, data in files.items()}


async def test_a_leak_that_fires_keeps_before_and_after_and_what_is_told_now(
    config: Config, store: Store, watched: Watched, leak: Leak, caplog: pytest.LogCaptureFixture
) -> None:
    """Profiles as `go tool pprof` reads them, the command line readable; a page that is not there is counted.

    That a program has no such page is no news for the log.
    """
    caplog.set_level(logging.INFO)
    client = Pages({"goroutine?debug=2": b"goroutine 1", "cmdline": b"shop\0-v", "threadcreate": b"threads"})
    made, fleet = collector(config, store, client)
    await made.fired(watched, leak)
    assert await kept(store) == {
        "heap-latest.pb.gz": b"heap 1150",
        "heap-baseline.pb.gz": b"heap 1120",
        "goroutineleak-latest.pb.gz": b"proof",
        "cmdline.txt": b"shop -v\n",
        "threadcreate.pb.gz": b"threads",
        "goroutines.txt": b"goroutine 1",
    }
    assert {file.time for file in (await store.evidence("9f1c")).values()} == {1200.0}
    assert (fleet.counters.evidence_files, fleet.counters.evidence_missing) == (6, 1)  # no allocs
    assert caplog.messages == []


async def test_a_process_that_has_ended_leaves_its_last_profiles(
    config: Config, store: Store, watched: Watched, leak: Leak
) -> None:
    """They are of the life that ended, though another has begun by then, and the dead are not asked."""
    client = Pages({})
    made, _ = collector(config, store, client)
    ended = replace(leak, state=LeakState.RESOLVED, since=1005.0, process_ended=1110.0)
    await made.ended(ended)
    assert await kept(store) == {"heap-exit.pb.gz": b"heap 1050", "heap-baseline.pb.gz": b"heap 1010"}
    assert client.asked == {}


async def test_of_a_job_that_leaks_everywhere_few_are_asked(config: Config, watched: Watched, leak: Leak) -> None:
    """All keep their profiles; one that is asked anyway may be so for another leak, and after an hour others are."""
    made_store = open_store(StorageConfig(backend=Backend.MEMORY))
    client = Pages(dict.fromkeys(("cmdline", "threadcreate", "allocs", "goroutine?debug=2"), b"told"))
    fleet, now = Fleet(), [1200.0]
    made = Collector(fleet, made_store, Gatherer(client, config, lambda: now[0]), lambda: now[0])  # type: ignore[arg-type]
    stored = {}
    for number in range(1000):
        key = TargetKey(watched.key.job, f"pod-{number}:6060")
        profile = RawProfile(Kind.HEAP, 1150.0, b"heap")
        await made_store.append(Scrape(key, 1150.0, 1150.0, SECOND, {}, (profile,)))
        replica = Watched(replace(watched.target, key=key), watched.job)
        await made.fired(replica, replace(leak, id=f"{number}", key=key))
        stored[number] = set(await made_store.evidence(f"{number}"))
    asked = {number for number, files in stored.items() if "cmdline.txt" in files}
    assert (asked, fleet.counters.evidence_spared) == ({0, 1, 2}, 997)
    assert all("heap-latest.pb.gz" in files for files in stored.values())
    first = TargetKey(watched.key.job, "pod-0:6060")
    await made.fired(Watched(replace(watched.target, key=first), watched.job), replace(leak, id="other", key=first))
    now[0] += 3600.0
    await made.fired(watched, leak)
    assert "cmdline.txt" in await made_store.evidence("other")
    assert "cmdline.txt" in await made_store.evidence(leak.id)
    await made_store.close()


async def test_what_is_wanted_is_asked_for_its_time(config: Config, store: Store, watched: Watched, leak: Leak) -> None:
    """A CPU profile and a trace have their seconds beside the usual timeout; why one failed is told."""
    pages = {"profile?seconds=10": b"cpu", "trace?seconds=5": b"trace", "mutex": b"mutex", "cmdline": b"shop"}
    client = Pages(dict(pages))
    made, _ = collector(config, store, client)
    got = await made.asked(watched, leak, Wanted(mutex=True, block=True, profile_seconds=10, trace_seconds=5))
    assert got.stored == ["cmdline.txt", "mutex.pb.gz", "profile.pb.gz", "trace.out"]
    assert got.missing["block.pb.gz"] == "the target has no such page: block answered 404"
    assert client.asked["profile?seconds=10"]["timeout_seconds"] == 11.0
    assert (await kept(store))["trace.out"] == b"trace"


async def test_a_long_dump_is_cut_and_says_so(config: Config, store: Store, watched: Watched, leak: Leak) -> None:
    """A program with very many goroutines does not fill the store."""
    client = Pages({"goroutine?debug=2": b"g" * (DUMP_BYTES + 1000)})
    made, _ = collector(config, store, client)
    await made.asked(watched, leak, Wanted())
    assert client.asked["goroutine?debug=2"]["cut"] is True
    assert (await kept(store))["goroutines.txt"] == b"g" * DUMP_BYTES + CUT


async def test_a_target_that_hangs_is_asked_once(config: Config, store: Store, watched: Watched, leak: Leak) -> None:
    """After a timeout the other pages are not tried: each would hang as long."""
    client = Pages({"cmdline": FetchError(Reason.TIMEOUT, "no answer")})
    made, _ = collector(config, store, client)
    got = await made.asked(watched, leak, Wanted(trace_seconds=5))
    assert list(client.asked) == ["cmdline"]
    assert got.missing["cmdline.txt"] == "no answer"
    assert got.missing["trace.out"] == "not asked for after that"


async def test_what_has_no_room_is_told(
    config: Config, store: Store, watched: Watched, leak: Leak, caplog: pytest.LogCaptureFixture
) -> None:
    """The bound of the configuration holds, and the log says what to raise."""
    import random

    client = Pages({"cmdline": b"shop", "trace?seconds=5": random.Random(1).randbytes(100_000)})
    made, fleet = collector(config, store, client)
    got = await made.asked(watched, leak, Wanted(trace_seconds=5))
    assert "storage.evidence" in got.missing["trace.out"]
    assert "no room for trace.out of leak 9f1c" in caplog.text
    assert fleet.counters.evidence_files == 1


async def test_a_target_without_profiles_is_not_asked(
    config: Config, store: Store, watched: Watched, leak: Leak
) -> None:
    """A local process, or a metrics page alone."""
    client = Pages({})
    made, _ = collector(config, store, client)
    watched.target = replace(watched.target, base_url=None)
    got = await made.asked(watched, leak, Wanted())
    assert (client.asked, set(got.missing.values())) == ({}, {"leakdog reads no profiles of this target"})


@pytest.mark.parametrize(
    ("since", "end", "expected"),
    [
        (1125.0, None, (1120.0, 1150.0)),
        (1125.0, 1135.0, (1120.0, 1130.0)),
        (1105.0, None, (1110.0, 1150.0)),  # nothing of this life from before: its first
        (1025.0, None, (1110.0, 1150.0)),  # a leak from the life before: nothing of that is compared
        (1025.0, 1099.0, (1020.0, 1050.0)),
        (1145.0, 1110.0, (None, 1110.0)),
        (900.0, 1000.0, (None, None)),
    ],
)
async def test_pairs_are_of_one_life(
    store: Store, watched: Watched, since: float, end: float | None, expected: tuple[float | None, ...]
) -> None:
    """The last one until the end, and the last before the growth, or else the first."""
    found = await pair(store, watched.key, Kind.HEAP, since, end)
    assert tuple(each.time if each else None for each in found) == expected


async def test_a_damaged_profile_is_not_kept_and_the_others_are(
    config: Config, store: Store, watched: Watched, leak: Leak, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Evidence of the other profiles is not lost with it."""
    whole = store.profile
    (latest,) = await store.snapshots(kind=Kind.HEAP, limit=1)

    async def profile(snapshot_id: int) -> bytes | None:
        if snapshot_id == latest.id:
            raise StoreCorrupted("it is cut off")
        return await whole(snapshot_id)

    monkeypatch.setattr(store, "profile", profile)
    made, _ = collector(config, store, Pages({}))
    await made.fired(watched, leak)
    assert {name for name in await kept(store) if name.endswith(".pb.gz")} == {
        "heap-baseline.pb.gz",
        "goroutineleak-latest.pb.gz",
    }


async def test_what_only_an_earlier_life_had_proves_nothing_of_this_one(store: Store, watched: Watched) -> None:
    """A kind that is read seldom may not have been read since the restart: its last profile is of another process."""
    third = Life(1300.0, 1300.0)
    heap = RawProfile(Kind.HEAP, 1310.0, b"heap 1310")
    await store.append(Scrape(watched.key, 1310.0, 1310.0, third, {}, (heap,)))
    assert (await pair(store, watched.key, Kind.HEAP, 1305.0, None)).latest is not None
    assert await pair(store, watched.key, Kind.GOROUTINELEAK, 1305.0, None) == (None, None)
