"""Replay whole histories point by point: what would have been announced, and when. Nothing looks ahead.

It is the engine that runs live, with the same blocks, gates and states, over many series at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from leakdog.detect.alerts import Alert, Replayed
from leakdog.detect.grid import Extent, History
from leakdog.detect.run import Run, Witness
from leakdog.detect.settings import Settings
from leakdog.model import Signal

CHUNK_CELLS = 10_000_000  # cells of the grids that are held at once, 17 to 37 bytes each


def replay(
    histories: Sequence[History],
    signal: Signal,
    settings: Settings,
    progress: Callable[[float], None] = lambda _: None,
    witness: Witness | None = None,
) -> list[Replayed]:
    """Replay histories of one signal.

    Args:
        signal: what the values are; its unit says which least growth counts.
        progress: called with the share that is done, 0 to 1.
        witness: called with the histories that were examined, the look-back, the time, and what it found: what a
            score is learned from.

    """
    out: list[Replayed] = []
    done = 0
    for chunk in _chunks(histories, settings):
        share = len(chunk) / len(histories)
        begun = done / len(histories)
        out += Run(chunk, signal, settings, witness).run(_scaled(progress, begun, share))
        done += len(chunk)
    return out


def _scaled(progress: Callable[[float], None], begun: float, share: float) -> Callable[[float], None]:
    return lambda part: progress(begun + share * part)


def _chunks(histories: Iterable[History], settings: Settings) -> Iterator[list[History]]:
    """Some series at a time, in their order, whose grid fits into memory."""
    chunk: list[History] = []
    extent = Extent()
    for each in histories:
        extent = extent.with_one(each, settings)
        if chunk and (len(chunk) + 1) * extent.columns(settings) > CHUNK_CELLS:
            yield chunk
            chunk, extent = [], Extent().with_one(each, settings)
        chunk.append(each)
    if chunk:
        yield chunk


__all__ = ["Alert", "Replayed", "replay"]
