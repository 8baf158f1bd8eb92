"""The tables of a chain: a profile's rows to their numbers there, and the order that is expected of them.

What a profile numbers anew each time (a heap profile of Go: all of it, when one stack is new) is worked out again: its
tables are in the order in which its stacks come to need them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from leakdog.library import address
from leakdog.pprof.compiled import call
from leakdog.store.pack.ints import LONGEST
from leakdog.store.pack.parts import TABLES, Maps, Parts
from leakdog.store.pack.table import COUNT, FIELDS, KEY, ROWS_ROOM, SPARE, Bytes, Table

Ints = NDArray[np.int64]


class Tables:
    """One for each of `parts.TABLES`."""

    def __init__(self) -> None:
        self._told = np.empty((len(TABLES), FIELDS), np.int64)
        self._tables = [Table(told) for told in self._told]

    @classmethod
    def unfolded(cls, folded: Bytes) -> Tables:
        """Those that were `folded`, ready for rows to be looked up.

        Raises:
            ValueError: these bytes were not folded.

        """
        tables = cls()
        told = tables._told
        size = call("folded_room", told, folded, len(folded), SPARE)
        if size >= 0:
            room = np.empty(size, np.uint8)
            if call("unfolded", told, folded, len(folded), room, KEY):
                for table in tables:
                    table.room = room
                return tables
        raise ValueError("these are no folded tables")

    def folded(self) -> Bytes:
        """All rows, without what they are looked up by."""
        self._make_ready()
        rows, _, size_bytes, _ = self._told[:, COUNT:].sum(0).tolist()
        out = np.empty(size_bytes + 20 * (rows + len(TABLES)), np.uint8)
        return out[: call("folded", self._told, out)]

    def __iter__(self) -> Iterator[Table]:
        """All of them, in the order of `parts.TABLES`."""
        return iter(self._tables)

    def __getitem__(self, table: int) -> Table:
        """One of them."""
        return self._tables[table]

    def numbers(self, parts: Parts) -> Maps:
        """The numbers of a profile's rows, which are 0 for those that are none; new rows are added in their order.

        Two equal rows of one profile are two rows here too: the second is known as the second.

        Raises:
            IndexError: a row refers to one that is not there.

        """
        maps = Maps.of([len(parts.strings), *(len(parts.tables[table].sizes) + 1 for table in TABLES[1:])])
        self._make_ready()
        strings, others = parts.strings, parts.tables[1:]
        rows = np.array(
            [
                (address(strings.data), address(strings.bounds), len(strings)),
                *(each.addresses for each in others),
            ],
            np.int64,
        )
        size_bytes = [strings.data.nbytes, *(LONGEST * len(each.numbers) for each in others)]
        row = np.empty(3 * max(len(each.numbers) for each in others), np.int64)
        grown = []
        while (at := self._numbered(rows, row, maps)) != len(TABLES):
            if at < 0:
                raise IndexError("a row refers to one that is not there")
            grown.append(self._tables[at])
            grown[-1].make_room(int(rows[at, 2]), size_bytes[at])
        for table in grown:
            table.make_room()
        return maps

    def told(self, lead: Ints, stacks: Ints, orders: Maps) -> list[Ints]:
        """How the order of each table differs from what is expected; see `order.edits`.

        Args:
            lead: strings that come first.
            stacks: the stacks that are expected.
            orders: numbers of a profile's rows, by table.

        Raises:
            IndexError: a row refers to one that is not there.

        """
        given = [orders[table][1:] for table in TABLES]
        return self._walked(lead, stacks, given, [1 + 2 * len(order) for order in given], tell=True)

    def orders(self, lead: Ints, stacks: Ints, told: Sequence[Ints]) -> list[Ints]:
        """The order of each table, of which this is told."""
        return self._walked(lead, stacks, told, [len(table) for table in self._tables], tell=False)

    def _make_ready(self) -> None:
        """Have rows looked up, which cannot be where others were just added."""
        for table in self._tables:
            if not table.ready:
                table.make_room()

    def _numbered(self, rows: Ints, row: Ints, maps: Maps) -> int:
        seen = np.empty(self._told[:, ROWS_ROOM].max(), np.int32)
        return call("numbered", self._told, rows, KEY, seen, row, maps.numbers, maps.starts)

    def _walked(
        self, lead: Ints, stacks: Ints, given: Sequence[Ints], room: Sequence[int], *, tell: bool
    ) -> list[Ints]:
        starts = np.cumsum([0, *map(len, given)], dtype=np.int64)
        out = Maps.of(room)
        counts = np.zeros(len(TABLES), np.int64)
        scratch = np.empty(3 * self._told[:, COUNT].sum(), np.int64)
        lists = (lead, len(lead), stacks, len(stacks), int(tell), np.concatenate(given), starts)
        if not call("walked", self._told, *lists, out.numbers, out.starts, counts, scratch):
            raise IndexError("a row refers to one that is not there")
        return [out[table][:count].copy() for table, count in enumerate(counts.tolist())]
