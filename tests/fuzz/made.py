"""Profiles in protobuf that are made up: everything that the format allows, and what it does not quite.

Written field by field, without the product's own encoder, so that what is read can be compared with what was meant.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

TEXTS = (
    b"main.work",
    b"main.(*Server[go.shape.int]).Serve.func1",
    b"/usr/lib/libc.so.6",
    b"inuse_space",
    b"bytes",
    b"",
    "\u00e4\u202e\U0001f415".encode(),
    b"\xff\xfe\x80",
    b"\x1b[2J\n",
    b"x" * 300,
)
NUMBERS = (0, 1, 2, 127, 128, 300, 1 << 14, 1 << 31, 1 << 32, (1 << 63) - 1, -1, -(1 << 63))
FIRST_IDS = (1, 1, 1, 1 << 7, 1 << 20, (1 << 63) - 9, (1 << 64) - 99)


class Place(NamedTuple):
    """A call site: its address, and for each line the function's string and the line number."""

    address: int
    lines: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Made:
    """A profile's bytes, and for each sample what they say: values, stack, and how many labels there are."""

    data: bytes = b""
    values: list[list[int]] = field(default_factory=list)
    stacks: list[list[Place]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)


def valid(choices: Random) -> Made:
    """A valid profile. The choices come from a seed, from hypothesis or from a fuzzer."""
    return _Maker(choices).profile()


