"""Local processes: real children that hold files, threads and memory, and made-up /proc trees."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from leakdog.errors import FetchError, Reason
from leakdog.fetch import process as room
from leakdog.fetch.process import command_line, read_process
from leakdog.model import Signal, Source

MIB = 1 << 20
Run = Callable[..., Any]

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


def test_a_process_tells_its_memory_threads_files_and_start(run: Run) -> None:
    """A child of five threads, twenty files and 32 MiB."""
    before = time.time()
    child = run(HOLDER)
    assert child.first_line() == "ready"
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
    assert child.first_line() == ""
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
    child.first_line()
    assert command_line(child.pid) == b"\0".join([os.fsencode(sys.executable), b"-c", HOLDER.encode(), b"a b", b"c"])
    assert command_line(2**22 + 1) == b""
