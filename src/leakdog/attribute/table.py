"""Series per stack over the profiles of one life, and how far sampling lets each value be off.

A heap profile is a sample: an object of `s` bytes is seen with the chance p = 1 - exp(-s / period), and then counts
s / p. So what objects of that size sum to has the variance sum * s * (1 - p) / p: the `grain`, per byte. For small
objects it is the period, for ones far larger than it nothing.
Source: Go's `runtime.MemProfileRate` and `runtime/pprof.scaleHeapSample`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leakdog.attribute.code import Own
from leakdog.attribute.trend import Floats
from leakdog.model import Frame
from leakdog.pprof.profile import Profile

Stack = tuple[Frame, ...]

# Stacks that get a series of their own: that many of the largest and as many of the most grown. The rest
# only count in the total. A profile may hold a quarter of a million stacks, a leak is among the first few.
TRACKED_STACKS = 1000
# More points than this add work by their square and nothing to the slope.
MAX_POINTS = 40
# Objects of so many sampling periods are never missed.
LARGE = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class SiteTable:
    """Series per stack. `values` is (stacks, times), `total` is (times,) over all samples, those of stacks that are
    not kept and those without a stack included.

    Attributes:
        quantum: smallest step of a value: the sampling period where values are sampled bytes, else 1.
        grain: variance that sampling adds to a value, per unit of it, (stacks,).
        own: what the program's own code is called; none: not known.

    """

    times: Floats
    stacks: tuple[Stack, ...]
    values: Floats
    total: Floats
    quantum: float
    grain: Floats
    own: Own = ()


def tabulate(profiles: Sequence[Profile], times: Sequence[float], sample_type: str, own: Own = ()) -> SiteTable:
    """Line up the profiles' stacks: one row per stack (lines included), a column per profile, 0 where it is
    not.

    Raises:
        ProfileError: a profile lacks this sample type.
        ValueError: `profiles` and `times` differ in length, or two times are equal.

    """
    if len(profiles) != len(times) or len(set(times)) != len(times):
        raise ValueError("each profile needs a time of its own")
    order = np.argsort(times)
    if len(order) > MAX_POINTS:
        order = order[np.linspace(0, len(order) - 1, MAX_POINTS).round().astype(int)]
    chosen = [profiles[i] for i in order]
    columns = [_column(profile, sample_type) for profile in chosen]
    rows = {stack: row for row, stack in enumerate(dict.fromkeys(s for column in columns for s in column))}
    values = np.zeros((len(rows), len(chosen)))
    for j, column in enumerate(columns):
        values[[rows[stack] for stack in column], j] = list(column.values())
    kept = _largest(values)
    stacks = list(rows)
    quantum = max(_quantum(profile, sample_type) for profile in chosen)
    return SiteTable(
        times=np.asarray(times, float)[order],
        stacks=tuple(stacks[i] for i in kept),
        values=values[kept],
        total=np.array([_total(profile, sample_type) for profile in chosen]),
        quantum=quantum,
        grain=_grain(chosen[-1], [stacks[i] for i in kept], quantum),
        own=own,
    )


def _grain(profile: Profile, stacks: Sequence[Stack], quantum: float) -> Floats:
    """Variance per byte that sampling adds, by stack; that of small objects where their size is not known."""
    if quantum <= 1 or not any(kind.type == "inuse_objects" for kind in profile.sample_types):
        return np.full(len(stacks), quantum if quantum > 1 else 0.0)
    space, objects = _column(profile, "inuse_space"), _column(profile, "inuse_objects")
    sizes = np.array([space.get(stack, 0) / objects.get(stack, 1) for stack in stacks], float)
    small = np.clip(sizes, 1, LARGE * quantum)
    return np.where(sizes > 0, small / np.expm1(small / quantum), quantum)


def _column(profile: Profile, sample_type: str) -> dict[Stack, int]:
    """Value per stack: samples that differ in their labels only are one stack here."""
    column: dict[Stack, int] = {}
    for stack, value in zip(
        profile.stacks(), profile.values[:, profile.sample_index(sample_type)].tolist(), strict=True
    ):
        if stack and value > 0:
            column[stack] = column.get(stack, 0) + value
    return column


def _total(profile: Profile, sample_type: str) -> float:
    """Sum of what counts as held; what has no stack, as the rest of a gist, is in it."""
    held = profile.values[:, profile.sample_index(sample_type)]
    return float(held[held > 0].sum())


def _quantum(profile: Profile, sample_type: str) -> float:
    """The sampling period where it is in the sample type's unit, else 1."""
    unit = profile.sample_types[profile.sample_index(sample_type)].unit
    sampled = profile.period_type is not None and profile.period_type.unit == unit == "bytes"
    return float(max(1, profile.period)) if sampled else 1.0


def _largest(values: Floats) -> NDArray[np.intp]:
    """Rows with the highest values and rows with the most growth."""
    if len(values) <= TRACKED_STACKS:
        return np.arange(len(values))
    by_size = np.argsort(-values.max(axis=1), kind="stable")[:TRACKED_STACKS]
    by_growth = np.argsort(values[:, 0] - values[:, -1], kind="stable")[:TRACKED_STACKS]
    return np.union1d(by_size, by_growth)
