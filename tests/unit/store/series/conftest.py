"""Rows for the tests of this room."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import strategies as st

from leakdog.store.series.rows import Column, Rows

# Time, life start and values by signal of each row.
Told = list[tuple[float, float, Mapping[int, float]]]

WHOLE = st.integers(0, 2**45).map(float)
TIME = st.integers(0, 4000).map(lambda steps: steps * 7.25)


@pytest.fixture(scope="session")
def tellings() -> st.SearchStrategy[Told]:
    """Whatever may be told of up to forty rows, in any order."""
    values = st.dictionaries(st.integers(1, 3), WHOLE, max_size=3)
    return st.lists(st.tuples(TIME, st.sampled_from([0.0, 50.5]), values), max_size=40)


@pytest.fixture(scope="session")
def rows_of() -> Callable[[Told], Rows]:
    """Rows from what is told of each."""
    return _rows


@pytest.fixture(scope="session")
def same() -> Callable[[Rows, Rows], bool]:
    """Whether two hold the same, bit for bit."""
    return _same


def _rows(told: Told) -> Rows:
    """Rows as they were read, in order; the slot of each is its place in what is told."""
    order = sorted(range(len(told)), key=lambda place: (told[place][0], place))
    columns = {}
    for signal in {signal for _, _, values in told for signal in values}:
        at = [row for row, place in enumerate(order) if signal in told[place][2]]
        columns[signal] = Column(np.array(at), np.array([[told[order[row]][2][signal] for row in at]]))
    times, lives = np.array([told[place][:2] for place in order], np.float64).reshape(-1, 2).T
    return Rows(np.array(order, np.float64), times, lives, columns)


def _same(one: Rows, other: Rows) -> bool:
    """Whether two hold the same, bit for bit."""
    return (
        all(
            getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in ("slots", "times", "life_starts")
        )
        and one.columns.keys() == other.columns.keys()
        and all(
            column.at.tolist() == other.columns[signal].at.tolist()
            and column.figures.tobytes() == other.columns[signal].figures.tobytes()
            for signal, column in one.columns.items()
        )
    )
