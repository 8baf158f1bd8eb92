"""Local processes that match a job's `process` section: all criteria that are given must hold."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from leakdog.config.schema import ProcessConfig
from leakdog.fetch.cgroup import cgroup_paths
from leakdog.fetch.process import listeners

log = logging.getLogger("leakdog.discover")

# The kernel keeps this much of a process's name; psutil tells the rest from the command line where that fits.
COMM_LENGTH = 15
# Units that hold processes; a name without one of these is a service, as for systemctl.
UNIT_SUFFIXES = (".service", ".scope", ".slice")

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
    """The processes worth testing: the one whose id is given, else all."""
    if wanted.pidfile is None and wanted.pid is None:
        yield from psutil.process_iter()
        return
    named = {wanted.pid} if wanted.pidfile is None else {_from_file(wanted.pidfile)}
    if wanted.pid is not None:
        named &= {wanted.pid}
    for pid in named:
        if pid is not None and psutil.pid_exists(pid):
            yield psutil.Process(pid)


def _from_file(pidfile: str) -> int | None:
    """The id of a running process from the first word of a file; None, with a warning, if there is none."""
    try:
        words = Path(pidfile).read_text().split()
    except (OSError, ValueError) as error:
        log.warning("reading the pidfile %s: %s; no process is watched by it", pidfile, error)
        return None
    if not words or not words[0].isdecimal():
        log.warning("the pidfile %s holds no process id; no process is watched by it", pidfile)
        return None
    pid = int(words[0])
    if not psutil.pid_exists(pid):
        log.warning("the pidfile %s names process %d, which does not run; no process is watched by it", pidfile, pid)
        return None
    return pid


def _tests(wanted: ProcessConfig) -> Iterator[Test]:
    """One test per criterion that is given, the cheap ones first, and one for having memory at all."""
    if wanted.name is not None:
        yield lambda process: wanted.name in (process.name(), process.name()[:COMM_LENGTH])
    if wanted.user is not None:
        yield lambda process: process.username() == wanted.user
    if wanted.systemd_unit is not None:
        unit = wanted.systemd_unit
        unit = unit if unit.endswith(UNIT_SUFFIXES) else f"{unit}.service"
        yield lambda process: any(unit in path.parts for path in cgroup_paths(process.pid).values())
    if wanted.cmdline is not None:
        pattern = re.compile(wanted.cmdline)
        yield lambda process: pattern.search(" ".join(process.cmdline())) is not None
    if wanted.port is not None:
        listening = listeners(wanted.port)
        yield lambda process: process.pid in listening
    yield lambda process: process.memory_info().vms > 0  # neither a zombie nor one of the kernel's own threads
