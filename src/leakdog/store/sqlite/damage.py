"""What of a file is damaged: it is left out, told once, and counted."""

from __future__ import annotations

import logging
from collections.abc import Callable

from leakdog.errors import StoreCorrupted

log = logging.getLogger("leakdog.store")

# What a piece of a file is called in words.
BLOCK, CHAIN, LEAK, EVIDENCE = "block of numbers", "chain of profiles", "leak", "file of evidence"
NUMBERS, ROW, TARGET = "series", "row of numbers", "target"

# Takes what is damaged, its id or name, and why it cannot be read.
Note = Callable[[str, int | str, StoreCorrupted], None]


def logged(what: str, which: int | str, error: StoreCorrupted) -> None:
    """A note that goes into the log each time."""
    log.error("%s %s is left out: %s", what, which, error)


class Damage:
    """What has been found damaged since a file was opened; each piece goes into the log once."""

    def __init__(self) -> None:
        self._found: set[tuple[str, int | str]] = set()

    def note(self, what: str, which: int | str, error: StoreCorrupted) -> None:
        """Note a piece that cannot be read; from any thread."""
        if (what, which) not in self._found:
            self._found.add((what, which))
            logged(what, which, error)

    def __len__(self) -> int:
        """How many pieces there are."""
        return len(self._found)
