"""Calls of the compiled part."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from leakdog.pprof import kernel
from leakdog.store.pack import compiled

SOURCE = Path(kernel.__file__).with_name("csrc") / "rows.c"


def test_arrays_and_numbers_go_where_they_belong() -> None:
    """Two tables side by side, as the function writes them into the array that it is given."""
    one, other, out = np.array([1, 2, 3]), np.array([7, 8]), np.zeros(5, np.int64)
    sizes = [np.array([1, 2]), np.array([0, 2])]
    rows = np.array([(each.ctypes.data, size.ctypes.data, 2) for each, size in zip((one, other), sizes, strict=True)])
    assert compiled.call("beside", 2, 2, rows, out) == 1
    assert out.tolist() == [1, 2, 3, 7, 8]


def test_parameters_are_those_of_the_source() -> None:
    """Of each function that can be called, an array where it has a pointer, else a number."""
    found = re.findall(r"EXPORT int64_t leakdog_(\w+)\(([^)]*)\)", SOURCE.read_text())
    letters = {name: "".join("a" if "*" in each else "n" for each in text.split(",")) for name, text in found}
    assert letters == compiled._PARAMETERS
