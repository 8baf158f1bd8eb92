"""What is compiled beside the reading of profiles: sums over stacks, and what the store does with rows.

`csrc/sites.c`, `csrc/table.c` and `csrc/rows.c` say what each function does, and in which arrays: contiguous ones, of
the types that they name. Of most profiles they take microseconds, dozens of times, so other threads of Python wait
meanwhile: to let each go on and to take turns again costs more than the work itself. Over large arrays they go on.
"""

from __future__ import annotations

from ctypes import CDLL, PyDLL
from functools import cache
from typing import Any

from numpy.typing import NDArray

from leakdog import library
from leakdog.pprof import kernel

# Arrays of more than this, all together, take longer than a millisecond; those of the largest profile half a second.
LARGE_BYTES = 256 << 10
# By function, a letter for each parameter: an array, or a number.
_PARAMETERS = {
    "summed": "anaanaanaa",
    "room": "annnn",
    "moved": "annnnaaa",
    "extended": "aaan",
    "bounds": "aana",
    "picked": "aana",
    "folded": "aa",
    "folded_room": "aann",
    "unfolded": "aanaa",
    "written": "aanaa",
    "numbered": "aaaaaaa",
    "renumbered": "aannaaa",
    "edits": "anannaa",
    "applied": "anannan",
    "walked": "aanannaaaaaa",
    "beside": "nnaa",
}


def call(name: str, *arguments: NDArray[Any] | int) -> int:
    """What a function returns."""
    given = [each if isinstance(each, int) else library.address(each) for each in arguments]
    size = sum([each.nbytes for each in arguments if not isinstance(each, int)])
    return int(_function(name, size > LARGE_BYTES)(*given))


@cache
def _function(name: str, large: bool) -> Any:
    return library.function(_library(large), name, _PARAMETERS[name])


@cache
def _library(large: bool) -> CDLL:
    kernel.library()  # which says what to do where it is not there, or of another version
    return (CDLL if large else PyDLL)(str(kernel.LIBRARY))
