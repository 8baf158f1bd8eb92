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


class Going(NamedTuple):
    """What tells whether a profile can be the next of a chain: what it has so far."""

    chain_id: int
    life_start: float
    first_slot: float
    first_time: float
    length: int
    last_slot: float
    last_time: float

    def then(self, slot: float, time: float) -> Going:
        """The same with one profile more."""
        return self._replace(length=self.length + 1, last_slot=slot, last_time=time)


# What packed chains may take in memory: those of 300 targets.
READY_BYTES = 8 << 20
# Of so many chains that have no room as they are, one takes that of another: targets that are gone are not to keep it.
EXCHANGED = 64
# A place in the file has room for so much of its chain more, so that one that grows stays where it is.
SPARE = 1 / 16


class _Kept(NamedTuple):
    """A packed chain, or where it is in the file; what it takes, and has room for there."""

    series: Series
    going: Going
    packed: bytearray | int
    size_bytes: int
    room: int = 0


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

    def get(self, series: Series) -> _Kept | None:
        place = self._places.get(series)
        return None if place is None else self._every[place]

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
    """The latest chain of each series, until a longer one is put in its place.

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

    def going(self, series: Series) -> Going | None:
        """What the chain of this series has so far; None where none is kept."""
        kept = self._get(series)
        return None if kept is None else kept.going

    def chain(self, series: Series) -> Chain | None:
        """The chain of this series; None where none is kept, or it cannot be read back from the file."""
        kept = self._get(series)
        try:
            return None if kept is None else Chain.unpacked(self._packed(kept))
        except OSError as error:
            log.warning("a chain of profiles is read again: %s", error.strerror)
        except ValueError as error:
            log.warning("a chain of profiles is read again, as what was kept of it is damaged: %s", error)
        return None

    def drop(self, series: Series) -> None:
        """Keep none of this series."""
        self._let_go(self._pop(series))

    def put(self, series: Series, going: Going, chain: Chain) -> None:
        """Keep a chain in place of the one of its series before it, and make room for it among the others."""
        packed = chain.packed()  # where there is no memory for it, what is kept is not lost sight of
        before = self._pop(series)
        kept = _Kept(series, going, packed, len(packed))
        full = bool(self._open) and self._open.size_bytes + kept.size_bytes > READY_BYTES
        if full and self._draw.randrange(EXCHANGED):
            self._put_away(kept, before, chain.as_unpacked)
            return
        self._let_go(before)
        while self._open and self._open.size_bytes + kept.size_bytes > READY_BYTES:
            self._put_away(self._open.drawn())
        self._open.put(kept)

    def _get(self, series: Series) -> _Kept | None:
        return self._open.get(series) or self._away.get(series)

    def _pop(self, series: Series) -> _Kept | None:
        return self._open.pop(series) or self._away.pop(series)

    def _put_away(self, kept: _Kept, before: _Kept | None = None, same: int = 0) -> None:
        """Write a chain to the file, where the one before it was if it can be: all of it but what is the `same` there.

        Where there is no room, this one is let go of, and one to make room.
        """
        if self._file is None:
            return
        try:
            self._away.put(self._written(self._file, kept, before, same))
        except OSError as error:
            if not self._told:
                log.warning("profiles that are stored take longer, as not all chains are kept: %s", error.strerror)
            self._told = True
            if self._away:
                self._let_go(self._away.drawn())

    def _written(self, file: UnnamedFile, kept: _Kept, before: _Kept | None, same: int) -> _Kept:
        assert isinstance(kept.packed, bytearray)
        if before is not None and isinstance(before.packed, int) and before.room >= kept.size_bytes:
            try:
                file.write(memoryview(kept.packed)[same:], before.packed + same)
            except OSError:
                self._let_go(before)
                raise
            return kept._replace(packed=before.packed, room=before.room)
        self._let_go(before)
        room = kept.size_bytes + int(SPARE * kept.size_bytes)
        return kept._replace(packed=file.put(kept.packed, room), room=room)

    def _let_go(self, kept: _Kept | None) -> None:
        if self._file is not None and kept is not None and isinstance(kept.packed, int):
            self._file.free(kept.packed, kept.room)

    def _packed(self, kept: _Kept) -> bytearray:
        if isinstance(kept.packed, bytearray):
            return kept.packed
        assert self._file is not None
        packed = bytearray(kept.size_bytes)
        self._file.read(kept.packed, packed)
        return packed
