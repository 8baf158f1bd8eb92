"""Read many small protobuf messages at once with NumPy.

The messages of a profile hold nothing but varints: tags, lengths, numbers, and messages that hold such
varints again. So joined records are one long sequence of varints, which is decoded in one go. To find which
varint is what, all records are walked in step: one cursor each, moved by one field per round. Records have
few fields (stacks are packed), so there are few rounds, each a handful of array operations.

Records that use protobuf otherwise (fields we do not know, a thousand unpacked numbers) are first brought
into the plain form by the protobuf library.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from leakdog.errors import MalformedProfile, ProfileTooLarge
from leakdog.pprof.schema import MESSAGES
from leakdog.pprof.wire import DELIMITED, VARINT

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

# Tags of fields 1 to 15 take one byte. What a field of a given tag is:
_UNKNOWN, _KNOWN, _MISTYPED = 0, 1, 2


class Layout:
    """Which fields a message has, by number: numbers, repeated numbers, and at most one kind of message."""

    def __init__(
        self,
        name: str,
        scalar: Iterable[int],
        repeated: Iterable[int] = (),
        inner: tuple[int, Layout] | None = None,
    ) -> None:
        self.name = name
        self.inner = inner
        self.kinds = np.full(128, _UNKNOWN, np.int8)
        allowed = [(n, VARINT) for n in (*scalar, *repeated)] + [(n, DELIMITED) for n in repeated]
        if inner:
            allowed.append((inner[0], DELIMITED))
        for number, _ in allowed:
            self.kinds[number << 3 : (number + 1) << 3] = _MISTYPED
        for number, wire_type in allowed:
            self.kinds[number << 3 | wire_type] = _KNOWN


SAMPLE = Layout("Sample", (), repeated=(1, 2), inner=(3, Layout("Label", range(1, 5))))
LOCATION = Layout("Location", (1, 2, 3, 5), inner=(4, Layout("Line", range(1, 4))))
FUNCTION = Layout("Function", range(1, 6))
MAPPING = Layout("Mapping", range(1, 11))


@dataclass(frozen=True, slots=True)
class Varints:
    """Joined records as varints. `rank[p]` is the number of varints that end before byte `p`."""

    values: NDArray[np.uint64]
    ends: Ints
    rank: NDArray[np.int32]
    sound: NDArray[np.bool_]  # no longer than the 10 bytes that 64 bits take


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields of many records, in rounds: the fields of one record keep their order.

    The payload of a field are the varints `first:last`; a number has one.
    """

    owner: Ints
    tag: Ints
    first: Ints
    last: Ints

    def select(self, *tags: int) -> Fields:
        """The fields with one of these tags, grouped by record."""
        chosen = np.flatnonzero(np.logical_or.reduce([self.tag == tag for tag in tags]))
        owner = self.owner[chosen]
        if len(owner) > 1 and (owner[1:] < owner[:-1]).any():
            chosen = chosen[np.argsort(owner, kind="stable")]
        return Fields(self.owner[chosen], self.tag[chosen], self.first[chosen], self.last[chosen])


NO_FIELDS = Fields(*[np.zeros(0, np.int64)] * 4)


@dataclass(frozen=True, slots=True)
class Records:
    """Decoded records: their fields, and those of the messages in them.

    `inner_owner` says for each inner message which record it is in; they are in the order of the records.
    """

    count: int
    varints: Varints
    fields: Fields
    inner_owner: Ints
    inner_fields: Fields

    def scalar(self, number: int) -> Ints:
        """One number per record, 0 where it is not written."""
        return self._scalar(self.fields, number, self.count)

    def inner_scalar(self, number: int) -> Ints:
        """One number per inner message, 0 where it is not written."""
        return self._scalar(self.inner_fields, number, len(self.inner_owner))

    def inner_counts(self) -> Ints:
        """How many inner messages each record has."""
        return np.bincount(self.inner_owner, minlength=self.count)

    def _scalar(self, fields: Fields, number: int, count: int) -> Ints:
        column = np.zeros(count, np.int64)
        chosen = np.flatnonzero(fields.tag == number << 3)
        column[fields.owner[chosen]] = self.varints.values[fields.first[chosen]].view(np.int64)  # the last one counts
        return column

    def repeated(self, number: int) -> tuple[Ints, Ints]:
        """A repeated number, packed or not: how many each record has, and all of them one after the other.

        Raises:
            MalformedProfile: a number takes more than 10 bytes.

        """
        chosen = self.fields.select(number << 3 | VARINT, number << 3 | DELIMITED)
        sizes = chosen.last - chosen.first
        at = ranges(chosen.first, sizes)
        if not self.varints.sound[at].all():
            raise MalformedProfile("a number in a packed field takes more than 10 bytes")
        counts = np.zeros(self.count, np.int64)
        np.add.at(counts, chosen.owner, sizes)
        return counts, self.varints.values[at].view(np.int64)


def records(raw: Sequence[bytes], layout: Layout, limit: int) -> Records:
    """Decode records that are all of one kind; those not in the plain form are brought into it first.

    Raises:
        MalformedProfile: a record breaks the format.
        ProfileTooLarge: a record has more than `limit` fields, where a packed field is one.

    """
    plain = list(raw)
    data, stops = _join(plain)
    cut = [i for i in np.flatnonzero(data[stops - 1] > 0x7F).tolist() if plain[i]] if len(data) else []
    if cut:  # it ends in mid-number, or in something that is no number
        data, stops = _rejoin(plain, cut, layout)
    decoded, odd = _walk_all(data, stops, layout, limit)
    if len(odd):
        decoded, odd = _walk_all(*_rejoin(plain, odd.tolist(), layout), layout, limit)
    if len(odd):
        raise ProfileTooLarge(f"a {layout.name} has more than {limit} fields (limit fields)")
    return decoded