def broken(choices: Random) -> bytes:
    """A valid profile that was then damaged, before or after compression; now and then not at all."""
    data = bytearray(valid(choices).data)
    late = choices.randrange(4) == 0
    if late:
        data = bytearray(gzip.compress(data, 1, mtime=0))
    for _ in range(choices.randrange(4)):
        at, width = choices.randrange(len(data) + 1), choices.randrange(1, 4)
        what = choices.randrange(5)
        if what == 0:
            data[at : at + 1] = bytes([choices.randrange(256)])
        elif what == 1:
            del data[at : at + width]
        elif what == 2:
            data[at:at] = choices.choice((b"\xff" * 10, b"\x80", b"\x00", b"\x12\x00", b"\x0a\x7f"))
        elif what == 3:
            data[at:at] = data[at // 2 : at // 2 + 20 * width]
        else:
            del data[-width:]
    return bytes(data) if late or choices.randrange(4) else gzip.compress(data, 1, mtime=0)


class _Maker:
    """Makes one profile."""

    def __init__(self, choices: Random) -> None:
        self.choices = choices
        self.made = Made()
        self.strings = [b"", *(choices.choice(TEXTS) for _ in range(choices.randrange(12)))]
        self.types = choices.randrange(1, 5)
        self.odd = choices.randrange(3) == 0  # unknown fields, any order, numbers longer than they need be

    def profile(self) -> Made:
        mappings = self._ids(4)
        functions = {number: self._text() for number in self._ids(7)}
        places = {number: self._place(list(functions)) for number in self._ids(9)}
        tables = [
            [self._message(1, self._numbers(self._text(), self._text())) for _ in range(self.types)],
            [self._sample(places, functions) for _ in range(self.choices.randrange(9))],
            [self._message(3, self._mapping(number)) for number in mappings],
            [self._location(number, place, mappings) for number, place in places.items()],
            [self._message(5, self._function(number, name)) for number, name in functions.items()],
            [self._message(6, text) for text in self.strings],
            [self._last()],
        ]
        if self.odd:
            tables.append([self._message(1000, b"nobody knows"), self._varint(999 << 3) + self._varint(7)])
            self.choices.shuffle(tables)
        self.made.data = b"".join(part for table in tables for part in table)
        return self.made

    def _ids(self, most: int) -> list[int]:
        """Distinct ids, mostly 1, 2, 3."""
        start = self.choices.choice(FIRST_IDS)
        ids = list(range(start, start + self.choices.randrange(most)))
        if self.odd:
            self.choices.shuffle(ids)
        return ids

    def _text(self) -> int:
        return self.choices.randrange(len(self.strings))

    def _number(self) -> int:
        return self.choices.choice(NUMBERS)

    def _place(self, functions: list[int]) -> Place:
        lines = self.choices.randrange(4) if functions else 0
        return Place(self._number(), tuple((self.choices.choice(functions), self._number()) for _ in range(lines)))

    def _sample(self, places: dict[int, Place], functions: dict[int, int]) -> bytes:
        ids = list(places)
        stack = [self.choices.choice(ids) for _ in range(self.choices.randrange(12))] if ids else []
        values = [self._number() for _ in range(self.types)]
        labels = [self._label() for _ in range(self.choices.choice((0, 0, 1, 3)))]
        self.made.values.append(values)
        self.made.labels.append(len(labels))
        self.made.stacks.append(
            [Place(p.address, tuple((functions[f], line) for f, line in p.lines)) for p in map(places.get, stack) if p]
        )
        parts = [self._repeated(1, stack), self._repeated(2, values), *labels, self._unknown()]
        if self.odd:
            self.choices.shuffle(parts)
        return self._message(2, b"".join(parts))

    def _label(self) -> bytes:
        number = self._number()
        return self._message(3, self._numbers(self._text(), 0 if number else self._text(), number, self._text()))

    def _mapping(self, number: int) -> bytes:
        flags = [self.choices.randrange(2) for _ in range(4)]
        return self._numbers(number, *(self._number() for _ in range(3)), self._text(), self._text(), *flags)

    def _location(self, number: int, place: Place, mappings: list[int]) -> bytes:
        lines = [self._message(4, self._numbers(*line, self.choices.randrange(90))) for line in place.lines]
        mapping = self.choices.choice([0, *mappings])
        folded = self._varint(5 << 3) + b"\x01" if self.choices.randrange(4) == 0 else b""
        return self._message(4, self._numbers(number, mapping, place.address) + b"".join(lines) + folded)

    def _function(self, number: int, name: int) -> bytes:
        return self._numbers(number, name, self._text(), self._text(), self._number())

    def _last(self) -> bytes:
        """The fields that are there once; strings 7, 8, 14 and 15, comments 13."""
        plain = [(number, self._text()) for number in (7, 8, 14, 15)]
        plain += [(number, self._number()) for number in (9, 10, 12)]
        fields = [self._varint(number << 3) + self._varint(value) for number, value in plain if value]
        fields.append(self._repeated(13, [self._text() for _ in range(self.choices.randrange(4))]))
        if self.choices.randrange(2):
            fields.append(self._message(11, self._numbers(self._text(), self._text())))
        return b"".join(fields)

    def _message(self, number: int, data: bytes) -> bytes:
        return self._varint(number << 3 | 2) + self._varint(len(data)) + data

    def _numbers(self, *values: int) -> bytes:
        """A message whose fields 1, 2, 3, … are these numbers; zeros are left out, mostly."""
        parts = [self._varint(i << 3) + self._varint(n) for i, n in enumerate(values, 1) if n or self.odd]
        if self.odd:
            self.choices.shuffle(parts)
        return b"".join([*parts, self._unknown()])

    def _repeated(self, number: int, values: list[int]) -> bytes:
        """Numbers packed, one by one, or half and half."""
        cut = self.choices.choice((0, 0, len(values), len(values) // 2))
        single = b"".join(self._varint(number << 3) + self._varint(n) for n in values[:cut])
        rest = b"".join(map(self._varint, values[cut:]))
        return single + (self._message(number, rest) if rest else b"")

    def _unknown(self) -> bytes:
        """A field that profile.proto does not have."""
        if not self.odd or self.choices.randrange(6):
            return b""
        fixed = self._varint(30 << 3 | 5) + b"\xff\xff\xff\xff"
        return self.choices.choice((fixed, self._message(31, b"\x80\x80"), self._varint(32 << 3) + b"\x01"))

    def _varint(self, n: int) -> bytes:
        """A number of 64 bits, now and then longer than it need be."""
        n &= (1 << 64) - 1
        out = bytearray()
        while n > 127:
            out.append(n & 127 | 128)
            n >>= 7
        out.append(n)
        if self.odd and len(out) < 9 and self.choices.randrange(20) == 0:
            out[-1] |= 128
            out.append(0)
        return bytes(out)
