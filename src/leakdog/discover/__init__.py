"""Finds the targets of a job: those written out by hand, and the local processes that match."""

from __future__ import annotations

import re

from leakdog.config.schema import ScrapeConfig
from leakdog.discover.process import matching
from leakdog.model import Target, TargetKey
from leakdog.report.words import inert

_PID = re.compile(r"\[(\d+)\]$", re.ASCII)


def discover(job: ScrapeConfig) -> list[Target]:
    """All targets of the job as they are now. Two of one name are one target: the first is kept.

    Raises:
        OSError: the kernel does not tell which processes there are.

    """
    found: dict[TargetKey, Target] = {}
    for target in (*static(job), *_processes(job)):
        found.setdefault(target.key, target)
    return list(found.values())


def pid_of(key: TargetKey) -> int | None:
    """The process that a target is, by what it is called; None where it is an address."""
    found = _PID.search(key.instance)
    return int(found[1]) if found else None


def static(job: ScrapeConfig) -> list[Target]:
    """The targets of the job that are written out by hand."""
    return [
        Target(TargetKey(job.job_name, address), dict(static.labels), f"{job.scheme}://{address}")
        for static in job.static_configs
        for address in static.targets
    ]


def _processes(job: ScrapeConfig) -> list[Target]:
    if job.process is None:
        return []
    # A process may give itself a name that is no text, or of several lines; keys go into labels, logs and the store.
    return [Target(TargetKey(job.job_name, f"{inert(name)}[{pid}]"), pid=pid) for pid, name in matching(job.process)]
