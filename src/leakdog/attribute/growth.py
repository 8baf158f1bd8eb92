"""Which sites grow: a series per call site over the profiles of one life, and the culprits among them.

What makes a site count is said in `trend`. Stacks that differ in their lines only are one site, and the one
that grew most speaks for it; sites are ranked by what their function has grown in all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leakdog.attribute.code import own_frame
from leakdog.attribute.site import normalise, stack_id
from leakdog.attribute.trend import Floats, trends
from leakdog.model import Culprit, Frame
from leakdog.pprof.profile import Profile

Stack = tuple[Frame, ...]

# Stacks that get a series of their own: that many of the largest and as many of the most grown. The rest
# only count in the total. A profile may hold a quarter of a million stacks, a leak is among the first few.
TRACKED_STACKS = 1000
# More points than this add work by their square and nothing to the slope.
MAX_POINTS = 40
# Call paths shown for one function, so that a function reached in many ways does not hide the next one.
PATHS_PER_FUNCTION = 3
DOUBT = "may be chance: it has grown little so far, unsteadily, or not lately"


@dataclass(frozen=True, slots=True, eq=False)
class SiteTable:
    """Series per stack. `values` is (stacks, times), `total` is (times,) over all stacks, those not kept
    included.

    Attributes:
        quantum: smallest step of a value: the sampling period where values are sampled bytes, else 1.

    """

    times: Floats
    stacks: tuple[Stack, ...]
    values: Floats
    total: Floats
    quantum: float


@dataclass(frozen=True, slots=True, eq=False)
class SiteGrowth:
    """One growing site.

    Attributes:
        stack: the one of its stacks (they differ in lines only) that grew most.
        score: what counts of its growth, for ranking.
        sure: whether it is more than chance, steady and still going on.
        series: its values, (times,).

    """

    stack_id: str
    stack: Stack
    growth: float
    score: float
    sure: bool
    series: Floats

    def frame(self) -> Frame:
        """Where to look."""
        return own_frame(self.stack)

    def doubt(self) -> str:
        """What speaks against it, in words; empty where nothing does."""
        return "" if self.sure else DOUBT


def culprits(
    profiles: Sequence[Profile], times: Sequence[float], *, sample_type: str, top: int = 5
) -> tuple[Culprit, ...]:
    """The sites behind the growth of `sample_type`, those of the fastest growing function first.

    Args:
        profiles: of one life of one target; two are the least, a dozen spread over the growth are plenty.
        times: when each was taken, unix seconds; in any order, all different.
        sample_type: such as `inuse_space` or `goroutine`; `""` is each profile's default.
        top: how many to return at most.

    Returns:
        Culprits whose shares are of the whole growth and sum to at most 1; empty where no site grows.

    Raises:
        ProfileError: a profile lacks this sample type.
        ValueError: `profiles` and `times` differ in length, or two times are equal.

    """
    if len(profiles) < 2:
        return ()
    table = tabulate(profiles, times, sample_type)
    found = growing_sites(table)
    whole = whole_growth(table, found)
    return tuple(
        Culprit(each.stack_id, each.frame(), each.growth / whole, each.growth, each.stack, note=each.doubt())
        for each in by_function(found)[:top]
    )


def tabulate(profiles: Sequence[Profile], times: Sequence[float], sample_type: str) -> SiteTable:
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
    return SiteTable(
        times=np.asarray(times, float)[order],
        stacks=tuple(stacks[i] for i in kept),
        values=values[kept],
        total=values.sum(axis=0),
        quantum=max(_quantum(profile, sample_type) for profile in chosen),
    )


def growing_sites(table: SiteTable) -> list[SiteGrowth]:
    """Sites that grow for sure; if there are none, those that may have grown, marked as not sure."""
    ids = [stack_id(stack) for stack in table.stacks]
    sites = list(dict.fromkeys(ids))
    index = {name: i for i, name in enumerate(sites)}
    series = np.zeros((len(sites), len(table.times)))
    np.add.at(series, [index[name] for name in ids], table.values)
    trend = trends(table.times, series, quantum=table.quantum)
    sure = bool(trend.score.any())
    score = trend.score if sure else np.clip(trend.growth - trend.error, 0, None)
    grown = table.values[:, -1] - table.values[:, 0]
    best: dict[str, int] = {}
    for row, name in enumerate(ids):
        if name not in best or grown[row] > grown[best[name]]:
            best[name] = row
    return [
        SiteGrowth(sites[i], table.stacks[best[sites[i]]], float(trend.growth[i]), float(score[i]), sure, series[i])
        for i in np.flatnonzero((score > 0) & (trend.growth > 0))
    ]


def whole_growth(table: SiteTable, found: Sequence[SiteGrowth]) -> float:
    """What shares are of: the total's growth, or that of all growing sites where others shrink meanwhile."""
    of_total = float(trends(table.times, table.total[np.newaxis]).growth[0])
    return max(of_total, sum(each.growth for each in found))


def by_function(found: Iterable[SiteGrowth]) -> list[SiteGrowth]:
    """Best first: the function with the most growth over all its sites leads with its largest few sites."""
    groups: dict[str, list[SiteGrowth]] = {}
    for each in sorted(found, key=lambda site: (-site.score, site.stack_id)):
        groups.setdefault(normalise(each.frame().function), []).append(each)
    ranked = sorted(groups.values(), key=lambda group: -sum(each.score for each in group))
    return [each for group in ranked for each in group[:PATHS_PER_FUNCTION]]


def _column(profile: Profile, sample_type: str) -> dict[Stack, int]:
    """Value per stack: samples that differ in their labels only are one stack here."""
    column: dict[Stack, int] = {}
    for stack, value in zip(
        profile.stacks(), profile.values[:, profile.sample_index(sample_type)].tolist(), strict=True
    ):
        if stack and value > 0:
            column[stack] = column.get(stack, 0) + value
    return column


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
