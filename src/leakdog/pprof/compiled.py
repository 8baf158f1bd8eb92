"""What is compiled beside the reading of profiles: sums over stacks, and what the store does with rows.

`csrc/sites.c` and `csrc/rows.c` say what each function does, and in which arrays: contiguous ones, of the types that
they name. They take microseconds, dozens of times for a profile, so other threads of Python wait meanwhile: to let each
go on and to take turns again costs more than the work itself.
"""

from __future__ import annotations

from ctypes import PyDLL, c_int64, c_void_p
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
    function = getattr(_library(), f"leakdog_{name}")
    function.argtypes = [c_void_p if letter == "a" else c_int64 for letter in _PARAMETERS[name]]
    function.restype = c_int64
    return function


@cache
def _library() -> PyDLL:
    kernel.library()  # which says what to do where it is not there, or of another version
    return PyDLL(str(kernel.LIBRARY))
