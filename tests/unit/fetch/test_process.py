"""Local processes: real children that hold files, threads, memory and ports, and made-up /proc trees."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from leakdog.errors import FetchError, Reason
from leakdog.fetch import process as room
from leakdog.fetch.process import command_line, find_listener, is_loopback, listeners, read_process
from leakdog.model import Signal, Source

MIB = 1 << 20
Run = Callable[..., subprocess.Popen[str]]

HOLDER = """
import sys, tempfile, threading
files = [tempfile.TemporaryFile() for _ in range(20)]
stop = threading.Event()
threads = [threading.Thread(target=stop.wait, daemon=True) for _ in range(5)]
for thread in threads: thread.start()
memory = bytearray(b"x") * (32 << 20)
print("ready", flush=True)
sys.stdin.read()
"""
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


@pytest.fixture
def run() -> Iterator[Run]:
    """Starts Python programs; each ends when its standard input does."""
    with ExitStack() as stack:

        def run(code: str, *arguments: str) -> subprocess.Popen[str]:
            child = subprocess.Popen(
                [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            stack.enter_context(child)
            return child

        yield run


def first_line(child: subprocess.Popen[str]) -> str:
    """What a child says once it is ready."""
    assert child.stdout is not None
    return child.stdout.readline().strip()


# ---- readings


def test_a_process_tells_its_memory_threads_files_and_start(run: Run) -> None:
    """A child of five threads, twenty files and 32 MiB."""
    before = time.time()
    child = run(HOLDER)
    assert first_line(child) == "ready"
    seen = read_process(child.pid, 1790000000.0)
    assert seen.source is Source.PROCESS
    assert seen.time == 1790000000.0
    assert seen.pid == child.pid
    assert seen.start_time == pytest.approx(before, abs=5)
    assert seen.values[Signal.THREADS] == 6
    assert seen.values[Signal.OPEN_FILES] == 23
    assert 32 * MIB < seen.values[Signal.RSS] < 100 * MIB
    assert 32 * MIB < seen.values[Signal.RSS_ANON] < seen.values[Signal.RSS]
    assert 32 * MIB < seen.values[Signal.USS] <= seen.values[Signal.RSS] + MIB
    assert set(seen.values) == {
        Signal.RSS,
        Signal.RSS_ANON,
        Signal.RSS_SHMEM,
        Signal.USS,
        Signal.THREADS,
        Signal.OPEN_FILES,
    }


def test_shared_memory_is_told_apart(run: Run) -> None:
    """An anonymous mapping that is shared is neither anonymous to the kernel nor a file's."""
    child = run(
        "import mmap, sys; made = mmap.mmap(-1, 8 << 20); made.write(bytes(len(made))); print(flush=True); input()"
    )
    assert first_line(child) == ""
    assert read_process(child.pid, 0.0).values[Signal.RSS_SHMEM] == pytest.approx(8 * MIB, abs=MIB)


def test_a_process_that_is_gone_fails_as_such(run: Run) -> None:
    """With its id in the detail."""
    child = run("pass")
    child.communicate()
    with pytest.raises(FetchError) as caught:
        read_process(child.pid, 0.0)
    assert caught.value.reason is Reason.PROCESS_GONE
    assert caught.value.detail == f"process {child.pid} has ended"


def test_a_zombie_has_ended_and_holds_no_zero_bytes(run: Run) -> None:
    """The kernel tells zeros of a process that its parent has not waited for."""
    child = run("pass")
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(FetchError, match=f"process {child.pid} has ended"):
        read_process(child.pid, 0.0)


