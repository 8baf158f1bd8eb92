"""With NumPy: one look-back over many series at once, as `leakdog.detect.examine` has it done in C."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from oracle.climb import above, bend, fall, floor, gap, jump
from oracle.convexity import (
    OUT_OF_SIGHT,
    inner_growth,
    late_growth,
    line_over_logarithm,
    repeated_growth,
    running,
)
from oracle.correct import Corrected, correct, trend_of, with_load
from oracle.panel import Rows, covered, trimmed, window_start
from oracle.prepare import bridge, mean, median
from oracle.trend import Trend

from leakdog.detect.climb import Past, beside, quarters
from leakdog.detect.evidence import NEVER, Evidence
from leakdog.detect.panel import EDGE, Panel, take, window_columns
from leakdog.detect.score import score
from leakdog.detect.settings import Look, Settings

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
# A first question of urgent looks, cheap, which leaves most rows alone: growth of this share of what is asked.
HURDLE = 0.5
# A life is in sight if at least this share of it has been seen.
SEEN_SHARE = 0.5
# What is told of rows that cannot be a leak too, as in `Trend`; and what is measured of the others besides.
TOLD_TOO = ("z", "rise", "rising", "max_step", "last")
AS_IN_TREND = (*TOLD_TOO, "first", "middle", "least", "leap", "alpha")
Climbs = Callable[[Ints], Past]


@dataclass(slots=True)
class _Sight:
    """The rows that are still looked at, and all that is known of each: arrays over them, (n,) or (n, ...).

    Attributes:
        index: which rows of the evidence they are.
        seconds, past_seconds: width of a block of the look-back, and of the past.
        end: index of the block after the past's last column.
        start: column of the past at which the look-back begins.
        begin: column of the past from which each is real.
        before: blocks of the past before the window.

    """

    index: Ints
    seconds: float
    past_seconds: float
    end: int
    start: int
    rows: Rows
    begin: Ints
    before: Ints
    raw: Array
    base: Array
    level: Array
    asked: Array
    seen: Corrected
    found: Trend


def examine(
    look: Look,
    window: Panel,
    past: Panel,
    rows: Rows,
    settings: Settings,
    climbs: Climbs,
    *,
    full: bool = True,
) -> Evidence:
    """Judge one look-back, row by row: what comes of one is not to depend on which others are looked at.

    Args:
        window: blocks of the look's level, at least as many as it is long.
        past: blocks of the level its past is read from; the same panel where that is the same level.
        climbs: gives the past of some rows on the coarsest level; asked only by urgent looks, for few.
        full: also tell the trend of rows that cannot be a leak, and whether they settle or follow load.

    """
    out = Evidence.empty(len(window.lows))
    for row in np.arange(len(window.lows))[:, None]:
        mine, of = take(window, row), take(rows, row)
        before = mine if past is window else take(past, row)
        out.put_all(row, _alone(look, mine, before, of, settings, lambda some, row=row: climbs(row[some]), full=full))
    return out


def _alone(
    look: Look, window: Panel, past: Panel, rows: Rows, settings: Settings, climbs: Climbs, *, full: bool
) -> Evidence:
    out = Evidence.empty(len(window.lows))
    usable = covered(window.lows[:, -look.blocks :], settings)
    if not usable.any():
        return out
    same = past is window
    past, begin = trimmed(past, max(look.blocks if same else 1, window_columns(look, window, past)))
    window = past if same else window
    before = np.maximum(window_start(look, window, past) - begin, 0)
    if look.urgent:  # it asks for a limit, and for a past as long
        usable &= ~np.isnan(rows.limit) & (before * past.block_seconds >= look.blocks * window.block_seconds)
    out.usable[:] = usable
    index = np.flatnonzero(usable)
    raw = bridge(window.lows[index, -look.blocks :])
    base, climb = quarters(raw)
    asked = np.maximum(settings.min_growth_ratio * np.abs(base), rows.floor[index])
    if look.urgent:
        asked = np.maximum(asked, settings.urgent_share * (rows.limit[index] - base))
        full = False
        keep = np.flatnonzero(climb > HURDLE * asked)
        index, raw, base, asked = index[keep], raw[keep], base[keep], asked[keep]
    if not len(index):
        return out
    if len(index) < len(rows.floor):
        past, rows = take(past, index), take(rows, index)
        window = past if same else take(window, index)
    seen = correct(look, window, past, begin[index], raw, settings)
    found = trend_of(seen, look, settings)
    place = (window.block_seconds, past.block_seconds, past.end, window_start(look, window, past))
    level = median(raw[:, -max(look.blocks // EDGE, 1) :])
    sight = _Sight(index, *place, rows, begin[index], before[index], raw, base, level, asked, seen, found)
    if full:
        _tell(out, sight, look, settings)
    _weigh(out, sight, look, settings, climbs, full=full)
    return out


def _tell(out: Evidence, sight: _Sight, look: Look, settings: Settings) -> None:
    """Of every row what its trend is, and whether it grows with load: what is told of rows that cannot be a leak."""
    found, seen = sight.found, sight.seen
    out.put(sight.index, score=np.full(len(sight.index), NEVER), **_trend(sight, look, TOLD_TOO))
    rows = np.flatnonzero(seen.loaded & ~((found.rise >= sight.asked) & (found.z >= settings.z)))
    if len(rows):
        out.follows_load[sight.index[rows]] = with_load(take(seen, rows), sight.asked[rows], look, settings)


def _trend(sight: _Sight, look: Look, names: tuple[str, ...]) -> dict[str, Array]:
    """What the trend of each row is, as numbers of `Evidence`: these of `Trend`, and what it goes from and to."""
    return {name: getattr(sight.found, name) for name in names} | {
        "growth": sight.found.per_block / sight.seconds,
        "error": sight.found.error / sight.seconds,
        "base": sight.base,
        "level": sight.level,
        "past": sight.before / _past_blocks(sight, look),
    }


def _weigh(out: Evidence, sight: _Sight, look: Look, settings: Settings, climbs: Climbs, *, full: bool) -> None:
    """Measure and decide on the rows that grow surely enough to be a leak or to settle; their rise is above 0."""
    grows = (sight.found.z >= settings.z_least) & (sight.found.rise >= sight.asked)
    if not full:
        grows &= sight.found.rising >= settings.rising_least - 1e-6
    sight = take(sight, np.flatnonzero(grows))
    if not len(sight.index):
        return
    measured = _measure(sight, look, settings, climbs)
    _compare(measured, sight, look, settings)
    _decide(measured, sight, look, settings)
    measured.follows_load[:] = out.follows_load[sight.index] & ~measured.leak
    out.put_all(sight.index, measured)


def _measure(sight: _Sight, look: Look, settings: Settings, climbs: Climbs) -> Evidence:
    """What the look-back tells by itself."""
    found, seen, out = sight.found, sight.seen, Evidence.empty(len(sight.index))
    rise, seconds = found.rise, sight.seconds
    climb = mean(seen.raw[:, -(look.blocks // 4) :]) - sight.base
    age, blocks = _age(sight), _past_blocks(sight, look)
    own = np.maximum(np.minimum(sight.before, age - blocks), -1)
    out.usable[:] = True
    out.put(
        slice(None),
        **_trend(sight, look, AS_IN_TREND),
        above=np.where(np.isnan(sight.rows.highest), 1.0, (sight.level + sight.rows.swing - sight.rows.highest) / rise),
        kept=np.where(climb > 0, found.rise * 0.75 / np.maximum(climb, 1e-9), OUT_OF_SIGHT),
        noise=found.noise / rise,
        bend=bend(seen.raw) / rise,
        gap=gap(seen.raw) / rise,
        past_days=sight.before / settings.history_blocks,
        own_days=own / settings.history_blocks,
        asked=sight.asked,
        age=age / blocks,
        age_days=age / settings.history_blocks,
        lives=(_columns(sight) > sight.start).sum(1).astype(float),
        loaded=seen.loaded.astype(float),
        left=np.where(np.isnan(sight.rows.limit), np.inf, (sight.rows.limit - sight.level) / rise),
        course=sight.rows.course,
    )
    if look.urgent and len(rise):
        length = look.blocks * seconds / settings.levels[-1].block_seconds
        out.put(slice(None), jump=jump(seen.raw) / rise, floor=floor(seen.raw) / rise)
        out.put(slice(None), **beside(climbs(sight.index), rise, sight.level, length, settings))
    return out


def _compare(out: Evidence, sight: _Sight, look: Look, settings: Settings) -> None:
    """What the past says."""
    seen, rise = sight.seen, sight.found.rise
    total = running(seen.coarse)
    late, line = _warm_up(sight, total, _age(sight), _past_blocks(sight, look), settings)
    span = max(1, min(settings.smooth_blocks, round(_past_blocks(sight, look) / 2)))
    peak, excess = above(seen, total, sight.begin, sight.start, span, settings)
    alone = (sight.before == 0) | np.isnan(peak)
    columns = _columns(sight)
    within, inner = inner_growth(seen.coarse, total, columns, sight.begin, sight.start)
    out.put(
        slice(None),
        peak=np.where(alone, sight.found.rise, peak) / rise,
        excess=np.where(alone, sight.found.rise, excess) / rise,
        late=np.where(late < np.inf, late / rise, OUT_OF_SIGHT),
        line=np.where(sight.found.scaled, OUT_OF_SIGHT, line),
        inner=inner,
        within=np.where(within < np.inf, within / rise, OUT_OF_SIGHT),
        repeated=repeated_growth(seen.coarse, total, columns, sight.begin),
        fall=fall(seen.coarse) / rise,
    )


def _age(sight: _Sight) -> Array:
    """Of the lives, in blocks of the past."""
    age: Array = sight.end - sight.rows.life_start / sight.past_seconds
    return age


def _past_blocks(sight: _Sight, look: Look) -> float:
    """Length of the look-back, in blocks of the past."""
    return look.blocks * sight.seconds / sight.past_seconds


def _warm_up(sight: _Sight, total: Array, age: Array, blocks: float, settings: Settings) -> tuple[Array, Array]:
    """What speaks against a warm-up, for lives that are in sight; `OUT_OF_SIGHT` or infinity for the others."""
    coarse = sight.seen.coarse
    late = np.full(len(coarse), np.inf)
    line = np.full(len(coarse), OUT_OF_SIGHT)
    seen = coarse.shape[1] - sight.begin >= age * SEEN_SHARE
    born = np.flatnonzero(seen & (age >= settings.convex_blocks))
    if len(born):
        late[born] = late_growth(coarse[born], total[born], age[born], sight.begin[born], settings)
    young = np.flatnonzero(seen & (age >= blocks) & (age <= 3 * blocks))
    if len(young):
        line[young] = line_over_logarithm(coarse[young], total[young], age[young], sight.begin[young], settings)
    return late, line


def _columns(sight: _Sight) -> Array:
    """Columns of the past at which the remembered lives begin."""
    columns: Array = sight.rows.lives - (sight.end - sight.seen.coarse.shape[1])
    return columns


def _decide(seen: Evidence, sight: _Sight, look: Look, settings: Settings) -> None:
    """The verdict of this look-back."""
    found = sight.found
    seen.score[:] = score(seen, look, settings)
    seen.leak[:] = seen.score >= sight.rows.threshold
    seen.sure[:] = 0.0  # no course is, in what is made for this
    sure = (found.rise >= sight.asked) & (found.z >= settings.z)
    slows = (found.last < settings.last_share) | (seen.late < 0) | (seen.line < settings.convex_z)
    seen.settling[:] = sure & ~seen.leak & slows & (found.last > 0)
