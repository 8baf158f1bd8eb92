"""What every backend promises: each test runs against all of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from leakdog.config.schema import Backend, LeaksConfig, NumbersConfig, ProfilesConfig
from leakdog.errors import StoreError
from leakdog.model import Kind, Leak, LeakState, Life, RawProfile, Scrape, Signal, Snapshot, TargetKey
from leakdog.store import Deleted, EvidenceFile, Store

Scrapes = Callable[..., Scrape]

ODD_KEYS = [
    TargetKey("nul\0job", "nul\0instance"),
    TargetKey("nul\0job", "nul\0other"),
    TargetKey("", ""),
    TargetKey("журнал 📈", "'; DROP TABLE targets; --"),
    TargetKey("huge", "x" * 300_000),
    TargetKey("not utf-8", "worker\udcff[12]"),
]


async def test_appended_profile_comes_back_byte_for_byte(store: Store, make_scrape: Scrapes) -> None:
    """A profile is returned exactly as it was appended, whatever its bytes."""
    body = bytes(range(256)) * 500
    (snapshot,) = await store.append(make_scrape(60.0, body=body))
    assert body == await store.profile(snapshot.id)


async def test_empty_profile_is_stored(store: Store, make_scrape: Scrapes) -> None:
    """An empty body is a profile too, and is not taken for an absent one."""
    (snapshot,) = await store.append(make_scrape(60.0, body=b""))
    assert await store.profile(snapshot.id) == b""


async def test_append_returns_a_snapshot_for_each_profile(store: Store, key: TargetKey, make_scrape: Scrapes) -> None:
    """Snapshots carry key, kind, time, size and life, in the order of the profiles."""
    profiles = (RawProfile(Kind.GOROUTINE, 61.0, b"four"), RawProfile(Kind.HEAP, 62.0, b"eleven byte"))
    first, second = await store.append(make_scrape(60.0, profiles=profiles))
    assert first == Snapshot(first.id, key, Kind.GOROUTINE, 61.0, 4, 1.0)
    assert second == Snapshot(second.id, key, Kind.HEAP, 62.0, 11, 1.0)


async def test_unknown_snapshot_has_no_profile(store: Store) -> None:
    """Ids that were never given out, of any size, have no profile."""
    assert [await store.profile(number) for number in (-1, 0, 7, 10**30)] == [None] * 4


async def test_snapshots_are_listed_newest_first(store: Store, make_scrape: Scrapes) -> None:
    """The list is by time, not by the order of appending, and `limit` keeps the newest."""
    for slot in (120.0, 60.0, 180.0):
        await store.append(make_scrape(slot))
    assert [snapshot.time for snapshot in await store.snapshots()] == [180.5, 120.5, 60.5]
    assert [snapshot.time for snapshot in await store.snapshots(limit=1)] == [180.5]
    assert await store.snapshots(limit=0) == []
    assert len(await store.snapshots(limit=10**30)) == 3


async def test_snapshots_of_one_time_are_listed_latest_id_first(store: Store, make_scrape: Scrapes) -> None:
    """Where times are equal the one stored last comes first."""
    profiles = (RawProfile(Kind.HEAP, 60.0, b"a"), RawProfile(Kind.GOROUTINE, 60.0, b"b"))
    await store.append(make_scrape(60.0, profiles=profiles))
    assert [snapshot.kind for snapshot in await store.snapshots()] == [Kind.GOROUTINE, Kind.HEAP]


async def test_snapshots_are_chosen_by_key_kind_and_time(store: Store, key: TargetKey, make_scrape: Scrapes) -> None:
    """All given filters must match, and both ends of the range belong to it."""
    other = TargetKey("shop", "db:1")
    profiles = (RawProfile(Kind.HEAP, 60.0, b"a"), RawProfile(Kind.GOROUTINE, 70.0, b"b"))
    await store.append(make_scrape(60.0, profiles=profiles))
    await store.append(make_scrape(60.0, key=other, profiles=profiles))
    assert [snapshot.time for snapshot in await store.snapshots(key=key)] == [70.0, 60.0]
    assert [key, other] == sorted({s.key for s in await store.snapshots(kind=Kind.HEAP)}, reverse=True)
    assert [(key, Kind.HEAP)] == [(s.key, s.kind) for s in await store.snapshots(key=key, end=60.0)]
    assert len(await store.snapshots(start=70.0, end=70.0)) == 2
    assert await store.snapshots(key=key, kind=Kind.HEAP, start=60.1) == []
    assert await store.snapshots(key=TargetKey("shop", "nobody")) == []


async def test_readings_are_one_signal_oldest_first(store: Store, key: TargetKey, make_scrape: Scrapes) -> None:
    """Readings hold time, value and life of each slot that has the signal, by time."""
    later = Life(start_time=150.0, first_seen=151.0)
    await store.append(make_scrape(180.0, life=later, values={Signal.RSS: 3.0, Signal.THREADS: 9.0}))
    await store.append(make_scrape(60.0, values={Signal.RSS: 1.0}))
    await store.append(make_scrape(120.0, values={Signal.THREADS: 8.0}))
    readings = await store.readings(key, Signal.RSS)
    assert readings.times.tolist() == [60.25, 180.25]
    assert readings.values.tolist() == [1.0, 3.0]
    assert readings.life_starts.tolist() == [1.0, 150.0]


async def test_readings_range_is_closed(store: Store, key: TargetKey, make_scrape: Scrapes) -> None:
    """Both ends of the range belong to it, and it is of the time of reading, not of the slot."""
    for slot in (60.0, 120.0, 180.0):
        await store.append(make_scrape(slot))
    readings = await store.readings(key, Signal.RSS, start=60.25, end=120.25)
    assert readings.values.tolist() == [600.0, 1200.0]


async def test_unknown_series_is_empty(store: Store, key: TargetKey, make_scrape: Scrapes) -> None:
    """A target or signal never seen gives three empty float arrays."""
    await store.append(make_scrape(60.0))
    for readings in (
        await store.readings(key, Signal.USS),
        await store.readings(TargetKey("shop", "nobody"), Signal.RSS),
    ):
        assert (readings.times.size, readings.values.size, readings.life_starts.size) == (0, 0, 0)
        assert "float64" == readings.times.dtype == readings.values.dtype == readings.life_starts.dtype


async def test_large_counts_are_kept_exactly(store: Store, key: TargetKey, make_scrape: Scrapes) -> None:
    """Every float64 comes back as the same float64."""
    numbers = {Signal.RSS: 2.0**53 - 1, Signal.USS: 1e-300, Signal.TOTAL_ALLOC: 1.7e308, Signal.THREADS: 0.0}
    await store.append(make_scrape(60.0, values=numbers))
    for signal, value in numbers.items():
        assert [value] == (await store.readings(key, signal)).values.tolist()


async def test_same_slot_twice_stores_nothing_new(store: Store, key: TargetKey, make_scrape: Scrapes) -> None:
    """The first scrape of a slot stands, and appending it again returns the same snapshots."""
    first = await store.append(make_scrape(60.0, body=b"first"))
    again = await store.append(
        make_scrape(60.0, body=b"second", time=99.0, values={Signal.RSS: -1.0}, life=Life(50.0, 51.0))
    )
    readings = await store.readings(key, Signal.RSS)
    stats = await store.stats()
    assert first == again
    assert await store.profile(first[0].id) == b"first"
    assert (readings.times.tolist(), readings.values.tolist()) == ([60.25], [600.0])
    assert (stats.snapshots, stats.points) == (1, 1)


async def test_same_slot_again_adds_what_was_missing(store: Store, key: TargetKey, make_scrape: Scrapes) -> None:
    """A signal and a kind that the slot lacked are added to it."""
    await store.append(make_scrape(60.0, values={Signal.RSS: 1.0}))
    (old, new) = await store.append(
        make_scrape(
            60.0,
            values={Signal.RSS: 2.0, Signal.THREADS: 3.0},
            profiles=(RawProfile(Kind.HEAP, 90.0, b"other"), RawProfile(Kind.MUTEX, 91.0, b"mutex")),
        )
    )
    stats = await store.stats()
    assert (old.time, new.time) == (60.5, 91.0)
    assert (await store.readings(key, Signal.RSS)).values.tolist() == [1.0]
    assert (await store.readings(key, Signal.THREADS)).values.tolist() == [3.0]
    assert (stats.snapshots, stats.points) == (2, 2)


async def test_one_kind_twice_in_a_scrape_is_one_snapshot(store: Store, make_scrape: Scrapes) -> None:
    """Of two profiles of one kind in one scrape the first is stored, and is returned for both."""
    twice = (RawProfile(Kind.HEAP, 1.0, b"one"), RawProfile(Kind.HEAP, 2.0, b"two"))
    first, second = await store.append(make_scrape(60.0, profiles=twice))
    assert first == second
    assert await store.profile(first.id) == b"one"


async def test_targets_do_not_share_slots(store: Store, make_scrape: Scrapes) -> None:
    """The same slot of two targets is two scrapes."""
    for instance in ("a", "b"):
        await store.append(make_scrape(60.0, key=TargetKey("job", instance)))
    stats = await store.stats()
    assert (stats.snapshots, stats.points) == (2, 2)


async def test_scrape_with_nothing_but_a_life_is_harmless(store: Store, key: TargetKey, make_scrape: Scrapes) -> None:
    """A scrape without numbers and profiles stores no point."""
    assert await store.append(make_scrape(60.0, body=None, values={})) == ()
    assert (await store.readings(key, Signal.RSS)).times.size == 0
    assert (await store.stats()).points == 0


@pytest.mark.parametrize("odd", ODD_KEYS, ids=range(len(ODD_KEYS)))
async def test_any_text_is_a_name(
    store: Store, make_scrape: Scrapes, make_leak: Callable[..., Leak], odd: TargetKey
) -> None:
    """Job and instance may hold NUL, quotes, lone surrogates, any script, nothing, or very much."""
    for number, name in enumerate(ODD_KEYS):
        await store.append(make_scrape(60.0 + number, key=name))
    number = ODD_KEYS.index(odd)
    leak = make_leak(odd.instance, key=odd)
    await store.put_leaks([leak])
    await store.put_states({odd.instance: b"state"})
    assert [(odd, 60.5 + number)] == [(s.key, s.time) for s in await store.snapshots(key=odd)]
    assert [600.0 + 10 * number] == (await store.readings(odd, Signal.RSS)).values.tolist()
    assert Life(1.0, 2.0) == await store.latest_life(odd)
    assert [leak] == await store.leaks()
    assert {odd.instance: b"state"} == await store.states()


async def test_latest_life_is_that_of_the_last_append(store: Store, key: TargetKey, make_scrape: Scrapes) -> None:
    """A restart, and a pid learnt later, are seen; another target's life is not."""
    assert await store.latest_life(key) is None
    for life in (Life(1.0, 2.0), Life(1.0, 2.0, pid=7), Life(90.0, 91.5, pid=8)):
        await store.append(make_scrape(60.0 + life.start_time, life=life))
        assert life == await store.latest_life(key)
    await store.append(make_scrape(60.0, key=TargetKey("other", "x")))
    assert Life(90.0, 91.5, pid=8) == await store.latest_life(key)


