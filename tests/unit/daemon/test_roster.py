"""Targets follow the configuration: added, changed, removed, each with its slots."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import pwd
import sys
import threading
from dataclasses import replace

import pytest

from leakdog.config.schema import Config, GlobalConfig, ProcessConfig, ScrapeConfig
from leakdog.daemon.memory import Memory
from leakdog.daemon.roster import Roster
from leakdog.detect.group import Group
from leakdog.detect.settings import settings_for
from leakdog.discover import discover
from leakdog.model import Leak, LeakClass, LeakState, Signal, Target, TargetKey
from leakdog.pipeline.signals import Signals
from leakdog.pipeline.state import Fleet, Watched
from leakdog.report.leak import UNWATCHED
from leakdog.schedule import Job
from leakdog.store import Store

A, B = TargetKey("shop", "10.0.0.7:6060"), TargetKey("shop", "10.0.0.8:6060")


class Slots:
    """Stands in for the schedule: what was put, and how often."""

    def __init__(self) -> None:
        self.jobs: dict[str, tuple[float, Job]] = {}
        self.puts = 0

    def put(self, name: str, interval_seconds: float, job: Job) -> None:
        """Keep the job."""
        self.jobs[name] = (interval_seconds, job)
        self.puts += 1

    def remove(self, name: str) -> None:
        """Drop the job."""
        del self.jobs[name]

    def intervals(self) -> dict[str, float]:
        """Seconds between two slots of each name."""
        return {name: interval for name, (interval, _) in self.jobs.items()}


class House:
    """A roster and what it works on. `read` is every pass that was asked for."""

    def __init__(self, store: Store) -> None:
        self.store, self.fleet, self.slots = store, Fleet(), Slots()
        self.read: list[tuple[TargetKey, float]] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.kept: list[Leak] = []
        self.memory = Memory(store)
        self.roster = Roster(self.fleet, self.slots, store, self.memory, self.scrape, self.keep)  # type: ignore[arg-type]

    async def keep(self, leak: Leak) -> None:
        """Note the leak whose last profiles are to be kept."""
        self.kept.append(leak)

    async def scrape(self, watched: Watched, slot: float) -> None:
        """Note the pass; slot 13 fails."""
        self.read.append((watched.key, slot))
        if slot == 13:
            raise ValueError("nobody expected this")
        await self.hold.wait()

    async def follow(self, *jobs: ScrapeConfig, every: float = 60.0) -> None:
        """Make these jobs the configuration."""
        await self.roster.refresh(Config(global_=GlobalConfig(scrape_interval=every), scrape_configs=jobs), 1000.0)


@pytest.fixture
def house(store: Store) -> House:
    """A roster that watches nothing yet."""
    return House(store)


async def test_targets_of_the_configuration_are_watched(house: House, job) -> None:
    """Each target has a slot of its job's interval; looking again changes nothing."""
    await house.follow(job(A.instance, B.instance))
    before = dict(house.fleet.targets)
    await house.follow(job(A.instance, B.instance))
    assert house.slots.intervals() == {str(A): 60.0, str(B): 60.0}
    assert house.slots.puts == 2
    assert house.fleet.targets == before == {key: before[key] for key in (A, B)}


async def test_a_changed_job_reaches_its_targets(house: House, job) -> None:
    """The target keeps what is known of it, asks anew for pages it lacked, and forgets a limit that was configured."""
    await house.follow(job(A.instance, memory_limit=500))
    watched = house.fleet.targets[A]
    watched.absent, watched.values, watched.memory_limit = {"metrics"}, {Signal.RSS: 1.0}, 500
    await house.follow(job(A.instance, scheme="https"))
    assert house.fleet.targets[A] is watched
    assert (watched.target.base_url, watched.absent) == (f"https://{A.instance}", set())
    assert (watched.values, watched.memory_limit) == ({Signal.RSS: 1.0}, None)


async def test_a_changed_interval_moves_the_slots(house: House, job) -> None:
    """The interval may change for all jobs, while nothing of the job itself has."""
    await house.follow(job(A.instance))
    await house.follow(job(A.instance), every=15.0)
    assert house.slots.intervals() == {str(A): 15.0}


