"""Culprits of growth: by hand-made profiles, and of a real program."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.attribute.growth import (
    DOUBT,
    PATHS_PER_FUNCTION,
    by_function,
    culprits,
    growing_sites,
    share_interval,
    whole_growth,
)
from leakdog.attribute.site import stack_id
from leakdog.attribute.table import SiteTable
from leakdog.errors import ProfileError
from leakdog.model import Frame
from leakdog.pprof import Profile

Stack = tuple[Frame, ...]
MakeProfile = Callable[..., Profile]

MAIN = Frame("main.main", "shop/main.go", 40)
LEAK = (Frame("bytes.Repeat", "bytes/bytes.go", 650), Frame("main.put", "shop/put.go", 19), MAIN)
CHURN = (Frame("main.serve", "shop/serve.go", 7), MAIN)
STABLE = (Frame("main.load", "shop/load.go", 3), MAIN)
TIMES = [1000.0 + 60 * i for i in range(12)]


def profiles_of(profile: MakeProfile, series: Mapping[Stack, Sequence[int]], **options: int) -> list[Profile]:
    """A profile per time from a series per stack; a value of 0 is left out, as producers do."""
    count = len(next(iter(series.values())))
    return [
        profile({stack: values[i] for stack, values in series.items() if values[i]}, **options) for i in range(count)
    ]


def test_one_leak(profile: MakeProfile) -> None:
    """A leak beside stable memory explains all of the growth and is named by its own code's line."""
    series = {LEAK: [6000 * i for i in range(12)], STABLE: [10**6] * 12}
    (found,) = culprits(profiles_of(profile, series), TIMES, sample_type="inuse_space")
    assert found.frame == LEAK[1]
    assert found.growth_per_second == pytest.approx(100.0)
    assert found.share == pytest.approx(1.0)
    assert (found.stack, found.stack_id, found.note) == (LEAK, stack_id(LEAK), "")


def test_leak_before_churn(profile: MakeProfile) -> None:
    """A steady leak comes before a site that swings fifty times as wide."""
    swing = [0, 290_000, 40_000, 250_000, 10_000, 300_000, 60_000, 270_000, 20_000, 310_000, 50_000, 330_000]
    found = culprits(profiles_of(profile, {CHURN: swing, LEAK: [6000 * i for i in range(12)]}), TIMES, sample_type="")
    assert found[0].stack == LEAK


def test_order_of_profiles_does_not_matter(profile: MakeProfile) -> None:
    """Profiles may come in any order."""
    given = profiles_of(profile, {LEAK: [6000 * i for i in range(12)]})
    assert culprits(given[::-1], TIMES[::-1], sample_type="") == culprits(given, TIMES, sample_type="")


def test_line_of_the_stack_that_grew_most(profile: MakeProfile) -> None:
    """Two lines of one function are one site, shown with the line that grew most."""
    here, there = (Frame("main.put", "shop/put.go", line) for line in (10, 20))
    series = {(here, MAIN): [50_000 + i for i in range(12)], (there, MAIN): [900 * i for i in range(12)]}
    (found,) = culprits(profiles_of(profile, series), TIMES, sample_type="")
    assert found.frame == there
    assert found.growth_per_second == pytest.approx(901 / 60)


def test_function_reached_by_many_paths(profile: MakeProfile) -> None:
    """A function that leaks through three callers comes before a larger single site, its largest path first."""
    put = Frame("main.put", "shop/put.go", 19)
    paths = [(put, Frame(f"main.handler{i}", "shop/h.go", i), MAIN) for i in range(3)]
    series = {stack: [step * i for i in range(12)] for stack, step in zip(paths, (400, 500, 300), strict=True)}
    series[STABLE] = [700 * i for i in range(12)]
    found = culprits(profiles_of(profile, series), TIMES, sample_type="")
    assert [each.stack for each in found] == [paths[1], paths[0], paths[2], STABLE]


def test_many_paths_do_not_hide_the_next_function(profile: MakeProfile) -> None:
    """Of one function only a few paths are listed."""
    put = Frame("main.put", "shop/put.go", 19)
    series = {(put, Frame(f"main.h{i}", "shop/h.go", i)): [500 * j for j in range(12)] for i in range(8)}
    series[STABLE] = [100 * i for i in range(12)]
    found = culprits(profiles_of(profile, series), TIMES, sample_type="")
    assert [each.frame.function for each in found] == ["main.put"] * PATHS_PER_FUNCTION + ["main.load"]


