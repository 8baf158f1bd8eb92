"""From numbers to leaks, without a pass around them."""

import math
from dataclasses import replace

import numpy as np
import pytest

from leakdog.attribute.blocked import Blocked
from leakdog.attribute.tally import Tally
from leakdog.config.schema import DetectionConfig, Preset
from leakdog.detect.settings import settings_for
from leakdog.model import Culprit, Frame, Leak, LeakClass, LeakState, Life, Signal, TargetKey, Verdict
from leakdog.pipeline.judge import begin_life, end_leaks, growth_together, judge, observe
from leakdog.pipeline.state import Fleet, Watched

SETTINGS = settings_for(DetectionConfig(preset=Preset.SOAK))
START = 10_000.0
PUT = Culprit("5b0c", Frame("shop.Put", "", 0), 0.9, 1.0, ())


@pytest.fixture
def fresh(watched: Watched) -> Watched:
    """The target at the begin of a life."""
    begin_life(watched, Life(START, START), START, SETTINGS)
    return watched


def feed(watched: Watched, values: dict[Signal, list[float]]) -> list[tuple[float, LeakClass, LeakState]]:
    """One value of each signal a second; every change of state with its second."""
    changes = []
    for second, row in enumerate(zip(*values.values(), strict=True)):
        now = START + second
        observe(watched, dict(zip(values, row, strict=True)), now, SETTINGS, {})
        changes += [(float(second), leak.leak_class, leak.state) for leak in judge(watched, now, SETTINGS)]
    return changes


def test_a_reload_of_another_hold_time_keeps_what_is_known(fresh: Watched) -> None:
    """Series go on under settings of the same time scale: growth already seen is judged by the new ones."""
    feed(fresh, {Signal.INUSE_SPACE: growing(60, 1e6)})
    known = fresh.series.to_bytes()
    changed = replace(SETTINGS, hold_seconds=1.0)
    observe(fresh, {}, START + 60, changed, {})
    assert fresh.series.group is not None
    assert (fresh.series.to_bytes(), fresh.series.group.settings) == (known, changed)


def test_a_reload_of_another_preset_starts_series_afresh(fresh: Watched) -> None:
    """What was kept on another time scale is of no use, and does not break the passes that follow."""
    feed(fresh, {Signal.INUSE_SPACE: growing(30, 1e6), Signal.GOROUTINES: growing(30, 1.0, 10)})
    production = settings_for(DetectionConfig())
    observe(fresh, {Signal.INUSE_SPACE: 5e7}, START + 30, production, {})
    assert fresh.series.group is not None
    assert (fresh.series.told, fresh.series.group.settings) == ([Signal.INUSE_SPACE], production)
    assert judge(fresh, START + 200, production) == []
    assert fresh.assessments[Signal.INUSE_SPACE].verdict is Verdict.TOO_EARLY


def growing(seconds: int, rate: float, level: float = 5e7) -> list[float]:
    """A straight line."""
    return [level + rate * second for second in range(seconds)]


def test_a_leak_goes_from_pending_to_firing_to_resolved(fresh: Watched) -> None:
    """Growth is pending first, fires after the hold time, and resolves some time after it has ended."""
    heap = growing(120, 1e6)
    changes = feed(fresh, {Signal.INUSE_SPACE: heap + [heap[-1]] * 200})
    assert [(leak_class, state) for _, leak_class, state in changes] == [
        (LeakClass.HEAP, LeakState.PENDING),
        (LeakClass.HEAP, LeakState.FIRING),
        (LeakClass.HEAP, LeakState.RESOLVED),
    ]
    (pending, firing, _) = (second for second, _, _ in changes)
    assert firing - pending >= SETTINGS.hold_seconds


def test_growth_that_is_no_leak_is_kept_and_not_announced(fresh: Watched) -> None:
    """A cache that fills is a verdict with its class and reasons, and no leak; with its process it is forgotten."""
    filling = [5e7 + 1e8 * (1 - math.exp(-second / 60)) for second in range(120)]
    assert feed(fresh, {Signal.INUSE_SPACE: filling}) == []
    (found,) = fresh.harmless
    assert (found.leak_class, found.signal, fresh.leaks) == (LeakClass.CACHE, Signal.INUSE_SPACE, {})
    assert "settle near" in " ".join(found.reasons)
    begin_life(fresh, Life(START + 300, START + 300), START + 300, SETTINGS)
    assert fresh.harmless == ()


