"""Profiles made small: a chain of them as what each has that the one before had not.

A profile comes back with the same samples, tables, ids, labels and header in the same order, so `go tool pprof -raw`
prints the same; how its producer wrote and compressed it is not kept.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from leakdog.errors import LeakdogError, StoreCorrupted
from leakdog.pprof.gunzip import MAGIC, gunzip
from leakdog.pprof.limits import Limits
from leakdog.pprof.profile import Profile
from leakdog.store.pack.chain import Chain as Chain
from leakdog.store.pack.link import Link
from leakdog.store.pack.parts import Parts as Parts
from leakdog.store.pack.parts import parts_of, take_apart
from leakdog.store.pack.protobuf import put_together

# A larger profile is stored as it was sent: to take it apart needs many times its size, in the daemon's own memory.
_LIMITS = Limits(decompressed_bytes=4 << 20)
_GZIP = 31
_DAMAGE = (LeakdogError, TypeError, ValueError, IndexError, zlib.error)
REMEDY = "; `leakdog storage verify` names it and, with --repair, takes out what cannot be read"
_FAST = 1  # a profile is closed to be opened by the one who asked for it


def opened(body: bytes, read: Profile | None = None) -> Parts:
    """A profile's parts, from its bytes as they were fetched, and from what was read of them, if it was.

    Raises:
        ProfileError: it is no profile in protobuf, one that would not come back the same, or over 4 MiB unpacked.

    """
    parts = None if read is None else parts_of(read)
    return parts or take_apart(gunzip(body, _LIMITS) if body.startswith(MAGIC) else body)


def closed(parts: Parts) -> bytes:
    """A profile of these parts, gzipped; the same parts give the same bytes."""
    packer = zlib.compressobj(_FAST, wbits=_GZIP)
    return packer.compress(put_together(parts)) + packer.flush()


def replayed(links: Iterable[bytes]) -> Chain:
    """The chain after these links.

    Raises:
        StoreCorrupted: they are not links of a chain, in order.

    """
    chain = Chain()
    try:
        chain.follow(Link.load(list(links)))
    except _DAMAGE as error:
        raise _damaged(error) from error
    return chain


def unrolled(links: Iterable[bytes]) -> Iterator[Parts]:
    """The profile of each of these links.

    Raises:
        StoreCorrupted: the next is no link of the chain.

    """
    chain = Chain()
    for link in links:
        try:
            chain.follow(Link.load([link]))
            parts = chain.profile()
        except _DAMAGE as error:
            raise _damaged(error) from error
        yield parts


def rewritten(links: Sequence[bytes], left: Sequence[int]) -> list[bytes]:
    """The links of a chain with only some of its profiles, which are told by their places, in order.

    Raises:
        StoreCorrupted: they are not links of a chain, in order.

    """
    old, new = Chain(), Chain()
    written: list[bytes] = []
    try:
        found = Link.load(links)
        for start, stop in pairwise([0, *(place + 1 for place in left)]):
            old.follow(found[start:stop])
            written.append(new.append(old.profile()).dump())
    except _DAMAGE as error:
        raise _damaged(error) from error
    return written


def _damaged(error: Exception) -> StoreCorrupted:
    return StoreCorrupted(
        f"a chain of profiles is damaged ({error}): the first of them may still be there, the others are lost{REMEDY}"
    )
