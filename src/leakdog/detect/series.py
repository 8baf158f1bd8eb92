"""What the detector remembers of one series: the low of each block of the present life. Bounded, and storable."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from leakdog.detect.settings import Settings
from leakdog.errors import LeakdogError

Floats = NDArray[np.float64]
# Version of the stored form, first of all its numbers.
FORMAT = 1.0
HEADER = 7


class SeriesState:
    """One series of one target, point by point.

    Blocks lie on the clock (`time // block_seconds`), so the same points give the same blocks whenever looked at.
    """

    __slots__ = ("_block", "_kept", "_lows", "_seconds", "first_time", "last_time", "life_start", "version")

    def __init__(self, settings: Settings) -> None:
        self._seconds = settings.block_seconds
        self._kept = settings.kept_blocks
        self._lows: dict[int, tuple[float, float, int]] = {}  # block → low, sum of loads, count of loads
        self._block = -1
        self.life_start = math.nan
        self.first_time = math.nan
        self.last_time = -math.inf
        self.version = 0

    def observe(self, time: float, value: float, *, life_start: float, load: float | None = None) -> None:
        """Take in one reading. A time that is not after the last one is ignored; another life begins anew."""
        if time <= self.last_time or not math.isfinite(value):
            return
        if life_start != self.life_start:
            self._lows.clear()
            self.life_start, self.first_time = life_start, time
        block = int(time // self._seconds)
        low, loads, count = self._lows.get(block, (math.inf, 0.0, 0))
        known = load is not None and math.isfinite(load)
        self._lows[block] = (min(low, value), loads + (load or 0.0) * known, count + known)
        if block != self._block:
            self._block = block
            self.version += 1
            if len(self._lows) > self._kept:
                del self._lows[next(iter(self._lows))]
        self.last_time = time

    def blocks(self) -> tuple[Floats, Floats, Floats]:
        """Times (middle of each complete block, seconds), lows and mean loads (NaN where unknown), oldest first.

        The block that is still being filled is left out: its low is not yet its low.
        """
        complete = [(block, *rest) for block, rest in self._lows.items() if block != self._block]
        if not complete:
            empty = np.empty(0)
            return empty, empty, empty
        table = np.array([(block, low, loads / count if count else math.nan) for block, low, loads, count in complete])
        return (table[:, 0] + 0.5) * self._seconds, table[:, 1], table[:, 2]

    def to_bytes(self) -> bytes:
        """All of the state as little-endian doubles."""
        head = [FORMAT, self._seconds, self._kept, self._block, self.life_start, self.first_time, self.last_time]
        rows = [(block, low, loads, count) for block, (low, loads, count) in self._lows.items()]
        return np.array(head + [number for row in rows for number in row], "<f8").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, settings: Settings) -> SeriesState:
        """The state that `to_bytes` gave.

        Raises:
            LeakdogError: these are other bytes, or of another preset: the series has to start afresh.

        """
        state = cls(settings)
        if len(data) % 8 or len(data) < 8 * HEADER:
            raise LeakdogError("the stored detector state is damaged")
        numbers = np.frombuffer(data, "<f8")
        if tuple(numbers[:3]) != (FORMAT, settings.block_seconds, settings.kept_blocks) or (len(numbers) - HEADER) % 4:
            raise LeakdogError("the stored detector state is of another version or preset")
        state._block = int(numbers[3])
        state.life_start, state.first_time, state.last_time = (float(number) for number in numbers[4:HEADER])
        for block, low, loads, count in numbers[HEADER:].reshape(-1, 4):
            state._lows[int(block)] = (float(low), float(loads), int(count))
        state.version = 1
        return state
