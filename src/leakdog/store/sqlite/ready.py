"""Chains of profiles that are ready to go on, packed: in a bounded memory, and beyond that in a file.

Those in memory are packed too, so that they take less of it, and a pass costs as much of few targets as of many.
"""

from __future__ import annotations

import logging
import random
from typing import NamedTuple

from leakdog.store.pack import Chain
from leakdog.store.unnamed import UnnamedFile

log = logging.getLogger("leakdog.store")

# Of a target and a kind of profile.
Series = tuple[int, str]

# What packed chains may take in memory: those of 300 targets.
READY_BYTES = 8 << 20
# Of so many chains that have no room as they are, one takes that of another: targets that are gone are not to keep it.
EXCHANGED = 16


class _Kept(NamedTuple):
    """A packed chain, or where it is in the file; how many links it has, and what it takes."""

    series: Series
    chain_id: int
    length: int
    packed: bytearray | int
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

    Where there is no room for all, those that have it keep it, and the others lie in the file. Which are let go of
    where that has no room is drawn: targets come in turn, and those that went on last are those that are needed last.

    Args:
        file: for those that have no room in memory; None: they are let go of, and read again, in milliseconds.

    """

    def __init__(self, file: UnnamedFile | None = None) -> None:
        self._file = file
        self._draw = random.Random(0)  # noqa: S311 - no secret, and the same each time
        self._open, self._away = _Some(self._draw), _Some(self._draw)
        self._told = False

    def clear(self) -> None:
        """Keep none."""
        self._open = _Some(self._draw)
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
        packed = chain.packed()
        kept = _Kept(series, chain_id, length, packed, len(packed))
        full = bool(self._open) and self._open.size_bytes + kept.size_bytes > READY_BYTES
        if full and self._draw.randrange(EXCHANGED):
            self._put_away(kept)
        else:
            while self._open and self._open.size_bytes + kept.size_bytes > READY_BYTES:
                self._put_away(self._open.drawn())
            self._open.put(kept)

    def _pop(self, series: Series) -> _Kept | None:
        return self._open.pop(series) or self._away.pop(series)

    def _put_away(self, kept: _Kept) -> None:
        """Write a chain to the file. Where that is full this one is let go of, and one to make room."""
        if self._file is None:
            return
        assert isinstance(kept.packed, bytearray)
        try:
            where = self._file.put(kept.packed, kept.size_bytes)
        except OSError as error:
            if not self._told:
                log.warning("profiles that are stored take longer, as not all chains are kept: %s", error.strerror)
            self._told = True
            if self._away:
                self._let_go(self._away.drawn())
        else:
            self._away.put(kept._replace(packed=where))

    def _let_go(self, kept: _Kept) -> None:
        if self._file is not None and isinstance(kept.packed, int):
            self._file.free(kept.packed, kept.size_bytes)

    def _chain(self, kept: _Kept) -> Chain | None:
        """The chain itself; None where it cannot be read back from the file, as it can be from the database."""
        try:
            return Chain.unpacked(self._packed(kept))
        except OSError as error:
            log.warning("a chain of profiles is read again: %s", error.strerror)
        except ValueError as error:
            log.warning("a chain of profiles is read again, as what was kept of it is damaged: %s", error)
        return None

    def _packed(self, kept: _Kept) -> bytearray:
        if isinstance(kept.packed, bytearray):
            return kept.packed
        assert self._file is not None
        packed = bytearray(kept.size_bytes)
        self._file.read(kept.packed, packed)
        return packed