def test_one_cause_is_one_leak(fresh: Watched) -> None:
    """A heap that leaks makes the process larger: that is told once, as heap."""
    feed(fresh, {Signal.INUSE_SPACE: growing(100, 1e6), Signal.RSS_ANON: growing(100, 1.1e6, 9e7)})
    assert set(fresh.leaks) == {LeakClass.HEAP}


def test_what_grows_is_compared_over_one_span(fresh: Watched) -> None:
    """Where the process leaks, every signal's growth over that look-back is known, of those that are told in it."""
    seconds = 120
    level = [5e7] * seconds
    values = {Signal.RSS_ANON: growing(seconds, 1e6), Signal.SYS: level, Signal.HEAP_RELEASED: growing(seconds, -4e5)}
    feed(fresh, values)
    rates = growth_together(fresh, START + seconds, SETTINGS)
    expected = {Signal.RSS_ANON: 1e6, Signal.SYS: 0.0, Signal.HEAP_RELEASED: -4e5}
    assert rates == pytest.approx(expected, rel=0.05, abs=1)
    (leak,) = fresh.leaks.values()
    assert leak.leak_class is LeakClass.NATIVE
    told = [reason for reason in leak.reasons if "ledger" in reason]
    assert told == ["the ledger of that growth: native memory 60%, other memory of the Go runtime 40%"]


# Of a Go program that leaks goroutines, every two seconds, in MiB: anonymous memory, and what was given back of all
# that Go has. That is 16.7 MiB at first, and 4 MiB more from the 25th reading on.
RESIDENT = """
    6.1 7.4 6.8 8.1 7.9 8.2 8.0 8.4 8.3 8.4 8.7 8.9 8.1 9.0 9.1 9.3 9.5 9.7 9.4 10.1 10.0 9.8 9.5 10.4 10.8 10.2
    10.5 10.8 10.8 10.5 10.8 11.2 11.7 11.6 12.5 11.4 12.8 13.0 13.1 12.0 13.4 13.7 13.9 14.1 13.5 14.6
"""
RELEASED = """
    6.2 5.3 6.1 4.9 4.9 4.5 4.4 4.6 4.5 4.4 4.3 3.9 5.1 3.7 3.5 3.5 3.4 3.2 3.4 3.0 2.6 2.5 3.6 2.2 5.3 6.0 6.0 5.8
    5.6 5.7 5.6 5.2 5.1 5.3 4.2 5.1 4.7 4.7 4.1 4.4 4.3 4.1 3.8 3.6 2.6 2.7
"""


def test_memory_that_go_maps_in_pieces_is_gos(fresh: Watched) -> None:
    """What Go has rises by steps of 4 MiB, and so does what it has given back: their difference is what it uses."""
    classes = set()
    for number, told in enumerate(zip(RESIDENT.split(), RELEASED.split(), strict=True)):
        resident, released = (float(size) * 2**20 for size in told)
        all_of_it = (16.7 if number < 24 else 20.7) * 2**20
        memory = {Signal.RSS_ANON: resident, Signal.SYS: all_of_it, Signal.HEAP_RELEASED: released}
        observe(fresh, {Signal.GOROUTINES: 100.0 + 40 * number, **memory}, START + 2 * number, SETTINGS, {})
        classes |= {leak.leak_class for leak in judge(fresh, START + 2 * number, SETTINGS)}
    assert classes == {LeakClass.GOROUTINE}


@pytest.mark.parametrize(("first", "last"), [(40, 120), (0, 80)])
def test_what_is_told_in_part_of_the_span_shortens_it(fresh: Watched, first: int, last: int) -> None:
    """What the process has grown before or after the runtime told anything is not put down to anybody."""
    memory = [*growing(40, 2e6), *growing(40, 1e6, 5e7 + 40 * 2e6), *growing(40, 2e6, 5e7 + 40 * 3e6)]
    for second, size in enumerate(memory):
        told = {Signal.SYS: size, Signal.HEAP_RELEASED: 0.0} if first <= second < last else {}
        observe(fresh, {Signal.RSS_ANON: size, **told}, START + second, SETTINGS, {})
        judge(fresh, START + second, SETTINGS)
    rates = growth_together(fresh, START + 120, SETTINGS)
    assert rates[Signal.SYS] == pytest.approx(rates[Signal.RSS_ANON])


