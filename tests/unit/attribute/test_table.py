"""Profiles lined up: a row per stack, a column per time."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from leakdog.attribute.table import TRACKED_STACKS, tabulate
from leakdog.model import Frame
from leakdog.pprof import Profile

Stack = tuple[Frame, ...]
MakeProfile = Callable[..., Profile]

MAIN = Frame("main.main", "shop/main.go", 40)
LEAK = (Frame("main.put", "shop/put.go", 19), MAIN)
STABLE = (Frame("main.load", "shop/load.go", 3), MAIN)
TIMES = [1000.0 + 60 * i for i in range(4)]
PERIOD = 512 << 10
SAMPLED = (("inuse_objects", "count"), ("inuse_space", "bytes"))


def profiles_of(profile: MakeProfile, series: Mapping[Stack, Sequence[int]]) -> list[Profile]:
    """A profile per time from a series per stack; a value of 0 is left out, as producers do."""
    count = len(next(iter(series.values())))
    return [profile({stack: values[i] for stack, values in series.items() if values[i]}) for i in range(count)]


def test_a_missing_site_is_zero(profile: MakeProfile) -> None:
    """A site that is not in a profile holds nothing at that time."""
    table = tabulate(profiles_of(profile, {LEAK: [0, 5, 9], STABLE: [7, 7, 7]}), TIMES[:3], "inuse_space")
    assert dict(zip(table.stacks, table.values.tolist(), strict=True)) == {STABLE: [7, 7, 7], LEAK: [0, 5, 9]}
    assert table.total.tolist() == [7, 12, 16]


def test_wrong_times(profile: MakeProfile) -> None:
    """Times that do not fit the profiles are a mistake of the caller."""
    two = profiles_of(profile, {LEAK: [1, 2]})
    with pytest.raises(ValueError, match="time of its own"):
        tabulate(two, [1.0], "")
    with pytest.raises(ValueError, match="time of its own"):
        tabulate(two, [1.0, 1.0], "")


def test_many_profiles_are_thinned(profile: MakeProfile) -> None:
    """Of very many profiles an even selection is looked at, the first and the last always."""
    count = 200
    table = tabulate(profiles_of(profile, {LEAK: list(range(1, count + 1))}), list(map(float, range(count))), "")
    assert (len(table.times), table.times[0], table.times[-1]) == (40, 0.0, 199.0)


def test_memory_is_bounded(profile: MakeProfile) -> None:
    """Of very many stacks only the largest and the most grown are followed; the rest still counts in the total."""
    crowd = {(Frame(f"main.f{i}", "", i),): [5] * 4 for i in range(3 * TRACKED_STACKS)}
    crowd[LEAK] = [1, 2, 3, 4]
    table = tabulate(profiles_of(profile, crowd), TIMES, "")
    assert len(table.stacks) <= 2 * TRACKED_STACKS
    assert LEAK in table.stacks
    assert table.total[0] == 3 * TRACKED_STACKS * 5 + 1


def test_what_has_no_stack_counts_in_the_total(profile: MakeProfile) -> None:
    """The rest of a gist is one sample without a stack: no series, but a part of all that shares are of."""
    table = tabulate(profiles_of(profile, {LEAK: [1, 2], (): [5, 7]}), TIMES[:2], "")
    assert table.stacks == (LEAK,)
    assert table.total.tolist() == [6, 9]


def test_sampled_bytes_move_in_periods(profile: MakeProfile) -> None:
    """What is not sampled moves in ones, and has no error of sampling."""
    bytes_of = tabulate([profile({LEAK: 5}, period=PERIOD)], [0.0], "")
    counts = tabulate([profile({LEAK: 5}, (("goroutine", "count"),), period=1)], [0.0], "")
    assert (bytes_of.quantum, counts.quantum) == (PERIOD, 1.0)
    assert (bytes_of.grain.tolist(), counts.grain.tolist()) == ([PERIOD], [0.0])


@pytest.mark.parametrize(("size", "grain"), [(16, PERIOD), (PERIOD, PERIOD * 0.582), (100 * PERIOD, 0.0)])
def test_large_objects_are_hardly_ever_missed(profile: MakeProfile, size: int, grain: float) -> None:
    """1 / (e - 1) of the period for objects of one period; all of it for small ones, nothing for large ones."""
    table = tabulate([profile({LEAK: (10, 10 * size)}, SAMPLED, period=PERIOD)], [0.0], "inuse_space")
    assert table.grain.tolist() == pytest.approx([grain], rel=1e-3, abs=1e-3)


def test_an_object_that_is_gone_again_counts_as_small(profile: MakeProfile) -> None:
    """A stack that the last profile lacks does not tell the size of its objects."""
    pair = [profile({LEAK: (10, 10**9), STABLE: (1, 99)}, SAMPLED, period=PERIOD)]
    pair += [profile({STABLE: (1, 99)}, SAMPLED, period=PERIOD)]
    table = tabulate(pair, TIMES[:2], "inuse_space")
    assert dict(zip(table.stacks, table.grain.tolist(), strict=True))[LEAK] == PERIOD
