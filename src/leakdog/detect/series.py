"""What is remembered of one series: rings of block lows at growing coarseness, a few kilobytes however long it runs."""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from leakdog.detect.blocks import NEVER, Blocks
from leakdog.detect.settings import Level, Settings
from leakdog.errors import LeakdogError

Array = npt.NDArray[np.float64]
MAGIC = b"LDs\x04"
MAGIC_BEFORE = b"LDs\x03"  # all rings at their full length, loads as wide as lows
LOW, LOAD = 0, 1
STEP_WEIGHT = 0.1  # of the newest step in the average
SWING_WEIGHT = 0.1  # of the newest block's swing
HIGHS = 168  # of the coarsest blocks whose highest reading is remembered: a week in production
MOST_LIVES = 8  # restarts that are remembered, with the block at which each life begins to be seen
LOWEST = -math.inf
RESUMED = -1.0  # in the place of a step: the next one is the pause in which nobody watched, and tells nothing
LIFE_TOLERANCE_SECONDS = 1.5  # start times are told in clock ticks or whole seconds: nearer ones are the same life


class _Ring(Blocks):
    """The closed blocks of one level, lows and loads, and the block that is still open."""

    __slots__ = ("block_seconds", "count", "high", "index", "life_first", "load", "loads", "low")

    def __init__(self, level: Level) -> None:
        super().__init__(2, level.length)
        self.block_seconds = level.block_seconds
        self.life_first = NEVER  # first block of the current life
        self.open(NEVER)

    def open(self, index: int) -> None:
        """Begin a block."""
        self.index, self.low, self.high, self.load, self.loads, self.count = index, math.inf, LOWEST, 0.0, 0, 0

    def add(self, low: float, load: float | None, high: float) -> None:
        """Put a reading, or a finer block, into the open block."""
        self.count += 1
        self.high = max(self.high, high)
        if low < self.low:
            self.low = low
        if load is not None:
            self.load += load
            self.loads += 1

    def close(self) -> tuple[float, float | None]:
        """Move the open block into the ring."""
        load = self.load / self.loads if self.loads else None
        self.put(self.index, self.low, math.nan if load is None else load)
        return self.low, load


