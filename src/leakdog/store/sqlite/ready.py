"""Chains of profiles that are ready to go on, packed, in a file: a pass costs as much of few targets as of many.

In memory is only where each of them lies, and what tells whether a profile goes on with it.
"""

from __future__ import annotations

import logging
from collections.abc import Set
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


# A place in the file has room for so much of its chain more, so that one that grows stays where it is.
SPARE = 1 / 16
# A chain that has not gone on for so long gives its place to another where there is no room: its target may be gone.
STALE_SECONDS = 3600.0


class _Kept(NamedTuple):
    """Where a packed chain is in the file, what it takes there, and has room for."""

    going: Going
    where: int
    size_bytes: int
    room: int


class Ready:
    """The latest chain of each series, until a longer one is put in its place.

    Where the file has no room for all, those that have it keep it, as targets come in turn: the one that went on last
    is needed last. The others are read again from the database, in milliseconds.
    """

    def __init__(self, file: UnnamedFile) -> None:
        self._file = file
        self._kept: dict[Series, _Kept] = {}  # the one that went on last is the last
        self._told = False

    def clear(self) -> None:
        """Keep none."""
        for series in list(self._kept):
            self.drop(series)

    def keep(self, targets: Set[int]) -> None:
        """Keep those of these targets alone, and make the file as short as that lets it be."""
        for series in [series for series in self._kept if series[0] not in targets]:
            self.drop(series)
        self._file.shorten()

    def going(self, series: Series) -> Going | None:
        """What the chain of this series has so far; None where none is kept."""
        kept = self._kept.get(series)
        return None if kept is None else kept.going

    def chain(self, series: Series) -> Chain | None:
        """The chain of this series; None where none is kept, or it cannot be read back from the file."""
        kept = self._kept.get(series)
        if kept is None:
            return None
        packed = bytearray(kept.size_bytes)
        try:
            self._file.read(kept.where, packed)
            return Chain.unpacked(packed)
        except OSError as error:
            log.warning("a chain of profiles is read again: %s", error.strerror)
        except ValueError as error:
            log.warning("a chain of profiles is read again, as what was kept of it is damaged: %s", error)
        return None

    def drop(self, series: Series) -> None:
        """Keep none of this series."""
        kept = self._kept.pop(series, None)
        if kept is not None:
            self._file.free(kept.where, kept.room)

    def put(self, series: Series, going: Going, chain: Chain) -> None:
        """Keep a chain in place of the one of its series before it, if there is room."""
        before, packed = self._kept.get(series), chain.packed()
        try:
            if before is not None and before.room >= len(packed):
                self._file.write(memoryview(packed)[chain.as_unpacked :], before.where + chain.as_unpacked)
                del self._kept[series]
                self._kept[series] = before._replace(going=going, size_bytes=len(packed))
            else:
                self.drop(series)
                self._kept[series] = self._placed(going, packed)
        except OSError as error:
            self.drop(series)
            if not self._told:
                log.warning("profiles that are stored take longer, as not all chains are kept: %s", error.strerror)
            self._told = True

    def _placed(self, going: Going, packed: bytearray) -> _Kept:
        """A chain at a place of its own."""
        room = len(packed) + int(SPARE * len(packed))
        while True:
            try:
                return _Kept(going, self._file.put(packed, room), len(packed), room)
            except OSError:
                if not self._drop_stale(going.last_slot):
                    raise

    def _drop_stale(self, now: float) -> bool:
        """Let go of the chain that has not gone on for longest, if that is for long; whether there was one."""
        series, kept = next(iter(self._kept.items()), (None, None))
        if series is None or kept is None or kept.going.last_slot >= now - STALE_SECONDS:
            return False
        self.drop(series)
        return True
