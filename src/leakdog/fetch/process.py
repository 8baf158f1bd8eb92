"""Local processes, by psutil and /proc: what memory, threads and files one holds."""

from __future__ import annotations

from pathlib import Path

import psutil

from leakdog.errors import FetchError, Reason
from leakdog.fetch.cgroup import memory_limit
from leakdog.model import Observation, Signal, Source

# The kernel walks every page to tell USS: 3 ms at this size, 14 ms per GiB, each time and with the process's memory map
# held. A larger process is watched by its anonymous memory instead, which is known for nothing.
USS_MAX_RSS_BYTES = 256 << 20
_STATUS = {"RssAnon": Signal.RSS_ANON, "RssShmem": Signal.RSS_SHMEM}


def read_process(pid: int, time: float) -> Observation:
    """Readings of a local process. What may not be read is absent.

    Raises:
        FetchError: `process_gone` where there is no such process (any more), or nothing of it may be read.

    """
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            memory = process.memory_info()
            if not memory.vms:  # the kernel tells zeros of a zombie and of its own threads, not that it knows nothing
                raise FetchError(Reason.PROCESS_GONE, f"process {pid} has ended, or is one of the kernel's own")
            values = {Signal.RSS: float(memory.rss), Signal.THREADS: float(process.num_threads())}
            values |= _allowed(process, memory.rss)
            start_time = process.create_time()
    except psutil.NoSuchProcess:
        raise FetchError(Reason.PROCESS_GONE, f"process {pid} has ended") from None
    except psutil.AccessDenied:
        raise FetchError(Reason.PROCESS_GONE, f"process {pid} may not be read by this user") from None
    return Observation(Source.PROCESS, time, values, start_time=start_time, pid=pid, memory_limit=memory_limit(pid))


def _allowed(process: psutil.Process, rss_bytes: int) -> dict[Signal, float]:
    """Readings that need more of the kernel or more rights than RSS does, as far as they are given."""
    values = _status_bytes(process.pid)
    try:
        values[Signal.OPEN_FILES] = float(process.num_fds())
        if rss_bytes <= USS_MAX_RSS_BYTES:
            values[Signal.USS] = float(process.memory_full_info().uss)
    except psutil.AccessDenied:  # another user's process: files and USS need the rights of a debugger
        return values
    return values


def _status_bytes(pid: int) -> dict[Signal, float]:
    """The kB fields of /proc/PID/status that are signals, in bytes; without those that the kernel does not tell."""
    try:
        lines = _proc(str(pid), "status").read_text(errors="replace").splitlines()
    except OSError:
        return {}
    fields = {name: rest for name, _, rest in (line.partition(":") for line in lines)}
    return {signal: float(fields[name].split()[0]) * 1024 for name, signal in _STATUS.items() if name in fields}


def command_line(pid: int) -> bytes:
    """Arguments of a process, separated by NUL, as Go's `/debug/pprof/cmdline` tells them; empty if not readable."""
    try:
        return _proc(str(pid), "cmdline").read_bytes().rstrip(b"\0")
    except OSError:
        return b""


def _proc(*names: str) -> Path:
    return Path(psutil.PROCFS_PATH, *names)
