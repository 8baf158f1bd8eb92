"""Messages reach systemd's socket, whatever kind it is; without one nothing happens."""

import os
import socket
from pathlib import Path

import pytest

from leakdog.sdnotify import notify, watchdog_interval_seconds


@pytest.mark.parametrize("abstract", [False, True])
def test_a_message_reaches_the_socket(monkeypatch, tmp_path: Path, abstract: bool) -> None:
    """A datagram arrives on a socket in the file system and on an abstract one."""
    name = f"leakdog-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(f"\0{name}" if abstract else name)
        receiver.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}" if abstract else name)
        notify("READY=1")
        assert receiver.recv(100) == b"READY=1"


def test_without_systemd_nothing_happens(monkeypatch, tmp_path: Path) -> None:
    """No socket, or one that is gone, is no error."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert notify("READY=1") is None
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    assert notify("READY=1") is None


@pytest.mark.parametrize(
    ("expected", "usec", "pid"),
    [
        (30.0, "30000000", None),
        (30.0, "30000000", "own"),
        (None, "30000000", "1"),
        (None, "0", None),
        (None, "soon", None),
        (None, None, None),
    ],
)
def test_the_watchdog_interval_is_for_this_process_only(monkeypatch, expected, usec, pid) -> None:
    """The interval is told in seconds, unless it is meant for another process or makes no sense."""
    for name, value in (("WATCHDOG_USEC", usec), ("WATCHDOG_PID", pid)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, str(os.getpid()) if value == "own" else value)
    assert watchdog_interval_seconds() == expected
