"""Local processes, by psutil and /proc: what memory, threads and files one holds, and who listens on a port."""

from __future__ import annotations

import ipaddress
import os
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import psutil

from leakdog.errors import FetchError, Reason
from leakdog.fetch.cgroup import memory_limit
from leakdog.model import Observation, Signal, Source

# The kernel walks every page to tell USS: 3 ms at this size, 14 ms per GiB, each time and with the process's memory map
# held. A larger process is watched by its anonymous memory instead, which is known for nothing.
USS_MAX_RSS_BYTES = 256 << 20
LISTENING = "0A"  # TCP_LISTEN in /proc/net/tcp
_STATUS = {"RssAnon": Signal.RSS_ANON, "RssShmem": Signal.RSS_SHMEM}
ANY = (IPv4Address("0.0.0.0"), IPv6Address("::"))  # noqa: S104  # compared with, not listened on
LOCALHOST = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


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


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def find_listener(host: str, port: int) -> int | None:
    """The process that answers on this loopback address; None if there is none, or it cannot be told for sure.

    That is so where its files may not be read, or where several processes share the port.
    """
    sockets = list(_listening(port))
    for addresses in _answering(host):
        inodes = {inode for address, inode in sockets if address in addresses}
        if inodes:
            holders = _holders(inodes)
            return holders.pop() if len(holders) == 1 else None
    return None


def listeners(port: int) -> set[int]:
    """All processes that listen on a TCP port, on whatever address, as far as their files may be read."""
    return _holders({inode for _, inode in _listening(port)})


def _answering(host: str) -> list[tuple[IPv4Address | IPv6Address, ...]]:
    """Addresses whose listener answers for a host; the kernel prefers an earlier group to a later one."""
    if host.lower() == "localhost":
        return [LOCALHOST, ANY]
    address = ipaddress.ip_address(host)
    return [(address,), *((wildcard,) for wildcard in ANY if wildcard.version >= address.version)]


def _listening(port: int) -> Iterator[tuple[IPv4Address | IPv6Address, str]]:
    """Address and inode of each TCP socket of this network namespace that listens on the port."""
    for name in ("tcp", "tcp6"):
        try:
            lines = _proc("net", name).read_text().splitlines()[1:]
        except OSError:  # no IPv6 here, or not allowed
            continue
        end = f":{port:04X}"
        for fields in (line.split() for line in lines if end in line):  # of thousands of connections, a few
            address, _, hex_port = fields[1].partition(":")
            if fields[3] == LISTENING and int(hex_port, 16) == port:
                yield _address(address), fields[9]


def _address(words: str) -> IPv4Address | IPv6Address:
    """An address as /proc/net/tcp writes it: 32-bit words in this machine's byte order, in hexadecimal."""
    count = len(words) // 8
    packed = struct.pack(f"={count}I", *struct.unpack(f">{count}I", bytes.fromhex(words)))
    address = ipaddress.ip_address(packed)
    return getattr(address, "ipv4_mapped", None) or address


def _holders(inodes: set[str]) -> set[int]:
    """Processes that have one of these sockets open.

    The service manager (pid 1) holds the sockets of services it starts on demand; it counts only if it is alone.
    """
    if not inodes:
        return set()
    links = {f"socket:[{inode}]" for inode in inodes}
    found = {pid for pid in psutil.pids() if _has_open(pid, links)}
    return found - {1} or found


def _has_open(pid: int, links: set[str]) -> bool:
    """Whether one of the process's file descriptors is one of these; False where they may not be read."""
    try:
        with os.scandir(_proc(str(pid), "fd")) as files:
            return any(_link(file) in links for file in files)
    except OSError:
        return False


def _link(file: os.DirEntry[str]) -> str:
    """What a file descriptor is; nothing if it was closed meanwhile."""
    try:
        return os.readlink(file)  # noqa: PTH115  # a Path for each of a server's many descriptors is dear
    except OSError:
        return ""


def _proc(*names: str) -> Path:
    return Path(psutil.PROCFS_PATH, *names)
