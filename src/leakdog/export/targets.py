"""What is told of each target, as lines of the metrics page."""

from __future__ import annotations

from collections.abc import Sequence

from leakdog.attribute.ledger import ledger
from leakdog.export.gauges import Gauges, labelled_target, paced
from leakdog.model import Unit
from leakdog.pipeline.state import Watched


async def target_gauges(targets: Sequence[Watched]) -> bytes:
    """The lines of all targets."""
    up = Gauges("leakdog_target_up", "Whether the last scrape of the target succeeded.")
    last = Gauges("leakdog_target_last_scrape_timestamp_seconds", "When the target was last read with success.")
    took = Gauges("leakdog_target_scrape_duration_seconds", "How long the last scrape took.")
    limit = Gauges("leakdog_target_memory_limit_bytes", "Memory at which the target will be killed.")
    size = Gauges("leakdog_signal_bytes", "Latest value of a signal measured in bytes.")
    count = Gauges("leakdog_signal_quantity", "Latest value of a signal that counts things.")
    memory = Gauges("leakdog_ledger_bytes", "Memory by what it is made of; the parts sum to the resident set.")
    async for watched in paced(targets):
        labels = labelled_target(watched.key)
        up.add(labels, watched.up)
        last.add(labels, watched.last_success)
        took.add(labels, watched.last_duration_seconds)
        limit.add(labels, watched.memory_limit)
        for signal, value in sorted(watched.values.items()):
            (size if signal.unit is Unit.BYTES else count).add(f'{labels},signal="{signal.value}"', value)
        parts = found.parts if (found := ledger(watched.values)) else {}
        for part, value in parts.items():
            memory.add(f'{labels},part="{part.value}"', value)
    return b"".join(each.text for each in (up, last, took, limit, size, count, memory))
