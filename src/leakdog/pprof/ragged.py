"""Arrays of arrays: all elements one after the other, and where each of them begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def ranges(first: Ints, sizes: Ints) -> Ints:
    """The indices of many slices: `first[0], first[0] + 1, …` for `sizes[0]` numbers, then the next."""
    before = np.cumsum(sizes) - sizes
    return np.repeat(first - before, sizes) + np.arange(int(sizes.sum()))
