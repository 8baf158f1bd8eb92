"""Examines made series with a kernel that was compiled with sanitizers: `python ... LIBRARY HOW_MANY`.

Any read or write beyond what was allocated, and any overflow, ends the process with a report.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "unit" / "detect"))

import numpy as np
from oracle.made import ALL, known, made, nothing

from leakdog.detect import kernel
from leakdog.detect.examine import examine
from leakdog.detect.score import learned


def main(library: str, count: int) -> None:
    """Every look-back of every preset, over series of all kinds and hostile ones; then a read out of bounds."""
    kernel.LIBRARY = Path(library)
    examined = 0
    np.seterr(all="ignore")
    for seed in range(count):
        for settings, number in ALL:
            look = settings.looks[number]
            window, past, rows = made(settings, look, seed)
            if seed % 3 == 2:
                for panel in {id(window): window, id(past): past}.values():
                    panel.lows[seed % 7 :: 7] = (np.inf, -np.inf, 1e308, -1e308, 5e-324)[seed % 5]
            examine(look, window, past, known(rows), settings, nothing, full=bool(seed % 2))
            examined += len(window.lows)
    sys.stdout.write(f"examined {examined}\n")
    sys.stdout.flush()
    trees = learned().steady
    kernel.call(
        *("grown", np.zeros(37), 1, 37, trees.bounds, trees.begin, trees.owner, len(trees.owner), trees.open),
        *(trees.value, *trees.value.shape, np.empty(1, np.uint16), np.empty(1)),
    )
    sys.stdout.write("nothing was noticed\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