def ranges(first: Ints, sizes: Ints) -> Ints:
    """The indices of many slices: `first[0], first[0] + 1, …` for `sizes[0]` numbers, then the next."""
    before = np.cumsum(sizes) - sizes
    return np.repeat(first - before, sizes) + np.arange(int(sizes.sum()))


def split(data: Bytes) -> Varints:
    """All varints of a buffer; bits beyond 64 are dropped, as every decoder does."""
    end = data < 0x80
    ends = np.flatnonzero(end)
    rank = np.empty(len(data) + 1, np.int32)
    rank[0] = 0
    np.cumsum(end, out=rank[1:])
    sizes = np.diff(ends, prepend=-1)
    values = data[ends].astype(np.uint64)
    long = np.flatnonzero(sizes > 1)  # the others are done: most numbers take one byte
    size, start = sizes[long], ends[long] - sizes[long] + 1
    found = (data[start] & 0x7F).astype(np.uint64)
    for i in range(1, min(10, int(size.max(initial=0)))):
        more = np.flatnonzero(size > i)
        found[more] |= (data[start[more] + i] & 0x7F).astype(np.uint64) << np.uint64(7 * i)
    values[long] = found
    return Varints(values, ends, rank, sizes <= 10)


def _walk(varints: Varints, first: Ints, last: Ints, layout: Layout, rounds: int) -> tuple[Fields, Ints]:
    """Fields of the records that span the varints `first:last`, and which records are not in the plain form.

    Raises:
        MalformedProfile: a known field has a wire type it cannot have.

    """
    values = varints.values.view(np.int64)
    found: list[tuple[Ints, Ints, Ints, Ints]] = []
    odd: list[Ints] = []
    who = np.flatnonzero(first < last)
    cursor, stop = first[who], last[who]
    for _ in range(rounds):
        if not len(who):
            break
        tag = values[cursor]
        kind = layout.kinds[np.where((tag >= 0) & (tag < 128), tag, 0)]
        if (kind == _MISTYPED).any():
            bad = int(tag[np.flatnonzero(kind == _MISTYPED)[0]])
            raise MalformedProfile(f"field {bad >> 3} of a {layout.name} has wire type {bad & 7}, which it cannot have")
        after, plain = _after(varints, values, cursor, stop, tag)
        plain &= kind == _KNOWN
        if not plain.all():
            odd.append(who[~plain])
            who, cursor, stop, tag, after = (a[plain] for a in (who, cursor, stop, tag, after))
        found.append((who, tag, cursor + 1 + (tag & 7 == DELIMITED), after))
        going = after < stop
        if going.all():
            cursor = after
        else:
            who, cursor, stop = who[going], after[going], stop[going]
    columns = [np.concatenate(column) for column in zip(*found, strict=True)] if found else [who] * 4
    return Fields(*columns), np.concatenate([*odd, who])


def _after(varints: Varints, values: Ints, cursor: Ints, stop: Ints, tag: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Where each field ends, and whether it does so inside its record and between two varints."""
    argument = np.minimum(cursor + 1, len(values) - 1)
    after = cursor + 2
    plain = (after <= stop) & varints.sound[cursor] & varints.sound[argument]
    delimited = tag & 7 == DELIMITED
    if delimited.any():
        limit = varints.ends[stop - 1] + 1
        size = values[argument]
        begin = varints.ends[argument] + 1
        fits = plain & (size >= 0) & (size <= limit - begin)
        byte = np.where(fits, begin + size, 0)
        whole = fits & ((size == 0) | (varints.ends[varints.rank[byte] - 1] == byte - 1))
        after = np.where(delimited & whole, varints.rank[byte], after)
        plain &= whole | ~delimited
    return after, plain


def _walk_all(data: Bytes, stops: Ints, layout: Layout, limit: int) -> tuple[Records, Ints]:
    """Walk all records, and the messages inside them; tells which records are not in the plain form."""
    varints = split(data)
    last = varints.rank[stops].astype(np.int64)
    first = np.zeros_like(last)
    first[1:] = last[:-1]
    fields, odd = _walk(varints, first, last, layout, limit)
    inner = inner_fields = NO_FIELDS
    if layout.inner:
        number, inner_layout = layout.inner
        inner = fields.select(number << 3 | DELIMITED)
        inner_fields, inner_odd = _walk(varints, inner.first, inner.last, inner_layout, limit)
        odd = np.concatenate([odd, inner.owner[inner_odd]])
    return Records(len(stops), varints, fields, inner.owner, inner_fields), np.unique(odd)


def _join(raw: Sequence[bytes]) -> tuple[Bytes, Ints]:
    """All records as one buffer, and where each ends."""
    return np.frombuffer(b"".join(raw), np.uint8), np.cumsum(np.fromiter(map(len, raw), np.int64, len(raw)))


def _rejoin(raw: list[bytes], odd: Iterable[int], layout: Layout) -> tuple[Bytes, Ints]:
    """Bring some records into the plain form (numbers packed, unknown fields left out) and join all anew."""
    message = MESSAGES[layout.name]
    for i in odd:
        try:
            parsed = message.FromString(raw[i])
        except DecodeError as error:
            raise MalformedProfile(f"a {layout.name} is not valid protobuf") from error
        parsed.DiscardUnknownFields()
        raw[i] = parsed.SerializeToString(deterministic=True)
    return _join(raw)
