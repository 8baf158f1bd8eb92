"""Which local process listens on a port, told by /proc."""

from __future__ import annotations

import ipaddress
import os
import struct
from collections import defaultdict
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import psutil

LISTENING = "0A"  # TCP_LISTEN in /proc/net/tcp
ANY = (IPv4Address("0.0.0.0"), IPv6Address("::"))  # noqa: S104  # compared with, not listened on
LOCALHOST = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
SOCKET = "socket:["

Address = IPv4Address | IPv6Address


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return _plain(ipaddress.ip_address(host)).is_loopback
    except ValueError:
        return False


class Listeners:
    """One look at the listening TCP sockets of this network namespace and the processes that have them open.

    A look reads the descriptors of all processes (25 ms where there are 1,100), for one port as for all.
    """

    def __init__(self) -> None:
        self._sockets: dict[int, list[tuple[Address, str]]] = defaultdict(list)
        for address, port, inode in _listening():
            self._sockets[port].append((address, f"{SOCKET}{inode}]"))
        self._holders = _holders({link for sockets in self._sockets.values() for _, link in sockets})

    def find(self, host: str, port: int) -> int | None:
        """The process that answers on this loopback address; None if there is none, or it cannot be told for sure.

        That is so where its files may not be read, or where several processes share the port.
        """
        sockets = self._sockets.get(port, [])
        for addresses in _answering(host):
            links = [link for address, link in sockets if address in addresses]
            if links:
                holders = self._held(links)
                return holders.pop() if len(holders) == 1 else None
        return None

    def on(self, port: int) -> set[int]:
        """All processes that listen on a TCP port, on whatever address, as far as their files may be read."""
        return self._held([link for _, link in self._sockets.get(port, [])])

    def _held(self, links: list[str]) -> set[int]:
        """Processes that have one of these sockets open.

        The service manager (pid 1) holds the sockets of services it starts on demand; it counts only if it is alone.
        """
        found = {pid for link in links for pid in self._holders.get(link, ())}
        return found - {1} or found


def _answering(host: str) -> list[tuple[Address, ...]]:
    """Addresses whose listener answers for a host; the kernel prefers an earlier group to a later one."""
    if host.lower() == "localhost":
        return [LOCALHOST, ANY]
    address = _plain(ipaddress.ip_address(host))
    return [(address,), *((wildcard,) for wildcard in ANY if wildcard.version >= address.version)]


def _listening() -> Iterator[tuple[Address, int, str]]:
    """Address, port and inode of each listening TCP socket of this network namespace."""
    state = f" {LISTENING} "
    for name in ("tcp", "tcp6"):
        try:
            lines = Path(psutil.PROCFS_PATH, "net", name).read_text().splitlines()[1:]
        except OSError:  # no IPv6 here, or not allowed
            continue
        for fields in (line.split() for line in lines if state in line):  # of thousands of connections, a few
            address, _, port = fields[1].partition(":")
            yield _address(address), int(port, 16), fields[9]


def _address(words: str) -> Address:
    """An address as /proc/net/tcp writes it: 32-bit words in this machine's byte order, in hexadecimal."""
    count = len(words) // 8
    packed = struct.pack(f"={count}I", *struct.unpack(f">{count}I", bytes.fromhex(words)))
    return _plain(ipaddress.ip_address(packed))


def _plain(address: Address) -> Address:
    """The address of version 4 that one of version 6 stands for, if it does."""
    return getattr(address, "ipv4_mapped", None) or address


def _holders(links: set[str]) -> dict[str, set[int]]:
    """Processes that have each of these sockets open."""
    found: dict[str, set[int]] = defaultdict(set)
    for pid in psutil.pids() if links else ():
        for link in _open_sockets(pid):
            if link in links:
                found[link].add(pid)
    return found


def _open_sockets(pid: int) -> Iterator[str]:
    """The process's descriptors that are sockets; none where they may not be read."""
    folder = f"{psutil.PROCFS_PATH}/{pid}/fd"
    try:
        names = os.listdir(folder)  # noqa: PTH208  # a Path for each of a server's many descriptors is dear
    except OSError:
        return
    for name in names:
        try:
            link = os.readlink(f"{folder}/{name}")  # noqa: PTH115
        except OSError:  # closed meanwhile
            continue
        if link.startswith(SOCKET):
            yield link
