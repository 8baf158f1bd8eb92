"""What a daemon still knows after a restart, and what it forgets."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leakdog.attribute.held import Held
from leakdog.config.schema import DetectionConfig, Preset
from leakdog.daemon.memory import DENSE, SAVED_TOGETHER, Memory, held_name, lives_name, signals_name, state_name
from leakdog.detect.cells import Floats
from leakdog.detect.group import Group
from leakdog.detect.settings import PRODUCTION, Settings, for_sites, settings_for
from leakdog.errors import StoreError
from leakdog.model import Frame, Leak, LeakClass, LeakState, Life, Scrape, Signal, TargetKey, Verdict
from leakdog.pipeline.functions import FUNCTIONS, KnownFunctions, dump_functions
from leakdog.pipeline.judge import judge, observe
from leakdog.pipeline.lives import Facts, next_life
from leakdog.pipeline.signals import Signals
from leakdog.pipeline.sites import Site, Sites
from leakdog.pipeline.state import Fleet, Lived, Watched
from leakdog.store import Store

Turns = Callable[[Awaitable[Any]], Awaitable[tuple[int, Any]]]
SETTINGS = settings_for(DetectionConfig(preset=Preset.SOAK))
KEY = TargetKey("shop", "10.0.0.7:6060")
LIFE = Life(start_time=900.0, first_seen=1000.0, pid=7)
LEAK = Leak("9f1c", KEY, Signal.RSS, LeakClass.NATIVE, LeakState.FIRING, since=950.0, updated=1010.0)


def signals(*told: Signal) -> Signals:
    """Series that nothing was read of yet."""
    return Signals([*told], Group(SETTINGS, len(told)))


async def restored(store: Store, watched: Watched, now: float = 5000.0, settings: Settings = SETTINGS) -> Watched:
    """The target as the next daemon finds it."""
    memory = Memory(store)
    await memory.load()
    again = Watched(watched.target, watched.job)
    memory.restore(again, now)
    await memory.wake(again, now, settings)
    return again


async def test_the_detector_goes_on_where_it_was(store: Store, watched: Watched) -> None:
    """The state of a target's series comes back byte for byte."""
    for second in range(30):
        watched.series.observe({Signal.RSS: 5e7 + second}, 1000.0 + second, SETTINGS, life_start=900.0, load=None)
    await Memory(store).save([watched])
    assert (await restored(store, watched)).series.to_bytes() == watched.series.to_bytes()


