"""A metrics page in the text format of Prometheus or OpenMetrics, to readings. Pure: bytes in, an observation out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from prometheus_client.parser import text_string_to_metric_families

from leakdog.errors import FetchError, Reason
from leakdog.model import Observation, Signal, Source

SIGNALS = {
    "process_resident_memory_bytes": Signal.RSS,
    "process_open_fds": Signal.OPEN_FILES,
    "process_threads": Signal.THREADS,
    "go_threads": Signal.THREADS,
    "go_goroutines": Signal.GOROUTINES,
    "go_memstats_alloc_bytes": Signal.HEAP_ALLOC,
    "go_memstats_heap_alloc_bytes": Signal.HEAP_ALLOC,
    "go_memstats_heap_objects": Signal.HEAP_OBJECTS,
    "go_memstats_heap_inuse_bytes": Signal.HEAP_INUSE,
    "go_memstats_heap_idle_bytes": Signal.HEAP_IDLE,
    "go_memstats_heap_released_bytes": Signal.HEAP_RELEASED,
    "go_memstats_heap_sys_bytes": Signal.HEAP_SYS,
    "go_memstats_stack_inuse_bytes": Signal.STACK_INUSE,
    "go_memstats_sys_bytes": Signal.SYS,
    "go_memstats_alloc_bytes_total": Signal.TOTAL_ALLOC,
}
START_TIME = "process_start_time_seconds"
MEMORY_LIMIT = "go_gc_gomemlimit_bytes"
# A page may hold a million series; only lines that can be ours are parsed, and no more than a page of one process has.
OURS = re.compile(rb"^(?:process_|go_)[^\n]*", re.MULTILINE)
MAX_LINES = 2000
ANY_SAMPLE = re.compile(
    rb"^\s*(?:#[^\n]*|[A-Za-z_:][A-Za-z0-9_:]*(?:\{[^\n]*\})?[ \t]+[-+0-9NI.][^\n]*)$", re.MULTILINE
)
# GOMEMLIMIT "off" is told as the largest 64-bit number.
NO_LIMIT = 2.0**62


def read_metrics(data: bytes, time: float) -> Observation:
    """What a metrics page tells of its process. What it does not tell, or tells as no number, is absent.

    A name with several series is a page of several processes (a federation, a pushgateway): none of them is taken.

    Raises:
        FetchError: `wrong_type` where the page is no exposition, `decode` where a line of ours is broken.

    """
    lines = [match.group() for match in OURS.finditer(data)][:MAX_LINES]
    if not lines and not ANY_SAMPLE.search(data):
        raise FetchError(Reason.WRONG_TYPE, f"this is not a metrics page{_looks_like(data)}")
    values = _single_values(lines)
    start, limit = values.get(START_TIME), values.get(MEMORY_LIMIT)
    signals = {SIGNALS[name]: value for name, value in values.items() if name in SIGNALS}
    return Observation(
        source=Source.METRICS,
        time=time,
        values=signals,
        start_time=start if start else None,
        memory_limit=limit if limit and limit < NO_LIMIT else None,
    )


def _single_values(lines: Iterable[bytes]) -> dict[str, float]:
    """Value by name for names with exactly one series, finite and not negative."""
    text = b"\n".join(lines).decode("utf-8", "replace") + "\n"
    seen: dict[str, list[float]] = {}
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                seen.setdefault(sample.name, []).append(sample.value)
    except ValueError as error:
        raise FetchError(Reason.DECODE, f"a line of the metrics page cannot be read: {error}") from error
    return {name: found[0] for name, found in seen.items() if len(found) == 1 and 0 <= found[0] < math.inf}


def _looks_like(data: bytes) -> str:
    """What it is instead, as far as its first bytes tell."""
    head = data[:200].lstrip().lower()
    if not head:
        return ": it is empty"
    if head.startswith(b"<"):
        return ", it is HTML (a login page?)"
    if head.startswith((b"{", b"[")):
        return ", it is JSON"
    return ""
