"""Rows of look-backs in bags, and what a bag on the wrong side of the threshold asks of its rows."""

from __future__ import annotations

import numpy as np
import pytest
from bench.leakbench.by_series import HALF_DAY, THRESHOLD, Bags, Loss, bags
from bench.leakbench.seen import Seen

STEP, POINTS, ONSET, OVER = 30.0, 8640, 6000, 6600


def seen(*rows: tuple[int, float]) -> Seen:
    """Series 0 is healthy, 1 leaks, 2 is hard; a row is a series and a time in readings."""
    leaked = np.zeros((3, POINTS), np.float32)
    leaked[1, ONSET:] = 1.0
    series, time = (np.array(each) for each in zip(*rows, strict=True))
    nothing = np.zeros((len(rows), 4))
    return Seen(
        leaked=leaked,
        step=STEP,
        leaks=np.array([False, True, False]),
        over=np.array([POINTS, OVER, POINTS]),
        hard=np.array([False, False, True]),
        series=series.astype(int),
        time=time * STEP,
        look=np.zeros(len(rows), int),
        allowed=np.ones(len(rows), bool),
        values=nothing.astype(np.float32),
    )


def parts(found: Bags) -> list[tuple[list[int], bool]]:
    """The rows of each bag, and whether it is a leak's."""
    rows = np.split(found.rows, found.first[1:])
    return [(sorted(each.tolist()), bool(leak)) for each, leak in zip(rows, found.leak, strict=True)]


def test_rows_are_put_together_by_half_days_and_by_leaks() -> None:
    """A leak before its onset is healthy; what is too late for it, and what is hard, is in no bag."""
    half = HALF_DAY / STEP
    rows = seen(
        (0, 10), (1, ONSET + 50), (0, half - 1), (0, half), (1, 10), (1, ONSET), (1, ONSET + 0.7 * 600), (2, 10)
    )  # fmt: skip
    found = parts(bags(rows))
    assert sorted(found) == [([0, 2], False), ([1, 5], True), ([3], False), ([4], False)]


def test_the_loss_asks_for_what_sets_bags_right() -> None:
    """Its gradient is that of the logistic loss of the bags: by the highest row, and as much as the bag is wrong."""
    both = Bags(np.arange(5), np.array([0, 3]), np.array([True, False]))
    loss = Loss([both], [1.0])
    low = np.array([-3.0, THRESHOLD - 2, -5.0, THRESHOLD + 2, -1.0])
    pull, curve = loss(low, None)
    assert np.argmax(np.abs(pull[:3])) == 1
    assert (pull[:3] < 0).all()
    assert (pull[3:] > 0).all()
    assert (curve > 0).all()
    right, _ = loss(np.array([-3.0, THRESHOLD + 4, -5.0, THRESHOLD - 4, -9.0]), None)
    assert np.abs(right).sum() < 0.1 * np.abs(pull).sum()


@pytest.mark.parametrize("row", range(5))
def test_the_gradient_is_that_of_the_loss(row: int) -> None:
    """Checked by small differences: the loss is the logistic one of each bag's soft maximum."""
    both = Bags(np.arange(5), np.array([0, 3]), np.array([True, False]))
    loss, scores = Loss([both], [1.0]), np.array([1.0, 2.0, -1.0, 3.0, 2.5])

    def value(at: np.ndarray) -> float:
        tops = [np.log(np.exp(1.5 * part).sum()) / 1.5 - THRESHOLD for part in (at[:3], at[3:])]
        return 2000.0 * float(np.log1p(np.exp(-tops[0])) + np.log1p(np.exp(tops[1])))

    more = scores + 1e-6 * (np.arange(5) == row)
    assert loss(scores, None)[0][row] == pytest.approx((value(more) - value(scores)) / 1e-6, rel=1e-3)