def test_runtime_is_never_a_culprit(profile: MakeProfile) -> None:
    """Growth of which only the runtime's own frames are known names nobody, but counts in the whole."""
    malloc = (Frame("runtime.mallocgc", "runtime/malloc.go", 1055), Frame("runtime.allocm", "runtime/proc.go", 2250))
    series = {malloc: [9000 * i for i in range(12)], LEAK: [3000 * i for i in range(12)]}
    (found,) = culprits(profiles_of(profile, series), TIMES, sample_type="")
    assert (found.frame, found.share) == (LEAK[1], pytest.approx(0.25))
    assert culprits(profiles_of(profile, {malloc: [9000 * i for i in range(12)]}), TIMES, sample_type="") == ()


def test_a_library_is_told_with_its_caller(profile: MakeProfile) -> None:
    """Where a library allocates for the program, the program's line is named and the library's function told."""
    add = Frame("github.com/x/lru.(*Cache[...]).Add", "github.com/x/lru@v2.0.1/lru.go", 88)
    series = {(add, Frame("main.remember", "shop/cache.go", 12), MAIN): [6000 * i for i in range(12)]}
    (found,) = culprits(profiles_of(profile, series), TIMES, sample_type="")
    assert found.frame == Frame("main.remember", "shop/cache.go", 12)
    assert found.note == "in github.com/x/lru.(*Cache[...]).Add, which it calls"


def test_a_leak_in_many_places_of_one_caller(profile: MakeProfile) -> None:
    """Where no site has most of the growth, the function that all of it flows through is told with the first."""
    decode = Frame("main.decode", "shop/decode.go", 5)
    series = {
        (Frame(f"main.field{i}", "shop/decode.go", 10 * i), decode, MAIN): [(900 - i) * j for j in range(12)]
        for i in range(8)
    }
    first, *others = culprits(profiles_of(profile, series), TIMES, sample_type="")
    assert first.note == "100% of the growth flows through main.decode"
    assert {each.note for each in others} == {""}


def test_two_callers_of_one_wrapper(profile: MakeProfile) -> None:
    """Of a wrapper that is called from two places, the path that leaks is named."""
    wrapper = (Frame("main.alloc", "shop/lib.go", 3), Frame("main.Wrap", "shop/lib.go", 8))
    leaks, frees = (*wrapper, Frame("main.keep", "shop/a.go", 1)), (*wrapper, Frame("main.use", "shop/b.go", 2))
    swing = [0, 290_000, 40_000, 250_000, 10_000, 300_000, 60_000, 270_000, 20_000, 310_000, 50_000, 330_000]
    (found,) = culprits(
        profiles_of(profile, {leaks: [6000 * i for i in range(12)], frees: swing}), TIMES, sample_type=""
    )
    assert found.stack == leaks


PERIOD = 512 << 10
SAMPLED = (("inuse_objects", "count"), ("inuse_space", "bytes"))