async def test_leak_is_replaced_by_id(store: Store, make_leak: Callable[..., Leak]) -> None:
    """Leaks are kept by id, the last one put stands, and the list is by id."""
    await store.put_leaks([make_leak("b"), make_leak("a")])
    await store.put_leaks([make_leak("b", state=LeakState.RESOLVED), make_leak("c")])
    await store.put_leaks([])
    assert [make_leak("a"), make_leak("b", state=LeakState.RESOLVED), make_leak("c")] == await store.leaks()


async def test_state_is_replaced_by_name_and_deleted_by_none(store: Store) -> None:
    """Each name holds the last bytes put, and None removes it, whether it is there or not."""
    await store.put_states({"a": b"1", "b": b"2", "c": b""})
    await store.put_states({"a": b"3", "b": None, "nobody": None})
    assert await store.states() == {"a": b"3", "c": b""}


async def test_states_are_found_by_how_their_names_begin(store: Store) -> None:
    """A prefix finds the names that begin with it, whatever script they are in, and no others."""
    mine = [f"job\x1fone\x1f{rest}" for rest in ("rss", "\U0010ffff", "\udcff")]
    names = [*mine, "job\x1fone0\x1frss", "Job\x1fone\x1frss", ""]
    await store.put_states({name: name.encode("utf-8", "surrogatepass") for name in names})
    assert set(await store.states("job\x1fone\x1f")) == set(mine) == set(await store.state_names("job\x1fone\x1f"))
    assert set(await store.state_names()) == set(names)
    assert (await store.states("job\x1fone0")) == {names[3]: names[3].encode()}


