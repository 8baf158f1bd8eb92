"""Which binary an address of a text profile lies in: its memory map, put in order as google/pprof does.

Sources: google/pprof profile/profile.go (`massageMappings`) and profile/legacy_profile.go (`remapMappingIDs`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leakdog.pprof.symbols import Ints

Addresses = NDArray[np.uint64]
_LIBRARY = re.compile(r"\.so(\Z|[._][0-9])")
_WRAP = 1 << 64
_PROGRAM_START = 0x400000  # where Linux on x86 puts a program that cannot be moved
_NOWHERE = -1


class Mapping(NamedTuple):
    """A part of a binary in memory: addresses `start <= a < limit`, from this offset of the file on."""

    start: int
    limit: int
    offset: int = 0
    file: str = ""
    build_id: str = ""


ANYWHERE = Mapping(0, _WRAP - 1)  # for addresses that no mapping has


def assign(addresses: Addresses, mappings: Sequence[Mapping]) -> tuple[list[Mapping], Ints]:
    """The mappings as they are to be shown, and for each address the row of its own, -1 for address 0.

    Addresses just below a mapping are taken to lie in its file's earlier part, which some producers leave out;
    the mapping is then made longer. What lies nowhere gets a last mapping of all addresses, without a file.
    """
    found = _from_program_start(_program_first(_joined(mappings)))
    rows = _cover(addresses, [(each.start, each.limit) for each in found])
    below = _cover(addresses, [((each.start - each.offset) % _WRAP, each.start) for each in found])
    stray = np.flatnonzero((rows == _NOWHERE) & (addresses != 0))
    lost = stray[below[stray] == _NOWHERE]
    first_lost = int(lost[0]) if len(lost) else len(addresses)
    longer = np.unique(below[stray[stray < first_lost]])
    for row in longer.tolist():
        each = found[row]
        found[row] = each._replace(start=(each.start - each.offset) % _WRAP, offset=0)
    rows[stray] = np.where(np.isin(below[stray], longer), below[stray], len(found))
    return found + [ANYWHERE] * bool((rows == len(found)).any()), rows.astype(np.int64)


def _cover(addresses: Addresses, ranges: Sequence[tuple[int, int]]) -> NDArray[np.int32]:
    """For each address the first range that has it, -1 where none does."""
    order = np.argsort(addresses, kind="stable")
    ends = np.array(ranges, np.uint64).reshape(-1, 2)
    slices = np.searchsorted(addresses[order], ends).tolist()
    rows = np.full(len(addresses), _NOWHERE, np.int32)
    for row, (first, last) in reversed(list(enumerate(slices))):
        rows[first:last] = row
    out = np.empty_like(rows)
    out[order] = rows
    return out


def _joined(mappings: Sequence[Mapping]) -> list[Mapping]:
    """Parts of one binary that follow each other are one mapping."""
    out: list[Mapping] = []
    for each in mappings:
        if out and _follows(out[-1], each):
            before = out[-1]
            file, build_id = each.file or before.file, each.build_id or before.build_id
            out[-1] = before._replace(limit=each.limit, file=file, build_id=build_id)
        else:
            out.append(each)
    return out


def _follows(before: Mapping, after: Mapping) -> bool:
    offset = before.offset + before.limit - before.start
    return (
        before.limit == after.start
        and (not before.file or not after.file or before.file == after.file)
        and (not before.build_id or not after.build_id or before.build_id == after.build_id)
        and (not before.offset or not after.offset or offset % _WRAP == after.offset)
    )


def _program_first(mappings: list[Mapping]) -> list[Mapping]:
    """The program itself, the first file that is no library, changes places with the first mapping."""
    for row, each in enumerate(mappings):
        file = each.file.replace("(deleted)", "").strip()
        if file and not file.startswith("[") and not _LIBRARY.search(file):
            mappings[0], mappings[row] = mappings[row], mappings[0]
            break
    return mappings


def _from_program_start(mappings: list[Mapping]) -> list[Mapping]:
    """A program that was moved to huge pages, or is told from its code on, begins where programs begin."""
    if len(mappings) > 1 and mappings[0].file.startswith("/anon_hugepage") and mappings[0].limit == mappings[1].start:
        mappings = mappings[1:]
    if mappings and mappings[0].start - mappings[0].offset == _PROGRAM_START:
        mappings[0] = mappings[0]._replace(start=_PROGRAM_START, offset=0)
    return mappings
