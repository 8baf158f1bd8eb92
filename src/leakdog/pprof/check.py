"""Whether what was decoded can be a profile: every index lies in its table, every id is there once.

The rules are those of google/pprof's `CheckValid` and string look-up, and Parca's on mappings.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leakdog.errors import MalformedProfile, ProfileTooLarge

Ints = NDArray[np.int64]


def check_count(what: str, count: int, limit: int) -> None:
    """Raise ProfileTooLarge if there are more of something than its limit, of the same name, allows."""
    if count > limit:
        raise ProfileTooLarge(f"the profile has more than {limit} {what.replace('_', ' ')} (limit {what})")


def check_strings(table: Sequence[bytes]) -> None:
    """Raise MalformedProfile unless the first string is the empty one, which stands for "none"."""
    if not table:
        raise MalformedProfile("the profile has no string table")
    if table[0]:
        raise MalformedProfile("the first entry of the string table is not empty")


def check_texts(what: str, indices: Ints, strings: int) -> None:
    """Raise MalformedProfile unless all indices, in an array of any shape, lie in a string table of that length."""
    known = indices.view(np.uint64) < strings
    if not known.all():
        bad = int(indices[~known][0])
        raise MalformedProfile(f"a {what} has string {bad}, but the string table has {strings} entries")


def check_values(counts: Ints, types: int) -> None:
    """Raise MalformedProfile unless every sample has one value per sample type."""
    wrong = np.flatnonzero(counts != types)
    if len(wrong):
        i = int(wrong[0])
        raise MalformedProfile(f"sample {i + 1} has {int(counts[i])} values, but there are {types} sample types")
    if len(counts) and not types:
        raise MalformedProfile("the profile has samples, but no sample types")


class Ids:
    """Ids of one table, as written, to rows.

    Raises:
        MalformedProfile: an id is 0, which stands for "none", or is there twice.

    """

    def __init__(self, what: str, ids: Ints) -> None:
        self._what = what
        self._count = len(ids)
        self._order: Ints | None = None
        if len(ids) and not np.array_equal(ids, np.arange(1, len(ids) + 1)):
            self._sort(ids)

    def _sort(self, ids: Ints) -> None:
        if not ids.all():
            raise MalformedProfile(f"a {self._what} has id 0, which means none")
        self._order = np.argsort(ids, kind="stable")
        self._sorted = ids[self._order]
        twice = np.flatnonzero(self._sorted[1:] == self._sorted[:-1])
        if len(twice):
            raise MalformedProfile(f"two {self._what}s have id {int(self._sorted[twice[0]])}")

    def rows_or_none(self, wanted: Ints, user: str) -> Ints:
        """The same, and -1 for id 0."""
        if wanted.all():
            return self.rows(wanted, user)
        found = np.full(len(wanted), -1, np.int64)
        some = wanted.nonzero()[0]
        found[some] = self.rows(wanted[some], user)
        return found

    def rows(self, wanted: Ints, user: str) -> Ints:
        """Rows of these ids.

        Raises:
            MalformedProfile: an id is not in the table; `user` says who asked for it.

        """
        if not len(wanted):
            return wanted
        if self._order is None:
            rows = wanted - 1
            known = rows.view(np.uint64) < self._count
        else:
            at = np.minimum(np.searchsorted(self._sorted, wanted), self._count - 1)
            rows, known = self._order[at], self._sorted[at] == wanted
        if not known.all():
            bad = int(wanted[np.flatnonzero(~known)[0]])
            raise MalformedProfile(f"a {user} refers to {self._what} {bad}, which is not in the profile")
        return rows
