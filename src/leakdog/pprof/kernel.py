"""The part of reading that is in C (`csrc/`): bytes of untrusted programs to arrays, called through ctypes.

A first pass counts, and refuses what is too much; then arrays are made, each of the size that it needs, and filled.
What is compiled knows nothing of Python, so that one shared object serves every version of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ctypes import c_char_p, c_int32, c_int64, c_size_t, c_void_p
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leakdog import library as compiled
from leakdog.errors import MalformedProfile
from leakdog.pprof.check import Ids
from leakdog.pprof.limits import Limits
from leakdog.pprof.trouble import LIMITS, error

Ints = NDArray[np.int64]

LIBRARY = Path(__file__).with_name("_kernel.so")
VERSION = 5
# What follows is in the order of csrc/kernel.h.
HEADER_FIELDS = 16


class Counts(NamedTuple):
    """How much of everything a profile has; `frames` without those that lie too deep."""

    types: int
    samples: int
    mappings: int
    locations: int
    functions: int
    strings: int
    frames: int
    lines: int
    labels: int
    comments: int
    text_bytes: int
    rest_bytes: int


_Counts = c_int64 * len(Counts._fields)
_Limits = c_int64 * len(LIMITS)
_Header = c_int64 * HEADER_FIELDS
_Dense = c_int64 * 3
_Trouble = c_int64 * 4
Address = c_void_p
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "count": (_Limits, _Counts, _Trouble),
    "tables": (_Counts, Address, Address, Address, _Header, _Dense, _Trouble),
    "samples": (_Counts, c_int64, Address, Address, Address, Address, Address, _Trouble),
    "again": (c_char_p, c_size_t, c_int64, c_int64, c_int64, Address, _Header),
    "rest": (Address,),
    "varints": (Address,),
}


class Columns(NamedTuple):
    """The tables as they are written; from `types` on in the order in which the kernel fills them.

    Attributes:
        text, text_offsets: the string table, and where each entry begins and the last one ends.
        header: the fields that are there once, by number.
        ids: of mappings, locations and functions.
        dense: of these three, whether ids count up from 1: then what refers to them are rows, else still ids.
        types: (types, 2): type and unit.
        mappings: (5, mappings): start, limit, offset, file, build id.
        flags: (mappings, 4).
        locations: (3, locations): mapping, address, whether folded.
        lines: (3, lines): function, line, column.
        functions: (4, functions): name, system name, file, start line.

    """

    text: memoryview
    header: list[int]
    ids: tuple[Ints, Ints, Ints]
    dense: list[int]
    types: Ints
    mappings: Ints
    flags: Ints
    locations: Ints
    line_offsets: Ints
    lines: Ints
    functions: Ints
    text_offsets: Ints
    comments: Ints


class Body:
    """An uncompressed profile that was counted.

    Raises:
        MalformedProfile: not protobuf, or cut off.
        ProfileTooLarge: more of something than its limit.

    """

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data = data
        self._limits = limits
        self._counts = _Counts()
        trouble = _Trouble()
        if not library().leakdog_count(data, len(data), _limits(limits), self._counts, trouble):
            raise error(trouble[:], limits)
        self.counts = Counts(*self._counts)

    def tables(self) -> Columns:
        """All but samples.

        Raises:
            MalformedProfile: broken, or something refers to what is not there.

        """
        n = self.counts
        shapes = (
            (n.types, 2),
            (5, n.mappings),
            (n.mappings, 4),
            (3, n.locations),
            (n.locations + 1,),
            (3, n.lines),
            (4, n.functions),
            (n.strings + 1,),
            (n.comments,),
        )
        numbers = np.empty(sum(map(prod, shapes)), np.int64)
        ids = np.empty(n.mappings + n.locations + n.functions, np.int64)
        text = np.empty(n.text_bytes, np.uint8)
        header, dense, trouble = _Header(), _Dense(), _Trouble()
        filled = library().leakdog_tables(
            self._data,
            len(self._data),
            self._counts,
            numbers.ctypes.data,
            ids.ctypes.data,
            text.ctypes.data,
            header,
            dense,
            trouble,
        )
        if not filled:
            raise error(trouble[:], self._limits)
        mapping_ids, location_ids = ids[: n.mappings], ids[n.mappings : n.mappings + n.locations]
        three = mapping_ids, location_ids, ids[n.mappings + n.locations :]
        return Columns(text.data, header[:], three, dense[:], *_cut(numbers, shapes))

    def samples(self, ids: Ids | None) -> tuple[Ints, Ints, NDArray[np.int32]]:
        """Values, offsets with labels, and stacks. `ids` are those of locations, None where they count up from 1.

        Raises:
            MalformedProfile: broken, or something refers to what is not there.

        """
        n = self.counts
        values = np.empty((n.samples, n.types), np.int64)
        numbers = np.empty(2 * (n.samples + 1) + 4 * n.labels, np.int64)
        stacks = np.empty(n.frames, np.int32)
        trouble = _Trouble()
        filled = library().leakdog_samples(
            self._data,
            len(self._data),
            self._counts,
            self._limits.depth,
            ids and ids.sorted.ctypes.data,
            ids and ids.rows_of.ctypes.data,
            values.ctypes.data,
            numbers.ctypes.data,
            stacks.ctypes.data,
            trouble,
        )
        if not filled:
            raise error(trouble[:], self._limits)
        return values, numbers, stacks

    def rest(self) -> bytes:
        """The fields that are there once, and those that are not known, as they are written."""
        found = np.empty(self.counts.rest_bytes, np.uint8)
        library().leakdog_rest(self._data, len(self._data), found.ctypes.data)
        return found.tobytes()


def _cut(numbers: Ints, shapes: Iterable[tuple[int, ...]]) -> Iterator[Any]:
    """Arrays of these shapes, one behind the other."""
    start = 0
    for shape in shapes:
        stop = start + prod(shape)
        yield numbers[start:stop].reshape(shape)
        start = stop


def again(before: bytes, known: Ints, strings: int, data: bytes, limits: Limits) -> tuple[Ints, list[int]] | None:
    """Values and header of a profile that differs in nothing else from the one before, which had the values `known`
    and so many strings; None where it does.
    """
    values, header = known.copy(), _Header()
    same = library().leakdog_again(
        data, len(data), before, len(before), known.shape[1], strings, limits.message_bytes, values.ctypes.data, header
    )
    return (values, header[:]) if same else None


def varints(data: bytes, count: int) -> Ints:
    """The numbers of a packed field, which are so many.

    Raises:
        MalformedProfile: the last one is cut off, or one takes more than 10 bytes.

    """
    numbers = np.empty(count, np.int64)
    if not library().leakdog_varints(data, len(data), numbers.ctypes.data):
        raise MalformedProfile("a number is cut off or takes more than 10 bytes")
    return numbers


@lru_cache(maxsize=8)
def _limits(limits: Limits) -> Any:
    return _Limits(*(getattr(limits, name) for name in LIMITS))


@lru_cache(maxsize=1)
def library() -> Any:
    return load(LIBRARY)


def load(path: Path) -> Any:
    """The compiled part.

    Raises:
        NotCompiled: it is not there, or of another version of leakdog; the text says what to do.

    """
    library = compiled.load(path, VERSION)
    for name, parameters in _SIGNATURES.items():
        function = getattr(library, f"leakdog_{name}")
        function.argtypes = (c_char_p, c_size_t, *parameters)
        function.restype = c_int32
    return library
