"""Culprits of growth: by hand-made profiles, and of a real program."""

from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.attribute.growth import (
    DOUBT,
    PATHS_PER_FUNCTION,
    TRACKED_STACKS,
    by_function,
    culprits,
    growing_sites,
    tabulate,
    whole_growth,
)
from leakdog.attribute.site import stack_id
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


def test_a_missing_site_is_zero(profile: MakeProfile) -> None:
    """A site that is not in a profile holds nothing at that time."""
    table = tabulate(profiles_of(profile, {LEAK: [0, 5, 9], STABLE: [7, 7, 7]}), TIMES[:3], "inuse_space")
    assert dict(zip(table.stacks, table.values.tolist(), strict=True)) == {STABLE: [7, 7, 7], LEAK: [0, 5, 9]}
    assert table.total.tolist() == [7, 12, 16]


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


def test_wrong_times(profile: MakeProfile) -> None:
    """Times that do not fit the profiles are a mistake of the caller."""
    two = profiles_of(profile, {LEAK: [1, 2]})
    with pytest.raises(ValueError, match="time of its own"):
        culprits(two, [1.0], sample_type="")
    with pytest.raises(ValueError, match="time of its own"):
        culprits(two, [1.0, 1.0], sample_type="")


def test_unknown_sample_type(profile: MakeProfile) -> None:
    """A sample type that a profile lacks is named in the error."""
    with pytest.raises(ProfileError, match="no sample type 'goroutine'"):
        culprits(profiles_of(profile, {LEAK: [1, 2]}), TIMES[:2], sample_type="goroutine")


def test_many_profiles_are_thinned(profile: MakeProfile) -> None:
    """Of very many profiles an even selection is looked at, the first and the last always."""
    count = 200
    table = tabulate(profiles_of(profile, {LEAK: list(range(1, count + 1))}), list(map(float, range(count))), "")
    assert (len(table.times), table.times[0], table.times[-1]) == (40, 0.0, 199.0)


def test_memory_is_bounded(profile: MakeProfile) -> None:
    """Of very many stacks only the largest and the most grown are followed; the rest still counts in the total."""
    crowd = {(Frame(f"main.f{i}", "", i),): [5] * 4 for i in range(3 * TRACKED_STACKS)}
    crowd[LEAK] = [1, 2, 3, 4]
    table = tabulate(profiles_of(profile, crowd), TIMES[:4], "")
    assert len(table.stacks) <= 2 * TRACKED_STACKS
    assert LEAK in table.stacks
    assert table.total[0] == 3 * TRACKED_STACKS * 5 + 1


SERIES = st.lists(st.integers(0, 10**9), min_size=5, max_size=5)


@given(st.lists(SERIES, min_size=1, max_size=12))
def test_shares(series: list[list[int]]) -> None:
    """Whatever the series, each share is within 0 and 1, they sum to at most 1, and every culprit grows."""
    import numpy as np

    from leakdog.attribute.growth import SiteTable

    stacks = tuple((Frame(f"main.f{i}", "", i),) for i in range(len(series)))
    values = np.array(series, float)
    table = SiteTable(np.array(TIMES[:5]), stacks, values, values.sum(axis=0), 1.0)
    found = growing_sites(table)
    whole = whole_growth(table, found)
    shares = [each.growth / whole for each in by_function(found)]
    assert all(0 < share <= 1 for share in shares)
    assert sum(shares) <= 1 + 1e-9


def test_real_heap(shop: Callable[[str], list[Profile]]) -> None:
    """Of a real Go program the cache that is never evicted comes first, then the generic queue; churn is not named."""
    heaps = shop("heap-*")
    found = culprits(heaps, [each.time for each in heaps], sample_type="inuse_space")
    assert found[0].frame == Frame("shop/leaks.(*Cache).Put", "shop/leaks/leaks.go", 19)
    assert found[1].frame == Frame("shop/leaks.(*Queue[go.shape.[512]uint8]).Push", "shop/leaks/leaks.go", 28)
    assert found[0].share > 0.8
    assert "shop/leaks.Churn" not in [each.frame.function for each in found]
