"""One look-back over many series at once: what speaks for a leak, gate by gate.

Every gate is there for a kind of healthy program that the others let through; docs/detection.md shows each with a
picture and with what it is worth.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from leakdog.detect.convexity import beats_logarithm, keeps_growing
from leakdog.detect.prepare import bridge, lagged, load_coefficients, load_part, rhythm
from leakdog.detect.settings import Look, Settings
from leakdog.detect.trend import Trend, trend

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
# Share of the look-back whose first and last blocks must hold a reading somewhere.
EDGE = 8
# A cheap first question: quarter means must differ by this share of what will be asked, or the row is left alone.
HURDLE = 0.6
# Growth by this factor or more may also be judged on a logarithmic scale: what doubles again and again is no step.
MULTIPLIED = 2.0
# Load must be known for this share of a window to be used.
LOAD_COVERAGE = 0.8


@dataclass(frozen=True, slots=True)
class Panel:
    """Blocks of one level of many series, side by side: the last column is the last closed block.

    Attributes:
        lows, load: (N, T), NaN where missing.
        end: index of the block after the last column.

    """

    lows: Array
    load: Array
    end: int
    block_seconds: float


@dataclass(frozen=True, slots=True)
class Rows:
    """What else is known of the series of a panel, (N,).

    Attributes:
        floor: least growth that counts, in the signal's unit.
        limit: NaN where there is none.
        life_start: of the current life; -inf where it is not known.

    """

    floor: Array
    limit: Array
    life_start: Array

    def take(self, rows: npt.NDArray[np.int64]) -> Rows:
        """Some of them."""
        return Rows(self.floor[rows], self.limit[rows], self.life_start[rows])


@dataclass(slots=True)
class Evidence:
    """What one look-back found, (N,). Numbers of rows that were not looked at are NaN.

    Attributes:
        usable: the look-back is covered by readings.
        leak: every gate is passed.
        settling: it grows, and slows down.
        follows_load: it grows, and load explains it.
        growth, error: slope and its standard error, units per second.
        z, rise, rising, max_step, last: as in `Trend`.
        base: level in the window's first quarter.
        level: level in its last eighth.
        excess: by how much the present is above all of the past and what was asked, in units.
        past_blocks: how much past there was.

    """

    usable: Bools
    leak: Bools
    settling: Bools
    follows_load: Bools
    growth: Array
    error: Array
    z: Array
    rise: Array
    rising: Array
    max_step: Array
    last: Array
    base: Array
    level: Array
    excess: Array
    past_blocks: Array

    @classmethod
    def empty(cls, count: int) -> Evidence:
        """Nothing known of `count` series."""
        flags = ("usable", "leak", "settling", "follows_load")
        return cls(
            **{
                each.name: np.zeros(count, bool) if each.name in flags else np.full(count, np.nan)
                for each in fields(cls)
            }
        )


def examine(look: Look, window: Panel, past: Panel, rows: Rows, settings: Settings, *, full: bool = True) -> Evidence:
    """Judge one look-back.

    Args:
        window: blocks of the look's level, at least as many as it is long.
        past: blocks of the level its past is read from; the same panel where that is the same level.
        full: also measure rows that cannot be a leak, for their growth and why they are none.

    """
    out = Evidence.empty(len(window.lows))
    lows = window.lows[:, -look.blocks :]
    load = window.load[:, -look.blocks :]
    out.usable = _covered(lows, settings)
    has_load = _load_known(load)
    if look.needs_load:
        out.usable &= has_load
    width = past.lows.shape[1]
    start = _window_start(look, window, past)
    known = ~np.isnan(past.lows)
    first = np.where(known.any(1), known.argmax(1), width)
    out.past_blocks = np.maximum(start - first, 0).astype(float)
    enough = out.past_blocks >= settings.history_blocks
    if look.urgent:
        enough = out.past_blocks * past.block_seconds >= look.blocks * window.block_seconds / 2
    if not look.alone:
        out.usable &= enough
    if look.urgent:
        out.usable &= ~np.isnan(rows.limit)
    candidates = np.flatnonzero(out.usable)
    if len(candidates):
        _measure(out, candidates, look, window, past, rows, settings, start=start, first=first, full=full)
    return out


def _measure(
    out: Evidence,
    candidates: npt.NDArray[np.int64],
    look: Look,
    window: Panel,
    past: Panel,
    rows: Rows,
    settings: Settings,
    *,
    start: int,
    first: npt.NDArray[np.int64],
    full: bool,
) -> None:
    """Fill in the evidence of the rows that can be judged."""
    values = bridge(window.lows[candidates, -look.blocks :])
    quarter = max(look.blocks // 4, 1)
    base = values[:, :quarter].mean(1)
    climb = values[:, -quarter:].mean(1) - base
    ratio = settings.min_growth_ratio * look.ratio_factor
    asked = np.maximum(ratio * np.abs(base), rows.floor[candidates])
    loads = _load_known(window.load[candidates, -look.blocks :])
    if look.urgent:
        asked = np.maximum(asked, settings.urgent_share * (rows.limit[candidates] - base))
        full = False
    if not full:
        keep = climb > np.where(loads & (not look.urgent), 0.0, HURDLE * asked)
        candidates, values, base, climb, asked, loads = (
            each[keep] for each in (candidates, values, base, climb, asked, loads)
        )
    if not len(candidates):
        return
    raw = values
    corrected, coarse, rhythmic = _correct(
        values, look, window, past, settings, candidates=candidates, loads=loads, start=start, first=first
    )
    found = _trend(corrected, look, settings, plain=rhythmic | loads)
    here = rows.take(candidates)
    age = past.end - here.life_start / past.block_seconds
    past_blocks = out.past_blocks[candidates]
    history = past_blocks >= settings.history_blocks
    excess = _excess(corrected, coarse, found, past_blocks, first[candidates], look, window, past, settings, start)
    grows = (found.z >= settings.z) & (found.rise >= asked)
    shaped = (found.rising >= settings.rising) & (found.max_step <= settings.max_step)
    going_on = (found.last >= settings.last_share) & (found.first >= settings.first_share)
    multiplies = np.zeros(len(base), bool)
    many = np.flatnonzero((climb > MULTIPLIED * base) & (base > 0) & (corrected.min(1) > 0))
    if len(many):
        scaled = trend(np.log(corrected[many]), look.merge, 0, 0, settings.confidence, lows=look.lows)
        passed = (scaled.z >= settings.z) & (scaled.rising >= settings.rising) & (scaled.max_step <= settings.max_step)
        passed &= (scaled.last >= settings.last_share) & (scaled.first >= settings.first_share)
        for gate in (grows, shaped, going_on):
            gate[many] |= passed
        multiplies[many] = passed
    blocks = look.blocks * window.block_seconds / past.block_seconds
    born_here = age <= past.lows.shape[1] + 2
    young = born_here & (age - blocks < blocks / 3)
    lasting = ~young | ((found.first <= settings.young_first_share) & (found.last >= settings.young_last_share))
    if not look.urgent:
        lasting &= _not_warm_up(
            coarse,
            found,
            age,
            first[candidates],
            born_here,
            history & ((age < blocks) | (age > 3 * blocks)),
            settings,
            grows & shaped & going_on & ~multiplies,
        )
    new = np.where(history | (not look.alone), excess >= 0, True)
    leak = grows & shaped & going_on & lasting & new
    if look.urgent:
        leak &= _urgent(corrected, found, base, here, look, settings)
    out.leak[candidates] = leak
    out.settling[candidates] = grows & ~leak & ((found.last < settings.last_share) | ~lasting)
    if full and loads.any():
        plain = _trend(raw, look, settings, plain=rhythmic | loads)
        out.follows_load[candidates] = loads & ~grows & (plain.z >= settings.z) & (plain.rise >= asked)
    seconds = window.block_seconds
    for name, numbers in (
        ("growth", found.per_block / seconds),
        ("error", found.error / seconds),
        ("z", found.z),
        ("rise", found.rise),
        ("rising", found.rising),
        ("max_step", found.max_step),
        ("last", found.last),
        ("base", base),
        ("level", np.median(raw[:, -max(look.blocks // EDGE, 1) :], axis=1)),
        ("excess", excess),
    ):
        getattr(out, name)[candidates] = numbers


def _correct(
    values: Array,
    look: Look,
    window: Panel,
    past: Panel,
    settings: Settings,
    *,
    candidates: npt.NDArray[np.int64],
    loads: Bools,
    start: int,
    first: npt.NDArray[np.int64],
) -> tuple[Array, Array, Bools]:
    """Take load and rhythm out: the window, all blocks of the past's level, and which rows have a known rhythm."""
    coarse = bridge(past.lows[candidates])
    same_level = look.level == look.past
    corrected = values
    if loads.any():
        work = bridge(past.load[candidates])
        columns = coarse.shape[1]
        begin = max(0, start - max(2 * (columns - start), 3 * settings.history_blocks))
        known = ~np.isnan(past.lows[candidates, begin:]) & ~np.isnan(past.load[candidates, begin:])
        known &= loads[:, None]
        mean = np.nansum(work[:, begin:] * known, 1) / np.maximum(known.sum(1), 1)
        scale = np.where(mean > 0, mean, 1.0)[:, None]
        relative = np.where(loads[:, None] & (mean > 0)[:, None], work / scale, 1.0)
        weights = load_coefficients(coarse[:, begin:], relative[:, begin:], known, start - begin)
        coarse = coarse - load_part(weights, relative, lagged(relative))
        if same_level:
            corrected = coarse[:, start:]
        else:
            step = round(past.block_seconds / window.block_seconds)
            fine = bridge(window.load[candidates])
            fine = np.where(loads[:, None] & (mean > 0)[:, None], fine / scale, 1.0)
            before = np.concatenate((np.repeat(fine[:, :1], step, 1), fine[:, :-step]), axis=1)
            corrected = values - load_part(weights, fine, before)[:, -look.blocks :]
    rhythmic = np.zeros(len(values), bool)
    day = settings.rhythm_blocks
    days = min(settings.excess_blocks, start) // day if day else 0
    if days >= settings.rhythm_days:
        begin = start - days * day
        shape, rhythmic = rhythm(coarse[:, begin:start], first[candidates] - begin, day, settings.rhythm_days)
        coarse = coarse - shape[:, (np.arange(coarse.shape[1]) - begin) % day]
        if same_level:
            corrected = coarse[:, start:]
        else:
            step = round(past.block_seconds / window.block_seconds)
            index = np.arange(window.end - look.blocks, window.end) // step - (past.end - coarse.shape[1])
            corrected = corrected - shape[:, (index - begin) % day]
    return corrected, coarse, rhythmic


