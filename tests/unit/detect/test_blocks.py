"""Numbers of the last blocks."""

from __future__ import annotations

import numpy as np

from leakdog.detect.blocks import Blocks


def test_the_last_blocks_come_back_and_what_was_left_out_is_missing() -> None:
    """Of 100 blocks a ring of 20 tells the last ones, oldest first, with a gap where none was put."""
    blocks = Blocks(1, 20)
    for index in (*range(90), *range(95, 100)):
        blocks.put(index, float(index))
    told = blocks.tail(100)[0]
    np.testing.assert_array_equal(told, [*range(80, 90), *[np.nan] * 5, *range(95, 100)])


def test_rings_without_blocks_share_their_memory_and_nothing_else() -> None:
    """A block that is put into one is not in the other; one that has forgotten holds nothing of its own."""
    one, other = Blocks(2, 20), Blocks(2, 20)
    assert one.cells is other.cells
    one.put(7, 1.0, 2.0)
    assert np.isnan(other.tail(8)).all()
    assert one.tail(8)[:, -1].tolist() == [1.0, 2.0]
    one.forget()
    assert one.cells is other.cells
