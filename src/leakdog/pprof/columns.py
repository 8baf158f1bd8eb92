"""Read many small protobuf messages at once with NumPy.

The messages of a profile hold nothing but varints: tags, lengths, numbers, and messages that hold such
varints again. So joined records are one long sequence of varints, which is decoded in one go. What is left is
to find out which varint is what: `pairs.py` for messages of numbers, `walk.py` for samples.

Records that use protobuf otherwise (fields we do not know, a thousand unpacked numbers) are first brought
into the plain form by the protobuf library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from leakdog.errors import MalformedProfile, ProfileTooLarge
from leakdog.pprof.layout import LABELS, SAMPLE, TABLES, NotPlain
from leakdog.pprof.pairs import Records, pairs
from leakdog.pprof.schema import MESSAGES
from leakdog.pprof.varints import Varints, split
from leakdog.pprof.walk import repeated, walk
from leakdog.pprof.wire import DELIMITED

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
T = TypeVar("T")


class Samples(NamedTuple):
    """Decoded samples: how many locations, values and labels each has, and all of them one after the other.

    `labels` is (fields, labels): by field number, 0 where not written.
    """

    stack_sizes: Ints
    stacks: Ints
    value_counts: Ints
    values: Ints
    label_counts: Ints
    labels: Ints


def tables(raw: Sequence[bytes], sizes: Ints, which: Ints, limit: int) -> Records:
    """Decode mappings, functions and locations in any mixture; `which` says what each is, `sizes` how long.

    Raises:
        MalformedProfile: a record breaks the format.
        ProfileTooLarge: a record has more than `limit` fields.

    """

    def decoded(varints: Varints, first: Ints, last: Ints) -> Records:
        return pairs(varints, first, last, which, TABLES, limit)

    return _in_plain_form(raw, sizes, lambda i: TABLES.outer[which[i]].name, decoded, limit)


def samples(raw: Sequence[bytes], sizes: Ints, limit: int) -> Samples:
    """Decode samples of these sizes.

    Raises:
        MalformedProfile: a sample breaks the format.
        ProfileTooLarge: a sample has more than `limit` fields, where a packed field is one.

    """

    def decoded(varints: Varints, first: Ints, last: Ints) -> Samples:
        fields = walk(varints, first, last, SAMPLE, limit)
        owner, _, start, stop = fields.select(3 << 3 | DELIMITED)
        try:
            labels = pairs(varints, start, stop, np.zeros_like(owner), LABELS, limit)
        except NotPlain as odd:
            raise NotPlain(owner[odd.records]) from None
        stacks, values = (repeated(varints, fields, number, len(first)) for number in (1, 2))
        return Samples(*stacks, *values, np.bincount(owner, minlength=len(first)), labels.numbers)

    return _in_plain_form(raw, sizes, lambda _: SAMPLE.name, decoded, limit)


def ranges(first: Ints, sizes: Ints) -> Ints:
    """The indices of many slices: `first[0], first[0] + 1, …` for `sizes[0]` numbers, then the next."""
    before = np.cumsum(sizes) - sizes
    return np.repeat(first - before, sizes) + np.arange(int(sizes.sum()))


def lengths(raw: Sequence[bytes]) -> Ints:
    """The length of each record."""
    return np.fromiter(map(len, raw), np.int64, len(raw))


def _in_plain_form(
    raw: Sequence[bytes],
    sizes: Ints,
    name: Callable[[int], str],
    decoded: Callable[[Varints, Ints, Ints], T],
    limit: int,
) -> T:
    """What is decoded of records once those that are not in the plain form have been brought into it."""
    formed: set[int] = set()
    while True:
        data, stops = np.frombuffer(b"".join(raw), np.uint8), np.cumsum(sizes)
        try:
            if len(data):
                _refuse_cut(raw, data[stops - 1])
            varints = split(data)
            last = varints.rank[stops].astype(np.int64)
            return decoded(varints, np.concatenate([[0], last[:-1]])[: len(last)], last)
        except NotPlain as odd:
            new = set(odd.records.tolist()) - formed
            if not new:
                what = name(min(formed))
                raise ProfileTooLarge(f"a {what} has more than {limit} fields (limit fields)") from None
        raw = _formed(raw, new, name)
        sizes = lengths(raw)
        formed |= new


def _refuse_cut(raw: Sequence[bytes], final: Bytes) -> None:
    """Raise NotPlain for records that end in mid-number, or in something that is no number."""
    cut = [i for i in (final > 0x7F).nonzero()[0].tolist() if raw[i]]
    if cut:
        raise NotPlain(np.array(cut))


def _formed(raw: Sequence[bytes], odd: Iterable[int], name: Callable[[int], str]) -> list[bytes]:
    """The records with some of them in the plain form: numbers packed, unknown fields left out.

    Raises:
        MalformedProfile: one is not protobuf.

    """
    found = list(raw)
    for i in odd:
        try:
            parsed = MESSAGES[name(i)].FromString(raw[i])
        except DecodeError as error:
            raise MalformedProfile(f"a {name(i)} is not valid protobuf") from error
        parsed.DiscardUnknownFields()
        found[i] = parsed.SerializeToString(deterministic=True)
    return found
