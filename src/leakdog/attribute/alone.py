"""Whether heap that leaked goroutines may hold grows by itself: also while they become no more.

What they hold comes and goes with their number. So those times are looked at in which fewer of them were added: if the
heap has grown as fast as ever there, something else holds it. Where goroutines pile up evenly, nothing can be told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from leakdog.attribute.code import Own
from leakdog.attribute.growth import site_series
from leakdog.attribute.table import SiteTable, tabulate
from leakdog.attribute.trend import STANDARD_ERRORS, Floats, Ints
from leakdog.pprof.profile import Profile

# Between two profiles goroutines pile up slowly if they do so at most at this part of their mean rate; of such times,
# so many are the least that tell anything.
SLOW, LEAST_SLOW = 0.5, 3
# What surely grows by itself does so in a calm at this part of its mean rate at least, 0 being what goroutines hold and
# 1 what they do not; and by two standard errors at that. Of made cases with sampled heap these tell the most apart
# among those that take as little from goroutines which do hold it.
ALONE, SURELY_ALONE = 0.6, 0.35
# By how many standard errors of the scatter of so many spans a mean is off as seldom as by two of a known one, which
# that of a few spans is not: Student's t at 0.977, from two degrees of freedom on.
SURELY = (4.53, 3.31, 2.87, 2.65, 2.52, 2.43, 2.37, 2.32, 2.28)
# Profiles of one pass are this part of the time between two apart, at most.
SAME_PASS = 0.1
# Into how many spans time is divided to find calms, runs of those with few new goroutines.
SPANS = (24, 48, 96, 192)
SAMPLE_TYPES = ("inuse_space", "inuse_objects")


@dataclass(frozen=True)
class Beside:
    """Profiles of heap and of goroutines of one life, each with their times, unix seconds, all different."""

    heap: Sequence[Profile]
    heap_times: Sequence[float]
    goroutines: Sequence[Profile]
    goroutine_times: Sequence[float]
    own: Own = ()

    def grows_alone(self, site: str, goroutine: str) -> bool:
        """Whether a site of the heap surely grows by itself, and not with the goroutines that stand at another.

        In bytes, and in bytes of its usual sizes: what goroutines hold may become larger while they become no more.
        """
        if min(len(self.heap), len(self.goroutines)) <= LEAST_SLOW or not all(map(_tells, self.heap)):
            return False
        times, counts = self._counts
        own_times, quantum, *held = self._held
        if goroutine not in counts or any(site not in series for series in held):
            return False
        both = shared(own_times, times)
        if len(both) <= LEAST_SLOW:
            return False
        number = np.interp(both, times, counts[goroutine])
        return all(grows_alone(both, np.interp(both, own_times, series[site]), number, quantum) for series in held)

    @cached_property
    def _counts(self) -> tuple[Floats, dict[str, Floats]]:
        table = tabulate(self.goroutines, self.goroutine_times, "", self.own)
        return table.times, site_series(table)

    @cached_property
    def _held(self) -> tuple[Floats, float, dict[str, Floats], dict[str, Floats]]:
        space, objects = (tabulate(self.heap, self.heap_times, each, self.own) for each in SAMPLE_TYPES)
        return space.times, space.quantum, site_series(space), site_series(_of_usual_size(objects, space))


def _tells(profile: Profile) -> bool:
    return {kind.type for kind in profile.sample_types}.issuperset(SAMPLE_TYPES)


def _of_usual_size(objects: SiteTable, space: SiteTable) -> SiteTable:
    """Objects, each counted as that many bytes as those of its stack have on the whole.

    Their mere number would be no sum over a site's stacks: of small objects few are sampled, and a single one that is
    counts for thousands. So a channel that is made beside a large buffer would outnumber all buffers.
    """
    held = {stack: float(values.sum()) for stack, values in zip(space.stacks, space.values, strict=True)}
    number = objects.values.sum(axis=1)
    size = np.array([held.get(stack, 0.0) for stack in objects.stacks]) / np.maximum(number, 1)
    return replace(objects, values=objects.values * size[:, np.newaxis])


def moments(times: Floats, number: Floats, start: float, end: float, most: int, lag: float = 0.0) -> Floats:
    """From when profiles tell most of who holds the heap: the ends of all, and of the longest calms.

    Profiles that are spread evenly see no calm that is shorter than they are apart. A calm is a run of spans in which
    few goroutines were added: cut finely its ends are sharp, cut coarsely it survives a number that jitters, so that
    division is taken of which the calms are longest together. Until a collection has seen them, what was added before a
    calm shows as growth in it, so that long it is not looked at, and not at all where it is not twice as long.

    Args:
        times: of the readings, unix seconds, rising; (n,).
        number: of goroutines then; (n,).
        start: of the time that is looked at.
        end: of it.
        most: how many moments, at most.
        lag: seconds, for which a profile of the heap may be older than its time.

    """
    counts = [np.interp(np.linspace(start, end, spans + 1), times, number) for spans in SPANS]
    waits = [math.ceil(lag * spans / max(end - start, 1.0)) for spans in SPANS]
    calms = [_longest_calms(np.diff(each), (most - 2) // 2, wait) for each, wait in zip(counts, waits, strict=True)]
    best = max(range(len(SPANS)), key=lambda at: float(np.ptp(calms[at], axis=1).sum()) / SPANS[at])
    spans, found = SPANS[best], calms[best]
    chosen = {0, spans, *found.ravel().tolist()}
    if len(found):  # where there are few, the longest is looked at in parts
        chosen |= set(np.linspace(found[0, 0], found[0, 1], most - len(chosen) + 2).round().astype(int).tolist())
    return np.linspace(start, end, spans + 1)[sorted(chosen)]


def _longest_calms(added: Floats, most: int, wait: int) -> Ints:
    """Where the longest runs of spans with few new goroutines begin and end, the longest first; (runs, 2).

    Without the first so many spans of each, and without those of which no more is left.
    """
    calm = np.concatenate([[False], added <= SLOW / 2 * added.mean(), [False]])
    runs = np.flatnonzero(calm[1:] != calm[:-1]).reshape(-1, 2)
    runs[:, 0] += wait
    runs = runs[np.diff(runs, axis=1)[:, 0] >= max(1, wait)]
    return runs[np.argsort(-np.ptp(runs, axis=1), kind="stable")][:most]


def shared(heap: Floats, goroutines: Floats) -> Floats:
    """Times at which both are known, as often as the one that is read more seldom; both of two and more, rising.

    Before the first reading and after the last a number stands still for all that is known, as if none were added. And
    a single calm between two readings is one, however often the other is read in it.
    """
    slack = SAME_PASS * max(float(np.ptp(each)) / (len(each) - 1) for each in (heap, goroutines))
    begin, end = max(heap[0], goroutines[0]) - slack, min(heap[-1], goroutines[-1]) + slack
    return min((each[(begin <= each) & (each <= end)] for each in (heap, goroutines)), key=len)


def grows_alone(times: Floats, held: Floats, number: Floats, quantum: float) -> bool:
    """Whether `held` surely grows by itself and not with `number`; all (times,), times rising.

    While goroutines pile up slowly, at `slow` of their mean rate, what they hold grows at `slow` of its own, and what
    they do not hold as fast as ever. It is the latter if its rate there is nearer to that, and is surely, by two
    standard errors, well away from the former. Of a sample, which grows by `quantum` at a time, chance moves growth by
    the root of that many quanta at least, however alike a few spans happen to be.

    What leaks does not become fewer. Where the number falls, others stand there too that come and go, and hold what
    those hold that leak: few are added where many happened to be before, so as many are added to all spans as such
    numbers differ by, and the scatter of few spans is not taken for that of all.
    """
    spans, steps = np.diff(times), np.diff(number)
    jitter = float(np.sqrt(2 * np.mean(np.minimum(steps, 0) ** 2)))
    added, grown = (steps + jitter) / spans, np.diff(held) / spans
    mean_added, mean_grown = (float(each[-1] - each[0]) / float(spans.sum()) for each in (number, held))
    calm = added <= SLOW * mean_added
    if mean_added <= 0 or mean_grown <= 0 or calm.sum() < LEAST_SLOW:
        return False
    by_number, by_itself = ((each / mean)[calm] for each, mean in ((added, mean_added), (grown, mean_grown)))
    slow, rate = (max(0.0, float(np.average(each, weights=spans[calm]))) for each in (by_number, by_itself))
    by_chance = float(np.sqrt(rate * quantum / (mean_grown * spans[calm].sum())))
    by_scatter = float(np.std(by_itself, ddof=1)) / float(np.sqrt(calm.sum()))
    surely = SURELY[min(int(calm.sum()) - LEAST_SLOW, len(SURELY) - 1)] if jitter else STANDARD_ERRORS
    error = max(STANDARD_ERRORS * by_chance, surely * by_scatter)
    alone, at_least = ((each - slow) / (1 - slow) for each in (rate, rate - error))
    return alone >= ALONE and at_least >= SURELY_ALONE
