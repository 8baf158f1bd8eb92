"""The order of rows, told by what is different from an order that is expected."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from leakdog.pprof.compiled import call

Ints = NDArray[np.int64]


def edits(expected: Ints, actual: Ints, known: int) -> Ints:
    """What turns one list of distinct rows below `known` into another: where it jumps, and how far.

    Each row is told by its place in `expected`, and one that is not there by its number, counted from the end of
    `expected`. Mostly the next row is the next place, and nothing is told.

    Raises:
        IndexError: there is a row that is not below `known`.

    """
    out = np.empty(1 + 2 * len(actual), np.int64)
    lists = (expected, len(expected), actual, len(actual))
    told = call("edits", *lists, known, np.empty(known, np.int64), out)
    if told < 0:
        raise IndexError("there is no such row")
    return out[:told]


def applied(expected: Ints, told: Ints, known: int) -> Ints:
    """The list that `edits` told.

    Raises:
        IndexError: it is longer than `known`, or has a row that is not below.

    """
    out = np.empty(known, np.int64)
    count = call("applied", expected, len(expected), told, len(told), known, out, known)
    if count < 0:
        raise IndexError("there is no such row")
    return out[:count].copy()