def _trend(window: Array, look: Look, settings: Settings, *, plain: Bools) -> Trend:
    """The trend, with harmonics for the rows that are not `plain`."""

    def fit(harmonics: int) -> Trend:
        return trend(window, look.merge, harmonics, settings.rhythm_blocks, settings.confidence, lows=look.lows)

    if not look.harmonics or plain.all():
        return fit(0)
    seasonal = fit(look.harmonics)
    if not plain.any():
        return seasonal
    simple = fit(0)
    return Trend(
        **{
            each.name: np.where(plain, getattr(simple, each.name), getattr(seasonal, each.name))
            for each in fields(Trend)
        }
    )


def _excess(
    corrected: Array,
    coarse: Array,
    found: Trend,
    past_blocks: Array,
    first: npt.NDArray[np.int64],
    look: Look,
    window: Panel,
    past: Panel,
    settings: Settings,
    start: int,
) -> Array:
    """By how much the present is above what the past already showed, and above what is asked of it."""
    begin = max(0, start - settings.excess_blocks)
    if start == begin:
        return np.zeros(len(coarse))
    seen = np.arange(begin, start) >= first[:, None]
    before = coarse[:, begin:start]
    top = np.where(seen, before, -np.inf).max(1)
    if look.blocks * window.block_seconds <= settings.history_blocks * past.block_seconds:
        span = top - np.where(seen, before, np.inf).min(1)
        usual = np.where(past_blocks >= settings.excess_blocks, 0.5, 1.0)
        out = corrected[:, -3:].min(1) - top - settings.peak_factor * usual * span
    else:
        smooth = settings.smooth_blocks
        medians = [
            np.where(first <= end - smooth + 1, np.median(coarse[:, end - smooth : end], 1), -np.inf)
            for end in range(start, begin + smooth - 1, -max(smooth // 4, 1))
        ]
        highest = np.max(medians, axis=0) if medians else np.full(len(coarse), -np.inf)
        highest = np.where(np.isfinite(highest), highest, top)
        share = look.blocks * window.block_seconds / past.block_seconds
        present = np.median(coarse[:, -min(smooth, max(int(share) // 2, 1)) :], 1)
        out = present - highest - settings.rise_factor * found.rise
    return np.where(past_blocks > 0, out, 0.0)


def _not_warm_up(
    coarse: Array,
    found: Trend,
    age: Array,
    first: npt.NDArray[np.int64],
    born_here: Bools,
    history: Bools,
    settings: Settings,
    asked: Bools,
) -> Bools:
    """Whether growth over the life beats a logarithm of age; true where the life's start is out of sight."""
    out = np.ones(len(coarse), bool)
    old = np.flatnonzero(asked & born_here & (age >= settings.convex_blocks))
    if len(old):
        out[old] &= keeps_growing(coarse[old], age[old], first[old], found.noise[old], settings)
    for row in np.flatnonzero(asked & born_here & ~history):
        begin = max(first[row], coarse.shape[1] - int(age[row]))
        out[row] &= beats_logarithm(coarse[row, begin:], float(age[row]), settings)
    return out


def _urgent(corrected: Array, found: Trend, base: Array, rows: Rows, look: Look, settings: Settings) -> Bools:
    """Whether the window's growth has eaten so much of the room to the limit that waiting is not safe."""
    room = rows.limit - base
    left = rows.limit - np.median(corrected[:, -max(look.blocks // EDGE, 1) :], axis=1)
    with np.errstate(invalid="ignore"):
        eaten: Bools = (room > 0) & (found.rise >= settings.urgent_share * room)
        soon: Bools = left <= 2 * found.rise
    return eaten & soon & (found.z >= settings.urgent_z)


def _covered(lows: Array, settings: Settings) -> Bools:
    """Enough readings in the window, and some at both of its ends."""
    known = ~np.isnan(lows)
    edge = max(lows.shape[1] // EDGE, 1)
    covered: Bools = (known.mean(1) >= settings.coverage) & known[:, :edge].any(1) & known[:, -edge:].any(1)
    return covered


def _load_known(load: Array) -> Bools:
    known: Bools = (~np.isnan(load)).mean(1) >= LOAD_COVERAGE
    return known


def _window_start(look: Look, window: Panel, past: Panel) -> int:
    """Column of the past's panel at which the window begins."""
    columns: int = past.lows.shape[1]
    if look.level == look.past:
        return columns - look.blocks
    begin = (window.end - look.blocks) * window.block_seconds
    return int(begin // past.block_seconds) - (past.end - columns)
