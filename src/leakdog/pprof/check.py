"""Whether what was read can be a profile: not more of anything than its limit, every id once.

The rules are those of google/pprof's `CheckValid` and string look-up, and Parca's on mappings. What can be told while
reading is in `csrc/`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from leakdog.errors import MalformedProfile, ProfileTooLarge

Ints = NDArray[np.int64]


def check_count(what: str, count: int, limit: int) -> None:
    """Raise ProfileTooLarge if there are more of something than its limit, of the same name, allows."""
    if count > limit:
        raise ProfileTooLarge(f"the profile has more than {limit} {what.replace('_', ' ')} (limit {what})")


class Ids:
    """Ids of one table, as written, to rows; at least one.

    Attributes:
        sorted, rows_of: ids in order, and the row of each.

    Raises:
        MalformedProfile: an id is 0, which stands for "none", or is there twice.

    """

    def __init__(self, what: str, ids: Ints) -> None:
        self._what = what
        if not ids.all():
            raise MalformedProfile(f"a {what} has id 0, which means none")
        self.rows_of = np.argsort(ids, kind="stable")
        self.sorted = ids[self.rows_of]
        twice = np.flatnonzero(self.sorted[1:] == self.sorted[:-1])
        if len(twice):
            raise MalformedProfile(f"two {what}s have id {int(self.sorted[twice[0]])}")

    def rows_or_none(self, wanted: Ints, user: str) -> Ints:
        """The same as `rows`, and -1 for id 0."""
        found = np.full(len(wanted), -1, np.int64)
        some = wanted.nonzero()[0]
        found[some] = self.rows(wanted[some], user)
        return found

    def rows(self, wanted: Ints, user: str) -> Ints:
        """Rows of these ids.

        Raises:
            MalformedProfile: an id is not in the table; `user` says who asked for it.

        """
        at = np.minimum(np.searchsorted(self.sorted, wanted), len(self.sorted) - 1)
        known = self.sorted[at] == wanted
        if not known.all():
            bad = int(wanted[np.flatnonzero(~known)[0]])
            raise MalformedProfile(f"a {user} refers to {self._what} {bad}, which is not in the profile")
        return self.rows_of[at]