def test_nothing_is_compared_while_the_process_does_not_leak(fresh: Watched) -> None:
    """A steady process has no span of growth."""
    feed(fresh, {Signal.RSS_ANON: [5e7] * 120, Signal.SYS: growing(120, 1e6)})
    assert growth_together(fresh, START + 120, SETTINGS) == {}


def test_file_pages_do_not_count_where_they_are_known(fresh: Watched) -> None:
    """Where the kernel tells anonymous memory apart, the resident set as a whole is not judged."""
    feed(fresh, {Signal.RSS: growing(100, 1e6), Signal.RSS_ANON: [5e7] * 100})
    assert fresh.series.told == [Signal.RSS_ANON]
    assert fresh.leaks == {}


def test_cumulative_signals_are_not_judged(fresh: Watched) -> None:
    """What can only grow says nothing by growing."""
    feed(fresh, {Signal.TOTAL_ALLOC: growing(100, 1e6), Signal.ALLOC_SPACE: growing(100, 1e6)})
    assert fresh.series.told == []


def test_growth_that_follows_load_is_shown_and_never_announced(fresh: Watched) -> None:
    """With load known, memory in step with it is told as load in the verdict and makes no leak."""
    for second in range(110):
        load = 1e6 * (1 + 4 * min(second, 80) / 80)
        fresh.load = load
        observe(fresh, {Signal.INUSE_SPACE: 2e7 + 20 * load}, START + second, SETTINGS, {})
        judge(fresh, START + second, SETTINGS)
    assert fresh.leaks == {}
    assert fresh.assessments[Signal.INUSE_SPACE].verdict is not Verdict.LEAK


def test_too_many_goroutines_at_one_line_are_a_leak(fresh: Watched) -> None:
    """From the first look on, steady as they are; gone when the last profile no longer shows them."""
    assert feed(fresh, {Signal.GOROUTINES: [30_000.0] * 100}) == []
    fresh.blocked = Blocked(Frame("shop.attend", "pool.go", 42), (), 25_000, 30_000, "chan receive")
    now = START + 200
    observe(fresh, {Signal.GOROUTINES: 30_000.0}, now, SETTINGS, {})
    (leak,) = judge(fresh, now, SETTINGS)
    assert (leak.leak_class, leak.state) == (LeakClass.GOROUTINE, LeakState.PENDING)
    assert "25,000 goroutines are blocked" in leak.reasons[0]
    fresh.blocked = None
    (leak,) = judge(fresh, now + 10, SETTINGS)
    assert leak.state is LeakState.INACTIVE


def test_a_limit_gives_the_time_that_is_left(fresh: Watched) -> None:
    """With a memory limit a leak tells when it is reached."""
    fresh.memory_limit = 2e8
    feed(fresh, {Signal.INUSE_SPACE: growing(100, 1e6)})
    assert fresh.leaks[LeakClass.HEAP].time_to_limit_seconds == pytest.approx(50, abs=8)


@pytest.mark.parametrize(("resident", "left"), [(1.9e8, 81), (0.5e8, 150)])
def test_heap_that_is_not_resident_takes_no_room(fresh: Watched, resident: float, left: float) -> None:
    """What was never written to does not count down. That more is resident than live heap is not told as less room."""
    fresh.memory_limit = 2e8
    for second in range(100):
        fresh.values = {Signal.INUSE_SPACE: 2e7 + 1e6 * second, Signal.RSS: resident}
        observe(fresh, fresh.values, START + second, SETTINGS, {})
        judge(fresh, START + second, SETTINGS)
    assert fresh.leaks[LeakClass.HEAP].time_to_limit_seconds == pytest.approx(left, rel=0.15)


def test_heap_is_not_held_against_what_was_resident_long_ago(fresh: Watched) -> None:
    """The page that told it is gone: the room would stay as it was however much the heap grows."""
    fresh.memory_limit = 2e8
    for second in range(100):
        told = {Signal.INUSE_SPACE: 2e7 + 1e6 * second, **({Signal.RSS: 2e7} if second < 10 else {})}
        fresh.values |= told
        observe(fresh, told, START + second, SETTINGS, {})
        judge(fresh, START + second, SETTINGS)
    assert fresh.leaks[LeakClass.HEAP].time_to_limit_seconds == pytest.approx(81, rel=0.15)


