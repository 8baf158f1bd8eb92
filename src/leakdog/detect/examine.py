"""One look-back over many series at once: from blocks to evidence, and to a verdict.

What is asked, the cheap questions first: is the window covered by readings; has it grown by a share of what counts, by
its quarters; what do load and the rhythm of the day explain of it (`csrc/correct.c`); how sure is the trend of the rest
(`csrc/trend.c`); and, where it is sure enough, what do its shape, its past and the lives before it say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from leakdog.detect import kernel
from leakdog.detect.climb import Past, beside
from leakdog.detect.evidence import Evidence
from leakdog.detect.panel import Panel, Rows
from leakdog.detect.score import COURSE_LESS, COURSE_SHARE, COURSE_Z, by_course, score, surely
from leakdog.detect.settings import Look, Settings

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Climbs = Callable[[Ints], Past]


def examine(
    look: Look,
    window: Panel,
    past: Panel,
    rows: Rows,
    settings: Settings,
    climbs: Climbs,
    chosen: Ints | None = None,
    *,
    full: bool = True,
) -> Evidence:
    """Judge one look-back.

    Args:
        window: blocks of the look's level, at least as many as it is long.
        past: blocks of the level its past is read from; the same panel where that is the same level.
        climbs: gives the past of some rows on the coarsest level; asked only by urgent looks, for few.
        chosen: the rows that are looked at, in whose order the evidence is; None: all.
        full: also tell the trend of rows that cannot be a leak, and whether they settle or follow load.

    """
    chosen = np.arange(len(window.lows)) if chosen is None else chosen
    out = Evidence.empty(len(chosen))
    weighed = kernel.examine(out, look, window, past, rows, settings, chosen, full=full)
    if settings.hears_course(look):
        sure = np.flatnonzero(surely(rows.course()[chosen], rows.threshold()[chosen]))
        if len(sure):
            weighed = np.union1d(weighed, _seen_closer(out, look, window, past, rows, settings, chosen, sure))
    if not len(weighed):
        return out
    grown = chosen[weighed]
    measured = out.some(weighed)
    over = measured.level + rows.swing[grown] - rows.highest()[grown]
    measured.above[:] = np.where(np.isnan(over), 1.0, over / measured.rise)
    measured.course[:] = rows.course()[grown]
    if look.urgent:
        length = look.blocks * window.block_seconds / settings.levels[-1].block_seconds
        known = beside(climbs(grown), measured.rise, measured.level, length, settings)
        measured.put(slice(None), **known)
    _decide(measured, rows.threshold()[grown], look, settings)
    out.put_all(weighed, measured)
    return out


def _seen_closer(
    out: Evidence, look: Look, window: Panel, past: Panel, rows: Rows, settings: Settings, chosen: Ints, sure: Ints
) -> Ints:
    """Measure what shows some growth of those chosen whose course is sure of a leak, into `out`, and give their places.

    Those that show as much as is asked have been measured, and are measured as they were.
    """
    more = Evidence.empty(len(sure))
    less = replace(rows, floor=COURSE_SHARE * rows.floor)
    found = kernel.examine(more, look, window, past, less, _lenient(settings), chosen[sure], full=True)
    more.asked /= COURSE_SHARE
    out.put_all(sure[found], more.some(found))
    places: Ints = sure[found]
    return places


@lru_cache(maxsize=64)
def _lenient(settings: Settings) -> Settings:
    return replace(settings, z_least=COURSE_Z, min_growth_ratio=COURSE_SHARE * settings.min_growth_ratio)


def _decide(seen: Evidence, threshold: Array, look: Look, settings: Settings) -> None:
    """The verdict of this look-back."""
    seen.score[:], told = score(seen, look, settings), by_course(seen, look, threshold, settings)
    seen.score[told] = np.maximum(seen.score, seen.course - COURSE_LESS)[told]
    seen.sure[:] = told
    seen.leak[:] = seen.score >= threshold
    sure = (seen.rise >= seen.asked) & (seen.z >= settings.z)
    slows = (seen.last < settings.last_share) | (seen.late < 0) | (seen.line < settings.convex_z)
    seen.settling[:] = sure & ~seen.leak & slows & (seen.last > 0)
    seen.follows_load &= ~seen.leak
