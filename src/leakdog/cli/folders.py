"""Folders that a verb writes into: made, and tried, before the work that would be lost."""

from __future__ import annotations

import tempfile
from pathlib import Path

from leakdog.errors import LeakdogError


def make_folder(folder: Path, doing: str, instead: str) -> None:
    """Make a folder where it is not there, and see that files can be written into it.

    Args:
        folder: the folder; those above it are made, too.
        doing: what it is for, such as `recording into`.
        instead: what to do where it cannot be used, such as `name another folder with --record`.

    Raises:
        LeakdogError: it cannot be made or written into, or a file is in the way.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise not_writable(error, folder, doing, instead) from error


def not_writable(error: OSError, folder: Path, doing: str, instead: str) -> LeakdogError:
    """The sentence for what kept a file from being written into a folder."""
    why = "a file is in the way" if isinstance(error, FileExistsError | NotADirectoryError) else error.strerror or error
    return LeakdogError(f"{doing} {folder}: {why}; {instead}")
