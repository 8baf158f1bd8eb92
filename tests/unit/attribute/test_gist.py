"""A large profile made small tells the same."""

from collections.abc import Callable

import numpy as np

from leakdog.attribute.blocked import most_blocked
from leakdog.attribute.gist import PROFILING, gist
from leakdog.attribute.tally import tally
from leakdog.model import Frame
from leakdog.pprof import Profile, encode, parse

MakeProfile = Callable[..., Profile]
MAIN = Frame("main.main", "/src/shop/main.go", 5)


def at(line: int, function: str = "shop.Put") -> Frame:
    return Frame(function, "/src/shop/shop.go", line)


def held(profile: Profile) -> dict[int, float]:
    """What each site holds, by key."""
    seen = tally(profile, "inuse_space")
    return dict(zip(seen.keys.tolist(), seen.values.tolist(), strict=True))


def test_a_real_heap_keeps_totals_and_sites(shop: Callable[[str], list[Profile]]) -> None:
    """All totals, all sites, what profiling has allocated and the build are those of the whole profile."""
    whole = shop("heap-*")[-1]
    small = parse(encode(gist(whole, "inuse_space")))
    assert small.values.sum(axis=0).tolist() == whole.values.sum(axis=0).tolist()
    assert held(small) == held(whole)
    ran = [each.values[each.runs(*PROFILING)].sum(axis=0).tolist() for each in (whole, small)]
    assert ran[0] == ran[1]
    builds = [each.symbols.strings[int(each.symbols.mappings.build_id[0])] for each in (whole, small)]
    assert builds[0] == builds[1] != ""
    assert len(small.symbols.strings) <= len(whole.symbols.strings)


def test_each_site_is_named_by_its_largest_stack(shop: Callable[[str], list[Profile]]) -> None:
    """Stacks come out frame by frame as they were."""
    whole = shop("heap-*")[-1]
    seen, again = (tally(each, "inuse_space") for each in (whole, gist(whole, "inuse_space")))
    assert [again.stack(row) for row in range(len(again.keys))] == [seen.stack(row) for row in range(len(seen.keys))]


def test_what_is_small_is_told_in_one(profile: MakeProfile) -> None:
    """Beyond the largest sites there is one sample without a stack, and the symbols of others are gone."""
    many = profile({(at(1, f"shop.F{number}"), MAIN): 10 + number for number in range(50)})
    small = gist(many, "inuse_space", most=3)
    assert sorted(held(small).values()) == [57.0, 58.0, 59.0]
    assert small.values.sum() == many.values.sum()
    assert len(small.symbols.functions.name) == 4
    assert len(np.unique(small.symbols.functions.name)) == 4


def test_nothing_stays_nothing(profile: MakeProfile) -> None:
    """An empty profile is its own gist."""
    small = parse(encode(gist(profile({}, period=512), "inuse_space")))
    assert (len(small.values), small.period) == (0, 512)


def test_goroutines_blocked_at_other_lines_stay_apart(profile: MakeProfile) -> None:
    """Two lines of a function are one site but two lines, and what runs in it is not blocked."""
    park = Frame("runtime.gopark", "/go/src/runtime/proc.go", 460)
    stacks = {(park, at(1), MAIN): 60, (park, at(2), MAIN): 50, (at(3), MAIN): 40}
    whole = profile(stacks, types=(("goroutine", "count"),))
    small = parse(encode(gist(whole, "", blocked=True)))
    assert most_blocked(small) == most_blocked(whole)
    assert sorted(small.values[:, 0].tolist()) == [40, 50, 60]
    assert gist(whole, "").values.tolist() == [[150]]
