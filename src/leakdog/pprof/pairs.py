"""Decode messages of numbers, all at once.

A number is a pair of varints: its tag and itself. Where a location holds a line, tag and length of the line are
a pair too, and the pairs behind it are the line's. So every second varint is a tag.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leakdog.pprof.layout import KNOWN, MISTYPED, TAGS, Layouts, NotPlain, indices
from leakdog.pprof.varints import Varints
from leakdog.pprof.wire import DELIMITED

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Records(NamedTuple):
    """Decoded messages of numbers.

    Attributes:
        numbers: (fields, records): by field number, 0 where not written; the last one counts.
        inner_counts: (records,): messages inside each record.
        inner: (fields, messages): the numbers of these, in the order of the records.

    """

    numbers: Ints
    inner_counts: Ints
    inner: Ints


class _Inner(NamedTuple):
    """Messages inside the records: the pair that begins each, how many pairs it has, and which pairs these are."""

    start: Ints
    sizes: Ints
    pairs: Ints


def pairs(varints: Varints, first: Ints, last: Ints, which: Ints, layouts: Layouts, limit: int) -> Records:
    """Decode the records that span the varints `first:last`, of the layouts `which`.

    Raises:
        MalformedProfile: a known field has a wire type it cannot have.
        NotPlain: some records are no such pairs, or have fields that are not known or more than `limit`.

    """
    sizes = (last - first + 1) >> 1
    owner = np.repeat(np.arange(len(first)), sizes)
    at = np.repeat(first - 2 * (np.cumsum(sizes) - sizes), sizes) + np.arange(0, 2 * len(owner), 2)
    tag = varints.values.take(at)
    index = indices(tag)
    kind = layouts.kinds.take(index + which.take(owner) * TAGS)
    plain = at + 1 < last.take(owner)
    begins = ((kind == KNOWN) & (tag & 7 == DELIMITED)).nonzero()[0]
    inner = _inner(varints, at, last.take(owner.take(begins)), begins, plain)
    kind[inner.pairs] = layouts.inner.kinds.take(index.take(inner.pairs))
    plain &= kind == KNOWN
    if varints.sound is not None:
        plain &= varints.sound.take(at) & varints.sound.take(at + 1, mode="clip")
    if not plain.all():
        odd = (~plain).nonzero()[0]
        odd = odd[np.diff(owner[odd], prepend=-1) > 0]  # beyond the first one of a record, nothing is sure
        for i in odd[kind[odd] == MISTYPED][:1].tolist():
            raise (layouts.inner if i in inner.pairs else layouts.outer[which[owner[i]]]).mistyped(int(tag[i]))
        raise NotPlain(owner[odd])
    return _records(layouts, sizes, owner, tag >> 3, varints.values.take(at + 1), inner, limit)


def _inner(varints: Varints, at: Ints, last: Ints, start: Ints, plain: Bools) -> _Inner:
    """The messages that begin with the pairs `start`, in records that end at `last`; those that do not end within
    their record are marked in `plain`.
    """
    if not len(start):
        return _Inner(start, start, start)
    begin = at.take(start) + 2
    after = varints.after(begin)
    fits = (after >= begin) & (after <= last) & (after - begin & 1 == 0)
    plain[start] &= fits
    sizes = np.where(fits, after - begin >> 1, 0)
    depth = -np.bincount(start + 1 + sizes, minlength=len(at) + 1)
    depth[start + 1] += 1
    return _Inner(start, sizes, np.cumsum(depth[:-1]).nonzero()[0])


def _records(
    layouts: Layouts, sizes: Ints, owner: Ints, field: Ints, value: Ints, inner: _Inner, limit: int
) -> Records:
    """Pairs of known meaning as columns."""
    count = len(sizes)
    counts = np.bincount(owner.take(inner.start), minlength=count)
    holder = np.repeat(np.arange(len(inner.start)), inner.sizes)
    held = _columns(layouts.inner.rows, len(inner.start), field.take(inner.pairs), holder, value.take(inner.pairs))
    if len(inner.pairs):
        outside = np.ones(len(owner), np.bool_)
        outside[inner.pairs] = False
        outer = outside.nonzero()[0]
        owner, field, value = owner.take(outer), field.take(outer), value.take(outer)
    if sizes.max(initial=0) > limit:
        many = (np.bincount(owner, minlength=count) > limit).nonzero()[0]
        if len(many):
            raise NotPlain(many)
    return Records(_columns(layouts.rows, count, field, owner, value), counts, held)


def _columns(fields: int, records: int, field: Ints, owner: Ints, value: Ints) -> Ints:
    """(fields, records): the value of each field of each record, 0 where there is none; the last one counts."""
    found = np.zeros(fields * records, np.int64)
    found[field * records + owner] = value
    return found.reshape(fields, records)
