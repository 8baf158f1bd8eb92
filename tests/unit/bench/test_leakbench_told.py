"""What recurrent networks are learned from, short of learning them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from bench.leakbench.corpus import T0, fast, own
from bench.leakbench.disturbed import begun_later, disturbed
from bench.leakbench.recurrent import SOONEST, exported, windows
from bench.leakbench.told import EARLY, FAST_GREW, GREW, Told, of_course, of_spurts

from leakdog.detect import spurt
from leakdog.detect.course import INPUTS
from leakdog.detect.network import Network


@pytest.fixture(scope="module")
def told() -> Told:
    """Two leaks and two healthy series."""
    return of_course(own(3, 2, load=True, kinds=["sessions", "business_grows"]))


def test_series_are_told_block_by_block_from_the_first(told: Told) -> None:
    """Blocks without a reading are left out, so that each sequence begins at once and ends in nothing."""
    assert told.inputs.shape == (*told.leaks.shape, INPUTS)
    assert np.isfinite(told.inputs).all()
    blocks = (told.inputs != 0).any(2)
    assert blocks[:, 0].all()
    for row in blocks:
        assert row[: row.sum()].all()
    assert (blocks.sum(1) > 250).all()


def test_what_leaks_is_told_from_what_is_healthy(told: Told) -> None:
    """Only leaks leak, from when they have grown; what is neither is worth nothing."""
    assert told.leaks[:2].any(1).all()
    assert not told.leaks[2:].any()
    assert (told.worth[told.leaks] > 0).all()
    assert told.worth[:2][told.leaks[:2]].sum() == pytest.approx(2, rel=1e-3)
    assert told.worth[2:].any(1).all()
    assert not told.worth[~(told.inputs != 0).any(2)].any()
    assert GREW < EARLY


def test_weights_are_named_as_the_detector_reads_them() -> None:
    """All of a network, and nothing else, with short numbers."""

    def weights(*shape: int) -> SimpleNamespace:
        values = np.full(shape, 0.123456)
        return SimpleNamespace(detach=lambda: SimpleNamespace(numpy=lambda: values))

    class Rows(list):  # type: ignore[type-arg]
        """Weights of a layer, of which one row may be taken."""

    first = [SimpleNamespace(weight=weights(2, INPUTS), bias=weights(2)), None]
    unit = SimpleNamespace(
        weight_ih_l0=weights(6, 2), weight_hh_l0=weights(6, 2), bias_ih_l0=weights(6), bias_hh_l0=weights(6)
    )
    read = [
        SimpleNamespace(weight=weights(3, 2), bias=weights(3)),
        None,
        SimpleNamespace(weight=Rows([weights(3)]), bias=Rows([weights()])),
    ]
    out = exported(first, unit, read)
    network = Network(**{name: np.array(values, np.float32) for name, values in out.items()})
    assert network.width == 2
    assert out["first"][0][0] == 0.1235
    assert network.score(np.zeros((4, 2), np.float32)).shape == (4,)


@pytest.fixture(scope="module")
def told_fast() -> Told:
    """Ten leaks of hours, and two healthy series that are read as often."""
    return of_spurts(fast(3, 2, kinds=["leader_fills", "heap_after_batch"]))


def test_fast_leaks_are_told_minute_by_minute(told_fast: Told) -> None:
    """Each series from its first block; a leak from when a part of its time is gone up to its limit."""
    assert told_fast.inputs.shape == (*told_fast.leaks.shape, spurt.INPUTS)
    seen = (told_fast.inputs != 0).any(2)
    leaks = told_fast.leaks.any(1)
    assert leaks.sum() >= 8
    assert not leaks[-2:].any()
    for row in np.flatnonzero(leaks):
        blocks = np.flatnonzero(told_fast.leaks[row])
        assert 3 <= len(blocks) <= 73 * (1 - FAST_GREW) + 2
        assert np.array_equal(blocks, np.arange(blocks[0], seen[row].sum()))
    assert told_fast.worth[told_fast.leaks].sum() == pytest.approx(leaks.sum(), rel=1e-3)


def test_a_window_begins_anywhere_before_the_leak_does(told_fast: Told) -> None:
    """Nothing tells when it will be. Of a healthy series any part is taken, and weighs more, as it has several."""
    part = windows(told_fast, 100, np.random.default_rng(1))
    assert part.inputs.shape == (len(told_fast.leaks), 100, spurt.INPUTS)
    begins = [
        next(at for at in range(866) if np.array_equal(whole[at : at + 50], window[:50]))
        for whole, window in zip(told_fast.inputs, part.inputs, strict=True)
    ]
    leaks = told_fast.leaks.any(1)
    assert (np.array(begins)[leaks] <= told_fast.leaks[leaks].argmax(1) - SOONEST).all()
    assert np.ptp(np.array(begins)[leaks]) > 100
    more = part.worth[~leaks].max() / told_fast.worth[~leaks].max()
    assert more == pytest.approx(np.sqrt((told_fast.inputs != 0).any(2)[~leaks].sum(1).mean() / 100), rel=0.05)
    late = windows(told_fast, 800, np.random.default_rng(1))
    assert not late.worth[:, -1][leaks].any()


def test_what_is_disturbed_leaks_as_it_did() -> None:
    """Seen later, with a spike at its start or a swing by the day: the same series leak, and as many do not."""
    corpus = own(5, 20, kinds=["sessions", "business_grows"])
    after = disturbed(corpus, 1)
    assert [each.leaks for each in after] == [each.leaks for each in corpus]
    for one, other in zip(corpus, after, strict=True):
        assert len(other.history.time) == len(other.history.value) > 300
        assert (other.leaked <= one.leaked + 1e-9).all()
        assert other.leaked.max() > 0 or not one.leaks
    same = [np.array_equal(one.history.value, other.history.value) for one, other in zip(corpus, after, strict=True)]
    assert 0 < sum(same) < len(corpus) / 2
    later = [other.history.time[0] > T0 + 3600 for other in after]
    assert 0 < sum(later) < len(corpus) / 2 + 5


def test_fast_series_begin_later_than_a_day_before_their_leak() -> None:
    """Most lose some of their first hours, and none its leak."""
    corpus = fast(5, 4, kinds=["leader_fills"])
    after = begun_later(corpus, 1)
    assert sum(other.history.time[0] > one.history.time[0] for one, other in zip(corpus, after, strict=True)) > 5
    for one, other in zip(corpus, after, strict=True):
        np.testing.assert_array_equal(other.leaked, one.leaked)
        assert other.history.time[0] < T0 + one.step * (one.leaked > 0).argmax()
