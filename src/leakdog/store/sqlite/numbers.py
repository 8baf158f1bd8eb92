"""The numbers of one slot as bytes: records of signal id (1 byte) and value (float64, little endian)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import numpy as np

from leakdog.store.contract import Readings

RECORD = np.dtype([("signal", "u1"), ("value", "<f8")])


def pack(values: Mapping[int, float]) -> bytes:
    """Values by signal id, as bytes."""
    flat = [item for pair in values.items() for item in pair]
    return struct.pack("<" + "Bd" * len(values), *flat)


def unpack(numbers: bytes) -> dict[int, float]:
    """The values that `pack` packed."""
    return dict(struct.iter_unpack("<Bd", numbers))


def column(rows: Sequence[tuple[float, float, bytes]], signal_id: int) -> Readings:
    """One signal out of rows of time, life start and packed numbers; rows without it give no point."""
    records = np.frombuffer(b"".join(numbers for _, _, numbers in rows), RECORD)
    wanted = np.flatnonzero(records["signal"] == signal_id)
    ends = np.cumsum([len(numbers) for _, _, numbers in rows]) // RECORD.itemsize
    times, life_starts = np.array([row[:2] for row in rows], np.float64).reshape(-1, 2).T
    row_of = np.searchsorted(ends, wanted, side="right")
    return Readings(times[row_of], records["value"][wanted].astype(np.float64), life_starts[row_of])
