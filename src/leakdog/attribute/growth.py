"""Which sites grow: a series per call site over the profiles of one life, and the culprits among them.

What makes a site count is said in `trend`. Stacks that differ in their lines only are one site, and the one
that grew most speaks for it; sites are ranked by what their function has grown in all.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from leakdog.attribute.code import Own, Owner, own_frame, owner
from leakdog.attribute.dominator import dominator
from leakdog.attribute.site import function_name, stack_id
from leakdog.attribute.table import SiteTable, Stack, tabulate
from leakdog.attribute.trend import Floats, trends
from leakdog.model import Culprit, Frame
from leakdog.pprof.profile import Profile

# Call paths shown for one function, so that a function reached in many ways does not hide the next one.
PATHS_PER_FUNCTION = 3
# Standard errors on each side of a 90 % interval.
NORMAL_90 = 1.645
DOUBT = "may be chance: it has grown little so far, unsteadily, or not lately"


@dataclass(frozen=True, slots=True, eq=False)
class SiteGrowth:
    """One growing site.

    Attributes:
        stack: the one of its stacks (they differ in lines only) that grew most.
        error: standard error of its growth, that of sampling included.
        score: what counts of its growth, for ranking.
        sure: whether it is more than chance, steady and still going on.
        series: its values, (times,).
        own: what the program's own code is called; none: not known.

    """

    stack_id: str
    stack: Stack
    growth: float
    error: float
    score: float
    sure: bool
    series: Floats
    own: Own = ()

    def frame(self) -> Frame:
        """Where to look."""
        return own_frame(self.stack, self.own)

    def place(self) -> str:
        """Where in a library the growth is, in words, if the program's own frame only calls it."""
        near = next((frame for frame in self.stack if owner(frame, self.own) <= Owner.LIBRARY), None)
        return "" if near is None or near == self.frame() else f"in {near.function}, which it calls"

    def doubt(self) -> str:
        """What speaks against it, in words; empty where nothing does."""
        return "" if self.sure else DOUBT


def culprits(
    profiles: Sequence[Profile],
    times: Sequence[float],
    *,
    sample_type: str,
    leading: Container[str] = (),
    own: Own = (),
    top: int = 5,
) -> tuple[Culprit, ...]:
    """The sites behind the growth of `sample_type`, those of the fastest growing function first.

    Args:
        profiles: of one life of one target; two are the least, a dozen spread over the growth are plenty.
        times: when each was taken, unix seconds; in any order, all different.
        sample_type: such as `inuse_space` or `goroutine`; `""` is each profile's default.
        leading: `stack_id`s that go before all others: they leak when judged for themselves.
        own: what the program's own code is called; none: not known.
        top: how many to return at most.

    Returns:
        Culprits whose shares are of the whole growth and sum to at most 1; empty where no site grows.

    Raises:
        ProfileError: a profile lacks this sample type.
        ValueError: `profiles` and `times` differ in length, or two times are equal.

    """
    if len(profiles) < 2:
        return ()
    table = tabulate(profiles, times, sample_type, own)
    found = growing_sites(table)
    whole = whole_growth(table, found)
    named = [each for each in by_function(found) if owner(each.frame(), own) is not Owner.RUNTIME]
    named = sorted(named, key=lambda each: each.stack_id not in leading)[:top]
    return tuple(
        Culprit(
            each.stack_id,
            each.frame(),
            each.growth / whole,
            each.growth,
            each.stack,
            note="; ".join(filter(None, (each.doubt(), each.place(), flow(each, found, whole) if not number else ""))),
            share_interval=share_interval(each, found, whole),
        )
        for number, each in enumerate(named)
    )


def share_interval(site: SiteGrowth, found: Sequence[SiteGrowth], whole: float) -> tuple[float, float]:
    """90 % interval of a site's share of the growth: by the error of its own growth and by that of the others'."""
    share = site.growth / whole
    others = sum(each.error**2 for each in found) - site.error**2
    error = float(np.hypot((1 - share) * site.error, share * np.sqrt(max(0.0, others)))) / whole
    return max(0.0, share - NORMAL_90 * error), min(1.0, share + NORMAL_90 * error)


def growing_sites(table: SiteTable) -> list[SiteGrowth]:
    """Sites that grow for sure; if there are none, those that may have grown, marked as not sure."""
    ids = [stack_id(stack) for stack in table.stacks]
    by_site = site_series(table)
    sites, series = list(by_site), np.array(list(by_site.values())).reshape(len(by_site), len(table.times))
    index = {name: i for i, name in enumerate(sites)}
    grain = np.zeros(len(sites))
    np.maximum.at(grain, [index[name] for name in ids], table.grain)
    trend = trends(table.times, series, quantum=table.quantum)
    error = np.sqrt(trend.error**2 + grain * np.maximum(trend.growth, 0) / (table.times[-1] - table.times[0]))
    sure = bool(trend.score.any())
    score = trend.score if sure else np.clip(trend.growth - trend.error, 0, None)
    grown = table.values[:, -1] - table.values[:, 0]
    best: dict[str, int] = {}
    for row, name in enumerate(ids):
        if name not in best or grown[row] > grown[best[name]]:
            best[name] = row
    return [
        SiteGrowth(
            sites[i],
            table.stacks[best[sites[i]]],
            float(trend.growth[i]),
            float(error[i]),
            float(score[i]),
            sure,
            series[i],
            table.own,
        )
        for i in np.flatnonzero((score > 0) & (trend.growth > 0))
    ]


def site_series(table: SiteTable) -> dict[str, Floats]:
    """Values by site, each (times,): stacks that differ in lines only are one."""
    ids = [stack_id(stack) for stack in table.stacks]
    index = {name: i for i, name in enumerate(dict.fromkeys(ids))}
    series = np.zeros((len(index), len(table.times)))
    np.add.at(series, [index[name] for name in ids], table.values)
    return dict(zip(index, series, strict=True))


def whole_growth(table: SiteTable, found: Sequence[SiteGrowth]) -> float:
    """What shares are of: the total's growth, or that of all growing sites where others shrink meanwhile."""
    of_total = float(trends(table.times, table.total[np.newaxis]).growth[0])
    return max(of_total, sum(each.growth for each in found))


def by_function(found: Iterable[SiteGrowth]) -> list[SiteGrowth]:
    """Best first: the function with the most growth over all its sites leads with its largest few sites."""
    groups: dict[str, list[SiteGrowth]] = {}
    for each in sorted(found, key=lambda site: (-site.score, site.stack_id)):
        groups.setdefault(function_name(each.frame()), []).append(each)
    ranked = sorted(groups.values(), key=lambda group: -sum(each.score for each in group))
    return [each for group in ranked for each in group[:PATHS_PER_FUNCTION]]


def flow(first: SiteGrowth, found: Sequence[SiteGrowth], whole: float) -> str:
    """What most of the growth flows through, in words, where that is not the first culprit's own function."""
    through = dominator(((each.stack, each.growth) for each in found), whole, first.own)
    if through is None or function_name(through[0]) == function_name(first.frame()):
        return ""
    return f"{through[1]:.0%} of the growth flows through {through[0].function}"