def test_a_life_that_ends_ends_its_leaks(fresh: Watched) -> None:
    """A leak of a process that is gone is resolved at once, also one that is only suspected: it may have died of it."""
    feed(fresh, {Signal.INUSE_SPACE: growing(100, 1e6)})
    fresh.leaks[LeakClass.FILES] = replace(
        fresh.leaks[LeakClass.HEAP], leak_class=LeakClass.FILES, state=LeakState.PENDING
    )
    ended = end_leaks(fresh, START + 101, SETTINGS)
    assert {leak.leak_class: leak.state for leak in ended} == {
        LeakClass.HEAP: LeakState.RESOLVED,
        LeakClass.FILES: LeakState.RESOLVED,
    }
    assert list(fresh.leaks.values()) == ended
    assert {leak.process_ended for leak in ended} == {START + 101}


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (
            1.1e8,
            ["when it was last read, the process had 95.4 MiB of its limit of 105 MiB and may have been killed for it"],
        ),
        (4e8, ["when it was last read, the process had 95.4 MiB of its limit of 381 MiB"]),
        (None, []),
    ],
)
def test_a_process_that_ends_near_its_limit_may_have_been_killed(
    fresh: Watched, limit: float | None, said: list[str]
) -> None:
    """What it had of its limit is told with the leak; nothing where no limit is known."""
    feed(fresh, {Signal.INUSE_SPACE: growing(100, 1e6)})
    told = fresh.leaks[LeakClass.HEAP].reasons
    fresh.values, fresh.memory_limit, fresh.last_success = {Signal.RSS: 1e8}, limit, START + 100
    (ended,) = end_leaks(fresh, START + 101, SETTINGS)
    assert list(ended.reasons) == [*told, *said]


def test_a_new_life_knows_nothing_of_the_old(fresh: Watched) -> None:
    """Values, verdicts, pages that were absent and load are of one life."""
    feed(fresh, {Signal.INUSE_SPACE: growing(30, 1e6)})
    fresh.values, fresh.absent, fresh.load, fresh.local_pid = {Signal.RSS: 1.0}, {"metrics"}, 5.0, 7
    fresh.answered = {"heap": START}
    begin_life(fresh, Life(START + 40, START + 40), START + 40, SETTINGS)
    assert (fresh.values, fresh.absent, fresh.load, fresh.local_pid, fresh.assessments) == ({}, set(), None, None, {})
    assert fresh.answered == {}


def by_site(held: dict[int, float]) -> Tally:
    """A profile in which site `n` is the function `shop.f<n>`."""

    class Named:
        def stack(self, sample: int) -> tuple[Frame, ...]:
            return (Frame(f"shop.f{sample}", "", 0),)

    keys = np.array(sorted(held), np.uint64)
    values = np.array([held[key] for key in sorted(held)], float)
    return Tally(keys, values, float(values.sum()), 1.0, keys.astype(np.intp), Named())  # type: ignore[arg-type]


def test_a_leak_that_only_its_site_shows(fresh: Watched) -> None:
    """A heap that swings too much to be judged still leaks where one of its sites does."""
    rng = np.random.default_rng(3)
    for second in range(200):
        held = {1: 5e8 * rng.uniform(0.5, 1.5), 9: 1e5 * second}
        values = {Signal.INUSE_SPACE: sum(held.values())}
        observe(fresh, values, START + second, SETTINGS, {Signal.INUSE_SPACE: by_site(held)})
        judge(fresh, START + second, SETTINGS)
    assert fresh.assessments[Signal.INUSE_SPACE].verdict is not Verdict.LEAK
    leak = fresh.leaks[LeakClass.HEAP]
    assert (leak.state, leak.growth_per_second) == (LeakState.FIRING, pytest.approx(1e5, rel=0.05))
    assert "shop.f9 alone grows" in " ".join(leak.reasons)


def test_a_leak_that_only_the_objects_of_a_site_show(fresh: Watched) -> None:
    """Buffers of every size leak: found by their number, it is one leak of the heap, told in bytes."""
    rng = np.random.default_rng(5)
    for second in range(200):
        objects = {1: 5e5, 9: 200.0 + second}
        held = {1: 5e8 * rng.uniform(0.5, 1.5), 9: 1e6 * rng.uniform(0.2, 1.8) * objects[9]}
        tallies = {Signal.INUSE_OBJECTS: by_site(objects), Signal.INUSE_SPACE: by_site(held)}
        observe(fresh, {Signal.INUSE_SPACE: sum(held.values())}, START + second, SETTINGS, tallies)
        judge(fresh, START + second, SETTINGS)
    assert not any(site.leaks for site in fresh.sites[Signal.INUSE_SPACE])
    assert set(fresh.leaks) == {LeakClass.HEAP}
    leak = fresh.leaks[LeakClass.HEAP]
    assert (leak.state, leak.signal) == (LeakState.FIRING, Signal.INUSE_SPACE)
    assert leak.growth_per_second == pytest.approx(1e6, rel=0.3)
    assert "shop.f9 alone grows" in " ".join(leak.reasons)
    assert "differ in size" in " ".join(leak.reasons)


