"""The stored profiles that an explanation is made of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from leakdog.config.schema import Backend, Config, StorageConfig
from leakdog.errors import FetchError, StoreCorrupted
from leakdog.model import Kind, Life, RawProfile, Scrape, TargetKey
from leakdog.pipeline.gather import Gatherer
from leakdog.pipeline.state import Watched
from leakdog.pipeline.stored import MOST_UNREAD, PROFILES, StoredProfiles
from leakdog.store import Store, open_store

HEAP = (Path(__file__).parents[1] / "attribute" / "shop" / "heap-1.pb.gz").read_bytes()
COUNT = 30


@pytest.fixture
async def store(watched: Watched) -> AsyncIterator[Store]:
    """Thirty heap profiles of this life, ten seconds apart."""
    made = open_store(StorageConfig(backend=Backend.MEMORY))
    watched.life = Life(1000.0, 1000.0)
    for number in range(COUNT):
        time = 1000.0 + 10 * number
        await made.append(Scrape(watched.key, time, time, watched.life, {}, (RawProfile(Kind.HEAP, time, HEAP),)))
    yield made
    await made.close()


@pytest.fixture
def stored(store: Store, watched: Watched) -> StoredProfiles:
    """They, for one explanation."""
    return StoredProfiles(store, Gatherer(None, Config(), lambda: 0.0), watched)  # type: ignore[arg-type]


async def break_those(
    store: Store, monkeypatch: pytest.MonkeyPatch, times: set[float], error: Exception | None = None
) -> None:
    """Have the profiles of these times cut off, or the store raise an error for each."""
    whole = store.profile
    broken = {each.id for each in await store.snapshots() if each.time in times}

    async def profile(snapshot_id: int) -> bytes | None:
        if snapshot_id in broken and error is not None:
            raise error
        return HEAP[:100] if snapshot_id in broken else await whole(snapshot_id)

    monkeypatch.setattr(store, "profile", profile)


async def test_they_are_spread_over_the_time(stored: StoredProfiles) -> None:
    """A dozen, the first and the last among them."""
    profiles, times = await stored.spread(Kind.HEAP, 1000.0, 1290.0)
    assert len(profiles) == len(times) == PROFILES
    assert (times[0], times[-1], sorted(times)) == (1000.0, 1290.0, times)
    assert stored.unread == []


async def test_those_of_another_life_are_not_among_them(stored: StoredProfiles, watched: Watched) -> None:
    """They are those of the life before, which are asked for by themselves."""
    watched.life = Life(1300.0, 1300.0)
    assert await stored.spread(Kind.HEAP, 1000.0, 1400.0) == ([], [])
    assert await stored.last(Kind.HEAP, 1400.0) is None
    profiles, times, start = await stored.of_life_before(Kind.HEAP)
    assert (len(profiles), times[0], times[-1], start) == (PROFILES, 1000.0, 1290.0, 1000.0)


async def test_one_that_cannot_be_read_is_left_out_and_told_once(
    store: Store, stored: StoredProfiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its kind, its time and what is wrong, however often it was wanted."""
    await break_those(store, monkeypatch, {1290.0})
    for _ in range(2):
        profiles, times = await stored.spread(Kind.HEAP, 1000.0, 1290.0)
        assert len(profiles) == len(times) == PROFILES - 1
        assert 1290.0 not in times
    assert await stored.last(Kind.HEAP, 1290.0) is None
    (told,) = stored.unread
    assert told.startswith("the heap profile of 1970-01-01 00:21:30 UTC (decode: reading the heap profile: ")


async def test_where_many_cannot_be_read_no_more_are_tried(
    store: Store, stored: StoredProfiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each may cost the process that decodes it."""
    asked = []
    whole = Gatherer.decoded

    async def counted(*given: object) -> object:
        asked.append(given)
        return await whole(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(Gatherer, "decoded", counted)
    await break_those(store, monkeypatch, {1000.0 + 10 * number for number in range(COUNT)})
    with pytest.raises(FetchError, match="decode"):
        await stored.spread(Kind.HEAP, 1000.0, 1290.0)
    assert len(asked) == MOST_UNREAD + 1


async def test_of_damaged_ones_any_number_is_left_out(
    store: Store, stored: StoredProfiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Damage takes those that build on it too, and costs nothing to find."""
    damaged = {1000.0 + 10 * number for number in range(3, COUNT)}
    await break_those(store, monkeypatch, damaged, StoreCorrupted("it is cut off"))
    _, times = await stored.spread(Kind.HEAP, 1000.0, 1290.0)
    assert times == [1000.0, 1020.0]
    assert len(stored.unread) == PROFILES - 2


async def test_another_target_has_none(store: Store, watched: Watched) -> None:
    """Nor does a target without a stored profile of that kind."""
    other = StoredProfiles(store, Gatherer(None, Config(), lambda: 0.0), watched)  # type: ignore[arg-type]
    assert await other.last(Kind.GOROUTINE, 1290.0) is None
    watched.target = replace(watched.target, key=TargetKey(watched.key.job, "10.0.0.8:6060"))
    assert await other.last(Kind.HEAP, 1290.0) is None
