"""Profiles of one process, each told as what is different from the one before.

Rows of strings, mappings, functions, locations and stacks are kept once for the chain, numbered in the order in
which they were first seen; a link holds the rows that are new, and the values that have changed. The order of a
profile's rows is worked out again (see `tables`), and only what is otherwise is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from leakdog.errors import MalformedProfile
from leakdog.pprof.gunzip import ZLIB
from leakdog.store.pack.link import Link
from leakdog.store.pack.order import applied
from leakdog.store.pack.parts import (
    FUNCTION_WIDTH,
    FUNCTIONS,
    NAMES,
    STACKS,
    STRINGS,
    TABLES,
    TYPES,
    Maps,
    Parts,
    Rows,
)
from leakdog.store.pack.table import Raw
from leakdog.store.pack.tables import Tables

Ints = NDArray[np.int64]

_NONE = np.zeros(0, np.int64)
# A packed chain begins with how long its tables are, those follow, and then the rest of it: its head says how long the
# lists in it are, and the profile's header. Tables and the rest have a checksum each, before them.
_SIZE_BYTES = _SUM_BYTES = 8
_HEAD = 1 + 3 + len(TABLES) + 1


class Chain:
    """Profiles one after the other: `append` adds one and gives its link, `follow` adds those that links tell of."""

    def __init__(self, tables: Tables | None = None) -> None:
        self._tables = tables or Tables()
        self._header = b""
        self._lead = self._stacks = _NONE
        self._values = np.zeros((0, 0), np.int64)
        self._orders: Sequence[Ints] = [_NONE] * len(TABLES)
        self._begins: bytes | memoryview = b""

    @property
    def as_unpacked(self) -> int:
        """Bytes at the beginning of what is `packed` that are as they were when it was `unpacked`.

        They are those of its tables, until these have a row more.
        """
        return len(self._begins)

    def packed(self) -> bytearray:
        """The chain in three fifths of the memory, to be `unpacked` in this process: it is not to outlive it."""
        lists = [self._lead, self._stacks, self._values.ravel(), *self._orders]
        head = np.array([self._values.shape[1], *map(len, lists), len(self._header)])
        rest = b"".join([np.concatenate([head, *lists]).data, self._header])
        return bytearray().join([self._begins or self._begun(), _sum(rest), rest])

    def _begun(self) -> bytes:
        """How a packed chain begins: with its tables."""
        tables = self._tables.folded().data
        return b"".join([len(tables).to_bytes(_SIZE_BYTES, "little"), _sum(tables), tables])

    @classmethod
    def unpacked(cls, packed: bytearray) -> Chain:
        """The chain that was packed.

        Raises:
            ValueError: this was not packed, or is damaged.

        """
        data = memoryview(packed)
        start = _SIZE_BYTES + _SUM_BYTES
        end = start + int.from_bytes(data[:_SIZE_BYTES], "little")
        tables, rest = data[start:end], data[end + _SUM_BYTES :]
        if _sum(tables) != data[_SIZE_BYTES:start] or _sum(rest) != data[end : end + _SUM_BYTES]:
            raise ValueError("this is no packed chain")
        types, *sizes, header = np.frombuffer(rest, np.int64, _HEAD).tolist()
        ends = [*accumulate(sizes, initial=_HEAD)]
        numbers = np.frombuffer(rest, np.int64, ends[-1]).copy()  # to be written to
        chain = cls(Tables.unfolded(np.frombuffer(tables, np.uint8)))
        chain._lead, chain._stacks, values, *chain._orders = [numbers[start:end] for start, end in pairwise(ends)]
        chain._values = values.reshape(-1, types) if types else chain._values
        chain._header = bytes(rest[numbers.nbytes : numbers.nbytes + header])
        chain._begins = data[:end]
        return chain

    def takes(self, parts: Parts) -> bool:
        """Whether a profile can be added: those of a chain have the same number of sample types."""
        return not len(self._values) or self._values.shape[1] == parts.values.shape[1]

    def append(self, parts: Parts) -> Link:
        """Add a profile.

        Raises:
            MalformedProfile: it has another number of sample types than those before it; nothing was added.

        """
        if not self.takes(parts):
            raise MalformedProfile("this profile has another number of sample types than those before it")
        known = [len(table) for table in self._tables]
        numbers = self._tables.numbers(parts)
        stacks = numbers[STACKS][1:].copy()
        new = [table.since(count) for table, count in zip(self._tables, known, strict=True)]
        if any(map(len, new)):
            self._begins = b""
        found = _lead(parts, numbers[STRINGS][1:])
        lead = found if len(found) else self._lead  # an empty list says: as before
        self._make_room(parts.values.shape[1])
        changed, by = _difference(self._values[stacks], parts.values)
        link = Link(
            strings=new[STRINGS].list(),
            rows=[Rows.of(rows) for rows in new[1:]],
            orders=self._tables.told(lead, self._stacks, numbers),
            lead=_NONE if np.array_equal(lead, self._lead) else lead,
            changed=changed,
            by=by,
            header=_trimmed(self._header, parts.header),
        )
        self._advance(link, stacks)
        return link

    def follow(self, links: Sequence[Link]) -> None:
        """Add the profiles that links tell of; at least one, and the last one can be asked for."""
        self._begins = b""
        self._tables[STRINGS].extend(Raw.of([text for link in links for text in link.strings]))
        for table in TABLES[1:]:
            self._tables[table].extend(Rows.joined([link.rows[table - 1] for link in links]).raw())
        self._make_room(len(links[0].rows[TYPES - 1].sizes))
        for link in links:
            self._advance(link, applied(self._stacks, link.orders[STACKS], len(self._values)))

    def profile(self) -> Parts:
        """The profile that was added last."""
        told = [_NONE if table == STACKS else self._orders[table] for table in TABLES]  # stacks are in their order
        orders = self._tables.orders(self._lead, self._stacks, told)
        places = Maps.of([*map(len, self._tables)])
        for table, order in enumerate(orders):
            places[table][order] = np.arange(1, len(order) + 1)
        found = [Rows.of(self._tables[table].pick(orders[table])) for table in TABLES[1:]]
        return Parts(
            header=self._header,
            strings=Raw.of([b"", *self._tables[STRINGS].pick(orders[STRINGS]).list()]),
            tables=[Rows(_NONE, _NONE), *(rows.renumbered(table, places) for table, rows in enumerate(found, 1))],
            values=self._values[self._stacks],
        )

    def _make_room(self, types: int) -> None:
        """Values for each stack; those of a new one are zero before it."""
        width = self._values.shape[1] or types
        more = len(self._tables[STACKS]) - len(self._values)
        old = self._values if len(self._values) else np.zeros((0, width), np.int64)
        self._values = np.concatenate([old, np.zeros((more, width), np.int64)])

    def _advance(self, link: Link, stacks: Ints) -> None:
        """Everything that is not rows."""
        at = np.cumsum(link.changed + 1) - 1
        self._values[stacks[at]] += link.by.reshape(self._values.shape[1], len(at)).T
        self._stacks, self._orders = stacks, link.orders
        self._lead = link.lead if len(link.lead) else self._lead
        head, tail, middle = link.header
        self._header = self._header[:head] + middle + self._header[len(self._header) - tail :]


def _sum(data: bytes | memoryview) -> bytes:
    return int(ZLIB.crc32(data)).to_bytes(_SUM_BYTES, "little")


def _lead(parts: Parts, strings: Ints) -> Ints:
    """The strings before the first that a function needs: those of the header, mostly."""
    used = parts.tables[FUNCTIONS].numbers.reshape(-1, FUNCTION_WIDTH)[:, :NAMES]
    return strings[: int(used[used > 0].min(initial=len(parts.strings))) - 1].copy()


def _difference(before: Ints, values: Ints) -> tuple[Ints, Ints]:
    by = values - before
    at = np.flatnonzero(by.any(axis=1))
    return np.diff(at, prepend=-1) - 1, by[at].T.ravel()


def _trimmed(before: bytes, header: bytes) -> tuple[int, int, bytes]:
    """How much of the beginning and of the end is as before, and what is between."""
    head = _alike(before, header)
    tail = _alike(before[head:][::-1], header[head:][::-1])
    return head, tail, header[head : len(header) - tail]


def _alike(one: bytes, other: bytes) -> int:
    """How many bytes at the beginning are the same."""
    for count, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return count
    return min(len(one), len(other))
