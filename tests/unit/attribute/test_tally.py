"""Sites of one profile, summed."""

from collections.abc import Callable

import numpy as np

from leakdog.attribute.site import stack_id
from leakdog.attribute.tally import tally
from leakdog.model import Frame
from leakdog.pprof import Profile

MakeProfile = Callable[..., Profile]
RUNTIME = Frame("runtime.mallocgc", "/usr/local/go/src/runtime/malloc.go", 10)
MAIN = Frame("main.main", "/src/shop/main.go", 5)


def at(line: int, function: str = "shop.Put") -> Frame:
    return Frame(function, "/src/shop/shop.go", line)


def test_lines_and_the_runtime_are_no_part_of_a_site(profile: MakeProfile) -> None:
    """Stacks that differ in lines, in runtime frames or in the depth of a recursion are one site."""
    seen = profile({(at(1), MAIN): 100, (RUNTIME, at(2), MAIN): 20, (at(1), at(1), at(1), MAIN): 3})
    assert tally(seen, "inuse_space").values.tolist() == [123.0]


def test_functions_make_a_site(profile: MakeProfile) -> None:
    """Stacks of other functions are other sites, and each is named by its largest stack."""
    seen = tally(profile({(at(1), MAIN): 100, (at(7), MAIN): 200, (at(1, "shop.Get"), MAIN): 5}), "inuse_space")
    found = {seen.stack(row)[0]: value for row, value in enumerate(seen.values)}
    assert found == {at(7): 300.0, at(1, "shop.Get"): 5.0}


def test_keys_are_the_same_in_another_profile(profile: MakeProfile) -> None:
    """A site keeps its key where addresses and other stacks differ; keys rise."""
    one = tally(profile({(at(1), MAIN): 100, (at(1, "shop.Get"), MAIN): 5}), "inuse_space")
    other = tally(profile({(at(3, "shop.Set"),): 1, (at(1, "shop.Get"), MAIN): 6, (at(1), MAIN): 7}), "inuse_space")
    assert set(one.keys.tolist()) < set(other.keys.tolist())
    assert other.keys.tolist() == sorted(other.keys.tolist())


def test_what_has_no_stack_counts_in_the_total(profile: MakeProfile) -> None:
    """The total is that of all samples; those of nothing but the runtime make no site."""
    seen = tally(profile({(RUNTIME,): 9, (at(1),): 1}, period=512), "inuse_space")
    assert (seen.total, seen.values.tolist(), seen.period) == (10.0, [1.0], 512.0)


def test_an_empty_profile_has_no_sites(profile: MakeProfile) -> None:
    """Nothing is in nothing."""
    seen = tally(profile({}), "inuse_space")
    assert (seen.total, len(seen.keys), len(seen.values)) == (0.0, 0, 0)


def test_a_real_heap_has_the_sites_that_stacks_make(shop: Callable[[str], list[Profile]]) -> None:
    """On a real program a site's key and its stack id tell the same sites apart."""
    seen = tally(shop("heap-*")[-1], "inuse_space")
    ids = [stack_id(seen.stack(row)) for row in range(len(seen.keys))]
    assert len(set(ids)) == len(ids) > 1
    assert 0 < seen.values.sum() <= seen.total


def test_places_without_symbols_are_sites(profile: MakeProfile) -> None:
    """Where a location has no function, its place in the binary stands for one."""
    seen = profile({(at(1),): 10, (at(1, "shop.Get"),): 20})
    bare = type(seen)(
        **{
            **{name: getattr(seen, name) for name in seen.__slots__},
            "symbols": type(seen.symbols)(
                seen.symbols.strings, seen.symbols.mappings, seen.symbols.functions, _without_lines(seen)
            ),
        }
    )
    assert sorted(tally(bare, "inuse_space").values.tolist()) == [10.0, 20.0]


def _without_lines(seen: Profile) -> object:
    table = seen.symbols.locations
    columns = {name: getattr(table, name) for name in table.__slots__}
    empty = np.empty(0, np.int64)
    columns |= {"line_offsets": np.zeros_like(table.line_offsets), "line_function": empty}
    return type(table)(**columns | {"line_number": empty, "line_column": empty})


def test_what_single_sites_hold_is_told_by_key(shop: Callable[[str], list[Profile]]) -> None:
    """Of those that are there; of others nothing, whether their keys are lower or higher than all."""
    seen = tally(shop("heap-*")[-1], "inuse_space")
    every = dict(zip(seen.keys.tolist(), seen.values.tolist(), strict=True))
    some = list(every)[::2]
    assert seen.held([*some, 1, 2**64 - 1]) == {key: every[key] for key in some}
    assert seen.held([]) == {}
