"""Who listens on a port: real children that listen, and made-up /proc trees."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from leakdog.fetch.listeners import Listeners, is_loopback

Run = Callable[..., Any]

LISTENER = """
import socket, sys
made = socket.create_server((sys.argv[1], 0))
print(made.getsockname()[1], flush=True)
sys.stdin.read()
"""
FORKED = """
import os, socket, sys
made = socket.create_server(("127.0.0.1", 0))
made.set_inheritable(True)
child = os.fork()
if child: print(made.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_known_by_its_names(host: str) -> None:
    """The name, all of 127/8, and version 6's one."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["10.0.0.7", "shop-1", "localhost.example", "0.0.0.0", "::", "fe80::1", ""])
def test_other_machines_are_not_this_one(host: str) -> None:
    """Nor is what only looks like it."""
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("bound", "asked"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "localhost"),
        ("0.0.0.0", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.2"),
        ("0.0.0.0", "localhost"),
        ("127.0.0.2", "127.0.0.2"),
    ],
)
def test_the_process_that_listens_is_found(run: Run, bound: str, asked: str) -> None:
    """On the very address, or on all of them."""
    child = run(LISTENER, bound)
    port = int(child.first_line())
    assert Listeners().find(asked, port) == child.pid
    assert Listeners().on(port) == {child.pid}


def test_a_listener_elsewhere_does_not_answer_here(run: Run) -> None:
    """Another address of this machine is another server."""
    port = int(run(LISTENER, "127.0.0.2").first_line())
    assert Listeners().find("127.0.0.1", port) is None


def test_nobody_listens_on_a_free_port() -> None:
    """None, and no error."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert Listeners().find("127.0.0.1", port) is None
    assert Listeners().on(port) == set()


def test_a_connection_is_no_listener() -> None:
    """Both ends of an open connection have ports; neither listens on the client's."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert Listeners().find("127.0.0.1", server.getsockname()[1]) == os.getpid()
        assert Listeners().find("127.0.0.1", client.getsockname()[1]) is None


def test_a_port_shared_by_several_processes_is_nobodys(run: Run) -> None:
    """Which of a parent and its forked child answers cannot be told; both listen."""
    child = run(FORKED)
    port = int(child.first_line())
    assert Listeners().find("127.0.0.1", port) is None
    assert len(Listeners().on(port)) == 2


def row(address: bytes, port: int, state: str, inode: int) -> str:
    """A line of /proc/net/tcp or tcp6: addresses are words in this machine's byte order."""
    words = "".join(f"{int.from_bytes(address[at : at + 4], sys.byteorder):08X}" for at in range(0, len(address), 4))
    rest = "00000000:00000000 00:00000000 00000000     0        0"
    return f"   0: {words}:{port:04X} {'0' * len(words)}:0000 {state} {rest} {inode} 1 0000000058461a2e 100 0 0 10 0\n"


V4, V4_ANY = bytes([127, 0, 0, 1]), bytes(4)
V6, V6_ANY = bytes(15) + b"\x01", bytes(16)
V4_IN_V6 = bytes(10) + b"\xff\xff" + V4
MakeProc = Callable[[list[tuple[bytes, int]], dict[int, list[int]]], None]


@pytest.fixture
def make_proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeProc:
    """Makes a /proc of listening sockets (address, inode) on port 6060 and processes that have them open."""

    def make_proc(sockets: list[tuple[bytes, int]], holders: dict[int, list[int]]) -> None:
        (tmp_path / "net").mkdir()
        for name, length in (("tcp", 4), ("tcp6", 16)):
            lines = [row(address, 6060, "0A", inode) for address, inode in sockets if len(address) == length]
            (tmp_path / "net" / name).write_text("  sl  local_address ...\n" + "".join(lines))
        for pid, inodes in holders.items():
            (tmp_path / str(pid) / "fd").mkdir(parents=True)
            (tmp_path / str(pid) / "fd" / "0").symlink_to("/dev/null")
            for number, inode in enumerate(inodes, 3):
                (tmp_path / str(pid) / "fd" / str(number)).symlink_to(f"socket:[{inode}]")
        monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))

    return make_proc


@pytest.mark.parametrize(
    ("sockets", "host", "pid"),
    [
        ([(V4, 1), (V4_ANY, 2)], "127.0.0.1", 11),
        ([(V4_ANY, 2), (V6_ANY, 3)], "127.0.0.1", 12),
        ([(V6_ANY, 3)], "127.0.0.1", 13),
        ([(V4_IN_V6, 1)], "127.0.0.1", 11),
        ([(V6, 1), (V4, 2)], "::1", 11),
        ([(V4_ANY, 2), (V6_ANY, 3)], "::1", 13),
        ([(V4_ANY, 2)], "::1", None),
        ([(V6, 1)], "127.0.0.1", None),
        ([(V4, 1), (V6_ANY, 3)], "::ffff:127.0.0.1", 11),
        ([(V6, 1), (V4_ANY, 2)], "localhost", 11),
        ([(V6, 1), (V4, 2)], "localhost", None),
    ],
)
def test_the_nearest_address_answers(
    make_proc: MakeProc, sockets: list[tuple[bytes, int]], host: str, pid: int | None
) -> None:
    """The very address before all of version 4 before all of version 6; two equally near are not told apart."""
    make_proc(sockets, {11: [1], 12: [2], 13: [3]})
    assert Listeners().find(host, 6060) == pid


def test_a_port_whose_process_may_not_be_looked_into_is_nobodys(make_proc: MakeProc) -> None:
    """There is a listener, but no descriptor that may be read leads to it."""
    make_proc([(V4, 1), (V4_ANY, 2)], {12: [2]})
    assert Listeners().find("127.0.0.1", 6060) is None


def test_a_service_manager_that_holds_the_socket_too_is_not_the_listener(make_proc: MakeProc) -> None:
    """Unless nobody else does: in a container the program itself may be process 1."""
    make_proc([(V4, 1)], {1: [1], 12: [1]})
    assert Listeners().find("127.0.0.1", 6060) == 12


def test_process_1_may_be_the_listener(make_proc: MakeProc) -> None:
    """As in a container."""
    make_proc([(V4, 1)], {1: [1], 12: [2]})
    assert Listeners().find("127.0.0.1", 6060) == 1


def test_a_proc_without_sockets_has_no_listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where /proc/net is hidden."""
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    assert Listeners().find("127.0.0.1", 6060) is None
