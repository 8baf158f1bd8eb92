"""A metrics page in the text format of Prometheus or OpenMetrics, to readings. Pure: bytes in, an observation out."""

from __future__ import annotations

import re
from itertools import islice

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from leakdog.errors import FetchError, Reason
from leakdog.model import Observation, Signal, Source

# Where two names tell one signal, the first of them that is there does.
SIGNALS = {
    "process_resident_memory_bytes": Signal.RSS,
    "process_open_fds": Signal.OPEN_FILES,
    "process_threads": Signal.THREADS,
    "go_threads": Signal.THREADS,  # threads ever made by Go, which keeps them: near enough
    "go_goroutines": Signal.GOROUTINES,
    "go_sched_goroutines_goroutines": Signal.GOROUTINES,
    "go_memstats_heap_alloc_bytes": Signal.HEAP_ALLOC,
    "go_memstats_alloc_bytes": Signal.HEAP_ALLOC,
    "go_memory_classes_heap_objects_bytes": Signal.HEAP_ALLOC,
    "go_gc_heap_live_bytes": Signal.HEAP_LIVE,
    "go_memstats_heap_objects": Signal.HEAP_OBJECTS,
    "go_gc_heap_objects_objects": Signal.HEAP_OBJECTS,
    "go_memstats_heap_inuse_bytes": Signal.HEAP_INUSE,
    "go_memstats_heap_idle_bytes": Signal.HEAP_IDLE,
    "go_memstats_heap_released_bytes": Signal.HEAP_RELEASED,
    "go_memory_classes_heap_released_bytes": Signal.HEAP_RELEASED,
    "go_memstats_heap_sys_bytes": Signal.HEAP_SYS,
    "go_memstats_stack_inuse_bytes": Signal.STACK_INUSE,
    "go_memory_classes_heap_stacks_bytes": Signal.STACK_INUSE,
    "go_memstats_sys_bytes": Signal.SYS,
    "go_memory_classes_total_bytes": Signal.SYS,
    "go_memstats_alloc_bytes_total": Signal.TOTAL_ALLOC,
    "go_gc_heap_allocs_bytes_total": Signal.TOTAL_ALLOC,
}
# The Go collector's newer names (of runtime/metrics) tell some signals of MemStats only as the sum of classes.
_IN_USE = ("go_memory_classes_heap_objects_bytes", "go_memory_classes_heap_unused_bytes")
_IDLE = ("go_memory_classes_heap_free_bytes", "go_memory_classes_heap_released_bytes")
SUMS = {Signal.HEAP_INUSE: _IN_USE, Signal.HEAP_IDLE: _IDLE, Signal.HEAP_SYS: (*_IN_USE, *_IDLE)}
START_TIME = "process_start_time_seconds"
BUILD = "go_build_info"
MEMORY_LIMIT = "go_gc_gomemlimit_bytes"
# What Go calls the version of a program that was built from its work tree.
UNVERSIONED = "(devel)"
# What stands for the module of a program that was built without one.
NO_MODULE = frozenset({"", "unknown", "command-line-arguments"})
BUILD_CHARACTERS = 200
# GOMEMLIMIT "off" is told as the largest 64-bit number.
NO_LIMIT = 2.0**62
# A process counts in 64 bits. Far larger numbers could not be added up.
MOST = 2.0**64

# A page may hold a million series. The pure-Python parser sees only lines of ours, and the line feed in front lets the
# search for them skip through 32 MiB in 12 ms; anchored with `^` it takes 110 ms. Their first letters turn away most
# lines at half the cost of trying every name.
NAMES = {*SIGNALS, *SUMS[Signal.HEAP_SYS], START_TIME, MEMORY_LIMIT, BUILD}
FIRST_LETTERS = "".join(sorted({name[0] for name in NAMES}))
OURS = re.compile(rf"\n(?=[{FIRST_LETTERS}])(?P<name>{'|'.join(sorted(NAMES))})[ \t{{][^\n]*".encode())
# A line of nothing but a name and a number as Go writes it, as most are: the parser takes half the time of a page for
# them.
PLAIN = re.compile(r"\n[a-z_]+ (?P<value>\d{1,20}(?:\.\d{1,20})?(?:e[+-]?\d{1,3})?)", re.ASCII)
# What the first line that is not blank must be: a comment, or a name, labels and a number, perhaps with more after it.
FIRST_LINE = re.compile(
    rb"""\s*+(?: \# | (?:[A-Za-z_:][A-Za-z0-9_:]*+ | (?=\{")) (?:[ \t]*+\{[^\n]*\})? [ \t]*+
    [-+]?(?:\d[\d.eE+-]*|nan|inf) (?:[ \t]+(?:\d|\#)[^\n]*)? [ \t\r]*(?:\n|\Z) )""",
    re.VERBOSE | re.IGNORECASE,
)
# A process has one line of each name. A page with this many is of many processes, and its further lines tell nothing.
MAX_LINES = 10_000
# Far over the labels of any real series; the parser is not made for lines of megabytes.
MAX_LINE_BYTES = 16 << 10


