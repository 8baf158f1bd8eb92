"""Which local processes match: by id, pidfile, name, command line, user, unit and port, all that are given."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import psutil
import pytest

from leakdog.config.schema import ProcessConfig
from leakdog.discover.process import matching

Run = Callable[..., "Popen[str]"]

LISTENING = """
import socket, sys
made = socket.create_server(("127.0.0.1", 0))
print(made.getsockname()[1], flush=True)
sys.stdin.read()
"""
LONG_NAME = "leakdog-test-with-a-long-name"


def pids(**wanted: object) -> list[int]:
    """Ids of the processes that match."""
    return [pid for pid, _ in matching(ProcessConfig(**wanted))]  # type: ignore[arg-type]


def test_a_process_is_found_by_id(run: Run) -> None:
    """That one and no other; none where it is gone."""
    child = run()
    assert pids(pid=child.pid) == [child.pid]
    child.communicate()
    assert pids(pid=child.pid) == []


def test_an_id_that_no_process_can_have_is_nobodys() -> None:
    """However large."""
    assert pids(pid=2**22 + 1) == []
    assert pids(pid=2**70) == []


def test_processes_are_found_by_command_line(run: Run) -> None:
    """A regular expression, searched anywhere; every one that matches, by id."""
    children = sorted([run("leakdog-mark=7", "x").pid, run("leakdog-mark=8").pid])
    run("leakdog-mark=z")
    assert pids(cmdline=r"leakdog-mark=\d( x)?$") == children


def test_a_long_name_matches_whole_and_as_ps_shows_it(run: Run, tmp_path: Path) -> None:
    """The kernel keeps 15 characters of it."""
    program = tmp_path / LONG_NAME
    program.symlink_to(sys.executable)
    child = run(executable=str(program))
    assert matching(ProcessConfig(name=LONG_NAME)) == [(child.pid, LONG_NAME)]
    assert pids(name=LONG_NAME[:15]) == [child.pid]
    assert pids(name=LONG_NAME[:14]) == []


def test_processes_are_found_by_user(run: Run) -> None:
    """By the name of the user that runs them."""
    child = run("leakdog-user-mark")
    user = psutil.Process(child.pid).username()
    assert pids(user=user, cmdline="leakdog-user-mar[k]") == [child.pid]
    assert pids(user="nobody-of-this-name", cmdline="leakdog-user-mar[k]") == []


def test_a_process_is_found_by_the_port_it_listens_on(run: Run) -> None:
    """Not by one that it does not."""
    child = run()
    listening = Popen([sys.executable, "-c", LISTENING], stdin=-1, stdout=-1, text=True)
    with listening:
        assert listening.stdout is not None
        port = int(listening.stdout.readline())
        assert pids(port=port) == [listening.pid]
        assert pids(port=port, pid=child.pid) == []


@pytest.mark.parametrize(
    ("unit", "matches"),
    [
        ("shop", True),
        ("shop.service", True),
        ("system.slice", True),
        ("worker@1.2", True),
        ("sho", False),
        ("shop.scope", False),
        ("worker@1", False),
    ],
)
def test_a_process_is_found_by_its_unit(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, unit: str, matches: bool
) -> None:
    """A whole part of its cgroup path; a name without a suffix of systemd's is a service, dots or not."""
    child = run("leakdog-unit-mark")
    (tmp_path / str(child.pid)).mkdir()
    paths = "0::/system.slice/shop.service/worker\n1:name=systemd:/system.slice/worker@1.2.service\n"
    (tmp_path / str(child.pid) / "cgroup").write_text(paths)
    monkeypatch.setattr("leakdog.fetch.cgroup.psutil", type("FakeProc", (), {"PROCFS_PATH": str(tmp_path)}))
    assert pids(systemd_unit=unit, pid=child.pid) == ([child.pid] if matches else [])


@pytest.mark.parametrize("text", ["{pid}", "{pid}\n", "  {pid} \n", "{pid}\n/var/lib/postgresql\n1790000000\n"])
def test_a_pidfile_names_a_process_by_its_first_word(run: Run, tmp_path: Path, text: str) -> None:
    """Some daemons write more into it."""
    child = run()
    file = tmp_path / "shop.pid"
    file.write_text(text.format(pid=child.pid))
    assert pids(pidfile=str(file)) == [child.pid]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file or directory"),
        (b"", "holds no process id"),
        (b"none\n", "holds no process id"),
        (b"-1\n", "holds no process id"),
        (b"\xff\xfe\n", "reading the pidfile"),
        (b"0\n", "names process 0, which does not run"),
        (b"4194305\n", "names process 4194305, which does not run"),
        (b"9" * 30, "names process 999999999999999999999999999999, which does not run"),
    ],
)
def test_a_pidfile_that_names_no_process_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes | None, said: str
) -> None:
    """No target, and the log says which file and why; it never falls back to every process."""
    file = tmp_path / "shop.pid"
    if content is not None:
        file.write_bytes(content)
    with caplog.at_level(logging.WARNING, "leakdog.discover"):
        assert pids(pidfile=str(file)) == []
    (record,) = caplog.records
    assert str(file) in record.getMessage()
    assert said in record.getMessage()


def test_all_criteria_must_hold(run: Run, tmp_path: Path) -> None:
    """One that does not is enough to be left out, an id and a pidfile that differ too."""
    one, two = run("leakdog-all-mark"), run("leakdog-all-mark")
    file = tmp_path / "one.pid"
    file.write_text(str(one.pid))
    assert pids(pidfile=str(file), cmdline="leakdog-all-mar[k]") == [one.pid]
    assert pids(pidfile=str(file), cmdline="something else") == []
    assert pids(pidfile=str(file), pid=two.pid) == []
    assert pids(pidfile=str(file), pid=one.pid) == [one.pid]


def test_what_has_no_memory_is_no_target(run: Run) -> None:
    """A zombie; the kernel's own threads are left out the same way."""
    child = run()
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert pids(pid=child.pid) == []
    threads = [process.pid for process in psutil.process_iter() if process.ppid() == 2]
    assert not set(threads) & set(pids(user=psutil.Process().username()))


def test_processes_that_vanish_or_hide_meanwhile_are_left_out(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """They spoil nothing for the others."""
    gone, hidden, child = run("leakdog-gone-mark"), run("leakdog-gone-mark"), run("leakdog-gone-mark")
    plain = psutil.Process.cmdline

    def cmdline(self: psutil.Process) -> list[str]:
        if self.pid == gone.pid:
            raise psutil.NoSuchProcess(self.pid)
        if self.pid == hidden.pid:
            raise psutil.AccessDenied(self.pid)
        return plain(self)

    monkeypatch.setattr(psutil.Process, "cmdline", cmdline)
    assert pids(cmdline="leakdog-gone-mar[k]") == [child.pid]
