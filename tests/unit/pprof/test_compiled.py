"""Calls of the compiled part."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import numpy as np

from leakdog.pprof import compiled, kernel

SOURCES = [Path(kernel.__file__).with_name("csrc") / name for name in ("sites.c", "table.c", "rows.c")]


def test_arrays_and_numbers_go_where_they_belong() -> None:
    """Two tables side by side, as the function writes them into the array that it is given."""
    one, other, out = np.array([1, 2, 3]), np.array([7, 8]), np.zeros(5, np.int64)
    sizes = [np.array([1, 2]), np.array([0, 2])]
    rows = np.array([(each.ctypes.data, size.ctypes.data, 2) for each, size in zip((one, other), sizes, strict=True)])
    assert compiled.call("beside", 2, 2, rows, out) == 1
    assert out.tolist() == [1, 2, 3, 7, 8]


def test_parameters_are_those_of_the_source() -> None:
    """Of each function that can be called, an array where it has a pointer, else a number."""
    found = re.findall(r"EXPORT int64_t leakdog_(\w+)\(([^)]*)\)", "".join(source.read_text() for source in SOURCES))
    letters = {name: "".join("a" if "*" in each else "n" for each in text.split(",")) for name, text in found}
    assert letters == compiled._PARAMETERS


def summed(stacks: list[list[int]], bounds: list[int], entries: list[int], keys: list[int]) -> list[int] | None:
    """What is summed up over stacks of locations, whose entries are places of keys; None where it is refused."""
    flat = [place for stack in stacks for place in stack]
    out = np.empty(len(stacks), np.uint64)
    offsets = np.cumsum([0, *map(len, stacks)])
    given = (offsets, len(stacks), np.array(flat, np.int32), np.array(bounds), len(bounds) - 1, np.array(entries))
    done = compiled.call("summed", *given, np.array(keys, np.uint64), len(keys), np.full(len(keys), -1), out)
    return out.tolist() if done else None


def test_a_key_counts_once_for_each_stack() -> None:
    """However often it is on it; and sums go on beyond 64 bits as if nothing was."""
    stacks = [[0, 1, 0], [], [1, 1], [2]]
    assert summed(stacks, [0, 2, 3, 4], [0, 1, 1, 2], [5, 7, 1 << 63]) == [12, 0, 7, 1 << 63]
    assert summed([[0]], [0, 2], [0, 1], [1 << 63, 1 << 63]) == [0]


def test_stacks_of_what_is_not_there_are_refused() -> None:
    """A location or a key beyond the last, or before the first."""
    assert summed([[1]], [0, 1], [0], [5]) is None
    assert summed([[-1]], [0, 1], [0], [5]) is None
    assert summed([[0]], [0, 1], [1], [5]) is None
    assert summed([[0]], [0, 1], [-1], [5]) is None


def test_others_go_on_while_much_is_summed() -> None:
    """A thread that works through millions of frames does not keep the others from their turns."""
    count, depth = 100_000, 100
    keys = np.arange(1000, dtype=np.uint64)
    flat = np.arange(count * depth, dtype=np.int32) % len(keys)
    given = (np.arange(count + 1) * depth, count, flat, np.arange(len(keys) + 1), len(keys), np.arange(len(keys)))
    out = np.empty(count, np.uint64)
    room = np.full(len(keys), -1)
    worker = threading.Thread(target=compiled.call, args=("summed", *given, keys, len(keys), room, out))
    turns = 0
    worker.start()
    while worker.is_alive():
        time.sleep(0.0005)
        turns += 1
    assert turns > 5
