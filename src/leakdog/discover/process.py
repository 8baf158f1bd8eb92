"""Local processes that match a job's `process` section: all criteria that are given must hold."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psutil

from leakdog.config.schema import ProcessConfig
from leakdog.fetch.cgroup import cgroup_paths
from leakdog.fetch.listeners import Listeners

log = logging.getLogger("leakdog.discover")

MAX_PID = 1 << 22  # the kernel's own limit; psutil cannot take just any number
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


def runs(pid: int) -> bool:
    """Whether there is such a process; one that has ended, and waits for its parent to take note, is none."""
    try:
        process = _process(pid)
        return process is not None and _has_memory(process)
    except psutil.NoSuchProcess:
        return False
    except (psutil.AccessDenied, OSError):
        return True


def _has_memory(process: psutil.Process) -> bool:
    """Whether it is neither a zombie nor one of the kernel's own threads."""
    return bool(process.memory_info().vms > 0)


def _candidates(wanted: ProcessConfig) -> Iterable[psutil.Process]:
    """The processes worth testing: the one whose id is given, else all."""
    if wanted.pidfile is not None:
        found = _from_file(wanted.pidfile)
    elif wanted.pid is not None:
        found = _process(wanted.pid)
    else:
        return psutil.process_iter()
    return [found] if found else []


def _from_file(pidfile: str) -> psutil.Process | None:
    """The process whose id is the first word of a file; None, with a warning, if there is none."""
    try:
        words = Path(pidfile).read_text().split()
    except (OSError, ValueError) as error:
        log.warning("reading the pidfile %s: %s; no process is watched by it", pidfile, error)
        return None
    if not words or not words[0].isdecimal():
        log.warning("the pidfile %s holds no process id; no process is watched by it", pidfile)
        return None
    process = _process(int(words[0]))
    if process is None:
        log.warning("the pidfile %s names process %s, which does not run; none is watched by it", pidfile, words[0])
    return process


def _process(pid: int) -> psutil.Process | None:
    """The process of this id; None if there is none."""
    try:
        return psutil.Process(pid) if pid <= MAX_PID and psutil.pid_exists(pid) else None
    except psutil.NoSuchProcess:
        return None


def _tests(wanted: ProcessConfig) -> Iterator[Test]:
    """One test per criterion that is given, the cheap ones first, and one for having memory at all."""
    if wanted.pid is not None:
        yield lambda process: process.pid == wanted.pid
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
        listening = Listeners().on(wanted.port)
        yield lambda process: process.pid in listening
    yield _has_memory
