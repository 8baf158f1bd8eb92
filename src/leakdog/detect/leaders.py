"""Of very many small series, the few that matter: the largest, and those that have grown most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Array = npt.NDArray[np.float64]

# Series of which a first and a last low are known: 20 bytes each.
REMEMBERED = 256
# Of those that are chosen, how many for their size; the others for their growth.
FOR_SIZE = 0.375
# A series is let go when so many times as many others are before it: who is chosen has history worth keeping.
STAY = 2


class Leaders:
    """First and last lows of up to `REMEMBERED` series, by which the ones to watch closely are chosen.

    A low is the least value of a block, so that what breathes has grown only when it breathes from a higher level.

    Attributes:
        keys: of the series, (n,), rising.

    """

    __slots__ = ("_begin", "_block", "_first", "_last", "_low", "keys")

    def __init__(self) -> None:
        self.keys: Keys = np.empty(0, np.uint64)
        self._first, self._last, self._low = (np.empty(0, np.float32) for _ in range(3))
        self._begin: int | None = None
        self._block = 0

    def observe(self, block: int, keys: Keys, values: Array) -> bool:
        """Take in the values of one time; series that are left out are at 0. Whether a block has ended.

        Args:
            block: number of the block that the time lies in.
            keys: (n,), rising, no two alike.
            values: (n,), not negative.

        """
        if self._begin is None:
            self._begin = self._block = block
        ended = block != self._block
        if ended:
            self._last, self._low = self._low, np.full(len(self.keys), np.inf, np.float32)
        self._block = block
        self._merge(keys, values)
        return ended

    def chosen(self, most: int, stay: Keys) -> list[int]:
        """Keys of the series to watch closely, at most so many. Those in `stay` are kept while they rank well."""
        growth = self._last - self._first
        by_size = self.keys[np.argsort(-self._last, kind="stable")]
        by_growth = self.keys[np.argsort(-growth, kind="stable")[: int((growth > 0).sum())]]
        large = round(FOR_SIZE * most)
        now = dict.fromkeys([*by_size[:large].tolist(), *by_growth[: most - large].tolist()])
        near = {*by_size[: STAY * large].tolist(), *by_growth[: STAY * (most - large)].tolist()}
        kept = dict.fromkeys(key for key in stay.tolist() if key in near)
        return list({**kept, **now, **dict.fromkeys(by_size.tolist())})[:most]

    def _merge(self, keys: Keys, values: Array) -> None:
        """Lower the lows by what is told, and remember series that are new if they are large enough."""
        # With counts NumPy sorts; its table of hashes takes four times as long for so few.
        known, _ = np.unique(np.concatenate([self.keys, keys]), return_counts=True)
        old, new = np.searchsorted(known, self.keys), np.searchsorted(known, keys)
        first, last, low, told = (np.zeros(len(known), np.float32) for _ in range(4))
        first[old], last[old], low[old], told[new] = self._first, self._last, self._low, values
        fresh = np.ones(len(known), bool)
        fresh[old] = False
        low[fresh] = np.inf
        low = np.minimum(low, told)
        if self._block == self._begin:
            first[:] = low
        last[fresh] = low[fresh]
        kept = np.sort(np.argsort(-np.maximum(np.maximum(first, last), low), kind="stable")[:REMEMBERED])
        self.keys, self._first, self._last, self._low = known[kept], first[kept], last[kept], low[kept]
