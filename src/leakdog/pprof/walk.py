"""Decode messages of repeated numbers and of messages, all in step.

One cursor for each record, moved by one field per round. Numbers are packed, so there are few fields and few
rounds, each a handful of array operations.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leakdog.errors import MalformedProfile
from leakdog.pprof.layout import KNOWN, MISTYPED, Layout, NotPlain, indices
from leakdog.pprof.varints import Varints
from leakdog.pprof.wire import DELIMITED, VARINT

Ints = NDArray[np.int64]


class Fields(NamedTuple):
    """Fields of many records. The payload of a field are the varints `first:last`; a number has one."""

    owner: Ints
    tag: Ints
    first: Ints
    last: Ints

    def select(self, *tags: int) -> Fields:
        """The fields with one of these tags, grouped by record."""
        chosen = np.logical_or.reduce([self.tag == tag for tag in tags]).nonzero()[0]
        owner = self.owner[chosen]
        if len(owner) > 1 and (owner[1:] < owner[:-1]).any():
            chosen = chosen[np.argsort(owner, kind="stable")]
        return Fields(*(column[chosen] for column in self))


def walk(varints: Varints, first: Ints, last: Ints, layout: Layout, limit: int) -> Fields:
    """The fields of the records that span the varints `first:last`; those of one record keep their order.

    Raises:
        MalformedProfile: a known field has a wire type it cannot have.
        NotPlain: some records have fields that are not known or more than `limit`, or break the format.

    """
    found: list[tuple[Ints, ...]] = []
    odd: list[Ints] = []
    who = (first < last).nonzero()[0]
    cursor, stop = first[who], last[who]
    for _ in range(limit):
        if not len(who):
            break
        tag = varints.values.take(cursor)
        kind = layout.kinds.take(indices(tag))
        body, after = _extent(varints, cursor, tag)
        plain = (kind == KNOWN) & (after >= body) & (after <= stop)
        if varints.sound is not None:
            plain &= varints.sound.take(cursor) & varints.sound.take(cursor + 1, mode="clip")
        if not plain.all():
            for bad in tag[kind == MISTYPED][:1].tolist():
                raise layout.mistyped(bad)
            odd.append(who[~plain])
            who, tag, body, after, stop = (column[plain] for column in (who, tag, body, after, stop))
        found.append((who, tag, body, after))
        going = after < stop
        if going.all():
            cursor = after
        else:
            who, cursor, stop = who[going], after[going], stop[going]
    if odd or len(who):
        raise NotPlain(np.concatenate([*odd, who]))
    return Fields(*map(np.concatenate, zip(*found, strict=True))) if found else Fields(who, who, who, who)


def repeated(varints: Varints, fields: Fields, number: int, records: int) -> tuple[Ints, Ints]:
    """A repeated number, packed or not: how many each record has, and all of them one after the other.

    Raises:
        MalformedProfile: a number takes more than 10 bytes.

    """
    owner, _, first, last = fields.select(number << 3 | VARINT, number << 3 | DELIMITED)
    sizes = last - first
    counts = np.zeros(records, np.int64)
    np.add.at(counts, owner, sizes)
    at = _slices(first, sizes, len(varints.values))
    if varints.sound is not None and not varints.sound[at].all():
        raise MalformedProfile("a number in a packed field takes more than 10 bytes")
    return counts, varints.values.take(at)


def _slices(first: Ints, sizes: Ints, total: int) -> Ints:
    """The indices of many slices that do not overlap, of `total` numbers, in order."""
    if len(sizes) and (sizes == sizes[0]).all():
        return (first[:, None] + np.arange(sizes[0])).ravel()
    border = np.zeros(total + 1, np.int8)
    border[first] = 1
    border[first + sizes] -= 1
    return np.cumsum(border[:-1], dtype=np.int8).view(np.bool_).nonzero()[0]


def _extent(varints: Varints, cursor: Ints, tag: Ints) -> tuple[Ints, Ints]:
    """Where the payload of each field begins and ends; the end lies before the beginning if it cannot be told."""
    delimited = tag & 7 == DELIMITED
    if delimited.all():
        return cursor + 2, varints.after(cursor + 2)
    body = cursor + 1 + delimited
    return body, np.where(delimited, varints.after(body), cursor + 2)
