"""One heap profile for all who ask at the same time: making it costs the program, not giving it to more readers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from leakdog.errors import LeakdogError

# Longer than any profile takes to make: whoever has waited so long is told so, and its thread is free again.
WAIT_SECONDS = 30.0


class _Making:
    """A profile in the making. Once `done`, `profile` is None where that failed."""

    def __init__(self, collects: bool) -> None:
        self.collects = collects
        self.done = threading.Event()
        self.profile: bytes | None = None


class Turns:
    """Profiles for several readers, one made at a time."""

    def __init__(self, make: Callable[[bool], bytes]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._making: _Making | None = None

    def take(self, collect: bool, wait_seconds: float = WAIT_SECONDS) -> bytes:
        """The profile that is in the making; where none is, one that is made now.

        Args:
            collect: garbage is to be collected first; a profile without that is waited for, and not taken.
            wait_seconds: for others at most.

        Raises:
            LeakdogError: as `make` does, or others took too long.

        """
        end = time.monotonic() + wait_seconds
        while True:
            with self._lock:
                others = self._making
                if others is None:
                    mine = self._making = _Making(collect)
            if others is None:
                return self._made(mine)
            if not others.done.wait(max(0.0, end - time.monotonic())):
                raise LeakdogError("profiles of this heap for others take too long: ask again later, or less often")
            if others.profile is not None and others.collects >= collect:
                return others.profile

    def _made(self, making: _Making) -> bytes:
        try:
            making.profile = self._make(making.collects)
        finally:
            with self._lock:
                self._making = None
            making.done.set()
        return making.profile
