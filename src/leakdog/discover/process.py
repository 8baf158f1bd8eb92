"""Local processes that match a job's `process` section: all criteria that are given must hold."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from leakdog.config.schema import ProcessConfig
from leakdog.fetch.process import cgroup_paths

log = logging.getLogger("leakdog.discover")

Test = Callable[[psutil.Process], bool]


def matching(wanted: ProcessConfig) -> list[tuple[int, str]]:
    """Process id and name of each process that matches, by id. One that ends meanwhile is left out."""
    tests = list(_tests(wanted))
    found = []
    for process in _candidates(wanted):
        try:
            if all(test(process) for test in tests):
                found.append((process.pid, process.name()))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return sorted(found)


def _candidates(wanted: ProcessConfig) -> Iterator[psutil.Process]:
    """The processes worth testing: one where the id is given, else all."""
    pid = wanted.pid if wanted.pid is not None else _from_file(wanted.pidfile)
    if pid is None and wanted.pidfile is None:
        yield from psutil.process_iter()
    elif pid is not None and psutil.pid_exists(pid):
        yield psutil.Process(pid)


def _from_file(pidfile: str | None) -> int | None:
    """The process id in a file; None, with a warning, if it holds none."""
    if pidfile is None:
        return None
    try:
        return int(Path(pidfile).read_text().strip())
    except (OSError, ValueError) as error:
        log.warning("the pidfile %s names no process: %s", pidfile, error)
        return None


def _tests(wanted: ProcessConfig) -> Iterator[Test]:
    """One test per criterion that is given; the cheap ones first."""
    if wanted.pid is not None:
        yield lambda process: process.pid == wanted.pid
    if wanted.name is not None:
        yield lambda process: process.name() == wanted.name
    if wanted.user is not None:
        yield lambda process: process.username() == wanted.user
    if wanted.systemd_unit is not None:
        unit = wanted.systemd_unit if "." in wanted.systemd_unit else f"{wanted.systemd_unit}.service"
        yield lambda process: any(unit in path.split("/") for path in cgroup_paths(process.pid))
    if wanted.cmdline is not None:
        pattern = re.compile(wanted.cmdline)
        yield lambda process: pattern.search(" ".join(process.cmdline())) is not None
    if wanted.port is not None:
        listeners = _listeners(wanted.port)
        yield lambda process: process.pid in listeners


def _listeners(port: int) -> set[int]:
    """Ids of all processes that listen on the port, on whatever address."""
    return {
        connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.pid is not None and connection.laddr.port == port
    }
