"""A Prometheus page about this process, from /proc: what leakdog wants to know beside the heap."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

_SELF = Path("/proc/self")
_STAT_START = 19  # field 22 of proc_pid_stat(5), counted after the command name
_STAT_THREADS = 17


def metrics() -> str:
    """The page in text exposition format. What this system does not tell is left out."""
    try:
        gauges = _gauges()
    except (OSError, ValueError, IndexError):  # no /proc, or not Linux's
        gauges = []
    if tracemalloc.is_tracing():
        traced, _ = tracemalloc.get_traced_memory()
        gauges.append(("python_tracemalloc_traced_bytes", "Memory of Python objects that tracemalloc knows.", traced))
    return "".join(f"# HELP {name} {text}\n# TYPE {name} gauge\n{name} {value}\n" for name, text, value in gauges)


def _gauges() -> list[tuple[str, str, float]]:
    page = os.sysconf("SC_PAGE_SIZE")
    virtual, resident = ((_SELF / "statm").read_text().split())[:2]
    stat = (_SELF / "stat").read_text().rpartition(")")[2].split()
    boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
    started = int(boot.split()[1]) + int(stat[_STAT_START]) / os.sysconf("SC_CLK_TCK")
    return [
        ("process_resident_memory_bytes", "Resident memory size in bytes.", int(resident) * page),
        ("process_virtual_memory_bytes", "Virtual memory size in bytes.", int(virtual) * page),
        ("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", started),
        ("process_open_fds", "Number of open file descriptors.", len(list((_SELF / "fd").iterdir())) - 1),
        ("process_threads", "Number of threads.", int(stat[_STAT_THREADS])),
    ]


def command_line() -> bytes:
    """The command line, its words separated by NUL as Go's `/debug/pprof/cmdline` has them."""
    try:
        return (_SELF / "cmdline").read_bytes().rstrip(b"\0")
    except OSError:
        return b""
