"""What the network of courses is learned from, short of learning it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from bench.leakbench.corpus import own
from bench.leakbench.learn_course import EARLY, GREW, Told, exported, tell

from leakdog.detect.course import INPUTS, Network


@pytest.fixture(scope="module")
def told() -> Told:
    """Two leaks and two healthy series."""
    return tell(own(3, 2, load=True, kinds=["sessions", "business_grows"]))


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
