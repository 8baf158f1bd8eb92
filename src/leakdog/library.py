"""How a part of leakdog that is compiled is loaded: a shared object that knows nothing of Python, through ctypes."""

from __future__ import annotations

import ctypes
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
