"""How far long work has come."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Takes what is being done, and which share of it is; None where that is not known.
Advance = Callable[[str, float | None], None]

# Where there is no terminal, a line is written this often: none for short work, a few in a log for what takes an hour.
LINE_SECONDS = 30.0


@contextmanager
def progress() -> Iterator[Advance]:
    """A bar on a terminal, elsewhere a line now and then; on stderr, so that what is printed stays clean."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def advance(what: str, share: float | None) -> None:
            bar.update(task, description=what, total=None if share is None else 1.0, completed=share or 0.0)

        yield advance


def _lines() -> Advance:
    due = time.monotonic() + LINE_SECONDS

    def advance(what: str, share: float | None) -> None:
        nonlocal due
        if (now := time.monotonic()) >= due:
            due = now + LINE_SECONDS
            print(what if share is None else f"{what}: {share:.0%}", file=sys.stderr, flush=True)

    return advance
