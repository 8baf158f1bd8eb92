"""Which fields the messages of a profile have, for the modules that decode many of them at once.

Schema: https://github.com/google/pprof/blob/main/proto/profile.proto
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from leakdog.errors import MalformedProfile
from leakdog.pprof.wire import DELIMITED, VARINT

Ints = NDArray[np.int64]

# What a field of a given tag is:
UNKNOWN, KNOWN, MISTYPED = 0, 1, 2
TAGS = 129  # those of fields 1 to 15 take one byte; the last one stands for all others


class NotPlain(Exception):
    """These records use protobuf in a way that is valid and not read here."""

    def __init__(self, records: Ints) -> None:
        self.records = records


class Layout:
    """The fields of a message, by number: numbers, repeated numbers, and messages inside it."""

    def __init__(
        self, name: str, scalar: Iterable[int], repeated: Iterable[int] = (), inner: Iterable[int] = ()
    ) -> None:
        self.name = name
        self.kinds = np.full(TAGS, UNKNOWN, np.int8)
        allowed = [(n, VARINT) for n in (*scalar, *repeated)] + [(n, DELIMITED) for n in (*repeated, *inner)]
        self.rows = max(number for number, _ in allowed) + 1
        for number, _ in allowed:
            self.kinds[number << 3 : (number + 1) << 3] = MISTYPED
        for number, wire_type in allowed:
            self.kinds[number << 3 | wire_type] = KNOWN

    def mistyped(self, tag: int) -> MalformedProfile:
        """The error for a known field with a wire type it cannot have."""
        return MalformedProfile(f"field {tag >> 3} of a {self.name} has wire type {tag & 7}, which it cannot have")


class Layouts:
    """Layouts of messages of numbers that are decoded together, and of the messages inside them.

    `kinds` are those of the outer ones, one after the other.
    """

    def __init__(self, *outer: Layout, inner: Layout) -> None:
        self.outer = outer
        self.inner = inner
        self.kinds = np.concatenate([layout.kinds for layout in outer])
        self.rows = max(layout.rows for layout in outer)


def indices(tags: Ints) -> Ints:
    """Tags as indices into the kinds of a layout."""
    return np.minimum(tags.view(np.uint64), TAGS - 1).view(np.int64)


MAPPING, FUNCTION, LOCATION = range(3)
TABLES = Layouts(
    Layout("Mapping", range(1, 11)),
    Layout("Function", range(1, 6)),
    Layout("Location", (1, 2, 3, 5), inner=(4,)),
    inner=Layout("Line", range(1, 4)),
)
SAMPLE = Layout("Sample", (), repeated=(1, 2), inner=(3,))
_LABEL = Layout("Label", range(1, 5))
LABELS = Layouts(_LABEL, inner=_LABEL)  # nothing is inside a label