async def test_others_go_on_while_series_are_read_back(
    store: Store, watched: Watched, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Courses that are made anew take a quarter of a second for each target, and there may be thousands."""
    watched.series = signals(Signal.RSS)
    await Memory(store).save([watched])
    whole = Signals.from_bytes

    def slow(data: bytes, settings: Settings) -> Signals:
        time.sleep(0.2)
        return whole(data, settings)

    monkeypatch.setattr(Signals, "from_bytes", slow)
    number, again = await turns(restored(store, watched))
    assert again.series.told == [Signal.RSS]
    assert number > 100


class Lost:
    """Numbers that were put away on a disk that has broken since."""

    def read(self) -> Floats:
        """Fail."""
        raise StoreError("reading back what the detector knows: I/O error; it starts afresh")


async def test_series_that_are_lost_cost_no_other_target_its_own(
    store: Store, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """All others are saved, what can be saved of that target is too, and its series begin anew."""
    other = Watched(replace(watched.target, key=TargetKey("shop", "10.0.0.8:6060")), watched.job)
    for each in (watched, other):
        each.series.observe({Signal.RSS: 5e7}, 1000.0, SETTINGS, life_start=900.0, load=None)
    watched.remember_life(900.0, "b1")
    assert watched.series.group is not None
    watched.series.group.rings[-1]._held = Lost()
    await Memory(store).save([watched, other], {"shop": {}})
    assert {*await store.states()} == {DENSE, lives_name(KEY), signals_name(other.key)}
    assert watched.series.group is None
    assert [each.message for each in caplog.records] == [
        "the series of shop/10.0.0.7:6060: reading back what the detector knows: I/O error; it starts afresh"
    ]


async def test_sites_go_on_where_they_were(store: Store, watched: Watched) -> None:
    """The followed sites of a target come back with their series; damaged ones start afresh."""
    followed = {7: Site("5b0c", Frame("shop.Put", "/src/shop.go", 9))}
    group = Group(for_sites(SETTINGS), 1)
    group.observe(1000.0, [5e7], life_start=900.0, load=None)
    sites = watched.sites[Signal.INUSE_SPACE] = Sites(Signal.INUSE_SPACE, followed, group)
    watched.sites[Signal.INUSE_OBJECTS] = Sites(Signal.INUSE_OBJECTS, followed, group)
    await Memory(store).save([watched])
    again = (await restored(store, watched)).sites
    assert {signal: each.to_bytes() for signal, each in again.items()} == {
        Signal.INUSE_SPACE: sites.to_bytes(),
        Signal.INUSE_OBJECTS: sites.to_bytes(),
    }
    assert again[Signal.INUSE_OBJECTS].beside is again[Signal.INUSE_SPACE]
    del watched.sites[Signal.INUSE_OBJECTS]
    await Memory(store).forget(watched)
    await Memory(store).save([watched])
    await store.put_states({state_name(KEY, Signal.INUSE_SPACE, "sites"): b"broken"})
    assert (await restored(store, watched)).sites == {}
    await Memory(store).forget(watched)
    assert await store.states() == {}


async def test_dense_phases_outlive_the_daemon(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """A restart gives nobody a new budget; what cannot be read is told, and the daemon starts all the same."""
    phases = {"shop": {"10.0.0.7:6060": 1000.5}}
    await Memory(store).save([], phases)
    memory = Memory(store)
    await memory.load()
    assert await memory.dense_phases() == phases
    await store.put_states({DENSE: b"[1]"})
    await memory.load()
    assert await memory.dense_phases() == {}
    assert "not known" in caplog.text


async def test_acknowledged_functions_outlive_the_daemon(store: Store, watched: Watched) -> None:
    """They belong to no target, so that they are not taken for the state of one that is gone."""
    given = (KnownFunctions("Put", 1.0, "shop", note="bounded"),)
    await store.put_states({FUNCTIONS: dump_functions(given)})
    memory = Memory(store)
    await memory.load()
    await memory.save([])
    assert await memory.acknowledged() == given


async def test_builds_of_earlier_lives_are_remembered(store: Store, watched: Watched) -> None:
    """The last lives come back with their builds; what cannot be read leaves them unknown."""
    watched.remember_life(900.0, "")
    watched.remember_life(900.0, "b1")
    watched.remember_life(1000.0, "b2")
    await Memory(store).save([watched])
    again = await restored(store, watched)
    assert (again.lives, again.build) == ([Lived(900.0, "b1"), Lived(1000.0, "b2")], "b2")
    await store.put_states({lives_name(KEY): b"7"})
    assert (await restored(store, watched)).lives == []
    await Memory(store).forget(watched)
    assert await store.states() == {}


@pytest.mark.parametrize("held", [Held(0.9, 0.1, frozenset({"5b0c"}), frozenset({"9f1c"})), None])
async def test_heap_that_goroutines_hold_is_no_leak_of_its_own_after_a_restart(
    store: Store, watched: Watched, held: Held | None
) -> None:
    """What the stacks have shown is known from the first look on; where it is known no more, that is known too."""
    watched.life, watched.held_heap = Life(900.0, 900.0), Held(0.5, 0.5)
    await Memory(store).save([watched])
    watched.held_heap = held
    for now in map(float, range(1000, 1100)):
        observe(watched, {Signal.GOROUTINES: now, Signal.INUSE_SPACE: 1e6 * now}, now, SETTINGS, {})
    await Memory(store).save([watched])
    await store.append(Scrape(KEY, 1100.0, 1100.0, watched.life, {}))
    again = await restored(store, watched, 1101.0)
    judge(again, 1101.0, SETTINGS)
    assert set(again.leaks) == {LeakClass.GOROUTINE, *([LeakClass.HEAP] if held is None else [])}


async def test_what_goroutines_of_the_life_before_held_does_not_come_back(store: Store, watched: Watched) -> None:
    """The process was started anew after the last saving, and then leakdog was killed."""
    watched.life, watched.held_heap = Life(900.0, 900.0), Held(0.9, 0.1)
    await Memory(store).save([watched])
    for life in (watched.life, Life(990.0, 990.0)):
        await store.append(Scrape(KEY, life.start_time + 60, life.start_time + 60, life, {}))
        again = await restored(store, watched, 1101.0)
        assert again.held_heap == (watched.held_heap if life == watched.life else None)


@pytest.mark.parametrize("data", [b"{", b"[1]", b"[0.5, 0.5, 7, 7]", b'{"share": 1}'])
async def test_what_goroutines_hold_is_found_anew_where_it_is_damaged(
    store: Store, watched: Watched, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """It costs the target nothing else."""
    await store.put_states({held_name(KEY): data})
    assert (await restored(store, watched)).held_heap is None
    assert "what goroutines hold of the heap is not known" in caplog.text


async def test_a_damaged_state_starts_afresh(store: Store, watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    """Bytes that cannot be read cost the series of that target their past, and are told."""
    watched.series = signals(Signal.RSS)
    await Memory(store).save([watched])
    await store.put_states({signals_name(KEY): b"broken"})
    assert (await restored(store, watched)).series.told == []
    assert "the series of shop/10.0.0.7:6060 start afresh" in caplog.text


async def test_states_of_the_version_before_are_stored_anew(
    store: Store, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """Where each signal has a state of its own, they are read and replaced by one; one that is damaged is told."""
    file = Path(__file__).parents[1] / "detect" / "testdata" / "before.json"
    states = [base64.b64decode(each) for each in json.loads(file.read_text())["signals"]["states"]]
    names = [state_name(KEY, signal) for signal in (Signal.RSS, Signal.GOROUTINES, Signal.THREADS)]
    await store.put_states(dict(zip(names, [*states[:2], b"broken"], strict=True)))
    series = (await restored(store, watched, settings=PRODUCTION)).series
    assert series.told == [Signal.RSS, Signal.GOROUTINES]
    assert "threads: " in caplog.text
    assert await store.states() == {signals_name(KEY): series.to_bytes()}
    assert (await restored(store, watched, settings=PRODUCTION)).series.to_bytes() == series.to_bytes()


async def test_leaks_come_back_with_their_latest_numbers(store: Store, watched: Watched) -> None:
    """Saving stores leaks too, though their state has not changed since they were stored last."""
    await store.put_leaks([LEAK])
    watched.leaks[LEAK.leak_class] = replace(LEAK, growth_per_second=5.0, updated=4000.0)
    await Memory(store).save([watched])
    assert (await restored(store, watched)).leaks[LEAK.leak_class].growth_per_second == 5.0


@pytest.mark.parametrize(
    ("expected", "state"),
    [
        (5000.0, LeakState.FIRING),
        (5000.0, LeakState.PENDING),
        (1010.0, LeakState.RESOLVED),
        (None, LeakState.INACTIVE),
    ],
)
async def test_time_without_leakdog_is_no_time_without_growth(
    store: Store, watched: Watched, expected: float | None, state: LeakState
) -> None:
    """A leak is as fresh as the restart, so that it is not resolved for the pause; one that came to nothing is gone."""
    await store.put_leaks([replace(LEAK, state=state)])
    found = (await restored(store, watched)).leaks.get(LEAK.leak_class)
    assert (found.updated if found else None) == expected


@pytest.mark.parametrize(("told", "life"), [(900.0, LIFE), (None, Life(1000.0, 1000.0))])
async def test_a_restart_that_nobody_saw_is_seen_afterwards(
    store: Store, watched: Watched, told: float | None, life: Life
) -> None:
    """The life, its start where the process told it, and what it had allocated come back to be compared with."""
    for slot, total in ((1000.0, 5e9), (1060.0, 6e9)):
        await store.append(Scrape(KEY, slot, slot, life, {Signal.TOTAL_ALLOC: total, Signal.RSS: 1.0}))
    again = await restored(store, watched)
    assert again.life == life
    assert again.facts == Facts(told, life.pid, {Signal.TOTAL_ALLOC: 6e9})
    assert next_life(life, again.facts, Facts(allocated={Signal.TOTAL_ALLOC: 1e6}), 5000.0).first_seen == 5000.0


async def test_a_restart_is_seen_however_long_leakdog_was_down(store: Store, watched: Watched) -> None:
    """A program that tells no start time is known by what it had allocated at the last pass, be that days ago."""
    for slot, total in ((1000.0, 5e9), (1060.0, 6e9)):
        await store.append(Scrape(KEY, slot, slot, Life(1000.0, 1000.0), {Signal.ALLOC_SPACE: total}))
        watched.series.observe({Signal.INUSE_SPACE: 5e7}, slot, SETTINGS, life_start=1000.0, load=None)
    await Memory(store).save([watched])
    again = await restored(store, watched, 1060.0 + 3 * 86400)
    assert again.facts == Facts(None, None, {Signal.ALLOC_SPACE: 6e9})


async def test_states_of_targets_that_are_gone_are_deleted(store: Store, watched: Watched) -> None:
    """A state that no target has asked for by the first saving goes; so does that of a target that is removed."""
    watched.series = signals(Signal.RSS)
    await Memory(store).save([watched])
    memory = Memory(store)
    await memory.load()
    await memory.save([])
    assert await store.states() == {}
    await memory.save([watched])
    assert set(await store.states()) == {signals_name(KEY)}
    await memory.forget(watched)
    assert await store.states() == {}


async def test_a_target_that_was_not_read_yet_keeps_what_is_stored(store: Store, watched: Watched) -> None:
    """Series are given back with the first pass; a saving before that does not write over them."""
    watched.series.observe({Signal.RSS: 5e7}, 1000.0, SETTINGS, life_start=900.0, load=None)
    series = watched.series
    await Memory(store).save([watched])
    memory = Memory(store)
    await memory.load()
    again = Watched(watched.target, watched.job)
    memory.restore(again, 5000.0)
    assert again.series.told == []
    await memory.save([again])
    await memory.wake(again, 5000.0, SETTINGS)
    assert again.series.to_bytes() == series.to_bytes()
    again.series = Signals()
    await memory.wake(again, 5000.0, SETTINGS)
    assert again.series.told == [], "it is given back once"


async def test_only_what_belongs_to_a_target_is_taken(store: Store, watched: Watched) -> None:
    """A target whose name begins like another's has states of its own."""
    watched.series = signals(Signal.RSS)
    longer = Watched(replace(watched.target, key=TargetKey(KEY.job, KEY.instance + "0")), watched.job)
    longer.series = signals(Signal.THREADS)
    await Memory(store).save([watched, longer])
    assert (await restored(store, watched)).series.told == [Signal.RSS]
    await Memory(store).forget(watched)
    assert await store.state_names() == [signals_name(longer.key)]


async def test_states_are_saved_no_faster_than_told(store: Store, watched: Watched) -> None:
    """Ten thousand bytes a second and a few hundred bytes: it takes its time, and the store is free meanwhile."""
    watched.series = signals(Signal.RSS)
    size = len(watched.series.to_bytes())
    began = asyncio.get_running_loop().time()
    await Memory(store).save([watched], bytes_per_second=10 * size)
    assert asyncio.get_running_loop().time() - began >= 0.099


async def test_a_target_that_goes_while_others_are_saved_leaves_nothing(store: Store, watched: Watched) -> None:
    """Saving takes minutes; what was forgotten in the meantime is not written again."""
    fleet = Fleet()
    for number in range(SAVED_TOGETHER + 1):
        key = TargetKey("shop", f"pod-{number:02}")
        fleet.targets[key] = Watched(replace(watched.target, key=key), watched.job)
        fleet.targets[key].series = signals(Signal.RSS)
    memory = Memory(store)
    saving = asyncio.create_task(memory.save(fleet, bytes_per_second=1e4))
    while not await store.state_names():
        await asyncio.sleep(0)
    last = fleet.remove(TargetKey("shop", f"pod-{SAVED_TOGETHER:02}"))
    await memory.forget(last)
    await saving
    assert len(await store.state_names()) == SAVED_TOGETHER


SURE = 6  # readings after which a leak does not hang by a hair


@pytest.mark.parametrize("pause", [5.0, 20.0, 40.0])
async def test_a_pending_leak_outlasts_a_restart(store: Store, watched: Watched, pause: float) -> None:
    """The daemon is restarted and at first no scrape gets through: the leak stands as it did."""
    watched.life = Life(900.0, 900.0)
    now, found = 1000.0, 0
    while found < SURE:
        now += 1.0
        assert now < 1200.0
        observe(watched, {Signal.INUSE_SPACE: 1e6 * now}, now, SETTINGS, {})
        judge(watched, now, SETTINGS)
        found += bool(watched.leaks)
    since = watched.leaks[LeakClass.HEAP].pending_since
    await Memory(store).save([watched])
    again = await restored(store, watched, now + 2.0)
    again.life = watched.life  # the store has no scrape of it here
    for second in range(8):
        later = now + pause + second
        observe(again, {Signal.INUSE_SPACE: 1e6 * later}, later, SETTINGS, {})
        judge(again, later, SETTINGS)
        leak = again.leaks[LeakClass.HEAP]
        assert leak.state in (LeakState.PENDING, LeakState.FIRING)
        assert leak.pending_since is not None
        assert since is not None
        assert leak.pending_since >= since
    assert again.assessments[Signal.INUSE_SPACE].verdict is Verdict.LEAK
