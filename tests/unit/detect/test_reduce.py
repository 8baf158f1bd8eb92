"""Readings of many series to blocks."""

from __future__ import annotations

import numpy as np

from leakdog.detect.reduce import Blocks, block_of, crowded, in_turn, reduce


def readings(row: list[int], value: list[float], load: list[float]) -> Blocks:
    """Readings, each a block of its own, of lives that began long ago."""
    rows, values = np.array(row), np.array(value)
    return Blocks(rows, rows, values, values, np.array(load), np.zeros(len(rows)), np.ones_like(rows))


def test_a_block_holds_lowest_highest_and_mean_load() -> None:
    """Readings of one block of one series become one, counted, and load that is not known does not count."""
    many = readings([0, 0, 0, 1, 1], [5, 3, 9, 4, 2], [1, 3, np.nan, np.nan, np.nan])
    blocks = reduce(many, np.array([60.0, 119, 121, 122, 130]), 60)
    assert blocks.row.tolist() == [0, 0, 1]
    assert blocks.index.tolist() == [1, 2, 2]
    assert blocks.low.tolist() == [3, 9, 2]
    assert blocks.high.tolist() == [5, 9, 4]
    assert np.array_equal(blocks.load, [2, np.nan, np.nan], equal_nan=True)
    assert blocks.count.tolist() == [2, 1, 2]


def test_readings_in_blocks_of_their_own_stay_as_they_are() -> None:
    """Where readings are further apart than blocks are wide, only the indexes are new."""
    many = readings([0, 0, 1], [5, 3, 4], [1, 2, 3])
    blocks = reduce(many, np.array([60.0, 120, 120]), 60)
    assert blocks.index.tolist() == [1, 2, 2]
    assert blocks.low is many.low
    assert blocks.count.tolist() == [1, 1, 1]


def test_blocks_come_in_turn() -> None:
    """Those that are wanted by their index; infinite where a series has none."""
    many = readings([7, 7, 7, 7, 8, 8, 8], [5, 3, 9, 4, 6, 1, 8], [1.0] * 7)
    blocks = reduce(many, np.array([60.0, 61, 120, 180, 60, 62, 300]), 60)
    every = np.ones(len(blocks.row), bool)
    told = [(index, low.tolist()) for index, low, *_ in in_turn(blocks, range(7, 9), every)]
    assert told == [(1, [3, 1]), (2, [9, np.inf]), (3, [4, np.inf]), (5, [np.inf, 8])]
    assert [index for index, *_ in in_turn(blocks, range(7, 9), blocks.row == 8)] == [1, 5]
    assert not list(in_turn(blocks, range(7, 9), ~every))


def test_blocks_begin_at_multiples_of_their_width(rng: np.random.Generator) -> None:
    """The quick way to an index is the floor of the quotient, at multiples of the width and just before them too."""
    for seconds in (2.0, 60.0, 300.0):
        even = 1.75e9 + np.arange(1000) * seconds
        for time in (1.75e9 + 1e5 * rng.random(1000), even, np.nextafter(even, 0)):
            assert np.array_equal(block_of(time, seconds), time // seconds)


def test_only_crowded_series_are_named() -> None:
    """More than two blocks within three: neither spread-out blocks count, nor those of two series together."""
    rows = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    index = np.array([1, 2, 3, 4, 5, 1, 3, 4])
    blocks = Blocks(rows, index, *np.zeros((4, 8)), np.ones_like(rows))
    assert crowded(blocks, 2, 3).tolist() == [0]
    assert crowded(blocks, 9, 3).tolist() == []
