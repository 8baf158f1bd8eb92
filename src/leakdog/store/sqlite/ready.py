"""Chains of profiles that are ready to go on: as they are or packed, in a bounded memory, and beyond that in a file."""

from __future__ import annotations

import logging
import random
from typing import NamedTuple

from leakdog.pprof.gunzip import ZLIB
from leakdog.store.pack import Chain
from leakdog.store.unnamed import UnnamedFile

log = logging.getLogger("leakdog.store")

# Of a target and a kind of profile.
Series = tuple[int, str]

# What chains may take as they are, and again packed: those of 150 targets, and of some 750.
READY_BYTES = 8 << 20
# Of so many chains that have no room as they are, one takes that of another: targets that are gone are not to keep it.
EXCHANGED = 16


class _Kept(NamedTuple):
    """A chain, or where it is in the file; how many links it has, and what it takes."""

    series: Series
    chain_id: int
    length: int
    chain: Chain | bytes | int
    size_bytes: int


class _Some:
    """Chains that are kept in one way. One of them can be drawn."""

    def __init__(self, draw: random.Random) -> None:
        self._every: list[_Kept] = []
        self._places: dict[Series, int] = {}
        self._draw = draw
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._every)

    def put(self, kept: _Kept) -> None:
        self._places[kept.series] = len(self._every)
        self._every.append(kept)
        self.size_bytes += kept.size_bytes

    def pop(self, series: Series) -> _Kept | None:
        place = self._places.pop(series, None)
        if place is None:
            return None
        kept, last = self._every[place], self._every.pop()
        if last is not kept:
            self._every[place] = last
            self._places[last.series] = place
        self.size_bytes -= kept.size_bytes
        return kept

    def drawn(self) -> _Kept:
        """One that is taken out."""
        kept = self.pop(self._draw.choice(self._every).series)
        assert kept is not None
        return kept


class Ready:
    """The latest chain of each series. A chain that goes on is taken out, and put back with its new link.

    Where there is no room for all as they are, those that have it keep it, and the others are packed, which costs least
    right after they went on. Which of these go to the file, and which are let go of where that has no room, is drawn:
    targets come in turn, and those that went on last are those that are needed last.

    Args:
        file: for those that have no room in memory; None: they are let go of, and read again, in milliseconds.

    """

    def __init__(self, file: UnnamedFile | None = None) -> None:
        self._file = file
        self._draw = random.Random(0)  # noqa: S311 - no secret, and the same each time
        self._open, self._packed, self._away = (_Some(self._draw) for _ in range(3))
        self._told = False

    def clear(self) -> None:
        """Keep none."""
        self._open, self._packed = _Some(self._draw), _Some(self._draw)
        while self._away:
            self._let_go(self._away.drawn())

    def shorten(self) -> None:
        """Make the file as short as what is in use lets it be."""
        if self._file is not None:
            self._file.shorten()

    def take(self, series: Series, chain_id: int, length: int) -> Chain | None:
        """The chain of this series, which is to be this one and of so many links; None where it is not kept."""
        kept = self._pop(series)
        if kept is None:
            return None
        chain = self._chain(kept) if (kept.chain_id, kept.length) == (chain_id, length) else None
        self._let_go(kept)
        return chain

    def put(self, series: Series, chain_id: int, length: int, chain: Chain) -> None:
        """Keep a chain in place of one of its series before it, and make room for it among the others."""
        before = self._pop(series)
        if before is not None:
            self._let_go(before)
        kept = _Kept(series, chain_id, length, chain, chain.size_bytes)
        full = bool(self._open) and self._open.size_bytes + kept.size_bytes > READY_BYTES
        if full and self._draw.randrange(EXCHANGED):
            self._pack(kept)
        else:
            while self._open and self._open.size_bytes + kept.size_bytes > READY_BYTES:
                self._pack(self._open.drawn())
            self._open.put(kept)
        while self._packed and self._packed.size_bytes > READY_BYTES:
            self._put_away(self._packed.drawn())

    def _pop(self, series: Series) -> _Kept | None:
        return self._open.pop(series) or self._packed.pop(series) or self._away.pop(series)

    def _pack(self, kept: _Kept) -> None:
        assert isinstance(kept.chain, Chain)
        packed = kept.chain.packed()
        self._packed.put(kept._replace(chain=packed, size_bytes=len(packed)))

    def _put_away(self, kept: _Kept) -> None:
        """Write a packed chain to the file. Where that is full this one is let go of, and one to make room."""
        assert isinstance(kept.chain, bytes)
        if self._file is None:
            return
        try:
            where = self._file.put(kept.chain, kept.size_bytes)
        except OSError as error:
            if not self._told:
                log.warning("profiles that are stored take longer, as not all chains are kept: %s", error.strerror)
            self._told = True
            if self._away:
                self._let_go(self._away.drawn())
        else:
            self._away.put(kept._replace(chain=where))

    def _let_go(self, kept: _Kept) -> None:
        if self._file is not None and isinstance(kept.chain, int):
            self._file.free(kept.chain, kept.size_bytes)

    def _chain(self, kept: _Kept) -> Chain | None:
        """The chain itself; None where it cannot be read back from the file, as it can be from the database."""
        if isinstance(kept.chain, Chain):
            return kept.chain
        packed = kept.chain
        if isinstance(packed, int):
            assert self._file is not None
            out = bytearray(kept.size_bytes)
            try:
                self._file.read(packed, out)
            except OSError as error:
                log.warning("a chain of profiles is read again: %s", error.strerror)
                return None
            packed = bytes(out)
        try:
            return Chain.unpacked(packed)
        except (ZLIB.error, ValueError) as error:
            log.warning("a chain of profiles is read again, as what was kept of it is damaged: %s", error)
            return None
