"""Who is behind a leak that no profile shows: the heap objects that grow in step with it.

Open files, threads, memory outside the heap and goroutines that run none of the program's own code leave no
stack of their own. But for each of them the program mostly keeps a record in its heap, made where the leak is
made. That is a hint and no proof, and its note says so; where nothing grows in step, there is no culprit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from leakdog.attribute.code import Own, has_own_frame
from leakdog.attribute.growth import SiteGrowth, by_function, growing_sites
from leakdog.attribute.table import tabulate
from leakdog.attribute.trend import Floats, trends
from leakdog.model import Culprit, Signal, Unit
from leakdog.pprof.profile import Profile

HINT = "a hint, no proof"  # in the note of each such culprit: its share is of the suspicion, not of the growth
# Below this correlation two series are not "in step".
IN_STEP = 0.8
SAMPLE_TYPES = ("inuse_objects", "inuse_space")
_WORDS = {
    Signal.OPEN_FILES: "open files",
    Signal.THREADS: "threads",
    Signal.GOROUTINES: "goroutines",
    Signal.GOROUTINES_LEAKED: "leaked goroutines",
    Signal.RSS: "resident memory",
    Signal.RSS_ANON: "resident memory",
    Signal.USS: "resident memory",
}


def companions(
    profiles: Sequence[Profile],
    times: Sequence[float],
    signal: Signal,
    signal_times: Sequence[float],
    signal_values: Sequence[float],
    *,
    own: Own = (),
    apart: Collection[str] = (),
    top: int = 5,
) -> tuple[Culprit, ...]:
    """Sites of the program's own code whose heap objects grow in step with `signal`.

    Args:
        profiles: heap profiles of one life of one target, at least three: two points always lie on a line.
        times: when each was taken, unix seconds, all different.
        signal: what leaks.
        signal_times, signal_values: its readings in the same life, times rising; at least two.
        own: what the program's own code is called; none: not known.
        apart: functions whose growth is told by another leak: named only where no other grows in step.
        top: how many to return at most.

    Returns:
        Culprits whose shares tell how the suspicion is spread (they sum to at most 1); their growth is that
        share of the leak's.

    Raises:
        ValueError: `profiles` and `times` differ in length, or two times are equal.

    """
    if len(profiles) < 3 or len(signal_times) < 2:
        return ()
    for sample_type in SAMPLE_TYPES:
        if not all(any(kind.type == sample_type for kind in profile.sample_types) for profile in profiles):
            continue
        table = tabulate(profiles, times, sample_type, own)
        leaking = np.interp(table.times, np.asarray(signal_times, float), np.asarray(signal_values, float))
        speed = float(trends(table.times, leaking[np.newaxis]).growth[0])
        if speed <= 0:
            return ()
        sites = [each for each in growing_sites(table) if each.sure and has_own_frame(each.stack)]
        alike = speed if signal.unit is Unit.COUNT and sample_type == "inuse_objects" else None
        others = [each for each in sites if each.frame().function not in apart]
        found = by_function(_in_step(others, leaking, alike) or _in_step(sites, leaking, alike))[:top]
        if found:
            return tuple(_culprit(each, speed, signal, sample_type) for each in found)
    return ()


def _in_step(sites: list[SiteGrowth], leaking: Floats, speed: float | None) -> list[SiteGrowth]:
    """The sites that rise with `leaking`, with the weight of the suspicion (it sums to at most 1) as score.

    The weight is the square of the correlation times a part. Where both count things and so `speed` is
    given, the part is how near the site is to one object per leaked thing; else it is the site's part of
    the growth.
    """
    fits = {each: _correlation(each.series, leaking) for each in sites}
    parts = {each: _part(each.growth, speed) for each, fit in fits.items() if fit >= IN_STEP}
    whole = sum(parts.values())
    return [replace(each, score=fits[each] ** 2 * part / whole) for each, part in parts.items()]


def _part(growth: float, speed: float | None) -> float:
    return growth if speed is None else min(growth, speed) / max(growth, speed)


def _correlation(one: Floats, other: Floats) -> float:
    """Pearson's, 0 for a series that does not move."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return min(1.0, float(np.corrcoef(one, other)[0, 1]))


def _culprit(site: SiteGrowth, speed: float, signal: Signal, sample_type: str) -> Culprit:
    what = "objects" if sample_type == "inuse_objects" else "bytes"
    note = f"its heap {what} grow in step with {_WORDS.get(signal, signal.value)}: {HINT}"
    return Culprit(site.stack_id, site.frame(), site.score, site.score * speed, site.stack, note=note)
