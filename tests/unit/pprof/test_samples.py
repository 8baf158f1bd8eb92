"""Samples, and those that changed."""

from __future__ import annotations

from typing import Any

import pytest

from leakdog.pprof.limits import DEFAULT_LIMITS, Limits
from leakdog.pprof.samples import Samples, read_changed, read_samples
from leakdog.pprof.shallow import cut
from leakdog.pprof.tables import Tables, read_tables


@pytest.fixture
def tables(made: Any) -> Tables:
    """What the samples of the made profile point to."""
    return read_tables(cut(made.encode(), DEFAULT_LIMITS).tables, DEFAULT_LIMITS)


def plain(samples: Samples) -> list[Any]:
    """All columns as lists."""
    table = samples.labels
    columns = (*samples[:3], table.offsets, table.key, table.text, table.number, table.unit)
    return [column.tolist() for column in columns]


def test_samples_are_columns(made: Any, tables: Tables) -> None:
    """A row of values, a stack and labels for each."""
    raw = [made.sample([1, 2], [3, 300], [made.numbers(4, 0, 16)]), made.sample([], [1, 100])]
    assert plain(read_samples(raw, tables, DEFAULT_LIMITS)) == [
        [[3, 300], [1, 100]],
        [0, 2, 2],
        [0, 1],
        [0, 1, 1],
        [4],
        [0],
        [16],
        [0],
    ]


def test_only_what_changed_is_decoded_anew(made: Any, tables: Tables) -> None:
    """Values that changed are taken over, and all the rest is shared with the profile before."""
    before = [made.sample([1, 2], [i, i], [made.numbers(4, 0, 16)]) for i in range(10)]
    known = read_samples(before, tables, DEFAULT_LIMITS)
    raw = [*before[:3], made.sample([1, 2], [30, 31], [made.numbers(4, 0, 16)]), *before[4:]]
    found = read_changed(raw, before, known, tables, DEFAULT_LIMITS)
    assert found is not None
    assert plain(found) == plain(read_samples(raw, tables, DEFAULT_LIMITS))
    assert found.stacks is known.stacks
    assert known.values[3].tolist() == [3, 3]


@pytest.mark.parametrize(
    "other",
    [
        ([1], [3, 3], [(4, 0, 16)]),
        ([2, 1], [3, 3], [(4, 0, 16)]),
        ([1, 2], [3, 3], []),
        ([1, 2], [3, 3], [(4, 0, 17)]),
        ([1, 2], [3, 3], [(4, 5, 0)]),
        ([1, 2], [3, 3], [(4, 0, 16), (4, 0, 16)]),
    ],
)
def test_other_stacks_or_labels_are_not_taken_for_the_same(
    made: Any, tables: Tables, other: tuple[list[int], list[int], list[tuple[int, ...]]]
) -> None:
    """A sample that has more than its values changed makes all of them be read anew."""
    before = [made.sample([1, 2], [i, i], [made.numbers(4, 0, 16)]) for i in range(10)]
    known = read_samples(before, tables, DEFAULT_LIMITS)
    stack, values, labels = other
    raw = [*before[:3], made.sample(stack, values, [made.numbers(*label) for label in labels]), *before[4:]]
    assert read_changed(raw, before, known, tables, DEFAULT_LIMITS) is None


def test_where_most_changed_or_some_are_new_all_are_read(made: Any, tables: Tables) -> None:
    """As it would not pay, or cannot be told which is which."""
    before = [made.sample([1], [i, i]) for i in range(10)]
    known = read_samples(before, tables, DEFAULT_LIMITS)
    most = [made.sample([1], [i, i + 1]) for i in range(6)] + before[6:]
    assert read_changed(most, before, known, tables, DEFAULT_LIMITS) is None
    assert read_changed([*before, before[0]], before, known, tables, DEFAULT_LIMITS) is None


def test_deep_stacks_are_cut_alike(made: Any, tables: Tables) -> None:
    """What lies beyond the depth is left out before stacks are compared."""
    limits = Limits(depth=2)
    before = [made.sample([1, 2, 1], [i, i]) for i in range(10)]
    known = read_samples(before, tables, limits)
    raw = [made.sample([1, 2, 2], [30, 31]), *before[1:]]
    found = read_changed(raw, before, known, tables, limits)
    assert found is not None
    assert plain(found) == plain(read_samples(raw, tables, limits))
    assert found.offsets.tolist() == list(range(0, 21, 2))