def fires_after(fleet: Fleet, watched: Watched) -> float:
    """Seconds from the first suspicion of its heap until it fires, with `shop.Put` named as soon as it is suspected."""
    for second, value in enumerate(growing(200, 1e6)):
        now = START + second
        observe(watched, {Signal.INUSE_SPACE: value}, now, SETTINGS, {})
        judge(watched, now, SETTINGS, fleet.seconded(watched))
        leak = watched.leaks.get(LeakClass.HEAP)
        if leak is not None and leak.state is LeakState.FIRING:
            assert leak.pending_since is not None
            return now - leak.pending_since
        if leak is not None:
            watched.leaks[LeakClass.HEAP] = replace(leak, culprits=(PUT,))
    raise AssertionError("it does not fire")


@pytest.mark.parametrize(
    ("job", "state", "function", "share"),
    [
        ("shop", LeakState.FIRING, "shop.Put", 0.25),
        ("shop", LeakState.FIRING, "shop.Get", 1.0),
        ("shop", LeakState.PENDING, "shop.Put", 1.0),
        ("other", LeakState.FIRING, "shop.Put", 1.0),
    ],
)
def test_a_replica_that_fires_for_the_same_code_speaks_for_it(
    fresh: Watched, job: str, state: LeakState, function: str, share: float
) -> None:
    """A quarter of the hold time is enough then; another job, other code or a mere suspicion say nothing."""
    key = TargetKey(job, "10.0.0.8:6060")
    culprit = replace(PUT, frame=Frame(function, "", 0))
    fires = Leak("a", key, Signal.INUSE_SPACE, LeakClass.HEAP, state, START, START, pending_since=START)
    other = Watched(
        replace(fresh.target, key=key), fresh.job, leaks={LeakClass.HEAP: replace(fires, culprits=(culprit,))}
    )
    fleet = Fleet({fresh.key: fresh, key: other})
    assert fires_after(fleet, fresh) == pytest.approx(share * SETTINGS.hold_seconds, abs=1.0)


def pending(fresh: Watched) -> float:
    """Feed a leak until it is pending; the time of the last reading."""
    for second in range(100):
        observe(fresh, {Signal.INUSE_SPACE: 5e7 + 1e6 * second}, START + second, SETTINGS, {})
        if judge(fresh, START + second, SETTINGS):
            return START + second
    raise AssertionError("no leak was found")


@pytest.mark.parametrize("pause", [20, 30])
def test_a_pending_leak_outlasts_scrapes_that_fail(fresh: Watched, pause: int) -> None:
    """After a pause the look-back has too few readings for a while: that is no sign that growth has ended."""
    last = pending(fresh)
    since = fresh.leaks[LeakClass.HEAP].pending_since
    for second in range(pause, pause + 12):
        observe(fresh, {Signal.INUSE_SPACE: 5e7 + 1e6 * (last - START + second)}, last + second, SETTINGS, {})
        changed = judge(fresh, last + second, SETTINGS)
        assert [leak.state for leak in changed] in ([], [LeakState.FIRING])
    stood = fresh.leaks[LeakClass.HEAP].pending_since
    assert since is not None
    assert stood is not None
    assert since + pause <= stood <= since + pause + 12


def test_a_leak_whose_signal_is_told_no_more_does_not_stay_for_that(fresh: Watched) -> None:
    """Where the target is read and no longer tells the signal, nothing speaks for the leak."""
    last = pending(fresh)
    changed = []
    for second in range(1, 200):
        observe(fresh, {Signal.GOROUTINES: 10.0}, last + second, SETTINGS, {})
        changed += judge(fresh, last + second, SETTINGS)
    assert [leak.state for leak in changed][-1] in (LeakState.INACTIVE, LeakState.RESOLVED)
    assert not fresh.leaks_as(LeakClass.HEAP)
