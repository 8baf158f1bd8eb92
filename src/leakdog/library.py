"""How a part of leakdog that is compiled is loaded: a shared object that knows nothing of Python, through ctypes."""

from __future__ import annotations

import ctypes
from ctypes import addressof, c_char, c_int64, c_void_p
from pathlib import Path
from typing import Any

from leakdog.errors import NotCompiled


def load(path: Path, version: int) -> Any:
    """A shared object of leakdog, whose `leakdog_version` must be the one that the Python side was written for.

    Raises:
        NotCompiled: it is not there, or of another version of leakdog; the text says what to do.

    """
    remedy = "install leakdog again (`pip install --force-reinstall leakdog`, in its own tree `pip install -e .`)"
    try:
        library = ctypes.CDLL(str(path))
        found = library.leakdog_version()
    except (OSError, AttributeError) as error:
        raise NotCompiled(
            f"the compiled part of leakdog cannot be loaded ({error}): {remedy}", path=str(path)
        ) from error
    if found != version:
        raise NotCompiled(f"the compiled part of leakdog is of another version of it: {remedy}", path=str(path))
    return library


def function(of: Any, name: str, parameters: str) -> Any:
    """A function of a shared object, which returns a number.

    Args:
        parameters: a letter for each, `a` of an array, `n` of a number.

    """
    found = getattr(of, f"leakdog_{name}")
    found.argtypes = [c_void_p if letter == "a" else c_int64 for letter in parameters]
    found.restype = c_int64
    return found


def address(numbers: Any) -> int:
    """Where the numbers of an array lie, which must live for as long as this is used."""
    try:
        return addressof(c_char.from_buffer(numbers))  # in a quarter of the time
    except (TypeError, ValueError):  # not to be written to, or empty
        return int(numbers.ctypes.data)
