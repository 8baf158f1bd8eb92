"""The tables of a chain."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.store.pack.parts import FUNCTIONS, LOCATIONS, STACKS, STRINGS, TABLES, Maps, Parts, Rows
from leakdog.store.pack.table import Raw
from leakdog.store.pack.tables import Tables

NONE = np.zeros(0, np.int64)
TEXTS = st.lists(st.lists(st.sampled_from([b"", b"a", b"b", b"c"])), max_size=5)


def profile(strings: list[bytes], functions: list[list[int]] | None = None) -> Parts:
    """Parts of nothing but these."""
    rows = np.array(functions or [], np.int64).reshape(-1, 4)
    tables = [Rows(NONE, NONE)] * len(TABLES)
    tables[FUNCTIONS] = Rows(rows.ravel(), np.full(len(rows), 4))
    return Parts(b"", Raw.of(strings), tables, np.zeros((0, 1), np.int64))


@given(TEXTS)
def test_each_row_is_kept_once(profiles: list[list[bytes]]) -> None:
    """Each row of a profile has a number of its own, by which it is found; equal ones of one profile have several."""
    tables = Tables()
    for rows in profiles:
        numbers = tables.numbers(profile([b"", *rows]))[STRINGS]
        assert tables[STRINGS].pick(numbers).list() == [b"", *rows]
        assert len(set(numbers.tolist())) == 1 + len(rows)
    every = {row for rows in profiles for row in rows} | {b""}
    most = {row: max(([b"", *rows].count(row) for rows in profiles), default=1) for row in every}
    assert len(tables[STRINGS]) == sum(most.values())


@given(TEXTS, st.integers(0, 4))
def test_tables_can_be_carried_on(profiles: list[list[bytes]], cut: int) -> None:
    """Those that were given the rows of others give the numbers that the others would have given."""
    first, second = Tables(), Tables()
    for rows in profiles[:cut]:
        known = len(first[STRINGS])
        first.numbers(profile([b"", *rows]))
        second[STRINGS].extend(first[STRINGS].since(known))
    for rows in profiles[cut:]:
        numbers = [tables.numbers(profile([b"", *rows]))[STRINGS].tolist() for tables in (first, second)]
        assert numbers[0] == numbers[1]


@given(TEXTS, st.integers(0, 4))
def test_folded_tables_are_carried_on(profiles: list[list[bytes]], cut: int) -> None:
    """They give the numbers that they would have given, to equal rows of one profile too."""
    first = Tables()
    for rows in profiles[:cut]:
        first.numbers(profile([b"", *rows]))
    second = Tables.unfolded(first.folded())
    assert [table.since(1).list() for table in first] == [table.since(1).list() for table in second]
    for rows in profiles[cut:]:
        numbers = [tables.numbers(profile([b"", *rows]))[STRINGS].tolist() for tables in (first, second)]
        assert numbers[0] == numbers[1]


def test_rows_that_were_just_added_are_folded() -> None:
    """They are not looked up yet, and equal ones among them not yet known as such."""
    first, second = Tables(), Tables()
    first.numbers(profile([b"", b"a", b"b", b"a"]))
    second[STRINGS].extend(first[STRINGS].since(1))
    numbers = Tables.unfolded(second.folded()).numbers(profile([b"", b"a", b"a", b"b"]))
    assert numbers[STRINGS].tolist() == [0, 1, 3, 2]


def test_rows_of_any_length_are_found_again() -> None:
    """Also those whose bytes differ in one place only."""
    rows = [b"x" * size + last + b"y" * more for size in range(20) for last in (b"", b"0", b"1") for more in (0, 5)]
    tables = Tables()
    known = tables.numbers(profile([b"", *rows]))[STRINGS].tolist()
    assert tables.numbers(profile([b"", *rows]))[STRINGS].tolist() == known
    assert Tables.unfolded(tables.folded()).numbers(profile([b"", *rows]))[STRINGS].tolist() == known


@pytest.mark.parametrize("damage", [slice(0, 7), slice(0, -1), slice(3, None)])
def test_what_was_not_folded_is_refused(damage: slice) -> None:
    """What is cut off, at either end."""
    tables = Tables()
    tables.numbers(profile([b"", b"a" * 40, b"b" * 40]))
    with pytest.raises(ValueError, match="folded"):
        Tables.unfolded(tables.folded()[damage].copy())


def test_rows_are_known_by_what_they_refer_to() -> None:
    """The same function has the same number, however the strings of its profile are numbered."""
    tables = Tables()
    first = tables.numbers(profile([b"", b"a", b"b", b"c"], [[1, 2, 3, 7], [2, 2, 3, 7]]))
    second = tables.numbers(profile([b"", b"c", b"b", b"a"], [[2, 2, 1, 7], [3, 2, 1, 7]]))
    assert first[FUNCTIONS].tolist() == [0, 1, 2]
    assert second[FUNCTIONS].tolist() == [0, 2, 1]


@pytest.mark.parametrize("string", [-1, 2])
def test_what_refers_to_nothing_is_told(string: int) -> None:
    """And not followed out of the table."""
    with pytest.raises(IndexError, match="not there"):
        Tables().numbers(profile([b"", b"a"], [[1, 1, string, 7]]))


def test_an_order_is_expected_from_what_refers_to_it(body: bytes) -> None:
    """Of a profile that the Go runtime wrote nothing is told but its stacks, the first time."""
    from leakdog.store.pack import opened

    tables, parts = Tables(), opened(body)
    numbers = tables.numbers(parts)
    lead = numbers[STRINGS][1 : int(parts.tables[FUNCTIONS].numbers.reshape(-1, 4)[:, :3].min())]
    told = tables.told(lead, NONE, numbers)
    assert [len(each) > 0 for each in told] == [table == STACKS for table in TABLES]
    orders = tables.orders(lead, NONE, told)
    assert [order.tolist() for order in orders] == [numbers[table][1:].tolist() for table in TABLES]


def test_orders_of_what_is_not_there_are_refused(body: bytes) -> None:
    """A row that refers to none, as a damaged file may have it, is not followed."""
    from leakdog.store.pack import opened

    tables = Tables()
    tables.numbers(opened(body))
    tables[STACKS].extend(Rows(np.array([1, 1 << 40]), np.array([2])).raw())
    with pytest.raises(IndexError, match="not there"):
        tables.orders(NONE, np.array([len(tables[STACKS]) - 1]), [NONE] * len(TABLES))


def test_many_equal_rows_take_no_longer_than_others() -> None:
    """A program that sends a profile of nothing but one row holds nobody up."""
    count = 100_000
    began = time.perf_counter()
    tables, equal = Tables(), profile([b""] + [b"a"] * count)
    assert tables.numbers(equal)[STRINGS].tolist() == [*range(count + 1)]
    assert tables.numbers(equal)[STRINGS].tolist() == [*range(count + 1)]
    assert time.perf_counter() - began < 2


def test_numbers_are_those_of_other_tables(body: bytes) -> None:
    """Each row as it is kept refers to the rows as they are kept."""
    from leakdog.store.pack import opened

    tables, parts = Tables(), opened(body)
    tables.numbers(profile([b"", b"before", b"main.main"]))
    numbers = tables.numbers(parts)
    kept = Rows.of(tables[LOCATIONS].pick(numbers[LOCATIONS][1:]))
    maps = Maps(numbers.numbers, numbers.starts)
    assert kept.numbers.tolist() == parts.tables[LOCATIONS].renumbered(LOCATIONS, maps).numbers.tolist()
    names = Rows.of(tables[FUNCTIONS].pick(numbers[FUNCTIONS][1:])).numbers.reshape(-1, 4)[:, 0]
    own = parts.tables[FUNCTIONS].numbers.reshape(-1, 4)[:, 0]
    texts = parts.strings.list()
    assert tables[STRINGS].pick(names.copy()).list() == [texts[each] for each in own]
