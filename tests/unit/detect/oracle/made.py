"""Made series, of all kinds and hostile ones, as a look-back sees them."""

from __future__ import annotations

import numpy as np
from oracle import panel as oracle

from leakdog.detect.climb import Past
from leakdog.detect.lives import MOST_LIVES
from leakdog.detect.panel import Panel, Rows
from leakdog.detect.score import COURSE_LESS
from leakdog.detect.settings import PRODUCTION, SOAK, Look, Settings, for_sites

END = 500_000  # of the coarsest level, in its blocks
ALL = [
    (settings, number)
    for settings in (PRODUCTION, SOAK, for_sites(PRODUCTION))
    for number in range(len(settings.looks))
]


def shapes(rng: np.random.Generator, columns: int) -> np.ndarray:
    """Growth, steps, saws, rhythms, walks, warm-ups, doublings, and what no program shows."""
    at = np.arange(columns) / columns
    noise = rng.standard_normal((12, columns))
    rows = [
        at,
        at + 0.3 * noise[0],
        at > rng.random(),
        (7 * at) % 1,
        np.sin(2 * np.pi * np.arange(columns) / 24) + at * rng.random(),
        noise[1].cumsum() / 10,
        np.log1p(40 * at),
        2 ** (6 * at) / 8,
        at**3,
        -at,
        0 * at,
        np.maximum(at - 0.8, 0) * 5 + 0.01 * noise[2],
    ]
    values = 100 + np.array(rows, float) * rng.choice([0.1, 10.0, 1000.0], (12, 1)) + 0.01 * noise
    return values * rng.choice([1e-3, 1.0, 1e7, 1e12], (12, 1))


def with_gaps(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Readings that are missing: here and there, for a stretch, before a first one, all of them, or all but one."""
    out = values.copy()
    for row in out:
        match rng.integers(8):
            case 0:
                row[rng.random(len(row)) < 0.3] = np.nan
            case 1:
                row[(begin := rng.integers(len(row))) : begin + rng.integers(1, 30)] = np.nan
            case 2:
                row[: rng.integers(len(row))] = np.nan
            case 3 if rng.random() < 0.3:
                row[:] = np.nan
            case 4 if rng.random() < 0.3:
                row[np.arange(len(row)) != rng.integers(len(row))] = np.nan
            case _:
                pass
    return out


def made(settings: Settings, look: Look, seed: int) -> tuple[Panel, Panel, oracle.Rows]:
    """The window and the past of a look-back, and what is known of its rows."""
    rng = np.random.default_rng(seed)
    levels = settings.levels[look.level], settings.levels[look.past]
    ends = [int(END * settings.levels[-1].block_seconds / level.block_seconds) + seed % 3 for level in levels]
    panels = []
    for level, end in zip(levels, ends, strict=True):
        lows = with_gaps(np.concatenate([shapes(rng, level.length) for _ in range(4)]), rng)
        load = 50 + 20 * np.sin(np.arange(level.length) / 5) + rng.standard_normal(lows.shape)
        load[rng.random(len(lows)) < 0.4] = np.nan
        load[rng.random(lows.shape) < 0.05] = np.nan
        load *= rng.choice([1.0, 0.0, -1.0], (len(lows), 1), p=[0.9, 0.05, 0.05])
        load[np.isnan(lows)] = np.nan
        panels.append(Panel(lows, load, end, level.block_seconds))
    window, past = panels if look.level != look.past else panels[:1] * 2
    window.lows[np.isnan(past.lows).all(1)] = np.nan  # what is read is in both
    count, top = len(window.lows), np.nan_to_num(np.nanmax(np.nan_to_num(past.lows), 1))
    lives = np.full((count, MOST_LIVES), np.nan)
    for row in lives:
        many = rng.integers(1, MOST_LIVES + 1)
        row[-many:] = np.sort(past.end - rng.integers(1, past.lows.shape[1] + 20, many))
    start = lives[:, -1] * past.block_seconds - rng.integers(0, 3, count) * 30 * past.block_seconds
    threshold = rng.choice([-5.0, 0.0, 5.0], count)
    return (
        window,
        past,
        oracle.Rows(
            floor=rng.choice([1e-6, 1.0, 1e6], count),
            limit=np.where(rng.random(count) < 0.3, np.nan, top * rng.choice([0.5, 1.5, 4.0], count)),
            life_start=start,
            lives=lives,
            swing=rng.random(count) * top / 100,
            highest=np.where(rng.random(count) < 0.3, np.nan, top),
            course=np.minimum(rng.choice([-5.0, 0.0, 3.0], count), threshold + COURSE_LESS - 0.5),  # none is sure
            threshold=threshold,
        ),
    )


def known(rows: oracle.Rows) -> Rows:
    """The same as the product has it."""
    return Rows(
        *(rows.floor, rows.limit, rows.life_start, rows.lives, rows.swing),
        *(lambda: rows.highest, lambda: rows.course, lambda: rows.threshold),
    )


def nothing(rows: np.ndarray) -> Past:
    """Rows of which nothing is remembered."""
    lows = np.full((len(rows), 168), np.nan)
    return Past(lows, lows)
