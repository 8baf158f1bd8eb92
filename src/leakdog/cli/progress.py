"""How far long work has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Takes what is being done, and which share of it is; None where that is not known.
Advance = Callable[[str, float | None], None]


@contextmanager
def progress() -> Iterator[Advance]:
    """A bar on a terminal; on stderr, so that what is printed stays clean."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def advance(what: str, share: float | None) -> None:
            bar.update(task, description=what, total=None if share is None else 1.0, completed=share or 0.0)

        yield advance
