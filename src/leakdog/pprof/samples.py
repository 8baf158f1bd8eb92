"""Samples, from bytes to columns; where the samples before are known, only those that differ."""

from __future__ import annotations

from operator import ne
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leakdog.pprof import columns
from leakdog.pprof.blocks import Column, blocks, offsets
from leakdog.pprof.check import check_count, check_texts, check_values
from leakdog.pprof.limits import Limits
from leakdog.pprof.profile import LabelTable
from leakdog.pprof.tables import Tables

Ints = NDArray[np.int64]
# With more samples changed than this share, all are decoded: sorting out costs more than it saves.
MOST_CHANGED = 0.5


class Samples(NamedTuple):
    """The columns of a profile that are its samples'."""

    values: Ints
    offsets: Ints
    stacks: NDArray[np.int32]
    labels: LabelTable


def read_samples(raw: list[bytes], tables: Tables, limits: Limits) -> Samples:
    """Values, stacks cut to their greatest depth, and labels.

    Raises:
        MalformedProfile: broken, or something refers to what is not there.
        ProfileTooLarge: more of something than its limit.

    """
    types = len(tables.sample_types)
    values = np.empty((len(raw), types), np.int64)
    counts, label_counts = np.empty((2, len(raw)), np.int64)
    stacks = Column(np.int32)
    labels = [Column(np.int64) for _ in range(4)]
    frames = label_total = 0
    sizes = columns.lengths(raw)
    for block in blocks(sizes, limits):
        read = columns.samples(raw[block], sizes[block], limits.fields)
        check_values(read.value_counts, types)
        values[block] = read.values.reshape(-1, types) if types else 0
        label_counts[block] = read.label_counts
        kept, stack = _cut(read.stack_sizes, tables.location_ids.rows(read.stacks, "sample"), limits.depth)
        counts[block] = kept
        stacks.extend(stack)
        for column, part in zip(labels, read.labels[1:], strict=True):
            column.extend(part)
        frames += len(stack)
        label_total += read.labels.shape[1]
        check_count("frames", frames, limits.frames)
        check_count("labels", label_total, limits.labels)
    key, text, number, unit = (column.array() for column in labels)
    for texts in (key, text, unit):
        check_texts("label", texts, len(tables.symbols.strings))
    return Samples(values, offsets(counts), stacks.array(), LabelTable(offsets(label_counts), key, text, number, unit))


def read_changed(
    raw: list[bytes], before: list[bytes], known: Samples, tables: Tables, limits: Limits
) -> Samples | None:
    """The same, where these samples are those before, whose columns are `known`, with other values. Only those whose
    bytes changed are decoded. None if it is not so, or would not pay.
    """
    if len(raw) != len(before):
        return None
    changed = np.fromiter(map(ne, raw, before), np.bool_, len(raw)).nonzero()[0]
    if len(changed) > MOST_CHANGED * len(raw):
        return None
    read = read_samples([raw[i] for i in changed.tolist()], tables, limits)
    if not _same_but_values(read, known, changed):
        return None
    values = known.values.copy()
    values[changed] = read.values
    return known._replace(values=values)


def _same_but_values(read: Samples, known: Samples, rows: Ints) -> bool:
    """Whether samples have the stacks and labels of these rows of the known ones."""
    labels = _slices(known.labels.offsets, rows)
    return (
        np.array_equal(np.diff(read.offsets), known.offsets[rows + 1] - known.offsets[rows])
        and np.array_equal(read.stacks, known.stacks[_slices(known.offsets, rows)])
        and np.array_equal(np.diff(read.labels.offsets), known.labels.offsets[rows + 1] - known.labels.offsets[rows])
        and all(
            np.array_equal(getattr(read.labels, name), getattr(known.labels, name)[labels])
            for name in ("key", "text", "number", "unit")
        )
    )


def _slices(starts: Ints, rows: Ints) -> Ints:
    """The indices of what these rows hold, in columns with such offsets."""
    return columns.ranges(starts[rows], starts[rows + 1] - starts[rows])


def _cut(sizes: Ints, stacks: Ints, depth: int) -> tuple[Ints, Ints]:
    """Stacks without what lies beyond a depth."""
    if sizes.max(initial=0) <= depth:
        return sizes, stacks
    kept = np.minimum(sizes, depth)
    return kept, stacks[columns.ranges(np.cumsum(sizes) - sizes, kept)]