def test_what_may_not_be_read_is_absent(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and USS of another user's process need rights; the rest does not."""

    def denied(self: psutil.Process) -> None:
        raise psutil.AccessDenied(self.pid)

    monkeypatch.setattr(psutil.Process, "num_fds", denied)
    monkeypatch.setattr(psutil.Process, "memory_full_info", denied)
    assert set(read_process(os.getpid(), 0.0).values) == {
        Signal.RSS,
        Signal.RSS_ANON,
        Signal.RSS_SHMEM,
        Signal.THREADS,
    }


def test_a_process_of_which_nothing_may_be_read_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """It might as well be gone; the detail says why."""

    def denied(self: psutil.Process) -> None:
        raise psutil.AccessDenied(self.pid)

    monkeypatch.setattr(psutil.Process, "num_threads", denied)
    with pytest.raises(FetchError) as caught:
        read_process(os.getpid(), 0.0)
    assert caught.value.reason is Reason.PROCESS_GONE
    assert caught.value.detail == f"process {os.getpid()} may not be read by this user"


def test_uss_of_a_large_process_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs the target time in proportion to its size."""
    monkeypatch.setattr(room, "USS_MAX_RSS_BYTES", 1)
    seen = read_process(os.getpid(), 0.0).values
    assert Signal.USS not in seen
    assert Signal.OPEN_FILES in seen


def test_a_kernel_that_does_not_tell_anonymous_memory_leaves_it_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before Linux 4.5 there is no such line."""
    (tmp_path / "12").mkdir()
    (tmp_path / "12" / "status").write_text("Name:\tx\nVmRSS:\t  100 kB\n")
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    assert room._status_bytes(12) == {}
    assert room._status_bytes(13) == {}
    (tmp_path / "12" / "status").write_text("Name:\tx\nRssAnon:\t  100 kB\n")
    assert room._status_bytes(12) == {Signal.RSS_ANON: 102400}


def test_a_reading_costs_little() -> None:
    """Under ten milliseconds of this machine's time, so that every second is often enough."""
    read_process(os.getpid(), 0.0)
    began = time.process_time()
    for _ in range(10):
        read_process(os.getpid(), 0.0)
    assert (time.process_time() - began) / 10 < 0.01


def test_the_command_line_is_told_as_go_tells_it(run: Run) -> None:
    """Words separated by NUL, none at the end; nothing for a process that is not there."""
    child = run(HOLDER, "a b", "c")
    first_line(child)
    assert command_line(child.pid) == b"\0".join([os.fsencode(sys.executable), b"-c", HOLDER.encode(), b"a b", b"c"])
    assert command_line(2**22 + 1) == b""


# ---- who listens


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "::1"])
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
    port = int(first_line(child))
    assert find_listener(asked, port) == child.pid
    assert listeners(port) == {child.pid}


def test_a_listener_elsewhere_does_not_answer_here(run: Run) -> None:
    """Another address of this machine is another server."""
    port = int(first_line(run(LISTENER, "127.0.0.2")))
    assert find_listener("127.0.0.1", port) is None


def test_nobody_listens_on_a_free_port() -> None:
    """None, and no error."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert find_listener("127.0.0.1", port) is None
    assert listeners(port) == set()


def test_a_connection_is_no_listener() -> None:
    """Both ends of an open connection have ports; neither listens on the client's."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert find_listener("127.0.0.1", server.getsockname()[1]) == os.getpid()
        assert find_listener("127.0.0.1", client.getsockname()[1]) is None


def test_a_port_shared_by_several_processes_is_nobodys(run: Run) -> None:
    """Which of a parent and its forked child answers cannot be told; both listen."""
    child = run(FORKED)
    port = int(first_line(child))
    assert find_listener("127.0.0.1", port) is None
    assert len(listeners(port)) == 2


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
        ([(V6, 1), (V4_ANY, 2)], "localhost", 11),
        ([(V6, 1), (V4, 2)], "localhost", None),
    ],
)
def test_the_nearest_address_answers(
    make_proc: MakeProc, sockets: list[tuple[bytes, int]], host: str, pid: int | None
) -> None:
    """The very address before all of version 4 before all of version 6; two equally near are not told apart."""
    make_proc(sockets, {11: [1], 12: [2], 13: [3]})
    assert find_listener(host, 6060) == pid


def test_a_port_whose_process_may_not_be_looked_into_is_nobodys(make_proc: MakeProc) -> None:
    """There is a listener, but no descriptor that may be read leads to it."""
    make_proc([(V4, 1), (V4_ANY, 2)], {12: [2]})
    assert find_listener("127.0.0.1", 6060) is None


def test_a_service_manager_that_holds_the_socket_too_is_not_the_listener(make_proc: MakeProc) -> None:
    """Unless nobody else does: in a container the program itself may be process 1."""
    make_proc([(V4, 1)], {1: [1], 12: [1]})
    assert find_listener("127.0.0.1", 6060) == 12


def test_process_1_may_be_the_listener(make_proc: MakeProc) -> None:
    """As in a container."""
    make_proc([(V4, 1)], {1: [1], 12: [2]})
    assert find_listener("127.0.0.1", 6060) == 1


def test_a_proc_without_sockets_has_no_listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where /proc/net is hidden."""
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    assert find_listener("127.0.0.1", 6060) is None