async def test_what_the_caller_changes_later_is_not_stored(store: Store, key: TargetKey, make_scrape: Scrapes) -> None:
    """A mapping handed over may be changed by its owner afterwards."""
    values = {Signal.RSS: 1.0}
    await store.append(make_scrape(60.0, values=values))
    values[Signal.RSS] = 2.0
    assert (await store.readings(key, Signal.RSS)).values.tolist() == [1.0]


@pytest.mark.parametrize("backend", list(Backend))
async def test_retention_by_time(backend: Backend, open_backend: Callable[..., Store], make_scrape: Scrapes) -> None:
    """Numbers and snapshots older than the retention time go, what is exactly as old stays."""
    store = open_backend(backend, time=100.0)
    for slot in (0.0, 60.0, 120.0):
        await store.append(make_scrape(slot, time=slot, profiles=(RawProfile(Kind.HEAP, slot, b"x"),)))
    deleted = await store.retain(160.0)
    stats = await store.stats()
    assert (deleted.snapshots, deleted.points) == (1, 1)
    assert (stats.snapshots, stats.points) == (2, 2)
    assert [snapshot.time for snapshot in await store.snapshots()] == [120.0, 60.0]
    assert deleted != await store.retain(160.0)
    await store.close()


@pytest.mark.parametrize("backend", list(Backend))
async def test_retention_forgets_targets_and_ended_leaks(
    backend: Backend,
    open_backend: Callable[..., Store],
    key: TargetKey,
    make_scrape: Scrapes,
    make_leak: Callable[..., Leak],
) -> None:
    """Ended leaks age from their end; open ones stay for ever; a target without data has no life."""
    store = open_backend(backend, time=100.0)
    other = TargetKey("shop", "db:1")
    await store.append(make_scrape(60.0))
    kept = [
        make_leak("firing", key=other, updated=0.0),
        make_leak("new", state=LeakState.RESOLVED, updated=0.0, resolved_since=450.0),
        make_leak("pending", key=other, state=LeakState.PENDING, updated=0.0),
    ]
    gone = [
        make_leak("inactive", state=LeakState.INACTIVE, updated=399.0),
        make_leak("old", state=LeakState.RESOLVED, updated=500.0, resolved_since=399.0),
    ]
    await store.put_leaks(kept + gone)
    await store.retain(500.0)
    assert kept == await store.leaks()
    assert await store.latest_life(key) is None
    await store.append(make_scrape(600.0))
    assert (await store.readings(key, Signal.RSS)).values.tolist() == [6000.0]
    await store.close()


