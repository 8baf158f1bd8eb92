"""Rows kept once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leakdog.store.pack.table import Table

PROFILES = st.lists(st.lists(st.sampled_from([b"", b"a", b"b", b"c"])))


@given(PROFILES)
def test_rows_are_found_by_their_numbers(profiles: list[list[bytes]]) -> None:
    """Each row of a profile has a number of its own, by which it is found, and it is kept once."""
    table = Table()
    for rows in profiles:
        numbers = table.numbers(rows)
        assert rows == table.pick(numbers)
        assert len(set(numbers.tolist())) == len(rows)
    every = {row for rows in profiles for row in rows}
    assert len(table) == sum(max((rows.count(row) for rows in profiles), default=0) for row in every)


@given(PROFILES, st.integers(0, 9))
def test_a_table_can_be_carried_on(profiles: list[list[bytes]], cut: int) -> None:
    """One that was given the rows of another gives the numbers that the other would have given."""
    first, second = Table(), Table()
    for rows in profiles[:cut]:
        known = len(first)
        first.numbers(rows)
        second.extend(first.rows[known:])
    for rows in profiles[cut:]:
        assert first.numbers(rows).tolist() == second.numbers(rows).tolist()
    assert first.rows == second.rows
