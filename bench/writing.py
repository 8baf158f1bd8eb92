"""What the store's writer was doing, and when: a clock around its own functions."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from leakdog.store.sqlite import writes
from leakdog.store.sqlite.store import SqliteStore

# What it does: it stores (its transactions with appends in them), deletes (retention's transactions, and what makes
# room within an append), or cuts the log.
STORES, DELETES, CUTS = "stores", "deletes", "cuts the log"


class Clock:
    """Spans of seconds in which the writer of a store did one thing, in their order."""

    def __init__(self, store: SqliteStore) -> None:
        self.spans: dict[str, list[tuple[float, float]]] = {STORES: [], DELETES: [], CUTS: []}
        self._room: list[tuple[float, float]] = []
        self._now = CUTS
        writer = store._writer
        in_thread, transaction, make_room = writer._in_thread, writer._transaction, writes.make_room

        async def timed(work: Callable[[], Any]) -> Any:
            return await in_thread(lambda: self._run(work))

        def told(jobs: Sequence[Callable[[], Any]]) -> Any:
            self._now = STORES if any(isinstance(job, partial) for job in jobs) else DELETES
            return transaction(jobs)

        def making_room(*arguments: Any) -> Any:
            return self._made_room(lambda: make_room(*arguments))

        writer._in_thread, writer._transaction = timed, told  # type: ignore[method-assign,assignment]
        writes.make_room = making_room

    def during(self, began: float, ended: float) -> dict[str, float]:
        """Seconds of each in this time. What makes room lies within an append, and is told as deleting alone."""
        seconds = {doing: _overlap(spans, began, ended) for doing, spans in self.spans.items()}
        seconds[STORES] -= _overlap(self._room, began, ended)
        seconds[DELETES] += _overlap(self._room, began, ended)
        return seconds

    def _run(self, work: Callable[[], Any]) -> Any:
        self._now, began = CUTS, time.monotonic()
        try:
            return work()
        finally:
            self.spans[self._now].append((began, time.monotonic()))

    def _made_room(self, work: Callable[[], Any]) -> Any:
        began = time.monotonic()
        try:
            return work()
        finally:
            self._room.append((began, time.monotonic()))


def _overlap(spans: Sequence[tuple[float, float]], began: float, ended: float) -> float:
    """Seconds that lie in one of the spans, none of which overlap."""
    seconds, at = 0.0, bisect_right(spans, began, key=lambda span: span[1])
    while at < len(spans) and spans[at][0] < ended:
        seconds += min(ended, spans[at][1]) - max(began, spans[at][0])
        at += 1
    return seconds