@pytest.mark.parametrize("backend", list(Backend))
async def test_retention_by_size(backend: Backend, open_backend: Callable[..., Store], make_scrape: Scrapes) -> None:
    """The store stays within its size, by deleting the oldest snapshots; numbers stay while they fit."""
    limit = 1_500_000
    store = open_backend(backend, size=limit)
    for slot in range(60):
        await store.append(make_scrape(float(slot), body=bytes(50_000)))
        assert (await store.stats()).size_bytes <= limit * 1.05
    await store.retain(60.0)
    stats = await store.stats()
    times = [snapshot.time for snapshot in await store.snapshots()]
    assert stats.size_bytes <= limit
    assert stats.points == 60
    assert 20 <= stats.snapshots == len(times)
    assert [59.5 - number for number in range(len(times))] == times
    await store.close()


@pytest.mark.parametrize("backend", list(Backend))
async def test_retention_by_size_takes_numbers_last(
    backend: Backend, open_backend: Callable[..., Store], make_scrape: Scrapes
) -> None:
    """Where no snapshot is left to delete, the oldest numbers go, of all targets alike."""
    store = open_backend(backend, size=400_000)
    keys = [TargetKey("job", name) for name in ("a", "b")]
    for slot in range(1500):
        key = keys[slot % 2]
        await store.append(make_scrape(float(slot), key=key, body=None, values=dict.fromkeys(Signal, 1.0)))
    await store.retain(1500.0)
    stats = await store.stats()
    spans = [(await store.readings(key, Signal.RSS)).times for key in keys]
    assert 0 < stats.points < 1500 * len(Signal)
    assert stats.size_bytes <= 400_000
    assert all(times[-1] >= 1498 for times in spans)
    assert abs(spans[0][0] - spans[1][0]) < 1000
    await store.close()


