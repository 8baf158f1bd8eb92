"""The part of the detector in C against the same in NumPy: on series of all kinds, and on hostile ones."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from oracle import panel as oracle
from oracle.examine import examine as by_numpy

from leakdog.detect import examine as examined
from leakdog.detect import kernel
from leakdog.detect.climb import Past
from leakdog.detect.evidence import NUMBERS, Evidence
from leakdog.detect.lives import MOST_LIVES
from leakdog.detect.panel import Panel, Rows, take
from leakdog.detect.settings import PRODUCTION, SOAK, Look, Settings, for_sites
from leakdog.detect.trees import Trees

END = 500_000  # of the coarsest level, in its blocks
SHARES = ("max_step", "first", "last", "middle", "least", "leap")
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
            threshold=rng.choice([-5.0, 0.0, 5.0], count),
        ),
    )


def known(rows: oracle.Rows) -> Rows:
    """The same as the product has it."""
    return Rows(
        rows.floor, rows.limit, rows.life_start, rows.lives, rows.swing, lambda: rows.highest, lambda: rows.threshold
    )


def nothing(rows: np.ndarray) -> Past:
    """Rows of which nothing is remembered."""
    lows = np.full((len(rows), 168), np.nan)
    return Past(lows, lows)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("settings", "number"), ALL)
@pytest.mark.parametrize("full", [True, False])
def test_what_is_measured_is_what_numpy_measures(settings: Settings, number: int, full: bool) -> None:
    """Of every look-back of every preset: all flags are the same, and all numbers but for rounding."""
    look, compared = settings.looks[number], 0
    for seed in range(6):
        window, past, rows = made(settings, look, seed)
        ours = examined.examine(look, window, past, known(rows), settings, nothing, full=full)
        theirs = by_numpy(look, window, past, rows, settings, nothing, full=full)
        np.testing.assert_array_equal(ours.flags, theirs.flags)
        for name in NUMBERS:
            mine, other = getattr(ours, name), getattr(theirs, name)
            if name in SHARES:  # of a fall they are shares of next to nothing
                mine, other = np.clip(mine, -1e6, 1e6), np.clip(other, -1e6, 1e6)
            np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-7, err_msg=f"{name} {seed}")
        compared += int((~np.isnan(theirs.fall)).sum())
    assert compared > 5


@pytest.mark.parametrize("value", [0.0, -5.0, 1e-300, 3e38, np.inf, -np.inf])
@pytest.mark.parametrize(("settings", "number"), ALL[::3])
def test_extremes_are_no_leak(settings: Settings, number: int, value: float) -> None:
    """What stands still at nothing, at next to nothing, at the most that is kept and beyond: no verdict but steady."""
    look = settings.looks[number]
    window, past, rows = made(settings, look, 1)
    for panel in {id(window): window, id(past): past}.values():
        panel.lows[:] = value
    found = examined.examine(look, window, past, known(rows), settings, nothing)
    assert not found.leak.any()
    assert not found.settling.any()


def test_rows_do_not_know_of_each_other() -> None:
    """A row alone comes to what it comes to among others, where all of them begin at the same time."""
    look = SOAK.looks[2]
    window, _, rows = made(SOAK, look, 4)
    some = np.flatnonzero(~np.isnan(window.lows[:, 0]) & ~np.isnan(window.load[:, -30:]).any(1))
    window, rows = take(window, some), take(rows, some)
    together = examined.examine(look, window, window, known(rows), SOAK, nothing)
    assert len(some) > 3
    for row in range(len(some)):
        found = examined.examine(look, window, window, known(rows), SOAK, nothing, np.array([row]))
        np.testing.assert_array_equal(found.numbers[:, 0], together.numbers[:, row])


def test_arrays_of_other_shapes_are_refused() -> None:
    """Before anything is read: rows or columns too few, or evidence of other rows."""
    look = PRODUCTION.looks[7]
    window, past, rows = made(PRODUCTION, look, 0)
    every = np.arange(len(rows.limit))
    few = dataclasses.replace(rows, limit=rows.limit[:-1])
    with pytest.raises(ValueError, match="where"):
        kernel.examine(Evidence.empty(len(rows.limit)), look, window, past, known(few), PRODUCTION, every, full=True)
    with pytest.raises(ValueError, match="other rows"):
        kernel.examine(Evidence.empty(1), look, window, past, known(rows), PRODUCTION, every, full=True)
    short = Panel(window.lows[:, -9:], window.load[:, -9:], window.end, window.block_seconds)
    for wrong in (-1, len(every)):
        with pytest.raises(ValueError, match="of 48 rows"):
            kernel.examine(Evidence.empty(1), look, window, past, known(rows), PRODUCTION, np.array([wrong]), full=True)
    with pytest.raises(ValueError, match="cannot be examined in 9"):
        kernel.examine(Evidence.empty(len(rows.limit)), look, short, short, known(rows), PRODUCTION, every, full=True)


def test_trees_of_other_features_are_refused() -> None:
    """A place that a row of features does not have is not read."""
    one = np.zeros(1)
    odd = Trees(one, np.array([3]), np.array([0, 1]), np.ones((2, 1), np.uint16), np.ones((1, 10)), one, (0.0, 0.0))
    with pytest.raises(ValueError, match="other features"):
        kernel.grown(np.zeros((2, 3)), odd)
    assert kernel.grown(np.zeros((2, 4)), odd).tolist() == [1, 1]


def test_a_kernel_of_another_version_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nor one that is not there; the error says what to do."""
    monkeypatch.setattr(kernel, "VERSION", kernel.VERSION + 1)
    kernel._function.cache_clear()
    with pytest.raises(ImportError, match="another version"):
        kernel.call("grown")
    monkeypatch.undo()
    monkeypatch.setattr(kernel, "LIBRARY", tmp_path / "_kernel.so")
    with pytest.raises(ImportError, match="install leakdog again"):
        kernel.call("grown")
