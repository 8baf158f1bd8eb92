"""Local processes, by psutil and /proc: what memory, threads and files one holds, and who listens on a port."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import psutil

from leakdog.errors import FetchError, Reason
from leakdog.model import Observation, Signal, Source

# The kernel walks every page to tell USS and holds the process's memory map meanwhile; beyond this size it is left out.
USS_MAX_RSS_BYTES = 256 << 20
CGROUP_ROOT = Path("/sys/fs/cgroup")
# cgroup v1 tells "no limit" as the largest multiple of a page.
NO_LIMIT = 1 << 62
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104  # compared with, not listened on


def read_process(pid: int, time: float) -> Observation:
    """Readings of a local process. What may not be read is absent.

    Raises:
        FetchError: `process_gone` where there is no such process (any more).

    """
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            rss = float(process.memory_info().rss)
            values = {Signal.RSS: rss, Signal.THREADS: float(process.num_threads())}
            start_time = process.create_time()
            values |= _allowed(process, rss)
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        raise FetchError(Reason.PROCESS_GONE, f"process {pid} has ended") from None
    except psutil.AccessDenied:
        raise FetchError(Reason.PROCESS_GONE, f"process {pid} may not be read by this user") from None
    return Observation(Source.PROCESS, time, values, start_time=start_time, pid=pid, memory_limit=memory_limit(pid))


def _allowed(process: psutil.Process, rss: float) -> dict[Signal, float]:
    """Readings that need more rights than RSS does, as far as they are given."""
    values = {}
    anonymous = _status_bytes(process.pid, "RssAnon")
    if anonymous is not None:
        values[Signal.RSS_ANON] = anonymous
    try:
        values[Signal.OPEN_FILES] = float(process.num_fds())
        if rss <= USS_MAX_RSS_BYTES:
            values[Signal.USS] = float(process.memory_full_info().uss)
    except psutil.AccessDenied:
        return values
    return values


def command_line(pid: int) -> bytes:
    """Arguments of a process, separated by NUL, as Go's `/debug/pprof/cmdline` tells them; empty if not readable."""
    try:
        return _proc(pid, "cmdline").read_bytes().rstrip(b"\0")
    except OSError:
        return b""


def cgroup_paths(pid: int) -> list[str]:
    """The process's paths in the cgroup hierarchies, v2 or v1; none if not readable."""
    try:
        lines = _proc(pid, "cgroup").read_text().splitlines()
    except OSError:
        return []
    return [line.split(":", 2)[2] for line in lines if line.count(":") >= 2]


def memory_limit(pid: int) -> float | None:
    """Bytes at which the process's cgroup, or one above it, is out of memory; None without a limit."""
    limits = []
    for path in cgroup_paths(pid):
        for root, name in ((CGROUP_ROOT, "memory.max"), (CGROUP_ROOT / "memory", "memory.limit_in_bytes")):
            folder = root / path.lstrip("/")
            limits += [_limit(above / name) for above in (folder, *folder.parents) if above.is_relative_to(root)]
    return min((limit for limit in limits if limit is not None), default=None)


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def find_listener(host: str, port: int) -> int | None:
    """The process that listens on this address of this machine; None if there is none or it may not be known."""
    own = ("127.0.0.1", "::1") if host == "localhost" else (host,)
    found: dict[bool, int] = {}
    for connection in psutil.net_connections("tcp"):
        if connection.status != psutil.CONN_LISTEN or connection.pid is None or connection.laddr.port != port:
            continue
        if connection.laddr.ip in (*own, *WILDCARDS):
            found[connection.laddr.ip in own] = connection.pid
    return found.get(True, found.get(False))


def _limit(file: Path) -> float | None:
    """A limit file's number; None for `max`, no such file, or a number that means no limit."""
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return float(text) if text.isdecimal() and int(text) < NO_LIMIT else None


def _status_bytes(pid: int, field: str) -> float | None:
    """A kB field of /proc/PID/status in bytes; None where the kernel does not tell it."""
    try:
        lines = _proc(pid, "status").read_text(errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, rest = line.partition(":")
        if name == field:
            return float(rest.split()[0]) * 1024
    return None


def _proc(pid: int, name: str) -> Path:
    return Path(psutil.PROCFS_PATH) / str(pid) / name