@pytest.mark.parametrize("backend", list(Backend))
async def test_absurd_limits_empty_the_store_and_no_more(
    backend: Backend, open_backend: Callable[..., Store], make_scrape: Scrapes
) -> None:
    """With room for nothing, retention ends, and appending goes on."""
    store = open_backend(backend, size=1)
    for slot in range(3):
        await store.append(make_scrape(float(slot)))
    await store.retain(3.0)
    stats = await store.stats()
    assert (stats.snapshots, stats.points) == (0, 0)
    await store.append(make_scrape(9.0))
    await store.close()


@pytest.mark.parametrize("backend", list(Backend))
async def test_each_kind_has_a_time_of_its_own(
    backend: Backend, open_backend: Callable[..., Store], make_scrape: Scrapes, make_leak: Callable[..., Leak]
) -> None:
    """Numbers, snapshots and ended leaks go by their own times where they have them."""
    store = open_backend(
        backend,
        time=1000.0,
        numbers=NumbersConfig(time=100.0),
        profiles=ProfilesConfig(time=50.0),
        leaks=LeaksConfig(time=200.0),
    )
    for slot in (100.0, 200.0, 260.0):
        await store.append(make_scrape(slot, time=slot, profiles=(RawProfile(Kind.HEAP, slot, b"x"),)))
    ended = {"state": LeakState.RESOLVED, "key": TargetKey("none", "none")}
    await store.put_leaks(
        [make_leak("old", resolved_since=90.0, **ended), make_leak("new", resolved_since=110.0, **ended)]
    )
    deleted = await store.retain(300.0)
    assert (deleted.snapshots, deleted.points) == (2, 1)
    assert [snapshot.time for snapshot in await store.snapshots()] == [260.0]
    assert (await store.stats()).points == 2
    assert [leak.id for leak in await store.leaks()] == ["new"]
    await store.close()


@pytest.mark.parametrize("backend", list(Backend))
async def test_each_kind_has_a_size_of_its_own(
    backend: Backend, open_backend: Callable[..., Store], make_scrape: Scrapes
) -> None:
    """A kind that takes more than its own size gives up its oldest, and no other does; what each takes is told."""
    store = open_backend(backend, profiles=ProfilesConfig(size=500_000), numbers=NumbersConfig(size=15_000))
    for slot in range(300):
        await store.append(make_scrape(float(slot), body=bytes(10_000) if slot < 100 else None))
    await store.retain(300.0)
    stats = await store.stats()
    assert stats.kind_bytes["profiles"] <= 500_000
    assert stats.kind_bytes["numbers"] <= 15_000
    assert 20 < stats.snapshots < 50
    assert 0 < stats.points < 200
    assert (await store.snapshots(limit=1))[0].time == 99.5
    await store.close()


