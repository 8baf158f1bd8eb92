"""Whether heap that leaked goroutines may hold grows by itself: also while they become no more.

What they hold comes and goes with their number. So those times are looked at in which fewer of them were added: if the
heap has grown as fast as ever there, something else holds it. Where goroutines pile up evenly, nothing can be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from leakdog.attribute.code import Own
from leakdog.attribute.growth import site_series
from leakdog.attribute.table import tabulate
from leakdog.attribute.trend import STANDARD_ERRORS, Floats
from leakdog.pprof.profile import Profile

# Between two profiles goroutines pile up slowly if they do so at most at this part of their mean rate; of such times,
# so many are the least that tell anything.
SLOW, LEAST_SLOW = 0.5, 3
# Profiles of one pass are this part of the time between two apart, at most.
SAME_PASS = 0.1
# Into how many spans time is divided to find those without new goroutines.
SPANS = (24, 48, 96, 192)
# Bytes alone may swing with the size of what goroutines hold, objects alone with their number.
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
        """Whether a site of the heap surely grows by itself, and not with the goroutines that stand at another."""
        if min(len(self.heap), len(self.goroutines)) <= LEAST_SLOW or not all(map(_tells, self.heap)):
            return False
        times, counts = self._counts
        own_times, *held = self._held
        if goroutine not in counts or any(site not in series for series in held):
            return False
        both = shared(own_times, times)
        if len(both) <= LEAST_SLOW:
            return False
        number = np.interp(both, times, counts[goroutine])
        return all(grows_alone(both, np.interp(both, own_times, series[site]), number) for series in held)

    @cached_property
    def _counts(self) -> tuple[Floats, dict[str, Floats]]:
        table = tabulate(self.goroutines, self.goroutine_times, "", self.own)
        return table.times, site_series(table)

    @cached_property
    def _held(self) -> tuple[Floats, dict[str, Floats], dict[str, Floats]]:
        space, objects = (tabulate(self.heap, self.heap_times, each, self.own) for each in SAMPLE_TYPES)
        return space.times, site_series(space), site_series(objects)


def _tells(profile: Profile) -> bool:
    return {kind.type for kind in profile.sample_types}.issuperset(SAMPLE_TYPES)


def moments(times: Floats, number: Floats, start: float, end: float, most: int) -> Floats:
    """From when profiles tell most of who holds the heap: the ends of all, and of the spans with fewest new goroutines.

    Profiles that are spread evenly see no calm that is shorter than they are apart, so spans are as long as may be and
    no longer than calms are.

    Args:
        times: of the readings, unix seconds, rising; (n,).
        number: of goroutines then; (n,).
        start: of the time that is looked at.
        end: of it.
        most: how many moments, at most.

    """
    for spans in SPANS:
        edges = np.linspace(start, end, spans + 1)
        added = np.diff(np.interp(edges, times, number))
        if np.count_nonzero(added <= SLOW / 2 * added.mean()) > LEAST_SLOW:
            break
    chosen = {0, len(added)}
    for span in np.argsort(added, kind="stable").tolist():
        if len(chosen | {span, span + 1}) > most:
            break
        chosen |= {span, span + 1}
    return edges[sorted(chosen)]


def shared(heap: Floats, goroutines: Floats) -> Floats:
    """Times at which both are known, as often as the one that is read more seldom; both of two and more, rising.

    Before the first reading and after the last a number stands still for all that is known, as if none were added. And
    a single calm between two readings is one, however often the other is read in it.
    """
    slack = SAME_PASS * max(float(np.ptp(each)) / (len(each) - 1) for each in (heap, goroutines))
    begin, end = max(heap[0], goroutines[0]) - slack, min(heap[-1], goroutines[-1]) + slack
    return min((each[(begin <= each) & (each <= end)] for each in (heap, goroutines)), key=len)


def grows_alone(times: Floats, held: Floats, number: Floats) -> bool:
    """Whether `held` surely grows by itself and not with `number`; all (times,), times rising.

    While goroutines pile up slowly, at `slow` of their mean rate, what they hold grows at `slow` of its own, and what
    they do not hold as fast as ever. It is the latter if its rate there, less two standard errors, is nearer to that.
    """
    spans = np.diff(times)
    added, grown = np.diff(number) / spans, np.diff(held) / spans
    mean_added, mean_grown = (float(np.average(each, weights=spans)) for each in (added, grown))
    calm = added <= SLOW * mean_added
    if mean_added <= 0 or mean_grown <= 0 or calm.sum() < LEAST_SLOW:
        return False
    slow = max(0.0, float(np.average(added[calm], weights=spans[calm])) / mean_added)
    error = float(np.std(grown[calm], ddof=1)) / np.sqrt(calm.sum())
    least = float(np.average(grown[calm], weights=spans[calm])) - STANDARD_ERRORS * error
    return bool(least >= (1 + slow) / 2 * mean_grown)
