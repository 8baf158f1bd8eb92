"""The engine against programs that leak and programs that only look as if they did, two minutes each."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from leakdog.detect import sight
from leakdog.detect.conclude import Context, compose
from leakdog.detect.engine import assess, look_at, verdicts
from leakdog.detect.evidence import Evidence
from leakdog.detect.examine import examine
from leakdog.detect.group import Group
from leakdog.detect.score import learned
from leakdog.detect.settings import PRODUCTION, SOAK, Look
from leakdog.model import Assessment, Signal, Verdict

Watch = Callable[..., list[Assessment]]
Array = np.ndarray
MIB = float(1 << 20)
SECONDS = np.arange(124.0)
HOURS = np.arange(0, 14 * 24, 1 / 12)


def saw(live: Array, rng: np.random.Generator) -> Array:
    """A heap with garbage: 10 MiB more each second, collected when there is as much of it as is live."""
    out, garbage = [], 0.0
    for each in live:
        garbage += 10 * MIB * rng.uniform(0.8, 1.2)
        garbage = garbage if garbage < each else rng.uniform(0, 0.1) * each
        out.append(each + garbage)
    return np.array(out)


def triangle(period: float = 80.0) -> Array:
    """Load: up for half the period, then down."""
    return 1 - np.abs(SECONDS % period / (period / 2) - 1)


LEAKING: dict[str, Callable[[np.random.Generator], Array]] = {
    "slow": lambda rng: 6 * MIB + MIB * SECONDS / 60 + 0.01 * MIB * rng.standard_normal(124),
    "4 % of a large level a minute": lambda rng: 1000 * MIB * (1 + 0.04 * SECONDS / 60) + MIB * rng.random(124),
    "without any noise": lambda _: 6 * MIB + 0.4 * MIB * SECONDS,
    "noisy": lambda rng: 40 * MIB + 0.3 * MIB * SECONDS + MIB * rng.standard_normal(124),
    "doubling": lambda _: 5 * MIB * 2 ** (np.minimum(SECONDS, 90) / 10),
    "stairs": lambda rng: 6 * MIB + 2 * MIB * np.searchsorted(np.cumsum(rng.uniform(3, 8, 60)), SECONDS),
    "accelerating": lambda _: 6 * MIB + 0.004 * MIB * SECONDS**2,
    "stuttering": lambda _: 6 * MIB + 0.5 * MIB * np.cumsum(SECONDS % 15 < 6),
    "late": lambda rng: 20 * MIB + 0.4 * MIB * np.maximum(SECONDS - 30, 0) + 0.1 * MIB * rng.standard_normal(124),
    "with readings missing": lambda rng: np.where(rng.random(124) < 0.2, math.nan, 6 * MIB + 0.3 * MIB * SECONDS),
}
HEALTHY: dict[str, Callable[[np.random.Generator], Array]] = {
    "constant": lambda _: np.full(124, 5 * MIB),
    "noise": lambda rng: 40 * MIB + MIB * rng.standard_normal(124),
    "cache full at 20 s": lambda _: 5 * MIB + 20 * MIB * np.minimum(SECONDS / 20, 1),
    "cache full at 45 s": lambda rng: 5 * MIB + 20 * MIB * np.minimum(SECONDS / 45, 1) + MIB / 50 * rng.random(124),
    "saturating warm-up": lambda _: 5 * MIB + 40 * MIB * (1 - np.exp(-SECONDS / 15)),
    "warm-up like a logarithm": lambda _: 5 * MIB + 10 * MIB * np.log1p(SECONDS / 5),
    "pool of 25 s": lambda _: 16 * MIB - 8 * MIB * np.cos(2 * np.pi * SECONDS / 25),
    "pool of 40 s": lambda _: 16 * MIB - 8 * MIB * np.cos(2 * np.pi * SECONDS / 40),
    "batch": lambda _: 5 * MIB + 24 * MIB * np.where(SECONDS % 30 < 6, SECONDS % 30 / 6, 0),
    "a step": lambda _: 10 * MIB + np.where(SECONDS > 55, 8 * MIB, 0),
    "churn": lambda rng: saw(np.full(124, 40 * MIB), rng),
    "high water": lambda rng: np.maximum.accumulate(50 * MIB + 1.5 * MIB * rng.standard_t(3, 124).clip(-3, 6)),
    "random walk": lambda rng: 50 * MIB + 0.3 * MIB * np.cumsum(rng.standard_normal(124)),
}


def leak_times(found: list[Assessment]) -> list[float]:
    """Seconds into the run at which the verdict was leak."""
    return [each.time - found[0].time for each in found if each.verdict is Verdict.LEAK]


def fires(found: list[Assessment]) -> bool:
    """Whether the verdict leak holds for the hold time."""
    held = 0
    for each in found:
        held = held + 1 if each.verdict is Verdict.LEAK else 0
        if held > SOAK.hold_seconds:
            return True
    return False


@pytest.mark.parametrize("kind", LEAKING)
def test_a_leak_is_found_within_the_soak_run(watch: Watch, rng: np.random.Generator, kind: str) -> None:
    """Found not before 55 s, after at most 85 s, and for long enough to fire."""
    found = watch(LEAKING[kind](rng), SOAK)
    times = leak_times(found)
    assert times, kind
    assert 55 <= times[0] <= 85
    assert fires(found)


@pytest.mark.parametrize("kind", HEALTHY)
def test_a_healthy_program_never_fires(watch: Watch, rng: np.random.Generator, kind: str) -> None:
    """In two minutes the verdict leak never stands for the hold time."""
    assert not fires(watch(HEALTHY[kind](rng), SOAK))


def test_garbage_that_is_not_yet_collected_is_no_leak(watch: Watch) -> None:
    """What a program that idles allocates for its metrics page grows for minutes; if it is alive, it is a leak."""
    values = 0.8 * MIB + MIB / 64 * SECONDS
    assert leak_times(watch(values, SOAK, signal=Signal.HEAP_ALLOC)) == []
    assert fires(watch(values, SOAK, signal=Signal.INUSE_SPACE))


def test_it_is_told_whether_the_growth_counts(watch: Watch, rng: np.random.Generator) -> None:
    """Growth below `min_growth_count` does not, as the reason says; that of a leak does, and so does a step."""
    few = watch(5 + 0.02 * SECONDS, SOAK, signal=Signal.OPEN_FILES)[-1]
    assert few.growth_per_second == pytest.approx(0.02, rel=0.05)
    assert (few.verdict, few.counts) == (Verdict.STEADY, False)
    assert "that count" in few.reasons[0]
    leak = watch(LEAKING["slow"](rng), SOAK)[-1]
    assert (leak.verdict, leak.counts) == (Verdict.LEAK, True)
    step = watch(10 * MIB + np.where(SECONDS > 90, 80 * MIB, 0), SOAK)[-1]
    assert (step.verdict, step.counts) == (Verdict.STEADY, "that count" not in step.reasons[0])


@pytest.mark.parametrize("rate", [0.5, 1.0, 95 / 60])
def test_counts_may_leak_slower_than_bytes(watch: Watch, rate: float) -> None:
    """Half a goroutine a second, or a hundred files in a minute, are found."""
    times = leak_times(watch(np.round(5 + rate * SECONDS), SOAK, signal=Signal.GOROUTINES))
    assert times
    assert times[0] < 80


def test_growth_with_load_is_load(watch: Watch, rng: np.random.Generator) -> None:
    """Memory that follows load up is called load while it climbs, and never a leak."""
    load = 1e6 + 5e7 * triangle(200) * (1 + 0.02 * rng.standard_normal(124))
    found = watch(8 * MIB + 40 * MIB * triangle(200), SOAK, load=load)
    assert leak_times(found) == []
    assert found[95].verdict is Verdict.LOAD
    assert "as load did" in found[95].reasons[0]


def test_a_leak_under_changing_load_is_found(watch: Watch, rng: np.random.Generator) -> None:
    """Growth beside load is not taken for load."""
    load = 1e6 + 5e7 * triangle() * (1 + 0.05 * rng.standard_normal(124))
    found = watch(8 * MIB + 20 * MIB * triangle() + 0.4 * MIB * SECONDS, SOAK, load=load)
    assert found[-1].verdict is Verdict.LEAK


def test_a_leak_is_told_in_numbers(watch: Watch) -> None:
    """Growth, its interval, the onset and the time to the limit are those of the series."""
    leak = watch(20 * MIB + 0.5 * MIB * np.maximum(SECONDS - 30, 0), SOAK, limit=200 * MIB)[-1]
    assert leak.growth_per_second == pytest.approx(0.5 * MIB, rel=0.05)
    assert leak.interval is not None
    assert leak.interval[0] <= 0.5 * MIB * 1.01
    assert leak.onset is not None
    assert leak.onset == pytest.approx(leak.time - 93, abs=6)
    left = (200 - 20 - 0.5 * 93) * 2
    assert leak.time_to_limit_seconds == pytest.approx(left, rel=0.1)
    assert leak.time_to_limit_interval is not None
    assert leak.time_to_limit_interval[0] <= leak.time_to_limit_seconds <= leak.time_to_limit_interval[1]


@pytest.mark.parametrize("number", [0, len(PRODUCTION.looks) - 1])
def test_a_forecast_is_as_wide_as_those_of_its_kind_of_look_back_were_off(number: int) -> None:
    """The interval for the time to the limit is that of urgent look-backs in one, and of slow ones in another."""
    look: Look = PRODUCTION.looks[number]
    numbers = {each.name: 1.0 for each in fields(Evidence)} | {"growth": 2.0, "error": 0.1, "level": 600.0}
    context = Context(
        Signal.RSS, 1000.0, 7200.0, PRODUCTION, 0.0, lambda _: np.full(9, np.nan), lambda _: math.inf, 0.0, 0.0
    )
    found = compose([(look, numbers)], context)
    spread = (learned().urgent if look.urgent else learned().steady).spread
    assert found.time_to_limit_interval == spread.around(200.0, PRODUCTION.levels[-1].block_seconds)
    assert learned().urgent.spread.around(200.0, 3600.0) != learned().steady.spread.around(200.0, 3600.0)


def test_when_growth_began_is_told_of_the_newest_blocks(rng: np.random.Generator) -> None:
    """What is kept of it between two blocks is what would be worked out anew, over blocks and over a restart."""
    hours = np.arange(0, 8 * 24, 0.5)
    values = 1e9 * (1 + 0.01 * np.maximum(hours - 48, 0) + 0.1 * rng.standard_normal(len(hours)))
    group, told = Group(PRODUCTION, 1), []
    for hour, value in zip(hours, values, strict=True):
        now = 1.75e9 + 3600 * hour
        group.observe(now, [value], life_start=1.7e9 if hour < 96 else 1.75e9 + 96 * 3600, load=None)
        found = assess(group, [Signal.RSS], [None], now)[0]
        group.found.onsets.clear()
        assert assess(group, [Signal.RSS], [None], now)[0].onset == found.onset
        told.append(found.onset)
    assert len({*told} - {None}) == 3


def test_of_what_is_read_seldom_a_verdict_is_expected_when_it_comes() -> None:
    """A signal that is read with every tenth of the others waits for a look-back of its own, in the next life too.

    Until it is read in that, its first reading is expected in as long as there is between two.
    """
    group, said = Group(SOAK, 2), []
    for number in range(600):
        now, life_start = 2.0 * number, -1.0 if number < 295 else 589.0
        group.observe(now, [5e6, 5.0 if number % 10 == 0 else math.nan], life_start=life_start, load=None)
        said.append(assess(group, [Signal.RSS, Signal.GOROUTINES_LEAKED], [None, None], now)[1])
    for start, end in ((20, 295), (295, 600)):
        early = [each for each in said[start:end] if each.verdict is Verdict.TOO_EARLY]
        assert said[end - 1].verdict is Verdict.STEADY
        assert {each.ready_at for each in early} <= set(np.arange(early[-1].time - 10, early[-1].time + 25))


def test_what_is_read_too_seldom_for_any_look_back_expects_no_verdict(watch: Watch) -> None:
    """It is said so, instead of a time that passes again and again."""
    found = watch([5.0] * 9, SOAK, step=600.0)[-1]
    assert (found.verdict, found.ready_at) == (Verdict.TOO_EARLY, None)
    assert found.reasons == ("too early to say: it is read too seldom for a verdict; a shorter interval brings one",)


def test_an_urgent_look_back_alone_is_not_blind() -> None:
    """It tells no verdict, but growth it would have seen: too early, and not as if nothing could be read."""
    context = Context(
        Signal.RSS, None, 7200.0, PRODUCTION, 0.0, lambda _: np.full(9, np.nan), lambda _: math.inf, 0.0, 0.0
    )
    urgent = next(look for look in PRODUCTION.looks if look.urgent)
    for found in ([], [(urgent, dict.fromkeys((each.name for each in fields(Evidence)), 0.0))]):
        told = compose(found, context)
        assert (told.verdict, told.blind) == (Verdict.TOO_EARLY, not found)


def test_a_leak_is_told_in_words(watch: Watch) -> None:
    """The reasons name the rise, the rate, its interval, the shape and the certainty."""
    reasons = " ".join(watch(20 * MIB + 0.5 * MIB * SECONDS, SOAK)[-1].reasons)
    for part in ("grew 4", "512 KiB/s (90% interval", "7 of 7", "it goes on: 2", "standard errors"):
        assert part in reasons


def test_at_first_it_is_too_early_and_it_is_said_when_not(watch: Watch) -> None:
    """Ten readings are no verdict, but tell when there will be one, and then there is."""
    found = watch(np.full(124, 5 * MIB), SOAK)
    early = found[9]
    assert early.verdict is Verdict.TOO_EARLY
    assert early.ready_at is not None
    assert early.blind
    first = next(each for each in found if each.verdict is not Verdict.TOO_EARLY)
    assert not first.blind
    assert early.ready_at == pytest.approx(first.time, abs=4)


def test_assessing_again_changes_nothing() -> None:
    """Between two readings the verdict stands."""
    group = Group(SOAK, 1)
    for second in SECONDS:
        group.observe(1e9 + second, [5 * MIB + 0.4 * MIB * second], life_start=1e9 - 5, load=None)
    once = assess(group, [Signal.RSS], [None], 1e9 + 123)
    assert assess(group, [Signal.RSS], [None], 1e9 + 123) == once


def test_series_are_judged_alike_together_and_alone(rng: np.random.Generator) -> None:
    """The assessment of a series does not depend on which others are read and assessed with it."""
    series = [kind(rng) for kind in (*LEAKING.values(), *HEALTHY.values())]
    count = len(series)
    whole, single = Group(SOAK, count), [Group(SOAK, 1) for _ in series]
    for second, values in zip(SECONDS, np.transpose(series), strict=True):
        whole.observe(1e9 + second, values, life_start=1e9 - 5, load=None)
        for group, value in zip(single, values, strict=True):
            group.observe(1e9 + second, [value], life_start=1e9 - 5, load=None)
    together = assess(whole, [Signal.RSS] * count, [None] * count, 1e9 + 123)
    alone = [assess(group, [Signal.RSS], [None], 1e9 + 123)[0] for group in single]
    assert [each.verdict for each in together] == [each.verdict for each in alone]
    assert verdicts(whole) == [each.verdict for each in together]
    for one, other in zip(together, alone, strict=True):
        assert one.growth_per_second == pytest.approx(other.growth_per_second, rel=1e-6, abs=1e-3)


def test_growth_that_slows_down_is_told_though_no_hard_limit_would_let_it_leak(rng: np.random.Generator) -> None:
    """How many of its steps rise is asked of a leak alone: with a limit that nothing passes a cache still settles."""
    group, seen = Group(replace(SOAK, rising_least=2.0), 2), set()
    for second in SECONDS:
        filling = 26 * MIB - 20 * MIB * math.exp(-max(second - 10, 0) / 25) + 0.3 * MIB * rng.standard_normal()
        group.observe(1e9 + second, [filling, 6 * MIB + 0.4 * MIB * second], life_start=1e9 - 15, load=None)
        look_at(group, [Signal.INUSE_SPACE] * 2, [None] * 2, 1e9 + second)
        seen |= {*enumerate(verdicts(group))}
    assert (0, Verdict.SETTLING) in seen
    assert Verdict.LEAK not in {verdict for _, verdict in seen}


def test_verdicts_are_those_of_now(rng: np.random.Generator) -> None:
    """They are kept while nothing is found anew, and no longer: at each reading they are those of the assessments."""
    series = np.transpose([LEAKING["noisy"](rng), HEALTHY["noise"](rng), HEALTHY["cache full at 45 s"](rng)])
    group, seen = Group(SOAK, 3), set()
    for second, values in zip(SECONDS, series, strict=True):
        group.observe(1e9 + second, values, life_start=1e9 - 5, load=None)
        said = assess(group, [Signal.RSS] * 3, [None] * 3, 1e9 + second)
        assert all(one is each.verdict for one, each in zip(verdicts(group), said, strict=True))
        seen |= {*verdicts(group)}
    assert {Verdict.TOO_EARLY, Verdict.LEAK, Verdict.STEADY} <= seen
    group.arrange([2, -1])
    assert len(verdicts(group)) == 2
    assert verdicts(group)[1] is Verdict.TOO_EARLY


def test_no_series_is_no_assessment() -> None:
    """A group without series gives an empty list."""
    assert assess(Group(SOAK, 0), [], [], 0.0) == []


def test_a_leak_over_days_is_found_in_production(watch: Watch, rng: np.random.Generator) -> None:
    """1 % of the level an hour, with noise and a daily rhythm, is found within four days of its onset."""
    daily = 1 + 0.1 * np.sin(2 * np.pi * HOURS / 24)
    values = 1e9 * (daily + 0.01 * np.maximum(HOURS - 72, 0) + 0.01 * rng.standard_normal(len(HOURS)))
    found = watch(values[: 8 * 288], PRODUCTION, step=300.0, age=1e6, every=12)
    times = [time / 3600 for time in leak_times(found)]
    assert times
    assert 72 < times[0] < 72 + 96
    leak = found[-1]
    assert leak.growth_per_second == pytest.approx(1e7 / 3600, rel=0.1)
    assert leak.onset == pytest.approx(found[0].time + 72 * 3600, abs=12 * 3600)


def test_a_daily_rhythm_is_no_leak_in_production(watch: Watch, rng: np.random.Generator) -> None:
    """A level that swings by half each day stays unsuspected for ten days."""
    daily = 1 + 0.25 * np.sin(2 * np.pi * HOURS / 24 + 1)
    values = 1e9 * (daily + 0.01 * rng.standard_normal(len(HOURS)))
    assert leak_times(watch(values[: 10 * 288], PRODUCTION, step=300.0, age=1e6, every=12)) == []


def test_a_fast_leak_is_announced_in_time(watch: Watch, rng: np.random.Generator) -> None:
    """Of an hour that is left to the limit, less than two thirds are gone when it is announced."""
    minutes = np.arange(0, 8 * 60, 0.5)
    values = 1e9 * (1 + 2.0 * np.maximum(minutes - 400, 0) / 60 + 0.01 * rng.standard_normal(len(minutes)))
    found = watch(values, PRODUCTION, step=30.0, age=1e6, limit=3e9, every=2)
    times = [time / 60 for time in leak_times(found)]
    assert times
    assert 400 < times[0] < 440


def test_what_is_left_alone_has_nothing_to_tell(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    """Series that urgent looks leave alone by their lowest and highest blocks are told as if they had been examined."""
    minutes = np.arange(0, 6 * 60, 0.5)
    noise = 1 + 0.01 * rng.standard_normal((5, len(minutes)))
    climbs = np.array([0.0, 0.1, 0.25, 0.6, 1.0])[:, None] * np.clip((minutes - 250) / 60, 0, 1)
    values = 1e9 * (noise + climbs)
    values[0, 600:640] = math.nan
    limits = [2e9, 2e9, 2e9, 2e9, None]
    examined: list[int] = []

    def watched() -> Group:
        group = Group(PRODUCTION, 5)
        for number, minute in enumerate(minutes):
            now = 1.75e9 + 60 * minute
            group.observe(now, values[:, number], life_start=1e9, load=None)
            look_at(group, [Signal.RSS] * 5, limits, now)
        return group

    def counted(look: Look, *others: Any) -> Evidence:
        examined[-1] += len(others[-1]) * look.urgent
        return examine(look, *others)

    monkeypatch.setattr(sight, "examine", counted)
    found = []
    for every in (False, True):
        if every:
            monkeypatch.setattr(sight.Sight, "restless", lambda _sight, _number, rows: rows)
        examined.append(0)
        found.append(watched().found)
    numbers = [[cells and cells.read() for cells in each._numbers] for each in found]
    pairs = [pair for pair in zip(*numbers, strict=True) if pair[0] is not None]
    assert pairs
    assert all(np.array_equal(one, other, equal_nan=True) for one, other in pairs)
    assert np.array_equal(found[0].flags(), found[1].flags())
    assert np.array_equal(found[0].ends, found[1].ends)
    assert 0 < examined[0] < examined[1] / 3