@pytest.mark.parametrize("backend", list(Backend))
async def test_old_numbers_are_one_series_with_the_new(
    backend: Backend, open_backend: Callable[..., Store], key: TargetKey, make_scrape: Scrapes
) -> None:
    """Whatever their age, numbers are read by time, each within the lowest and highest of what it stands for."""
    store = open_backend(backend)
    count = 4 * 1440
    for start in range(0, count, 480):
        slots = [60.0 * number for number in range(start, start + 480)]
        await asyncio.gather(*(store.append(make_scrape(slot, body=None)) for slot in slots))
        await store.retain(slots[-1])
    found = await store.readings(key, Signal.RSS)
    assert (found.times[0] <= 300.0, found.times[-1]) == (True, 60.0 * (count - 1) + 0.25)
    assert (found.times[1:] > found.times[:-1]).all()
    assert found.values.tolist() == [10 * (time - 0.25) for time in found.times.tolist()]
    assert (found.lows <= found.means).all()
    assert (found.means <= found.highs).all()
    assert len(found.times) == (await store.stats()).points
    assert found.lows[0] == 0.0
    await store.close()


async def test_deleted_snapshot_ids_are_not_given_out_again(store: Store, make_scrape: Scrapes) -> None:
    """An id never comes to mean another snapshot."""
    (old,) = await store.append(make_scrape(60.0))
    await store.retain(2e9)
    (new,) = await store.append(make_scrape(2e9))
    assert new.id > old.id
    assert await store.profile(old.id) is None


async def test_stats_count_writes(store: Store, make_scrape: Scrapes) -> None:
    """Stats tell writes, their failures, and that nobody waits."""
    await store.append(make_scrape(60.0))
    await store.put_states({"a": b"1"})
    stats = await store.stats()
    assert (
        stats.writes_total,
        stats.write_failures_total,
        stats.queue_length,
        stats.failing,
    ) == (2, 0, 0, "")
    assert stats.size_bytes > 0


async def test_many_at_once_are_all_stored(store: Store, key: TargetKey, make_scrape: Scrapes) -> None:
    """Appends made at the same time are each stored once."""
    stored = await asyncio.gather(*(store.append(make_scrape(float(slot))) for slot in range(600)))
    assert len({snapshot.id for (snapshot,) in stored}) == 600
    assert [slot * 10.0 for slot in range(600)] == (await store.readings(key, Signal.RSS)).values.tolist()


async def test_closed_store_says_so(store: Store, key: TargetKey, make_scrape: Scrapes) -> None:
    """After `close` reading and writing raise a `StoreError`, and closing again does nothing."""
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match="the store is closed"):
        await store.append(make_scrape(60.0))
    with pytest.raises(StoreError, match="the store is closed"):
        await store.readings(key, Signal.RSS)


def test_deleted_adds_up() -> None:
    """Deletions add field by field."""
    assert Deleted(5, 7, 9) == Deleted(1, 2, 3) + Deleted(4, 5, 6)


async def test_evidence_comes_back_in_order_with_its_times(store: Store, make_leak: Callable[..., Leak]) -> None:
    """A file of the same name takes the other's place; other leaks have their own, and an unknown one none."""
    await store.put_leaks([make_leak("a"), make_leak("b")])
    assert await store.put_evidence("a", {"heap.pb.gz": b"1", "dump.txt": b"x" * 9999}, 5.0) == []
    assert await store.put_evidence("a", {"heap.pb.gz": b"2"}, 6.0) == []
    assert await store.put_evidence("b", {"heap.pb.gz": b"3"}, 7.0) == []
    found = await store.evidence("a")
    assert list(found.items()) == [
        ("heap.pb.gz", EvidenceFile(6.0, b"2")),
        ("dump.txt", EvidenceFile(5.0, b"x" * 9999)),
    ]
    assert await store.evidence("nobody") == {}
    assert 0 < (await store.stats()).evidence_bytes < 200


@pytest.mark.parametrize("backend", Backend)
async def test_evidence_of_one_leak_is_bounded(open_backend: Callable[..., Store], backend: Backend) -> None:
    """What does not fit is told, and what comes after it may fit; a smaller file in its place makes room."""
    store = open_backend(backend, leak_size=3000)
    first, second = random.Random(1).randbytes(2000), random.Random(2).randbytes(2000)
    assert await store.put_evidence("a", {"first": first, "second": second, "small": b"s"}, 1.0) == ["second"]
    assert list(await store.evidence("a")) == ["first", "small"]
    assert await store.put_evidence("a", {"first": b"f", "second": second}, 2.0) == []
    await store.close()


