"""Verdicts on profiles that lie in files."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from leakdog.model import Frame, LeakClass, Signal, Verdict
from leakdog.pprof import DEFAULT_LIMITS, Profile, parse
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType
from leakdog.report.offline import ENOUGH, LEAST, Taken, analyze, unjudged

SPACE, EVER = ValueType("inuse_space", "bytes"), ValueType("alloc_space", "bytes")
GOROUTINES = ValueType("goroutine", "count")
MAIN = Frame("main.main", "main.go", 9)
SHOP = Path(__file__).parents[1] / "attribute" / "shop"


def profile(kind: ValueType = SPACE, *, ever: float | None = None, **sites: float) -> Profile:
    """A profile of these functions with their bytes, or numbers."""
    types = [kind] if ever is None else [EVER, kind]
    builder = Builder(types, DEFAULT_LIMITS)
    for name, value in sites.items():
        where = [builder.location(zlib.crc32(name.encode()), (Frame(f"main.{name}", "shop.go", 7),))]
        where.append(builder.location(1, (MAIN,)))
        builder.sample([int(value)] if ever is None else [int(ever), int(value)], where)
    return builder.build(kind, 1)


def sampled(**sites: int) -> Profile:
    """A profile of so many pages of these functions, which are a sample of 20 KiB each."""
    builder = Builder([ValueType("inuse_objects", "count"), SPACE], DEFAULT_LIMITS)
    for name, pages in sites.items():
        where = [builder.location(zlib.crc32(name.encode()), (Frame(f"main.{name}", "shop.go", 7),))]
        where.append(builder.location(1, (MAIN,)))
        builder.sample([26 * pages, 535_000 * pages], where)
    return builder.build(ValueType("space", "bytes"), 512 << 10)


def run(count: int, growth: float, step: float = 5.0, seed: int = 1, begins: int = 0) -> list[Taken]:
    """Profiles of a heap of 20 MB that breathes by 1 %, beside which one function keeps so much per profile."""
    noise = 1 + 0.01 * np.random.default_rng(seed).standard_normal(count)
    return [
        Taken(str(i), 1.7e9 + i * step, profile(keeps=5e6 + growth * max(0, i - begins), other=2e7 * noise[i]))
        for i in range(count)
    ]


@pytest.mark.parametrize("count", [LEAST, 40, 120])
@pytest.mark.parametrize("step", [0.5, 5.0, 3600.0])
def test_a_leak_is_found_with_its_code_on_any_time_scale(count: int, step: float) -> None:
    """From half a second to an hour between two profiles."""
    (found,) = analyze(run(count, 1e6, step))
    assert found.leak is not None
    assert (found.assessment.verdict, found.leak.leak_class) == (Verdict.LEAK, LeakClass.HEAP)
    assert found.leak.growth_per_second == pytest.approx(1e6 / step, rel=0.2)
    assert found.leak.culprits[0].frame == Frame("main.keeps", "shop.go", 7)


@pytest.mark.parametrize("growth", [1e5, 1e6])
@pytest.mark.parametrize(("count", "begins"), [(120, 0), (400, 0), (1000, 0), (200, 50), (400, 100), (1000, 750)])
def test_a_leak_is_told_from_where_it_began(count: int, begins: int, growth: float) -> None:
    """However long it has gone on: to a few profiles, and never after it was seen."""
    (found,) = analyze(run(count, growth, begins=begins))
    assert found.leak is not None
    assert found.leak.firing_since is not None
    assert found.leak.since == pytest.approx(1.7e9 + 5.0 * begins, abs=5.0 * 4)
    assert found.leak.since < found.leak.firing_since


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("count", [LEAST, 60, 200])
def test_a_heap_that_breathes_is_no_leak(count: int, seed: int) -> None:
    """Whatever the noise."""
    (found,) = analyze(run(count, 0.0, seed=seed))
    assert (found.leak, found.count) == (None, count)
    assert found.assessment.verdict is not Verdict.LEAK


@pytest.mark.parametrize("seed", [488, 704, 1549])
@pytest.mark.parametrize("leak", [0, 1])
def test_a_full_cache_of_which_more_is_sampled_by_chance_does_not_leak(seed: int, leak: int) -> None:
    """A thousand pages, of which 40 are replaced in a second and one of 26 is sampled; what leaks beside them does."""
    seen = np.random.default_rng(seed).random(4880) < 0.0383
    ever, after = np.concatenate([[0], np.cumsum(seen)]), 40 * np.arange(1, 121)
    pages = ever[after] - ever[np.maximum(after - 1000, 0)]
    taken = [Taken(str(i), 1.7e9 + i, sampled(cache=n, keeps=leak * i)) for i, n in enumerate(pages.tolist())]
    (found,) = analyze(taken)
    assert (found.leak is not None) == bool(leak)
    assert ("it may be chance, as memory is sampled" in found.assessment.reasons[0]) != bool(leak)


def test_a_leak_that_is_not_sampled_is_no_chance_where_the_last_profile_dips() -> None:
    """What swings beside it may be low just then, and lower than at first."""
    held = [*(5e6 + 1e6 * i for i in range(59)), 4e6]
    (found,) = analyze([Taken(str(i), 1.7e9 + 60 * i, profile(handles=each)) for i, each in enumerate(held)])
    assert found.leak is not None


@pytest.mark.parametrize(("every", "verdict"), [(10, Verdict.LEAK), (16, Verdict.TOO_EARLY), (24, Verdict.STEADY)])
def test_growth_of_few_samples_is_told_as_what_it_may_be(every: int, verdict: Verdict) -> None:
    """Of nine and more in the time it is judged over a leak, of four and more not yet known, of fewer none."""
    taken = [Taken(str(i), 1.7e9 + i, sampled(cache=40, keeps=1 + i // every)) for i in range(120)]
    found = analyze(taken)
    assert found[0].assessment.verdict is verdict
    assert unjudged(found) == (verdict is Verdict.TOO_EARLY)


def test_a_few_profiles_are_too_few() -> None:
    """How many tell is said."""
    (found,) = analyze(run(LEAST - 1, 1e6))
    assert found.assessment.verdict is Verdict.TOO_EARLY
    assert found.assessment.reasons == ("too early to say: 25 profiles over 2 min; at least 26 tell",)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", range(LEAST, ENOUGH + 8, 4))
def test_what_grows_is_not_called_steady_by_a_few_profiles(count: int, seed: int) -> None:
    """A plain leak of 2 % a profile is found, or it is too early to say, which is no pass; found by enough of them."""
    (found,) = findings = analyze(run(count, 5e5, seed=seed))
    assert (found.leak is not None) is not found.suspected
    assert unjudged(findings) is found.suspected
    if found.suspected:
        assert count <= ENOUGH
        assert found.assessment.verdict is Verdict.TOO_EARLY
        assert found.assessment.reasons[0].endswith(f"{count} profiles do not tell whether that goes on; 48 do")


def test_a_signal_that_grows_is_not_passed_for_another_that_is_steady() -> None:
    """Beside a heap that may leak, steady goroutines make no verdict."""
    still = [Taken(f"g{i}", 1.7e9 + 5 * i, profile(GOROUTINES, serves=20)) for i in range(LEAST)]
    heap, goroutines = findings = analyze([*still, *run(LEAST, 5e5)])
    assert (heap.suspected, goroutines.assessment.verdict) == (True, Verdict.STEADY)
    assert unjudged(findings)
    assert not unjudged([goroutines])


def test_goroutines_are_counted() -> None:
    """Beside the heap, each by itself; the order of the files does not matter."""
    waiting = [Taken(f"g{i}", 1.7e9 + i, profile(GOROUTINES, waits=10 + 5 * i, serves=20)) for i in reversed(range(60))]
    heap, goroutines = analyze([*waiting, *run(60, 0.0)])
    assert (heap.signal, heap.leak) == (Signal.INUSE_SPACE, None)
    assert goroutines.leak is not None
    assert goroutines.leak.culprits[0].frame.function == "main.waits"


def test_a_restart_is_no_leak_and_hides_none() -> None:
    """A fall of all that was allocated begins a life: growth over it is not joined."""
    two = [
        Taken(str(i), 1.7e9 + 5 * i, profile(ever=1e9 + (i % 30) * 1e6, keeps=1e6 * (30 + (i // 30) * 30)))
        for i in range(60)
    ]
    (found,) = analyze(two)
    assert found.leak is None


def test_a_restart_that_the_heap_tells_of_is_one_of_goroutines_too() -> None:
    """They leak in each of three processes, and do not look like a saw that is steady."""
    taken = []
    for i in range(180):
        taken.append(Taken(f"h{i}", 1.7e9 + 5 * i, profile(ever=1e9 + (i % 60) * 1e6, keeps=3e7)))
        taken.append(Taken(f"g{i}", 1.7e9 + 5 * i + 0.1, profile(GOROUTINES, waits=20 + 10 * (i % 60))))
    _, goroutines = analyze(taken)
    assert goroutines.leak is not None
    assert goroutines.leak.growth_per_second == pytest.approx(2.0, rel=0.05)


def test_of_a_process_that_was_started_anew_its_own_profiles_are_counted() -> None:
    """Those of before do not tell whether the growth of this one goes on."""
    before = [Taken(f"b{i}", 1.7e9 + 5 * i, profile(ever=2e9 + i * 1e6, keeps=3e7)) for i in range(100)]
    after = [
        Taken(each.name, each.time + 500, profile(ever=1e9 + i * 1e6, keeps=5e6 + 5e5 * i, other=2e7))
        for i, each in enumerate(run(LEAST + 8, 5e5))
    ]
    (found,) = analyze([*before, *after])
    assert found.suspected
    assert f" {LEAST + 8} profiles since it was started anew do not tell " in found.assessment.reasons[0]


def test_other_profiles_tell_nothing() -> None:
    """A profile of processor time is neither."""
    assert analyze([Taken("cpu", 1.0, profile(ValueType("cpu", "nanoseconds"), work=5))]) == []


def test_real_profiles_of_a_leak_are_too_few_but_read() -> None:
    """Six of a Go program that leaks: what is said is honest."""
    taken = [Taken(file.name, float(i), parse(file.read_bytes())) for i, file in enumerate(SHOP.glob("heap-*.pb.gz"))]
    assert [found.assessment.verdict for found in analyze(taken)] == [Verdict.TOO_EARLY]