class SeriesState:
    """Bounded memory of one series, updated point by point.

    A restart of the process begins a new life: levels that join lives keep the past and, once the new life has
    settled, move it to the new life's level; the others start empty. Until then the past is hidden.
    """

    __slots__ = (
        "_after",
        "_before",
        "_highs",
        "_joining",
        "_lives",
        "_rings",
        "first_time",
        "last_time",
        "life_start",
        "memo",
        "settings",
        "step_seconds",
        "swing",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.life_start = LOWEST
        self.first_time = math.nan  # first reading of this life
        self.last_time = LOWEST
        self.step_seconds = 0.0  # between readings, an average that forgets; not above 0 until it is known
        self.swing = 0.0  # by how much readings exceed the lows of the coarsest level, an average that forgets
        self._highs = Blocks(1, HIGHS)  # of this life
        # What the engine found last, by look-back, and its last assessment; not saved, worked out anew.
        self.memo: list[object] = [None] * (len(settings.looks) + 1)
        self._lives: tuple[int, ...] = ()
        self._rings = [_Ring(level) for level in settings.levels]
        self._joining = next((k for k, level in enumerate(settings.levels) if level.joins_lives), None)
        self._before = math.nan  # level at the end of the last life, while the new one has not settled
        self._after: list[float] | None = None  # lows of the new life until it has settled; None: it has

    def observe(self, time: float, value: float, *, life_start: float, load: float | None = None) -> None:
        """Take in one reading.

        Args:
            time: unix seconds; a reading not later than the last is ignored.
            value: in the signal's unit; one that is not finite is ignored.
            life_start: when the process started; another one than before begins a new life.
            load: work done per second, in any unit; None where not known.

        """
        if time <= self.last_time or not math.isfinite(value):
            return
        if abs(life_start - self.life_start) > LIFE_TOLERANCE_SECONDS:
            self._begin_life(life_start, time)
        elif self.step_seconds == RESUMED:
            self.step_seconds = 0.0
        elif not self.step_seconds:
            self.step_seconds = time - self.last_time
        else:
            self.step_seconds += STEP_WEIGHT * (time - self.last_time - self.step_seconds)
        self.last_time = time
        levels, rings = self.settings.levels, self._rings
        for number, ring in enumerate(rings):
            index = _block(time, ring.block_seconds)
            if index == ring.index:
                break
            if ring.count:
                self._close(number)
            ring.open(index)
        if time >= life_start + levels[0].warm_up_seconds:
            rings[0].add(value, load if load is not None and math.isfinite(load) else None, value)

    @property
    def settled(self) -> bool:
        """Whether what came before this life can be compared with it."""
        return self._after is None

    @property
    def lives(self) -> Array:
        """First blocks of the lives on the coarsest level: (`MOST_LIVES`,), the last at the end, NaN where none is."""
        out = np.full(MOST_LIVES, np.nan)
        out[MOST_LIVES - len(self._lives) :] = self._lives
        return out

    def blocks(self, level: int, end: int) -> npt.NDArray[np.float32]:
        """Lows and loads of the blocks before block `end` of a level, oldest first: (2, length), NaN where missing."""
        ring = self._rings[level]
        out = ring.tail(end)
        if not self.settled and ring.life_first > end - ring.length:
            out[:, : max(0, ring.length - (end - ring.life_first))] = np.nan
        return out

    def highest(self, before: int) -> float:
        """The highest reading of this life in the week before a block of the coarsest level, or NaN."""
        if not self._highs.cells.size:
            return math.nan
        end = self._rings[-1].end
        highs = self._highs.cells[0, self._highs.at(max(before, end) - HIGHS, min(before, end))]
        known = highs[~np.isnan(highs)]
        return float(known.max()) if len(known) else math.nan

    def to_bytes(self) -> bytes:
        """All that is remembered: less than 4 kB in production, and less than 1 kB of a young process."""
        after = self._after if self._after is not None else []
        times = (self.life_start, self.first_time, self.last_time)
        head = _HEAD.pack(*times, self._before, self.swing, self.settled, len(after))
        parts = [head, struct.pack(f"<{len(after)}d", *after), self.lives.astype("<f8").tobytes()]
        parts += [_SIZE.pack(self._highs.end, self._highs.cells.shape[1]), self._highs.cells.astype("<f4").tobytes()]
        for ring in self._rings:
            parts.append(_RING.pack(*(getattr(ring, name) for name in _RING_FIELDS)))
            parts.append(_SIZE.pack(ring.end, ring.cells.shape[1]))
            parts += [ring.cells[LOW].astype("<f4").tobytes(), _halved(ring.cells[LOAD]).tobytes()]
        body = _fingerprint(self.settings.levels) + b"".join(parts)
        return MAGIC + struct.pack("<I", zlib.crc32(body)) + body

    @classmethod
    def from_bytes(cls, data: bytes, settings: Settings) -> SeriesState:
        """Read back what `to_bytes` wrote.

        Raises:
            LeakdogError: the bytes are damaged, of another version, or of other settings.

        """
        if data[:4] not in (MAGIC, MAGIC_BEFORE):
            raise LeakdogError("reading a detector state: it is not one of this version of leakdog; it starts afresh")
        body = data[8:]
        if len(data) < 8 or struct.pack("<I", zlib.crc32(body)) != data[4:8]:
            raise LeakdogError("reading a detector state: its checksum is wrong, so it is damaged; it starts afresh")
        mark = _fingerprint(settings.levels)
        if body[: len(mark)] != mark:
            raise LeakdogError("reading a detector state: it was kept under another preset; it starts afresh")
        state = cls(settings)
        state._read(body, len(mark), before=data[:4] == MAGIC_BEFORE)
        state.step_seconds = RESUMED
        return state

    def under(self, settings: Settings) -> SeriesState:
        """What is remembered, under other settings.

        Raises:
            LeakdogError: those are of another time scale.

        """
        return self if self.settings == settings else SeriesState.from_bytes(self.to_bytes(), settings)

    def _read(self, body: bytes, at: int, *, before: bool) -> None:
        values = _HEAD.unpack_from(body, at)
        self.life_start, self.first_time, self.last_time, self._before, self.swing, settled, count = values
        at += _HEAD.size
        after = struct.unpack_from(f"<{count}d", body, at)
        self._after = None if settled else list(after)
        at += 8 * count
        lives = np.frombuffer(body, "<f8", MOST_LIVES, at)
        self._lives = tuple(lives[~np.isnan(lives)].astype(int).tolist())
        at += lives.nbytes
        if before:
            self._read_before(body, at)
            return
        at = _read_rows(self._highs, body, at, loads=False)
        for ring in self._rings:
            for name, value in zip(_RING_FIELDS, _RING.unpack_from(body, at), strict=True):
                setattr(ring, name, value)
            at = _read_rows(ring, body, at + _RING.size, loads=True)

    def _read_before(self, body: bytes, at: int) -> None:
        """The rest of a state of the version before."""
        self._highs.cells = np.frombuffer(body, "<f4", HIGHS, at).reshape(1, HIGHS).astype(np.float32)
        at += self._highs.cells.nbytes
        for ring in self._rings:
            (ring.end,) = struct.unpack_from("<q", body, at)
            for name, value in zip(_RING_FIELDS, _RING.unpack_from(body, at + 8), strict=True):
                setattr(ring, name, value)
            at += 8 + _RING.size
            ring.cells = np.frombuffer(body, "<f4", 2 * ring.length, at).reshape(2, ring.length).astype(np.float32)
            at += ring.cells.nbytes
        self._highs.end = self._rings[-1].end

    def _close(self, number: int) -> None:
        """Close a level's open block and hand it to the next coarser level."""
        ring = self._rings[number]
        high = ring.high
        low, load = ring.close()
        if number == self._joining and self._after is not None:
            self._settle(low)
        if number + 1 == len(self._rings):
            self.swing += SWING_WEIGHT * (high - low - self.swing)
            self._highs.put(ring.index, high)
            return
        coarse = self._rings[number + 1]
        start = ring.index * ring.block_seconds
        if start < self.life_start + self.settings.levels[number + 1].warm_up_seconds:
            return
        if coarse.count == 0:
            coarse.open(int(start // coarse.block_seconds))
        coarse.add(low, load, high)

    def _begin_life(self, life_start: float, time: float) -> None:
        for number, ring in enumerate(self._rings):
            if ring.count:
                self._close(number)
        known = math.isfinite(self.life_start)
        self._remember_level()
        self.life_start, self.first_time = life_start, time
        self.memo = [None] * len(self.memo)
        self._highs.forget()
        for ring, level in zip(self._rings, self.settings.levels, strict=True):
            ring.open(NEVER)
            if not level.joins_lives:
                ring.forget()
            first = (max(life_start, self.last_time) if known else life_start) + level.warm_up_seconds
            ring.life_first = _block(first, ring.block_seconds)
        self._lives = (*self._lives, self._rings[-1].life_first)[-MOST_LIVES:]
        self._after = None if math.isnan(self._before) else []

    def _remember_level(self) -> None:
        """Note the level at which the ending life stands; a life that never settled is dropped."""
        if self._joining is None:
            return
        ring = self._rings[self._joining]
        if self._after is None:
            end = int(self.last_time // ring.block_seconds) + 1 if math.isfinite(self.last_time) else NEVER
            tail = ring.tail(end)[LOW, -self.settings.settle_blocks :]
            seen = tail[~np.isnan(tail)]
            self._before = float(np.median(seen)) if len(seen) else math.nan
            return
        self._lives = self._lives[:-1]
        for each, level in zip(self._rings, self.settings.levels, strict=True):
            if level.joins_lives:
                each.cells[:, each.at(each.life_first, each.end)] = np.nan

    def _settle(self, low: float) -> None:
        """Once the new life has shown its level, move the past to it."""
        assert self._after is not None
        self._after.append(low)
        if len(self._after) < self.settings.settle_blocks:
            return
        shift = float(np.median(self._after)) - self._before
        for ring, level in zip(self._rings, self.settings.levels, strict=True):
            if level.joins_lives:
                ring.cells[LOW, ring.at(NEVER, ring.life_first)] += np.float32(shift)
        self._after, self._before = None, math.nan


@lru_cache(maxsize=256)
def _block(time: float, seconds: float) -> int:
    """The block that a time lies in. All series of a target are read at one time, and share this number."""
    return int(time // seconds)


def _read_rows(blocks: Blocks, body: bytes, at: int, *, loads: bool) -> int:
    """Take in the numbers of blocks as `to_bytes` wrote them; returns where they end."""
    blocks.end, capacity = _SIZE.unpack_from(body, at)
    at += _SIZE.size
    rows = [np.frombuffer(body, "<f4", capacity, at).astype(np.float32)]
    at += 4 * capacity
    if loads:
        rows.append(_whole(np.frombuffer(body, "<u2", capacity, at)))
        at += 2 * capacity
    if capacity:
        blocks.cells = np.stack(rows)
    return at


def _halved(numbers: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    """The upper half of each number, rounded: load is known to less than the 0.4 % that this may change."""
    bits = np.ascontiguousarray(numbers).view(np.uint32)
    return np.where(np.isnan(numbers), 0x7FC0, (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def _whole(halves: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
    """What `_halved` left of the numbers."""
    return (halves.astype(np.uint32) << 16).view(np.float32)


_HEAD = struct.Struct("<ddddd?B")
_SIZE = struct.Struct("<qH")
_RING = struct.Struct("<qqdddqq")


@lru_cache
def _fingerprint(levels: tuple[Level, ...]) -> bytes:
    return hashlib.blake2b(repr(levels).encode(), digest_size=8).digest()


_RING_FIELDS = ("life_first", "index", "low", "high", "load", "loads", "count")