def sampled(profile: MakeProfile, random: np.random.Generator, sizes: Mapping[Stack, int]) -> list[Profile]:
    """Profiles of sites that keep 4 MB of objects of some size per profile, sampled and scaled as Go does."""
    counts = dict.fromkeys(sizes, 0)
    made = []
    for _ in TIMES:
        row = {}
        for stack, size in sizes.items():
            seen = 1 - np.exp(-size / PERIOD)
            counts[stack] += int(random.binomial(4_000_000 // size, seen))
            row[stack] = (round(counts[stack] / seen), round(counts[stack] * size / seen))
        made.append(profile({stack: value for stack, value in row.items() if value[0]}, SAMPLED, period=PERIOD))
    return made


@pytest.mark.parametrize("size", [100, 100_000, 2_000_000])
def test_the_interval_of_a_share_holds_the_truth(profile: MakeProfile, size: int) -> None:
    """In nine of ten runs the true share lies in the interval, whatever the size of the objects."""
    random = np.random.default_rng(7)
    held = 0
    for _ in range(60):
        found = culprits(sampled(profile, random, {LEAK: size, STABLE: 100}), TIMES, sample_type="inuse_space")
        low, high = next(each.share_interval for each in found if each.stack == LEAK) or (0.0, 0.0)
        assert high - low < 0.5
        held += low <= 0.5 <= high
    assert held >= 60 * 0.8


def test_sampling_noise_comes_last(profile: MakeProfile) -> None:
    """A site that grew by one sampling period is not listed beside one that grew by many."""
    period = 524_288
    series = {STABLE: [0] * 8 + [period] * 4, LEAK: [period * (i // 2) for i in range(12)]}
    found = culprits(profiles_of(profile, series, period=period), TIMES, sample_type="inuse_space")
    assert [each.stack for each in found] == [LEAK]


def test_doubt_is_told(profile: MakeProfile) -> None:
    """Where only little has grown so far, the site is named with a note that it may be chance."""
    series = {LEAK: [60_000 * i for i in range(12)]}
    (found,) = culprits(profiles_of(profile, series, period=524_288), TIMES, sample_type="inuse_space")
    assert found.note == DOUBT


def test_shares_when_others_shrink(profile: MakeProfile) -> None:
    """Shares are of all that grows when other sites shrink at the same time."""
    series = {LEAK: [6000 * i for i in range(12)], STABLE: [10**6 - 5000 * i for i in range(12)]}
    (found,) = culprits(profiles_of(profile, series), TIMES, sample_type="")
    assert found.share == pytest.approx(1.0)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_profiles(profile: MakeProfile, count: int) -> None:
    """One profile cannot tell what grows."""
    assert culprits(profiles_of(profile, {LEAK: [5]})[:count], TIMES[:count], sample_type="") == ()


def test_nothing_grows(profile: MakeProfile) -> None:
    """Where nothing grows nobody is to blame."""
    assert culprits(profiles_of(profile, {STABLE: [10**6] * 12}), TIMES, sample_type="") == ()


def test_empty_profiles(profile: MakeProfile) -> None:
    """Profiles without samples, as of a program that has just started, are no error."""
    empty = profile({})
    assert culprits([empty, empty, empty], TIMES[:3], sample_type="") == ()


def test_unknown_sample_type(profile: MakeProfile) -> None:
    """A sample type that a profile lacks is named in the error."""
    with pytest.raises(ProfileError, match="no sample type 'goroutine'"):
        culprits(profiles_of(profile, {LEAK: [1, 2]}), TIMES[:2], sample_type="goroutine")


SERIES = st.lists(st.integers(0, 10**9), min_size=5, max_size=5)


@given(st.lists(SERIES, min_size=1, max_size=12))
def test_shares(series: list[list[int]]) -> None:
    """Whatever the series, each share is within 0 and 1, they sum to at most 1, and every culprit grows."""
    stacks = tuple((Frame(f"main.f{i}", "", i),) for i in range(len(series)))
    values = np.array(series, float)
    table = SiteTable(np.array(TIMES[:5]), stacks, values, values.sum(axis=0), 1.0, np.zeros(len(series)))
    found = growing_sites(table)
    whole = whole_growth(table, found)
    shares = [each.growth / whole for each in by_function(found)]
    assert all(0 < share <= 1 for share in shares)
    assert sum(shares) <= 1 + 1e-9
    for each, share in zip(by_function(found), shares, strict=True):
        low, high = share_interval(each, found, whole)
        assert 0 <= low <= share <= high <= 1


def test_real_heap(shop: Callable[[str], list[Profile]]) -> None:
    """Of a real Go program the cache that is never evicted comes first, then the generic queue; churn is not named."""
    heaps = shop("heap-*")
    found = culprits(heaps, [each.time for each in heaps], sample_type="inuse_space")
    assert found[0].frame == Frame("shop/leaks.(*Cache).Put", "shop/leaks/leaks.go", 19)
    assert found[1].frame == Frame("shop/leaks.(*Queue[go.shape.[512]uint8]).Push", "shop/leaks/leaks.go", 28)
    assert found[0].share > 0.8
    assert "shop/leaks.Churn" not in [each.frame.function for each in found]


def test_what_leaks_by_itself_leads_and_tells_the_flow(profile: MakeProfile) -> None:
    """A site that was judged to leak goes first however small, and what is told with the first is told there."""
    stacks = [(Frame(f"main.part{n}", "shop/part.go", n), Frame("main.decode", "shop/d.go", 9), MAIN) for n in range(5)]
    series = {stack: [(6000 + 100 * n) * i for i in range(12)] for n, stack in enumerate(stacks)}
    found = culprits(profiles_of(profile, series), TIMES, sample_type="", leading={stack_id(stacks[0])})
    assert found[0].stack == stacks[0]
    assert found[0].note == "100% of the growth flows through main.decode"
    assert not any(each.note for each in found[1:])


def test_own_code_is_what_it_is_called(profile: MakeProfile) -> None:
    """In a build whose folders do not tell, the module does: the library is in the note, its caller is shown."""
    library = Frame("github.com/klauspost/zip.Open", "github.com/klauspost/zip/open.go", 9)
    caller = Frame("github.com/acme/shop/cart.Load", "github.com/acme/shop/cart/load.go", 7)
    given = profiles_of(profile, {(library, caller, MAIN): [6000 * i for i in range(12)]})
    (unknown,) = culprits(given, TIMES, sample_type="")
    (known,) = culprits(given, TIMES, sample_type="", own=("github.com/acme/shop",))
    assert (unknown.frame, known.frame) == (library, caller)
    assert known.note == "in github.com/klauspost/zip.Open, which it calls"
    assert known.stack_id == unknown.stack_id
