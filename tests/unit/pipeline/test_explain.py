"""Culprits come from stored profiles of the same life, spread over the growth."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from leakdog.attribute.alone import Beside
from leakdog.attribute.blocked import most_blocked
from leakdog.attribute.companions import companions
from leakdog.attribute.held import HELD, Held
from leakdog.config.schema import Backend, Config, DetectionConfig, Preset, StorageConfig
from leakdog.errors import FetchError, Reason, StoreCorrupted
from leakdog.model import Culprit, Frame, Kind, Leak, LeakClass, LeakState, Life, RawProfile, Scrape, Signal, TargetKey
from leakdog.pipeline import decode
from leakdog.pipeline.explain import AT_ONCE, Explainer
from leakdog.pipeline.gather import Gatherer
from leakdog.pipeline.state import Fleet, Watched
from leakdog.pipeline.stored import PROFILES
from leakdog.pipeline.worker import Worker
from leakdog.pprof import DEFAULT_LIMITS, Profile, ValueType, encode, parse
from leakdog.pprof.build import Builder
from leakdog.store import Store, open_store

SHOP = Path(__file__).parents[1] / "attribute" / "shop"
LIFE = Life(1000.0, 1000.0)


class Dump(Gatherer):
    """A gatherer that gives the goroutine dump, or an error, and asks nobody for it."""

    def __init__(self, data: bytes | FetchError, worker: Worker | None = None) -> None:
        config = Config(detection=DetectionConfig(preset=Preset.SOAK))  # so heap profiles are told to be exact
        super().__init__(None, config, lambda: 1060.0, worker)  # type: ignore[arg-type]
        self._data = data

    async def goroutine_dump(self, watched: Watched) -> bytes:
        """Answer."""
        if isinstance(self._data, FetchError):
            raise self._data
        return self._data


@pytest.fixture
async def store(watched: Watched) -> AsyncIterator[Store]:
    """Six heap and goroutine profiles of a leaking Go program, ten seconds apart, and a proof."""
    made = open_store(StorageConfig(backend=Backend.MEMORY))
    watched.life = LIFE
    for number in range(1, 7):
        time = 1000.0 + 10 * number
        kinds = {Kind.HEAP: f"heap-{number}", Kind.GOROUTINE: f"goroutine-{number}"}
        if number == 6:
            kinds[Kind.GOROUTINELEAK] = "goroutineleak"
        profiles = tuple(RawProfile(kind, time, (SHOP / f"{name}.pb.gz").read_bytes()) for kind, name in kinds.items())
        values = {Signal.INUSE_SPACE: 1e6 * number, Signal.GOROUTINES: 10.0 * number, Signal.OPEN_FILES: 5.0 * number}
        values[Signal.RSS] = 2e6 * number
        await made.append(Scrape(watched.key, time, time, LIFE, values, profiles))
    yield made
    await made.close()


def leak(watched: Watched, leak_class: LeakClass, signal: Signal) -> Leak:
    """A leak since the first profile."""
    return Leak("id", watched.key, signal, leak_class, LeakState.FIRING, 1005.0, 1060.0)


def explainer(store: Store, dump: bytes | FetchError = b"", worker: Worker | None = None) -> tuple[Explainer, Fleet]:
    """An explainer over the store."""
    fleet = Fleet()
    return Explainer(fleet, store, Dump(dump, worker)), fleet


async def test_a_heap_leak_is_explained_by_the_sites_that_grow(store: Store, watched: Watched) -> None:
    """The function that keeps the memory comes first, with file and line."""
    made, _ = explainer(store)
    found = await made.explain(watched, leak(watched, LeakClass.HEAP, Signal.INUSE_SPACE), 1060.0)
    assert "leaks." in found.culprits[0].frame.function
    assert found.culprits[0].frame.line > 0
    assert all(culprit.share >= 0.02 for culprit in found.culprits)


async def test_own_code_is_what_the_job_says(store: Store, watched: Watched) -> None:
    """Where another module is the program's own, the frame to look at is the one of package `main` that calls it."""
    made, _ = explainer(store)
    watched.job = replace(watched.job, own_code=("github.com/acme/shop",))
    found = await made.explain(watched, leak(watched, LeakClass.HEAP, Signal.INUSE_SPACE), 1060.0)
    (first, *_) = found.culprits
    assert (first.frame.function.partition(".")[0], first.frame.file) == ("main", "shop/main.go")
    assert "in shop/leaks." in first.note


