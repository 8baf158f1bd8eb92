"""Which of some places are meant, in a bit each or less."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

_LEVEL = 9
_RAW_DEFLATE = -15


def dump(meant: NDArray[np.bool_]) -> bytes:
    """Whether each place is meant, as bytes."""
    return zlib.compress(np.packbits(meant).tobytes(), _LEVEL, _RAW_DEFLATE)


def load(data: bytes, count: int) -> NDArray[np.int64]:
    """Which of `count` places are meant, rising.

    Raises:
        ValueError, zlib.error: these are not the marks of so many.

    """
    bits = np.frombuffer(zlib.decompress(data, _RAW_DEFLATE), np.uint8)
    if len(bits) != (count + 7) // 8:
        raise ValueError(f"{len(bits)} bytes of marks for {count} places")
    return np.flatnonzero(np.unpackbits(bits, count=count))
