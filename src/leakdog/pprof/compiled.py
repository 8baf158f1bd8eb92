"""What is compiled beside the reading of profiles: sums over stacks, and what the store does with rows.

`csrc/sites.c` and `csrc/rows.c` say what each function does, and in which arrays: contiguous ones, of the types that
they name.
"""

from __future__ import annotations

from ctypes import c_int64, c_void_p
from functools import cache
from typing import Any

from numpy.typing import NDArray

from leakdog.pprof import kernel

# By function, a letter for each parameter: an array, or a number.
_PARAMETERS = {
    "summed": "anaanaanaa",
    "written": "aanaa",
    "placed": "aaa",
    "numbered": "aaaaaaa",
    "renumbered": "aannaaa",
    "picked": "aana",
    "edits": "anannaa",
    "applied": "anannan",
    "walked": "aanannaaaaaa",
    "beside": "nnaa",
}


def call(name: str, *arguments: NDArray[Any] | int) -> int:
    """What a function returns."""
    given = [each if isinstance(each, int) else each.ctypes.data for each in arguments]
    return int(_function(name)(*given))


@cache
def _function(name: str) -> Any:
    function = getattr(kernel.library(), f"leakdog_{name}")
    function.argtypes = [c_void_p if letter == "a" else c_int64 for letter in _PARAMETERS[name]]
    function.restype = c_int64
    return function
