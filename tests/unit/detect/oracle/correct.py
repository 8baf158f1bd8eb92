"""With NumPy: load and the rhythm of the day are taken out of look-backs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from oracle.panel import window_start
from oracle.prepare import bridge, lagged, load_coefficients, load_part, mean, rhythm
from oracle.trend import Trend, choose, rise_of, trend, with_shape_of

from leakdog.detect.panel import Panel, take
from leakdog.detect.settings import Look, Settings

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
# Growth by this factor or more is judged on a logarithmic scale too: what doubles again and again is no step.
MULTIPLIED = 2.0
# Load must be known for this share of a window to be used.
LOAD_COVERAGE = 0.8
# Load is fitted over the window and this many times its length before it, or over this many days.
FIT_LENGTHS, FIT_DAYS = 2, 3


@dataclass(slots=True)
class Corrected:
    """Values without gaps, load and rhythm.

    Attributes:
        window: (N, blocks) of the look's level.
        coarse: (N, T) of the level its past is read from, up to now.
        raw: the window before load and rhythm were taken out.
        loaded: rows whose load is known.
        rhythmic: rows whose rhythm is known.

    """

    window: Array
    coarse: Array
    raw: Array
    loaded: Bools
    rhythmic: Bools


def correct(look: Look, window: Panel, past: Panel, first: Ints, raw: Array, settings: Settings) -> Corrected:
    """Correct one look-back of all rows.

    Args:
        first: (N,) column of the past's panel from which each row is real.
        raw: (N, blocks) the window without gaps.

    """
    loaded = load_known(window.load[:, -look.blocks :])
    out = Corrected(raw, bridge(past.lows), raw, loaded, np.zeros(len(raw), bool))
    start = window_start(look, window, past)
    if loaded.any():
        _without_load(out, look, window, past, start, settings)
    if settings.rhythm_blocks:
        _without_rhythm(out, look, window, past, first, start, settings)
    return out


def load_known(load: Array) -> Bools:
    """Rows of which enough load is known."""
    known: Bools = mean(~np.isnan(load)) >= LOAD_COVERAGE
    return known


def trend_of(seen: Corrected, look: Look, settings: Settings) -> Trend:
    """The trend: with harmonics where neither load nor rhythm is known; on a logarithmic scale where that is better."""
    plain = seen.loaded | seen.rhythmic

    def fit(values: Array, harmonics: int) -> Trend:
        day, confidence = settings.rhythm_blocks, settings.confidence
        return trend(values, look.merge, harmonics, day, confidence, lows=look.lows)

    found = fit(seen.window, 0)
    if look.harmonics and not plain.all():
        found = choose(plain, found, fit(seen.window, look.harmonics))
    quarter = look.blocks // 4
    low, high = mean(seen.raw[:, :quarter]), mean(seen.raw[:, -quarter:])
    many = (low > 0) & (high > (1 + MULTIPLIED) * low)
    if many.any() and (many := many & (seen.window.min(1) > 0)).any():
        scaled = fit(np.log(np.where(many[:, None], seen.window, 1.0)), 0)
        found = choose(~(many & (scaled.max_step < found.max_step)), found, with_shape_of(found, scaled))
    return found


def with_load(seen: Corrected, asked: Array, look: Look, settings: Settings) -> Bools:
    """Rows that surely grow as much as is asked while what load explains is left in them."""
    grows: Bools = rise_of(seen.raw, look.merge, lows=look.lows) >= asked
    if grows.any():
        rows = np.flatnonzero(grows)
        some = take(seen, rows)
        some.window = some.raw
        grows[rows] = trend_of(some, look, settings).z >= settings.z
    return grows


def _without_load(out: Corrected, look: Look, window: Panel, past: Panel, start: int, settings: Settings) -> None:
    columns = past.lows.shape[1]
    begin = max(0, start - max(FIT_LENGTHS * (columns - start), FIT_DAYS * settings.history_blocks))
    known = ~np.isnan(past.lows[:, begin:]) & ~np.isnan(past.load[:, begin:]) & out.loaded[:, None]
    load = bridge(past.load)
    usual = np.where(known, load[:, begin:], 0).sum(1) / np.maximum(known.sum(1), 1)
    counts = out.loaded & (usual > 0)
    scale = np.where(counts, usual, 1.0)[:, None]
    relative = np.where(counts[:, None], load / scale, 1.0)
    weights = load_coefficients(out.coarse[:, begin:], relative[:, begin:], known, start - begin)
    out.coarse = out.coarse - load_part(weights, relative, lagged(relative))
    if look.level == look.past:
        out.window = out.coarse[:, start:]
        return
    step = round(past.block_seconds / window.block_seconds)
    fine = np.where(counts[:, None], bridge(window.load) / scale, 1.0)
    before = np.concatenate((np.repeat(fine[:, :1], step, 1), fine[:, :-step]), axis=1)
    out.window = out.window - load_part(weights, fine, before)[:, -look.blocks :]


def _without_rhythm(
    out: Corrected, look: Look, window: Panel, past: Panel, first: Ints, start: int, settings: Settings
) -> None:
    day = settings.rhythm_blocks
    days = min(settings.excess_blocks, start) // day
    if days < settings.rhythm_days:
        return
    begin = start - days * day
    shape, out.rhythmic = rhythm(out.coarse[:, begin:start], first - begin, day, settings.rhythm_days)
    columns = out.coarse.shape[1]
    out.coarse = out.coarse - shape[:, (np.arange(columns) - begin) % day]
    if look.level == look.past:
        out.window = out.coarse[:, start:]
        return
    step = round(past.block_seconds / window.block_seconds)
    place = np.arange(window.end - look.blocks, window.end) // step - (past.end - columns)
    out.window = out.window - shape[:, (place - begin) % day]
