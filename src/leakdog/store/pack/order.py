"""The order of rows, told by what is different from an order that is expected."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def edits(expected: Ints, actual: Ints, known: int) -> Ints:
    """What turns one list of distinct rows below `known` into another: where it jumps, and how far.

    Each row is told by its place in `expected`, and one that is not there by its number, counted from the end of
    `expected`. Mostly the next row is the next place, and nothing is told.
    """
    place = np.arange(known, dtype=np.int64) + len(expected)
    place[expected] = np.arange(len(expected))
    told = place[actual]
    jumps = np.diff(told, prepend=-1) - 1
    at = np.flatnonzero(jumps)
    if not len(at) and len(actual) == len(expected):
        return np.zeros(0, np.int64)
    pairs = np.stack([np.diff(at, prepend=0), jumps[at]], axis=1).ravel()
    return np.concatenate([[len(actual)], pairs])


def applied(expected: Ints, told: Ints) -> Ints:
    """The list that `edits` told."""
    if not len(told):  # mostly
        return expected
    jumps = np.ones(int(told[0]), np.int64)
    if len(jumps):
        jumps[0] = 0
        jumps[np.cumsum(told[1::2])] += told[2::2]
    places = np.cumsum(jumps)
    inside = places < len(expected)
    rows: Ints = places - len(expected)
    rows[inside] = expected[places[inside]]
    return rows


def first_seen(rows: Ints) -> Ints:
    """Each row once, in the order in which they come first; 0, which is none, is left out."""
    found, first = np.unique(rows, return_index=True)
    in_order: Ints = found[np.argsort(first)]
    kept: Ints = in_order[in_order != 0]
    return kept
