"""Addresses in the mappings of a process."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leakdog.pprof.maps import ANYWHERE, Mapping, assign

PROGRAM = Mapping(0x1000, 0x2000, 0, "/srv/shop")
LIBRARY = Mapping(0x5000, 0x6000, 0, "/lib/libc.so.6")
TOP = (1 << 64) - 1


def placed(addresses: list[int], *mappings: Mapping) -> tuple[list[Mapping], list[int]]:
    """The mappings as shown, and the rows of the addresses."""
    found, rows = assign(np.array(addresses, np.uint64), mappings)
    return found, rows.tolist()


def test_addresses_lie_between_start_and_limit() -> None:
    """The start belongs to a mapping, the limit does not."""
    assert placed([0x1000, 0x1FFF, 0x5000], PROGRAM, LIBRARY) == ([PROGRAM, LIBRARY], [0, 0, 1])


def test_what_lies_nowhere_gets_a_mapping_of_everything() -> None:
    """It comes last, and only where it is needed; address 0 lies in none."""
    assert placed([0x1000, 0x2000, TOP, 0], PROGRAM) == ([PROGRAM, ANYWHERE], [0, 1, 1, -1])
    assert placed([0], PROGRAM) == ([PROGRAM], [-1])
    assert placed([7]) == ([ANYWHERE], [0])
    assert placed([]) == ([], [])


def test_the_first_of_two_mappings_counts() -> None:
    """Where mappings overlap, the earlier one has the address."""
    wide = Mapping(0x0, 0x9000, 0, "/srv/wide")
    assert placed([0x1800, 0x2800], PROGRAM, wide)[1] == [0, 1]
    assert placed([0x1800, 0x2800], wide, PROGRAM)[1] == [0, 0]


def test_parts_of_a_binary_are_one_mapping() -> None:
    """What follows on and may be of the same file is joined; a name or build id is taken from whichever has it."""
    nameless = Mapping(0x2000, 0x3000, 0, "", "abc")
    assert placed([], PROGRAM, nameless)[0] == [Mapping(0x1000, 0x3000, 0, "/srv/shop", "abc")]
    assert placed([], Mapping(1, 2, 0x10, "a"), Mapping(2, 3, 0x11, "a"))[0] == [Mapping(1, 3, 0x10, "a")]


def test_other_neighbours_are_left_apart() -> None:
    """Another file, another build, another part of the file, or a gap between."""
    pairs = [
        (Mapping(1, 2, 0, "a"), Mapping(2, 3, 0, "b")),
        (Mapping(1, 2, 0, "", "x"), Mapping(2, 3, 0, "", "y")),
        (Mapping(1, 2, 0x10, "a"), Mapping(2, 3, 0x20, "a")),
        (Mapping(1, 2, 0, "a"), Mapping(3, 4, 0, "a")),
    ]
    for pair in pairs:
        assert len(placed([], *pair)[0]) == 2


def test_the_program_comes_first() -> None:
    """It changes places with what was first; libraries, the kernel's pages and nameless mappings are none."""
    others = [LIBRARY, Mapping(1, 2, 0, "[vdso]"), Mapping(3, 4, 0, "/lib/ld-2.15.so"), Mapping(5, 6)]
    assert placed([], *others, PROGRAM)[0] == [PROGRAM, *others[1:], LIBRARY]
    assert placed([], *others)[0] == others


def test_a_mapping_is_made_longer_by_what_lies_just_below() -> None:
    """Where a producer tells only the later part of a file, addresses of the earlier part are its too."""
    later = Mapping(0x8000, 0x9000, 0x1000, "/lib/libm.so.6")
    found = [PROGRAM, later._replace(start=0x7000, offset=0)]
    assert placed([0x8000, 0x7800], PROGRAM, later) == (found, [1, 1])
    assert placed([0x7800, 0x3000, 0x7900], PROGRAM, later) == ([*found, ANYWHERE], [1, 2, 1])


def test_once_something_lies_nowhere_no_mapping_is_made_longer() -> None:
    """The mapping of everything has what comes after."""
    later = Mapping(0x8000, 0x9000, 0x1000, "/lib/libm.so.6")
    assert placed([0x3000, 0x7800], PROGRAM, later) == ([PROGRAM, later, ANYWHERE], [2, 2])


def test_a_program_begins_where_programs_begin() -> None:
    """Code that was moved to huge pages, and a mapping of code only, are put right."""
    code = Mapping(0x401000, 0x500000, 0x1000, "/srv/shop")
    assert placed([0x401000], code) == ([Mapping(0x400000, 0x500000, 0, "/srv/shop")], [0])
    huge = Mapping(0x400000, 0x401000, 0, "/anon_hugepage")
    assert placed([0x401000], huge, code)[0] == [Mapping(0x400000, 0x500000, 0, "/srv/shop")]


NUMBERS = st.integers(0, 40)
MAPPINGS = st.lists(st.builds(Mapping, NUMBERS, NUMBERS, st.just(0), st.sampled_from(["a", "b.so"])), max_size=6)


@given(MAPPINGS, st.lists(st.integers(0, 50), max_size=20, unique=True))
def test_each_address_gets_the_first_mapping_that_has_it(mappings: list[Mapping], addresses: list[int]) -> None:
    """As if all mappings were tried one by one."""
    found, rows = placed(addresses, *mappings)
    for address, row in zip(addresses, rows, strict=True):
        wanted = [i for i, each in enumerate(found) if each.start <= address < each.limit]
        assert row == (wanted[0] if wanted else -1) or address == 0
