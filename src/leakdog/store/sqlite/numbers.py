"""The numbers of one slot as bytes: records of signal id (1 byte) and value (float64, little endian)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from leakdog.errors import StoreCorrupted
from leakdog.store.contract import Readings
from leakdog.store.series import Column, Rows
from leakdog.store.series.rows import LAST
from leakdog.store.sqlite.damage import ROW, Note

RECORD = np.dtype([("signal", "u1"), ("value", "<f8")])


def pack(values: Mapping[int, float]) -> bytes:
    """Values by signal id, as bytes."""
    flat = [item for pair in values.items() for item in pair]
    return struct.pack("<" + "Bd" * len(values), *flat)


def unpack(numbers: bytes) -> dict[int, float]:
    """The values that `pack` packed."""
    return dict(struct.iter_unpack("<Bd", numbers))


def repacked(rows: Rows) -> list[tuple[float, float, float, bytes]]:
    """Rows as they arrive: slot, time, life start and packed numbers."""
    values: list[dict[int, float]] = [{} for _ in range(len(rows))]
    for signal, each in rows.columns.items():
        for at, value in zip(each.at.tolist(), each.figures[LAST].tolist(), strict=True):
            values[at][signal] = value
    return [
        (slot, time, life_start, pack(numbers))
        for slot, time, life_start, numbers in zip(
            rows.slots.tolist(), rows.times.tolist(), rows.life_starts.tolist(), values, strict=True
        )
    ]


def sound(rows: Iterable[tuple[Any, ...]], note: Note) -> list[tuple[Any, ...]]:
    """Rows that end with time, life start and packed numbers, without those that are damaged, which are noted."""
    found = []
    for row in rows:
        if isinstance(row[-1], bytes) and len(row[-1]) % RECORD.itemsize == 0:
            found.append(row)
        else:
            note(
                ROW,
                f"of second {row[-3]}",
                StoreCorrupted("it is no list of numbers; it goes when it is two hours old"),
            )
    return found


def columns(rows: Sequence[tuple[float, float, float, bytes]]) -> Rows:
    """Rows of slot, time, life start and packed numbers, signal by signal."""
    records = np.frombuffer(b"".join(numbers for *_, numbers in rows), RECORD)
    counts = [len(numbers) // RECORD.itemsize for *_, numbers in rows]
    row_of = np.repeat(np.arange(len(rows)), counts)
    slots, times, life_starts = np.array([row[:3] for row in rows], np.float64).reshape(-1, 3).T.copy()
    found = {}
    for signal in np.unique(records["signal"]).tolist():
        wanted = np.flatnonzero(records["signal"] == signal)
        found[signal] = Column(row_of[wanted], records["value"][wanted].astype(np.float64)[None])
    return Rows(slots, times, life_starts, found)


def column(rows: Sequence[tuple[float, float, bytes]], signal_id: int) -> Readings:
    """One signal out of rows of time, life start and packed numbers; rows without it give no point."""
    records = np.frombuffer(b"".join(numbers for _, _, numbers in rows), RECORD)
    wanted = np.flatnonzero(records["signal"] == signal_id)
    ends = np.cumsum([len(numbers) for _, _, numbers in rows]) // RECORD.itemsize
    times, life_starts = np.array([row[:2] for row in rows], np.float64).reshape(-1, 2).T
    row_of = np.searchsorted(ends, wanted, side="right")
    values = records["value"][wanted].astype(np.float64)
    return Readings(times[row_of], values, life_starts[row_of], values, values, values, np.ones(len(values)))