async def test_a_goroutine_leak_tells_who_started_it_and_what_is_proved(store: Store, watched: Watched) -> None:
    """Dump and proof are laid beside the stored goroutine profiles."""
    made, _ = explainer(store, (SHOP / "dump.txt").read_bytes())
    found = await made.explain(watched, leak(watched, LeakClass.GOROUTINE, Signal.GOROUTINES), 1060.0)
    assert any(culprit.created_by is not None for culprit in found.culprits)
    assert any("proved" in culprit.note for culprit in found.culprits)


async def test_few_targets_of_a_job_are_asked_for_a_dump(store: Store, watched: Watched) -> None:
    """Three replicas were asked: another is explained without, and keeps who started them if it was told once, of it or
    of a replica.
    """
    made, fleet = explainer(store, (SHOP / "dump.txt").read_bytes())
    found = leak(watched, LeakClass.GOROUTINE, Signal.GOROUTINES)
    with_dump = await made.explain(watched, found, 1060.0)
    fleet.asked[watched.key.job] = {f"pod-{number}": 1060.0 for number in range(3)}
    without = await made.explain(watched, found, 1060.0)
    assert {culprit.created_by for culprit in without.culprits} == {None}
    again = await made.explain(watched, with_dump, 1060.0)
    assert [each.created_by for each in again.culprits] == [each.created_by for each in with_dump.culprits]
    assert any(culprit.created_by for culprit in again.culprits)
    other = replace(watched.target, key=TargetKey(watched.key.job, "pod-0"))
    fleet.targets[other.key] = Watched(other, watched.job, leaks={LeakClass.GOROUTINE: with_dump})
    theirs = await made.explain(watched, found, 1060.0)
    assert [each.created_by for each in theirs.culprits] == [each.created_by for each in with_dump.culprits]


async def test_of_a_large_job_no_more_is_gone_through_than_is_needed(store: Store, watched: Watched) -> None:
    """Where an earlier dump told of all of them, what thousands of instances leak is not looked at for each."""

    class Unread(dict[LeakClass, Leak]):
        def values(self) -> Any:
            raise AssertionError("read")

    made, fleet = explainer(store, (SHOP / "dump.txt").read_bytes())
    found = leak(watched, LeakClass.GOROUTINE, Signal.GOROUTINES)
    fleet.asked[watched.key.job] = {f"pod-{number}": 1060.0 for number in range(3)}
    by = Frame("main.main", "shop/main.go", 5)
    culprits = (await made.explain(watched, found, 1060.0)).culprits
    told = replace(found, culprits=tuple(replace(each, created_by=by) for each in culprits))
    other = replace(watched.target, key=TargetKey(watched.key.job, "pod-0"))
    fleet.targets[other.key] = Watched(other, watched.job, leaks=Unread())
    again = await made.explain(watched, told, 1060.0)
    assert {culprit.created_by for culprit in again.culprits} == {by}


async def test_a_target_that_refuses_the_dump_is_explained_without(store: Store, watched: Watched) -> None:
    """The dump is a help, not a need."""
    made, fleet = explainer(store, FetchError(Reason.TIMEOUT, "too slow"))
    found = await made.explain(watched, leak(watched, LeakClass.GOROUTINE, Signal.GOROUTINES), 1060.0)
    assert found.culprits
    assert fleet.counters.explain_failures == 0


async def test_heap_that_goroutines_hold_is_told_with_them(store: Store, watched: Watched) -> None:
    """How much of the growing heap is theirs is kept with the target, for its class."""
    made, _ = explainer(store, (SHOP / "dump.txt").read_bytes())
    await made.explain(watched, leak(watched, LeakClass.GOROUTINE, Signal.GOROUTINES), 1060.0)
    assert watched.held_heap is not None
    assert watched.held_heap.share < 0.5  # in this program a cache leaks beside them