@pytest.mark.parametrize("backend", Backend)
async def test_leaks_that_ended_make_room_for_evidence(
    open_backend: Callable[..., Store], make_leak: Callable[..., Leak], backend: Backend
) -> None:
    """The one that ended first gives up its own, then the next; one that goes on does not, and then there is none."""
    store = open_backend(backend, evidence_size=5000)
    ended = [
        make_leak(name, state=LeakState.RESOLVED, resolved_since=time) for name, time in (("old", 5.0), ("new", 9.0))
    ]
    await store.put_leaks([*ended, make_leak("open"), make_leak("next")])
    files = {name: {"heap": random.Random(name).randbytes(2000)} for name in ("new", "old", "open", "next", "last")}
    for name in ("new", "old"):
        assert await store.put_evidence(name, files[name], 1.0) == []
    assert await store.put_evidence("open", files["open"], 1.0) == []
    assert [name for name in files if await store.evidence(name)] == ["new", "open"]
    assert await store.put_evidence("next", files["next"], 1.0) == []
    assert [name for name in files if await store.evidence(name)] == ["open", "next"]
    assert await store.put_evidence("last", files["last"], 1.0) == ["heap"]
    await store.close()


@pytest.mark.parametrize("backend", Backend)
async def test_evidence_makes_no_room_for_what_does_not_fit_even_then(
    open_backend: Callable[..., Store], make_leak: Callable[..., Leak], backend: Backend
) -> None:
    """What a leak that has ended left is not given up for nothing."""
    store = open_backend(backend, evidence_size=5000)
    ended = make_leak("ended", state=LeakState.RESOLVED, resolved_since=5.0)
    await store.put_leaks([ended, make_leak("open"), make_leak("next")])
    for name, size in (("ended", 1000), ("open", 3500)):
        assert await store.put_evidence(name, {"heap": random.Random(name).randbytes(size)}, 1.0) == []
    assert await store.put_evidence("next", {"heap": random.Random("next").randbytes(2000)}, 1.0) == ["heap"]
    assert list(await store.evidence("ended")) == ["heap"]
    await store.close()


@pytest.mark.parametrize("backend", Backend)
async def test_a_leak_that_is_suspected_again_keeps_what_it_needs(
    open_backend: Callable[..., Store], make_leak: Callable[..., Leak], make_scrape: Scrapes, backend: Backend
) -> None:
    """It was resolved, but has not ended: its evidence and its profiles stay, however long ago that was."""
    store = open_backend(backend, time=100.0)
    await store.append(make_scrape(60.0, body=b"heap"))
    again = make_leak("a", since=60.5, state=LeakState.RESOLVED, resolved_since=150.0, pending_since=240.0)
    await store.put_leaks([again])
    await store.put_evidence("a", {"heap": b"proof"}, 70.0)
    await store.retain(1e4)
    assert [leak.id for leak in await store.leaks()] == ["a"]
    assert list(await store.evidence("a")) == ["heap"]
    assert len(await store.snapshots()) == 1
    await store.close()


@pytest.mark.parametrize("backend", Backend)
async def test_evidence_goes_with_its_leak_and_not_before(
    open_backend: Callable[..., Store], make_leak: Callable[..., Leak], make_scrape: Scrapes, backend: Backend
) -> None:
    """Retention takes snapshots by age and size, evidence only once the leak has ended and aged."""
    store = open_backend(backend, time=100.0, size=1000)
    await store.append(make_scrape(60.0, body=bytes(range(256)) * 8))
    await store.put_leaks([make_leak("a", state=LeakState.RESOLVED, resolved_since=150.0, updated=150.0)])
    await store.put_evidence("a", {"heap": b"proof"}, 70.0)
    await store.retain(249.0)
    assert await store.snapshots() == []
    assert list(await store.evidence("a")) == ["heap"]
    await store.retain(251.0)
    assert await store.evidence("a") == {}
    assert (await store.stats()).evidence_bytes == 0
    await store.close()