def read_metrics(data: bytes, time: float) -> Observation:
    """What a metrics page tells of its process. What it does not tell, or tells as no number, is absent.

    A name with several series is a page of several processes (a federation, a pushgateway): none of them is taken.
    Labels are not looked at: a page does not say under what name it is watched.

    Raises:
        FetchError: `wrong_type` where the page is no exposition, `decode` where a line of ours is broken.

    """
    if not FIRST_LINE.match(data):
        raise FetchError(Reason.WRONG_TYPE, f"the page is {_looks_like(data)}, not a metrics page")
    lines = _own_lines(data)
    build, module = _build(lines.pop(BUILD, ""))
    values = {name: value for name, line in lines.items() if (value := _value(line)) is not None}
    signals: dict[Signal, float] = {}
    for name, signal in SIGNALS.items():
        if name in values:
            signals.setdefault(signal, values[name])
    for signal, names in SUMS.items():
        if all(name in values for name in names):
            signals.setdefault(signal, sum(values[name] for name in names))
    limit = values.get(MEMORY_LIMIT)
    return Observation(
        source=Source.METRICS,
        time=time,
        values=signals,
        start_time=values.get(START_TIME) or None,
        memory_limit=limit if limit and limit < NO_LIMIT else None,
        build=build,
        module=module,
    )


def _own_lines(data: bytes) -> dict[str, str]:
    """The line of each name of ours that has exactly one."""
    found: dict[str, str] = {}
    several: set[str] = set()
    for match in islice(OURS.finditer(b"\n" + data), MAX_LINES):
        name = match["name"].decode()
        if name in found:
            several.add(name)
        else:
            found[name] = match.group().decode("utf-8", "replace")
    return {name: line for name, line in found.items() if name not in several}


def _value(line: str) -> float | None:
    """The number on a line; None where it is negative, NaN, or more than any process counts to."""
    plain = PLAIN.fullmatch(line)
    value = float(plain["value"] if plain else _sample(line).value)
    return value if 0 <= value <= MOST else None


def _build(line: str) -> tuple[str, str]:
    """The main module's version, or the checksum of its source (a build from a work tree has neither), and its path."""
    if not line:
        return "", ""
    labels = _sample(line).labels
    version, path = labels.get("version", ""), labels.get("path", "")
    build = version if version not in ("", UNVERSIONED) else labels.get("checksum", "")
    return str(build)[:BUILD_CHARACTERS], str(path)[:BUILD_CHARACTERS] if path not in NO_MODULE else ""


def _sample(line: str) -> Sample:
    """A line of ours as the parser reads it."""
    try:
        if len(line) > MAX_LINE_BYTES:
            raise ValueError(f"is longer than {MAX_LINE_BYTES:,} bytes")
        ((sample,),) = (family.samples for family in text_string_to_metric_families(line + "\n"))
    except (ValueError, IndexError) as error:  # the parser's own two ways to say that a line is broken
        shown = line.strip()[:80]
        raise FetchError(Reason.DECODE, f"the metrics page's line {shown!r} cannot be read: {error}") from error
    return sample


def _looks_like(data: bytes) -> str:
    """What a page is instead, as far as its first bytes tell."""
    head = data[:200].lstrip().lower()
    if not head:
        return "empty"
    if head.startswith(b"<"):
        return "HTML or XML (a login page?)"
    if head.startswith((b"{", b"[")):
        return "JSON"
    return "something else"