def page(types: Sequence[ValueType], samples: dict[Frame, Sequence[int]]) -> bytes:
    """A profile of samples of one frame each."""
    builder = Builder(types, DEFAULT_LIMITS)
    for number, (frame, values) in enumerate(samples.items(), 1):
        builder.sample(values, [builder.location(number, (frame,))])
    return encode(builder.build(types[-1], 1))


async def bursts(watched: Watched, *, evenly: bool) -> Store:
    """Five minutes in which each burst of goroutines took seconds; heap grows where they are started, or with them.

    And what the runtime takes to let them wait, some bytes each.
    """
    made = open_store(StorageConfig(backend=Backend.MEMORY))
    watched.life = LIFE
    space = ValueType("inuse_objects", "count"), ValueType("inuse_space", "bytes")
    count = ValueType("goroutine", "count")
    starts, waits = Frame("main.answer", "answer.go", 27), Frame("main.answer.func1", "answer.go", 36)
    for second in range(0, 300, 2):
        number = 1 + 20 * (12 * (second // 24) + min(second % 24, 12))
        objects = 1 + 20 * second if evenly else number
        pages = {
            Kind.HEAP: page(space, {starts: (objects, 30_000 * objects), waits: (number, 96 * number)}),
            Kind.GOROUTINE: page([count], {waits: (number,)}),
        }
        now = 1000.0 + second
        profiles = tuple(RawProfile(kind, now, data) for kind, data in pages.items())
        await made.append(Scrape(watched.key, now, now, LIFE, {Signal.GOROUTINES: float(number)}, profiles))
    return made


@pytest.mark.parametrize("evenly", [True, False])
async def test_heap_that_grows_between_bursts_of_goroutines_is_not_theirs(watched: Watched, evenly: bool) -> None:
    """It grows where they are started, by itself or with them, for five minutes in which each burst took seconds."""
    made = await bursts(watched, evenly=evenly)
    asked, _ = explainer(made)
    found = await asked.explain(watched, leak(watched, LeakClass.GOROUTINE, Signal.GOROUTINES), 1300.0)
    await made.close()
    assert watched.held_heap is not None
    assert (len(watched.held_heap.alone), len(watched.held_heap.sites)) == (evenly, not evenly)
    assert ("of heap" in found.culprits[0].note) is not evenly


async def test_a_dozen_profiles_are_let_go_before_another_is_read(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large ones take three megabytes each."""
    made = await bursts(watched, evenly=False)
    asked, _ = explainer(made)
    most, whole = 0, Gatherer.decoded

    async def counted(*of: Any, **more: Any) -> Profile:
        nonlocal most
        read = await whole(*of, **more)
        most = max(most, sum(type(each) is Profile for each in gc.get_objects()))
        return read

    before = sum(type(each) is Profile for each in gc.get_objects())
    monkeypatch.setattr(Gatherer, "decoded", counted)
    await asked.explain(watched, leak(watched, LeakClass.GOROUTINE, Signal.GOROUTINES), 1300.0)
    await made.close()
    assert 2 * PROFILES <= most - before < 3 * PROFILES  # a thread may not have let go of its last one yet


async def test_profiles_of_calm_times_that_cannot_be_read_cost_no_more_than_these(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What profiles that are spread evenly have told is told."""
    made = await bursts(watched, evenly=False)
    asked, fleet = explainer(made)

    async def refused(*_: object) -> Beside:
        raise FetchError(Reason.DECODE, "too many")

    monkeypatch.setattr(asked, "_in_calm", refused)
    found = await asked.explain(watched, leak(watched, LeakClass.GOROUTINE, Signal.GOROUTINES), 1300.0)
    await made.close()
    assert "of heap" in found.culprits[0].note
    assert watched.held_heap is not None
    assert (len(watched.held_heap.sites), fleet.counters.explain_failures) == (1, 0)


@pytest.mark.parametrize(("state", "held"), [(LeakState.FIRING, True), (LeakState.RESOLVED, False)])
async def test_what_goroutines_hold_comes_last_in_a_heap_leak(
    store: Store, watched: Watched, state: LeakState, held: bool
) -> None:
    """As long as they leak: once they have ended, what still grows there is the heap's own."""
    made, _ = explainer(store)
    asked = leak(watched, LeakClass.HEAP, Signal.INUSE_SPACE)
    first, *_ = (await made.explain(watched, asked, 1060.0)).culprits
    watched.held_heap = Held(0.5, 0.5, frozenset({first.stack_id}))
    watched.leaks[LeakClass.GOROUTINE] = replace(leak(watched, LeakClass.GOROUTINE, Signal.GOROUTINES), state=state)
    *_, last = (await made.explain(watched, asked, 1060.0)).culprits
    assert (last.stack_id == first.stack_id, HELD in last.note) == (held, held)


async def test_a_heap_that_cannot_be_read_does_not_hide_the_goroutines(
    store: Store, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the goroutines hold is then not known."""
    whole = store.profile

    async def goroutines_alone(snapshot_id: int) -> bytes | None:
        kinds = {each.id: each.kind for each in await store.snapshots()}
        return None if kinds[snapshot_id] is Kind.HEAP else await whole(snapshot_id)

    monkeypatch.setattr(store, "profile", goroutines_alone)
    made, fleet = explainer(store)
    found = await made.explain(watched, leak(watched, LeakClass.GOROUTINE, Signal.GOROUTINES), 1060.0)
    assert found.culprits
    assert (watched.held_heap, fleet.counters.explain_failures) == (None, 0)


async def test_open_files_are_explained_by_what_grows_in_step(store: Store, watched: Watched) -> None:
    """Files have no profile: heap objects that grow with them are named, as a hint."""
    made, _ = explainer(store)
    found = await made.explain(watched, leak(watched, LeakClass.FILES, Signal.OPEN_FILES), 1060.0)
    assert all("in step with open files" in culprit.note for culprit in found.culprits)


@pytest.mark.parametrize(
    ("leak_class", "state", "apart"),
    [
        (LeakClass.NATIVE, LeakState.FIRING, {"shop/leaks.(*Cache).Put"}),
        (LeakClass.NATIVE, LeakState.RESOLVED, set()),
        (LeakClass.FILES, LeakState.FIRING, set()),
    ],
)
async def test_what_leaks_on_the_heap_is_not_blamed_for_native_memory(
    store: Store,
    watched: Watched,
    monkeypatch: pytest.MonkeyPatch,
    leak_class: LeakClass,
    state: LeakState,
    apart: set[str],
) -> None:
    """Where both leak at once, what has most of the heap's leak is looked for in native memory only at last."""
    asked = []

    def noted(*given: Any, **options: Any) -> tuple[Culprit, ...]:
        asked.append(set(options["apart"]))
        return companions(*given, **options)

    monkeypatch.setattr("leakdog.pipeline.explain.companions", noted)
    made, _ = explainer(store)
    heap = await made.explain(watched, leak(watched, LeakClass.HEAP, Signal.INUSE_SPACE), 1060.0)
    small = replace(heap.culprits[0], frame=Frame("shop.small", "a.go", 1), share=0.05)
    watched.leaks[LeakClass.HEAP] = replace(heap, state=state, culprits=(heap.culprits[0], small))
    assert (await made.explain(watched, leak(watched, leak_class, Signal.RSS), 1060.0)).culprits
    assert asked == [apart]


async def test_memory_that_is_only_kept_by_the_runtime_has_no_culprit(store: Store, watched: Watched) -> None:
    """Nothing is guessed where no code holds it."""
    made, _ = explainer(store)
    before = leak(watched, LeakClass.NOT_RETURNED, Signal.RSS)
    assert await made.explain(watched, before, 1060.0) is before


async def test_profiles_of_another_life_do_not_count(store: Store, watched: Watched) -> None:
    """After a restart the old profiles explain nothing."""
    watched.life = replace(LIFE, start_time=1059.0, first_seen=1059.0)
    made, _ = explainer(store)
    before = leak(watched, LeakClass.HEAP, Signal.INUSE_SPACE)
    assert await made.explain(watched, before, 1060.0) is before


async def test_goroutines_at_one_line_are_named_with_who_started_them(store: Store, watched: Watched) -> None:
    """Where more of them are blocked than the job allows, their line comes first."""
    watched.blocked = most_blocked(parse((SHOP / "goroutine-6.pb.gz").read_bytes()))
    assert watched.blocked is not None
    made, _ = explainer(store, (SHOP / "dump.txt").read_bytes())
    found = await made.explain(watched, leak(watched, LeakClass.GOROUTINE, Signal.GOROUTINES), 1060.0)
    first = found.culprits[0]
    assert first.frame == watched.blocked.frame
    assert first.created_by is not None
    assert f"{watched.blocked.count:,} goroutines are blocked in" in first.note


async def test_a_leak_that_comes_back_after_a_restart_is_said_to(store: Store, watched: Watched) -> None:
    """The same sites grew in the life before; what they hold in this one is compared with the stored profiles."""
    watched.life = replace(LIFE, start_time=2000.0, first_seen=2000.0)
    for number in range(1, 7):
        time = 2000.0 + 10 * number
        profile = RawProfile(Kind.HEAP, time, (SHOP / f"heap-{number}.pb.gz").read_bytes())
        await store.append(Scrape(watched.key, time, time, watched.life, {Signal.INUSE_SPACE: 1e6}, (profile,)))
    made, _ = explainer(store)
    now = replace(leak(watched, LeakClass.HEAP, Signal.INUSE_SPACE), since=2005.0)
    found = await made.explain(watched, now, 2060.0)
    assert found.culprits[0].seen_before
    assert "it grew before the last restart too" in found.culprits[0].note
    assert not any(culprit.new_in_build for culprit in found.culprits)


async def test_without_an_earlier_life_nothing_is_said_of_it(store: Store, watched: Watched) -> None:
    """The first life that is watched has nothing before it."""
    made, _ = explainer(store)
    found = await made.explain(watched, leak(watched, LeakClass.HEAP, Signal.INUSE_SPACE), 1060.0)
    assert not any(culprit.seen_before or culprit.new_in_build for culprit in found.culprits)


async def test_a_profile_deleted_meanwhile_is_a_counted_failure(store: Store, watched: Watched, monkeypatch) -> None:
    """Retention may take a profile between listing and reading: the leak stays as it was."""

    async def nothing(snapshot_id: int) -> None:
        return None

    monkeypatch.setattr(store, "profile", nothing)
    made, fleet = explainer(store)
    before = leak(watched, LeakClass.HEAP, Signal.INUSE_SPACE)
    assert await made.explain(watched, before, 1060.0) is before
    assert fleet.counters.explain_failures == 1


async def test_a_damaged_profile_is_left_out(store: Store, watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others tell what grew, and the first culprit tells which was left out."""
    whole = store.profile
    damaged = [each.id for each in await store.snapshots(kind=Kind.HEAP)][2]

    async def profile(snapshot_id: int) -> bytes | None:
        if snapshot_id == damaged:
            raise StoreCorrupted("it is cut off")
        return await whole(snapshot_id)

    monkeypatch.setattr(store, "profile", profile)
    made, fleet = explainer(store)
    found = await made.explain(watched, leak(watched, LeakClass.HEAP, Signal.INUSE_SPACE), 1060.0)
    assert "leaks." in found.culprits[0].frame.function
    assert found.culprits[0].note.endswith("found without the heap profile of 1970-01-01 00:17:20 UTC (it is cut off)")
    assert not any("found without" in culprit.note for culprit in found.culprits[1:])
    assert fleet.counters.explain_failures == 0


async def test_few_targets_are_explained_at_the_same_time(
    store: Store, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A leak that is found on twenty targets at once does not have the profiles of twenty in memory."""
    made, _ = explainer(store)
    under_way, most, full = 0, 0, []
    whole = made._culprits

    async def counted(*asked: object) -> object:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        full.append(made.busy)
        found = await whole(*asked)  # type: ignore[arg-type]
        under_way -= 1
        return found

    monkeypatch.setattr(made, "_culprits", counted)
    found = leak(watched, LeakClass.HEAP, Signal.INUSE_SPACE)
    told = await asyncio.gather(*(made.explain(watched, found, 1060.0) for _ in range(20)))
    assert (most, full[:AT_ONCE], made.busy) == (AT_ONCE, [False] * (AT_ONCE - 1) + [True], False)
    assert all(each.culprits for each in told)


async def test_large_profiles_are_compared_by_their_gists(
    store: Store, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decoded in the worker, they name the same code in the same order as where they are decoded at once.

    What only the runtime holds is one sum in a gist, so shares move by its noise.
    """
    asked = [
        leak(watched, LeakClass.HEAP, Signal.INUSE_SPACE),
        leak(watched, LeakClass.GOROUTINE, Signal.GOROUTINES),
        leak(watched, LeakClass.FILES, Signal.OPEN_FILES),
    ]
    at_once, _ = explainer(store)
    whole = [(await at_once.explain(watched, each, 1060.0)).culprits for each in asked]
    monkeypatch.setattr(decode, "INLINE_DECODE_BYTES", 10)
    async with Worker() as worker:
        made, _ = explainer(store, worker=worker)
        gists = [(await made.explain(watched, each, 1060.0)).culprits for each in asked]
        assert worker.pid is not None
    assert gists[0]
    assert gists[1]
    assert [[each.stack for each in found] for found in gists] == [[each.stack for each in found] for found in whole]
    for of_gists, of_whole in zip(chain(*gists), chain(*whole), strict=True):
        assert of_gists.share == pytest.approx(of_whole.share, abs=0.01)


async def test_a_worker_that_is_killed_over_a_stored_profile_costs_that_profile(
    store: Store, watched: Watched, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its death is counted and told with its cause, the others explain the leak, and the next explanation has all."""
    monkeypatch.setattr(decode, "INLINE_DECODE_BYTES", 10)
    deaths: list[int] = []
    async with Worker(lambda: deaths.append(1)) as worker:
        made, fleet = explainer(store, worker=worker)
        before = leak(watched, LeakClass.HEAP, Signal.INUSE_SPACE)
        whole = await made.explain(watched, before, 1060.0)
        killed = worker.pid
        assert killed is not None
        os.kill(killed, signal.SIGSTOP)
        under_way = asyncio.create_task(made.explain(watched, before, 1060.0))
        await asyncio.sleep(0.1)
        os.kill(killed, signal.SIGKILL)
        (first, *_) = (await under_way).culprits
        assert first.stack == whole.culprits[0].stack
        assert "found without the heap profile of 1970-01-01 00:16:50 UTC (decode: the heap profile ended" in first.note
        assert (len(deaths), fleet.counters.explain_failures) == (1, 0)
        assert (
            "naming the code behind leak id of shop/10.0.0.7:6060 without the heap profile of 1970-01-01" in caplog.text
        )
        assert "ended the process that decoded it: killed by SIGKILL" in caplog.text
        assert (await made.explain(watched, before, 1060.0)).culprits == whole.culprits
    assert (len(deaths), fleet.counters.explain_failures) == (1, 0)


async def test_a_proof_that_cannot_be_read_does_not_hide_the_goroutines(
    store: Store, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are named, nothing is called proved, and the note says what is missing."""
    whole = store.profile
    kinds = {each.id: each.kind for each in await store.snapshots()}

    async def cut(snapshot_id: int) -> bytes | None:
        data = await whole(snapshot_id)
        assert data is not None
        return data[:100] if kinds[snapshot_id] is Kind.GOROUTINELEAK else data

    monkeypatch.setattr(store, "profile", cut)
    made, fleet = explainer(store)
    found = await made.explain(watched, leak(watched, LeakClass.GOROUTINE, Signal.GOROUTINES), 1060.0)
    note = found.culprits[0].note
    assert "; found without the goroutineleak profile of 1970-01-01 00:17:40 UTC (decode: " in note
    assert not any("proved" in culprit.note for culprit in found.culprits)
    assert fleet.counters.explain_failures == 0


async def test_a_stored_profile_over_the_configured_limit_is_a_counted_failure(
    store: Store, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """A limit that was lowered holds for what was stored before."""
    watched.job = replace(watched.job, body_size_limit=500)
    async with Worker() as worker:
        made, fleet = explainer(store, worker=worker)
        before = leak(watched, LeakClass.HEAP, Signal.INUSE_SPACE)
        assert await made.explain(watched, before, 1060.0) is before
    assert fleet.counters.explain_failures == 1
    assert "body_too_large: reading the heap profile" in caplog.text