async def test_a_target_that_is_gone_is_watched_no_more(house: House, job, caplog: pytest.LogCaptureFixture) -> None:
    """Its slot goes, its leak is resolved in the store and in the log, and its detector's state is deleted."""
    caplog.set_level(logging.INFO)
    await house.follow(job(A.instance, B.instance))
    watched = house.fleet.targets[A]
    leak = Leak("9f1c", A, Signal.RSS, LeakClass.NATIVE, LeakState.FIRING, since=950.0, updated=990.0)
    watched.leaks[leak.leak_class] = leak
    watched.series = Signals([Signal.RSS], Group(settings_for(Config().detection), 1))
    await Memory(house.store).save([watched])
    await house.follow(job(B.instance))
    assert set(house.fleet.targets) == {B}
    assert caplog.messages == [
        f"leak 9f1c of {A} is over, as its target is gone (native)",
        f"target {A} is no longer watched",
    ]
    assert house.slots.intervals() == {str(B): 60.0}
    assert [(stored.state, stored.resolved_since) for stored in await house.store.leaks()] == [
        (LeakState.RESOLVED, 1000.0)
    ]
    assert await house.store.states() == {}


async def test_a_process_that_has_ended_is_no_news(house: House, job, caplog: pytest.LogCaptureFixture) -> None:
    """Of a user's processes some end each minute; a target that goes from a configuration is told."""
    user = pwd.getpwuid(os.getuid()).pw_name
    own = ScrapeConfig(job_name="own", metrics_path="", pprof_path="", process=ProcessConfig(user=user))
    with caplog.at_level(logging.INFO):
        await house.follow(job(A.instance), own)
        assert {key.job for key in house.fleet.targets} == {"own", "shop"}
        await house.follow()
    assert [record.message for record in caplog.records] == [f"target {A} is no longer watched"]


async def test_a_job_without_a_process_is_told_once(house: House, job, caplog: pytest.LogCaptureFixture) -> None:
    """A process that is mistyped, or does not run, is watched by nobody, which must not look like all is well."""
    lost = ScrapeConfig(job_name="web", metrics_path="", pprof_path="", process=ProcessConfig(name="no-such-program"))
    mine = replace(lost, job_name="own", process=ProcessConfig(pid=os.getpid()))
    for _ in range(2):
        await house.follow(job(A.instance), lost, mine)
    assert house.fleet.idle == ("web",)
    said = "no process of job web was found: nothing that runs here matches `process` in the configuration"
    assert caplog.messages == [f"{said}; it is looked for again"]
    await house.follow(replace(lost, process=mine.process))
    assert house.fleet.idle == ()


async def test_a_target_that_comes_back_is_scheduled_again(house: House, job) -> None:
    """Removed and added again, it has its slot."""
    await house.follow(job(A.instance))
    await house.follow()
    await house.follow(job(A.instance))
    assert house.slots.intervals() == {str(A): 60.0}


async def test_a_slot_reads_the_target_as_it_is_now(house: House, job) -> None:
    """A run is known while it is under way; one whose target was removed meanwhile does nothing."""
    await house.follow(job(A.instance))
    _, run = house.slots.jobs[str(A)]
    house.hold.clear()
    task = asyncio.create_task(run(7.0))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert house.roster.running == {task}
    house.hold.set()
    await task
    assert (house.read, house.roster.running) == ([(A, 7.0)], set())
    await house.follow()
    await run(8.0)
    assert house.read == [(A, 7.0)]


async def test_a_pass_that_breaks_shows_at_its_target(house: House, job) -> None:
    """An error that nobody expected makes the target down with a hint, and goes on to the schedule's log."""
    await house.follow(job(A.instance))
    with pytest.raises(ValueError, match="nobody expected"):
        await house.slots.jobs[str(A)][1](13)
    watched = house.fleet.targets[A]
    assert watched.up is False
    assert watched.last_error.startswith("leakdog itself failed, see its log")
    assert house.roster.running == set()


async def test_the_first_of_two_jobs_has_a_target_that_both_name(house: House, job) -> None:
    """One key is one target."""
    await house.follow(job(A.instance, memory_limit=1), replace(job(A.instance), memory_limit=2))
    assert house.fleet.targets[A].job.memory_limit == 1


async def test_the_leak_of_a_target_that_is_gone_stays_listed_until_it_has_aged(house: House, job) -> None:
    """Its last profiles are kept, it is there for whoever asks, and is the target's again when that comes back."""
    await house.follow(job(A.instance))
    leak = Leak("9f1c", A, Signal.RSS, LeakClass.NATIVE, LeakState.PENDING, 950.0, 990.0, pending_since=980.0)
    house.fleet.targets[A].leaks[leak.leak_class] = leak
    await house.follow()
    (gone,) = house.fleet.leaks()
    assert (gone.id, gone.state, gone.process_ended) == ("9f1c", LeakState.RESOLVED, 1000.0)
    assert gone.reasons == (UNWATCHED,)  # it may run on
    assert house.kept == [gone]
    house.fleet.forget(before=1000.0)
    assert house.fleet.leaks() == [gone]
    await house.follow(job(A.instance))
    assert (list(house.fleet.targets[A].leaks.values()), house.fleet.departed) == ([gone], {})
    await house.follow()
    house.fleet.forget(before=1000.5)
    assert house.fleet.leaks() == []


