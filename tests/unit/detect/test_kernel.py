"""The part of the detector in C against the same in NumPy: on series of all kinds, and on hostile ones."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from oracle.examine import examine as by_numpy
from oracle.made import ALL, known, made, nothing

from leakdog.detect import examine as examined
from leakdog.detect import kernel
from leakdog.detect.evidence import NUMBERS, Evidence
from leakdog.detect.panel import Panel, take
from leakdog.detect.settings import PRODUCTION, Settings
from leakdog.detect.trees import Trees

SHARES = ("max_step", "first", "last", "middle", "least", "leap")


def assert_measured_alike(ours: Evidence, theirs: Evidence, *, rtol: float, atol: float) -> None:
    """All numbers are the same but for rounding."""
    for name in NUMBERS:
        mine, other = getattr(ours, name), getattr(theirs, name)
        if name in SHARES:  # of a fall they are shares of next to nothing
            mine, other = np.clip(mine, -1e6, 1e6), np.clip(other, -1e6, 1e6)
        np.testing.assert_allclose(mine, other, rtol=rtol, atol=atol, err_msg=name)


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
        assert_measured_alike(ours, theirs, rtol=1e-5, atol=1e-7)
        compared += int((~np.isnan(theirs.fall)).sum())
    assert compared > 5


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("settings", "number"), ALL)
def test_a_leak_in_brief_is_a_leak_in_full(settings: Settings, number: int) -> None:
    """Replays look in brief, the daemon in full: also at growth that a fall of load or a rhythm hides."""
    look, compared = settings.looks[number], 0
    for seed in range(40):
        window, past, rows = made(settings, look, seed)
        brief, full = (
            examined.examine(look, window, past, known(rows), settings, nothing, full=each) for each in (False, True)
        )
        surely = full.rising >= settings.rising_least
        np.testing.assert_array_equal(brief.leak[surely], full.leak[surely])
        np.testing.assert_array_equal(brief.score[surely & full.leak], full.score[surely & full.leak])
        compared += int((~np.isnan(brief.fall)).sum())
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


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("settings", "number"), ALL)
def test_rows_do_not_know_of_each_other(settings: Settings, number: int) -> None:
    """A row alone comes to what it comes to among others, whenever they begin and whatever is known of their load."""
    look, compared = settings.looks[number], 0
    for seed in range(6):
        window, past, rows = made(settings, look, seed)
        together = examined.examine(look, window, past, known(rows), settings, nothing)
        for row in range(len(rows.limit)):
            of = np.array([row])
            alone_window, alone_rows = take(window, of), take(rows, of)
            alone_past = alone_window if past is window else take(past, of)
            found = examined.examine(look, alone_window, alone_past, known(alone_rows), settings, nothing)
            assert_measured_alike(found, together.some(of), rtol=1e-6, atol=1e-9)
            compared += not np.isnan(found.fall[0])
    assert compared > 5


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
