"""Chains of profiles that are ready to go on, in a bounded memory: as they are, or packed where there is no room."""

from __future__ import annotations

import random
from typing import NamedTuple

from leakdog.store.pack import Chain

# Of a target and a kind of profile.
Series = tuple[int, str]

# What chains may take. Packed, those of a thousand targets have room in it; others are read again, in milliseconds.
READY_BYTES = 16 << 20


class _Kept(NamedTuple):
    """A chain, how many links it has, and what it takes."""

    chain_id: int
    length: int
    chain: Chain | bytes
    size_bytes: int


class Ready:
    """The latest chain of each series. A chain that goes on is taken out, and put back with its new link.

    Which are packed, and which are let go of, is drawn: targets come in turn, and where there is no room for all, those
    that went on last are those that are needed last.
    """

    def __init__(self) -> None:
        self._open: dict[Series, _Kept] = {}
        self._packed: dict[Series, _Kept] = {}
        self._size_bytes = 0
        self._draw = random.Random(0)  # noqa: S311 - no secret, and the same each time

    def clear(self) -> None:
        """Keep none."""
        self._open.clear()
        self._packed.clear()
        self._size_bytes = 0

    def take(self, series: Series, chain_id: int, length: int) -> Chain | None:
        """The chain of this series, which is to be this one and of so many links; None where it is not kept."""
        kept = self._pop(series, self._open if series in self._open else self._packed)
        if kept is None or (kept.chain_id, kept.length) != (chain_id, length):
            return None
        return kept.chain if isinstance(kept.chain, Chain) else Chain.unpacked(kept.chain)

    def put(self, series: Series, chain_id: int, length: int, chain: Chain) -> None:
        """Keep a chain in place of one of its series before it, and let others go where there is no room for all."""
        self._pop(series, self._open)
        self._pop(series, self._packed)
        while self._open and self._size_bytes + chain.size_bytes > READY_BYTES:
            self._pack(self._drawn(self._open))
        self._keep(series, self._open, _Kept(chain_id, length, chain, chain.size_bytes))
        while self._packed and self._size_bytes > READY_BYTES:
            self._pop(self._drawn(self._packed), self._packed)

    def _pack(self, series: Series) -> None:
        kept = self._pop(series, self._open)
        if kept is not None and isinstance(kept.chain, Chain):
            packed = kept.chain.packed()
            self._keep(series, self._packed, _Kept(kept.chain_id, kept.length, packed, len(packed)))

    def _drawn(self, kept: dict[Series, _Kept]) -> Series:
        return self._draw.choice(list(kept))

    def _keep(self, series: Series, where: dict[Series, _Kept], kept: _Kept) -> None:
        where[series] = kept
        self._size_bytes += kept.size_bytes

    def _pop(self, series: Series, where: dict[Series, _Kept]) -> _Kept | None:
        kept = where.pop(series, None)
        self._size_bytes -= kept.size_bytes if kept else 0
        return kept