async def test_a_process_that_died_while_nobody_watched_leaves_its_leak(house: House, job) -> None:
    """What fired when leakdog stopped, and whose target is not found by the next one, does not fire for ever."""
    leaks = [
        Leak("9f1c", A, Signal.RSS, LeakClass.NATIVE, LeakState.FIRING, 950.0, 990.0, pending_since=980.0),
        Leak("0b0c", A, Signal.THREADS, LeakClass.THREADS, LeakState.RESOLVED, 950.0, 990.0, resolved_since=990.0),
        Leak("1d1d", B, Signal.RSS, LeakClass.NATIVE, LeakState.FIRING, 950.0, 990.0, pending_since=980.0),
    ]
    await house.store.put_leaks(leaks)
    await house.memory.load()
    await house.follow(job(B.instance))
    assert {leak.id: (leak.state, leak.process_ended) for leak in house.fleet.leaks()} == {
        "9f1c": (LeakState.RESOLVED, 1000.0),
        "0b0c": (LeakState.RESOLVED, None),
        "1d1d": (LeakState.FIRING, None),
    }
    assert [leak.id for leak in house.kept] == ["9f1c"]
    assert [leak.state for leak in await house.store.leaks()] == [
        LeakState.RESOLVED,
        LeakState.FIRING,
        LeakState.RESOLVED,
    ]


@pytest.mark.parametrize("ends", [False, True])
async def test_a_process_that_runs_on_has_not_ended(house: House, ends: bool) -> None:
    """Its job was taken from the configuration, while leakdog watched it or before it was started again."""
    command = [sys.executable, "-c", "input()"]
    child = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
    own = ScrapeConfig(job_name="own", metrics_path="", pprof_path="", process=ProcessConfig(pid=child.pid))
    await house.follow(own)
    (key,) = house.fleet.targets
    leak = Leak("9f1c", key, Signal.RSS, LeakClass.NATIVE, LeakState.FIRING, 950.0, 990.0, pending_since=980.0)
    house.fleet.targets[key].leaks[leak.leak_class] = leak
    if ends:
        await child.communicate(b"\n")
    await house.follow()
    again = House(house.store)
    await again.store.put_leaks([leak])
    await again.memory.load()
    await again.follow()
    await child.communicate(b"\n")
    assert [gone.reasons for each in (house, again) for gone in each.fleet.leaks()] == [
        () if ends else (UNWATCHED,)
    ] * 2


async def test_processes_that_cannot_be_looked_for_are_watched_on(
    house: House, job, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As where leakdog has too many files open: it is told, and the rest of the configuration is followed."""
    me = ProcessConfig(pid=os.getpid())
    mixed = replace(job(A.instance), process=me)
    await house.follow(mixed)
    before = set(house.fleet.targets)
    assert len(before) == 2

    def refused(wanted: object) -> list[tuple[int, str]]:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("leakdog.discover.matching", refused)
    await house.follow(mixed, replace(job(B.instance), job_name="other"))
    assert set(house.fleet.targets) == before | {TargetKey("other", B.instance)}
    assert "the processes of job shop are not looked for: [Errno 24] Too many open files" in caplog.text


async def test_what_was_looked_for_before_a_reload_changes_nothing_after_it(
    house: House, job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that is slow ends before the new configuration is followed, whose target stays."""
    reloaded = threading.Event()

    def slow(asked: ScrapeConfig) -> list[Target]:
        if len(asked.static_configs[0].targets) == 1:
            reloaded.wait(0.2)
        return discover(asked)

    monkeypatch.setattr("leakdog.daemon.roster.discover", slow)
    looking = asyncio.create_task(house.follow(job(A.instance)))
    await asyncio.sleep(0)
    await house.follow(job(A.instance, B.instance))
    reloaded.set()
    await looking
    assert set(house.fleet.targets) == {A, B}


async def test_only_so_many_targets_that_are_gone_are_remembered(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those whose leaks ended last."""
    monkeypatch.setattr("leakdog.pipeline.state.MOST_DEPARTED", 2)
    for time in (30.0, 10.0, 20.0):
        key = TargetKey("shop", str(time))
        house.fleet.depart(key, [Leak("a", key, Signal.RSS, LeakClass.NATIVE, LeakState.RESOLVED, 0.0, time)])
    assert [key.instance for key in house.fleet.departed] == ["30.0", "20.0"]
