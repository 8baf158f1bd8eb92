"""Profiles of one process, each told as what is different from the one before.

Rows of strings, mappings, functions, locations and stacks are kept once for the chain, numbered in the order in
which they were first seen; a link holds the rows that are new, and the values that have changed. What a profile
numbers anew each time (a heap profile of Go: all of it, when one stack is new) is worked out again: its tables
are in the order in which its stacks come to need them, and only what is otherwise is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from leakdog.errors import MalformedProfile
from leakdog.store.pack.link import Link
from leakdog.store.pack.order import applied, edits, first_seen
from leakdog.store.pack.parts import FUNCTIONS, LOCATIONS, MAPPINGS, STACKS, STRINGS, TABLES, TYPES, Parts, Rows
from leakdog.store.pack.table import Table

Ints = NDArray[np.int64]

_NONE = np.zeros(0, np.int64)
# A row with its bytes, its number, and its places in a list and a dictionary, measured with tracemalloc.
ROW_BYTES = 210
# The order of a table is expected from those that refer to it, so they come first.
_WALK = (STACKS, LOCATIONS, FUNCTIONS, MAPPINGS, TYPES, STRINGS)


class Chain:
    """Profiles one after the other: `append` adds one and gives its link, `follow` adds those that links tell of."""

    def __init__(self) -> None:
        self._tables = [Table([b""]) for _ in TABLES]  # row 0: the empty string, or none
        self._header = b""
        self._lead = self._stacks = _NONE
        self._values = np.zeros((0, 0), np.int64)
        self._orders: Sequence[Ints] = ()

    @property
    def size_bytes(self) -> int:
        """Roughly what it takes in memory."""
        return ROW_BYTES * sum(map(len, self._tables)) + self._values.nbytes

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
        actual = self._numbers(parts)
        new = [table.rows[count:] for table, count in zip(self._tables, known, strict=True)]
        found = _lead(parts, actual[STRINGS])
        lead = found if len(found) else self._lead  # an empty list says: as before
        self._make_room(parts.values.shape[1])
        changed, by = _difference(self._values[actual[STACKS]], parts.values)
        link = Link(
            strings=new[STRINGS],
            rows=[Rows.of(rows) for rows in new[1:]],
            orders=self._told(actual, lead),
            lead=_NONE if np.array_equal(lead, self._lead) else lead,
            changed=changed,
            by=by,
            header=_trimmed(self._header, parts.header),
        )
        self._advance(link, actual[STACKS])
        return link

    def follow(self, links: Sequence[Link]) -> None:
        """Add the profiles that links tell of; at least one, and the last one can be asked for."""
        for link in links:
            self._tables[STRINGS].extend(link.strings)
        for table, found in zip(self._tables[1:], zip(*(link.rows for link in links), strict=True), strict=True):
            table.extend(Rows.joined(found).raw())
        self._make_room(len(links[0].rows[TYPES - 1].sizes))
        for link in links:
            self._advance(link, applied(self._stacks, link.orders[STACKS]))

    def profile(self) -> Parts:
        """The profile that was added last."""
        orders = [_NONE] * len(TABLES)

        def settle(table: int, expected: Ints) -> Ints:
            orders[table] = self._stacks if table == STACKS else applied(expected, self._orders[table])
            return orders[table]

        tables = self._walk(self._lead, settle)
        places = [np.zeros(len(table), np.int64) for table in self._tables]
        for place, order in zip(places, orders, strict=True):
            place[order] = np.arange(1, len(order) + 1)
        tables = [rows.renumbered(table, places) for table, rows in enumerate(tables)]
        return Parts(
            header=self._header,
            strings=[b"", *self._tables[STRINGS].pick(orders[STRINGS])],
            tables=tables,
            values=self._values[self._stacks],
        )

    def _numbers(self, parts: Parts) -> list[Ints]:
        """The chain's own numbers of a profile's rows, by table, without row 0."""
        numbers = [self._tables[STRINGS].numbers(parts.strings)]
        for table in TABLES[1:]:
            own = parts.tables[table].renumbered(table, numbers)
            numbers.append(self._tables[table].numbers([b"", *own.raw()]))
        return [each[1:] for each in numbers]

    def _told(self, actual: Sequence[Ints], lead: Ints) -> list[Ints]:
        """How the order of each table differs from what is expected."""
        told = [_NONE] * len(TABLES)

        def settle(table: int, expected: Ints) -> Ints:
            told[table] = edits(expected, actual[table], len(self._tables[table]))
            return actual[table]

        self._walk(lead, settle)
        return told

    def _walk(self, lead: Ints, settle: Callable[[int, Ints], Ints]) -> list[Rows]:
        """The rows of each table but the strings, in the order that `settle` makes of the one expected."""
        needed: list[list[Ints]] = [[] for _ in TABLES]
        needed[STRINGS].append(lead)
        found = [Rows(_NONE, _NONE)] * len(TABLES)
        for table in _WALK:
            order = settle(table, self._expected(table, needed[table]))
            if table == STRINGS:
                break
            rows = found[table] = Rows.of(self._tables[table].pick(order))
            for other, at in rows.references(table):
                needed[other].append(rows.numbers[at])
        return found

    def _expected(self, table: int, needed: list[Ints]) -> Ints:
        if table == STACKS:
            return self._stacks
        if table in (MAPPINGS, TYPES):
            return np.arange(1, len(self._tables[table]))
        return first_seen(np.concatenate(needed))

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


def _lead(parts: Parts, strings: Ints) -> Ints:
    """The strings before the first that a function needs: those of the header, mostly."""
    names = parts.tables[FUNCTIONS].references(FUNCTIONS)[0][1]
    used = parts.tables[FUNCTIONS].numbers[names]
    return strings[: int(used[used > 0].min(initial=len(parts.strings))) - 1]


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
