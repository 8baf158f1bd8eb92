"""The systemd unit, and what the daemon tells systemd, through a socket as systemd makes one."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNIT = SYSTEMD / "leakdog.service"
DROP_INS = sorted((SYSTEMD / "drop-ins").glob("*.conf"))
QUIET = "storage: {path: '{data}'}\nscrape_configs: []\n"
PING = "WATCHDOG=1"
WATCHDOG_SECONDS = 3

Receive = Callable[[], str]


@pytest.fixture(params=["file", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[dict[str, str], Receive]]:
    """The environment that systemd gives a service, and a function that waits for the service's next message."""
    name = str(tmp_path / "notify") if request.param == "file" else f"@leakdog-{os.getpid()}-{time.monotonic_ns()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(name.replace("@", "\0", 1) if request.param == "abstract" else name)
        receiver.settimeout(20)
        told = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": str(WATCHDOG_SECONDS * 1_000_000)}
        yield told, lambda: receiver.recv(4096).decode()


def next_but_pings(message: Receive) -> str:
    """The next message that is not a sign of life."""
    return next(said for said in iter(message, None) if said != PING)


def test_systemd_is_told_of_readiness_life_reload_and_stop(
    start_leakdog: Callable[..., Any], systemd: tuple[dict[str, str], Receive]
) -> None:
    """READY at start, WATCHDOG while it lives, RELOADING and READY at a reload, STOPPING at SIGTERM, exit code 0."""
    environment, message = systemd
    daemon = start_leakdog(QUIET, env={**os.environ, **environment})
    assert message() == "READY=1"
    for _ in range(2):
        began = time.monotonic()
        assert message() == PING
        assert time.monotonic() - began < WATCHDOG_SECONDS
    before = time.monotonic_ns() // 1000
    daemon.process.send_signal(signal.SIGHUP)
    state, _, moment = next_but_pings(message).partition("\nMONOTONIC_USEC=")
    assert state == "RELOADING=1"
    assert before <= int(moment) <= time.monotonic_ns() // 1000
    assert next_but_pings(message) == "READY=1"
    assert daemon.stop() == 0
    assert next_but_pings(message) == "STOPPING=1"


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """A copy of the unit whose program exists on this machine."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("ExecStart=/usr/bin/leakdog", "ExecStart=/bin/true"))
    return copy


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`systemd-analyze` without a systemd that runs."""
    path = shutil.which("systemd-analyze")
    assert path is not None, "the command systemd-analyze is not on this machine; `make system-deps` installs it"
    return subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(("exposure", "drop_ins"), [(1.5, []), (2.0, DROP_INS)], ids=["network", "local-processes"])
def test_the_unit_is_hardened(unit: Path, exposure: float, drop_ins: list[Path]) -> None:
    """systemd scores the exposure at 1.5 of 10 at most; at 2.0 where processes of other users may be read."""
    for path in drop_ins:
        (unit.parent / f"{unit.name}.d").mkdir(exist_ok=True)
        shutil.copy(path, unit.parent / f"{unit.name}.d")
    done = analyze("security", "--offline=true", f"--threshold={exposure * 10:.0f}", unit)
    assert done.returncode == 0, done.stdout[-200:]


def test_systemd_understands_every_directive(unit: Path) -> None:
    """`systemd-analyze verify` has nothing to say about the unit with its drop-ins."""
    (unit.parent / f"{unit.name}.d").mkdir()
    for path in DROP_INS:
        shutil.copy(path, unit.parent / f"{unit.name}.d")
    done = analyze("verify", "--man=no", unit)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("path", [UNIT, *DROP_INS], ids=lambda path: path.name)
def test_every_directive_of_the_unit_has_its_comment(path: Path) -> None:
    """Whoever reads the unit learns why each line is there."""
    lines = path.read_text().splitlines()
    bare = [line for above, line in itertools.pairwise(lines) if re.match(r"\w+=", line) and above[:2] != "# "]
    assert bare == []


def test_the_unit_names_what_the_daemon_needs() -> None:
    """The service type, the reload signal, the state directory and the command are those that the daemon knows."""
    directives = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if re.match(r"\w+=", line))
    assert directives["Type"] == "notify"
    assert directives["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert directives["ExecStart"] == "/usr/bin/leakdog run --config /etc/leakdog/leakdog.yml"
    assert f"/var/lib/{directives['StateDirectory']}" in (SYSTEMD.parent / "config" / "leakdog.yml").read_text()
