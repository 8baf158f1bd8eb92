"""Slots follow from the clock and the name alone; runs never overlap; a clock that jumps costs nothing."""

import asyncio
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.schedule import PhaseTrigger, Schedule, phase


def at(seconds: float) -> datetime:
    """A moment as APScheduler hands it over."""
    return datetime.fromtimestamp(seconds, UTC)


@given(st.text(max_size=40), st.floats(0.1, 86400))
def test_phase_lies_inside_the_interval(name: str, interval: float) -> None:
    """Every name has a phase from zero up to, not including, the interval, and always the same one."""
    assert 0 <= phase(name, interval) < interval
    assert phase(name, interval) == phase(name, interval)


def test_phases_spread_over_the_interval() -> None:
    """A thousand targets put between 60 and 140 into each tenth of the interval."""
    tenths = [0] * 10
    for number in range(1000):
        tenths[int(phase(f"job/host{number}:6060", 60) // 6)] += 1
    assert all(60 < tenth < 140 for tenth in tenths), tenths


@given(st.floats(1.0, 3600.0), st.floats(0, 1), st.floats(1e9, 3e9))
def test_next_slot_is_after_now_and_within_one_interval(interval: float, share: float, now: float) -> None:
    """The next slot is never now or before, and never further away than one interval."""
    trigger = PhaseTrigger(interval, share * interval)
    slot = trigger.get_next_fire_time(None, at(now)).timestamp()
    assert 0 < slot - now <= interval + 2e-5


def test_slots_are_apart_by_the_interval() -> None:
    """From one slot to the next is one interval, whether the timer rings on time, early or late."""
    trigger = PhaseTrigger(60, 7)
    assert trigger.get_next_fire_time(at(1_000_027), at(1_000_027)) == at(1_000_087)
    assert trigger.get_next_fire_time(at(1_000_027), at(1_000_026.999)) == at(1_000_087)
    assert trigger.get_next_fire_time(at(1_000_027), at(1_000_050)) == at(1_000_087)


def test_slot_at_is_the_slot_that_has_begun() -> None:
    """The slot of a moment is the latest one not after it."""
    trigger = PhaseTrigger(60, 7)
    assert trigger.slot_at(1_000_027) == 1_000_027
    assert trigger.slot_at(1_000_086.9) == 1_000_027


def test_a_clock_that_jumps_ahead_by_174_years_leaves_no_backlog() -> None:
    """One slot follows the jump, found at once."""
    trigger = PhaseTrigger(1, 0.5)
    began = time.perf_counter()
    slot = trigger.get_next_fire_time(at(1e9), at(1e9 + 174 * 31557600))
    assert slot == at(1e9 + 174 * 31557600 + 0.5)
    assert time.perf_counter() - began < 0.1


async def test_a_run_never_overlaps_itself_and_the_missed_slots_are_counted() -> None:
    """While one run goes on for several slots, no other of the same name begins, and each missed slot is told."""
    skipped: list[str] = []
    running = most = runs = 0

    async def slow(slot: float) -> None:
        nonlocal running, most, runs
        running += 1
        runs += 1
        most = max(most, running)
        await asyncio.sleep(0.35)
        running -= 1

    schedule = Schedule(skipped.append)
    schedule.put("slow", 0.1, slow)
    schedule.start()
    await asyncio.sleep(1.0)
    schedule.stop()
    assert most == 1
    assert 2 <= runs <= 4
    assert skipped.count("overlap") >= 3


async def test_a_slow_target_delays_no_other() -> None:
    """A job that hangs does not keep another from its slots."""
    ran: list[float] = []

    async def hang(slot: float) -> None:
        await asyncio.sleep(30)

    async def quick(slot: float) -> None:
        ran.append(slot)

    schedule = Schedule(lambda why: None)
    schedule.put("hang", 0.1, hang)
    schedule.put("quick", 0.1, quick)
    schedule.start()
    await asyncio.sleep(0.75)
    schedule.stop()
    assert len(ran) >= 5
    assert len(set(ran)) == len(ran)


async def test_putting_a_name_again_replaces_its_job() -> None:
    """A changed interval takes the place of the old one; a removed name runs no more."""
    schedule = Schedule(lambda why: None)

    async def nothing(slot: float) -> None:
        """Do nothing."""

    schedule.start()
    schedule.put("a", 60, nothing)
    schedule.put("a", 30, nothing)
    assert schedule.names() == {"a"}
    schedule.remove("a")
    assert schedule.names() == set()
    schedule.stop()


async def test_a_clock_set_back_does_not_stop_the_scrapes(monkeypatch) -> None:
    """After the wall clock is set back by an hour, the next slot comes within seconds, not after an hour."""
    real = time.time
    shift = 0.0
    monkeypatch.setattr("leakdog.schedule.time.time", lambda: real() + shift)
    monkeypatch.setattr("leakdog.schedule.GUARD_SECONDS", 0.05)
    rescheduled: list[str] = []
    schedule = Schedule(lambda why: None)

    async def nothing(slot: float) -> None:
        """Do nothing."""

    schedule.put("a", 60, nothing)
    schedule.start()
    (job,) = schedule._scheduler.get_jobs()
    monkeypatch.setattr(type(job), "reschedule", lambda self, trigger: rescheduled.append(self.id))
    await asyncio.sleep(0.12)
    assert rescheduled == []
    shift = -3600.0
    await asyncio.sleep(0.12)
    schedule.stop()
    assert rescheduled == ["a"]


async def test_a_run_under_way_outlives_the_stop() -> None:
    """After `stop` a run goes on to its end; who started it may give it time before it cancels it."""
    began, done = asyncio.Event(), asyncio.Event()

    async def job(slot: float) -> None:
        began.set()
        await asyncio.sleep(0.1)
        done.set()

    schedule = Schedule(lambda why: None)
    schedule.start()
    schedule.put("a", 0.2, job)
    await asyncio.wait_for(began.wait(), 5)
    schedule.stop()
    await asyncio.wait_for(done.wait(), 5)


async def test_a_run_that_is_cancelled_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """A run that fails is logged with its traceback; one that its owner cancels is not."""
    tasks: list[asyncio.Task[None]] = []

    async def job(slot: float) -> None:
        tasks.append(asyncio.current_task())
        if len(tasks) > 1:
            raise ValueError("broken")
        await asyncio.sleep(60)

    schedule = Schedule(lambda why: None)
    schedule.start()
    schedule.put("a", 0.2, job)
    while not tasks:
        await asyncio.sleep(0.02)
    tasks[0].cancel()
    await asyncio.wait(tasks)
    assert not caplog.records
    while len(tasks) < 2:
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.05)
    schedule.stop()
    assert "the job a ended with an error that nobody expected" in caplog.text
