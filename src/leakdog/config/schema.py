"""What a configuration may hold, with every default: frozen values, no reading and no files.

Durations are seconds and sizes bytes here; in YAML they are written as `30s`, `5m`, `2h`, `30d`, `64MiB`, `2GB`.
Each field's `help` is the one text that the loader's messages, the JSON Schema and the documentation show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from leakdog.model import Kind

MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0
MIB = 1 << 20


class Preset(StrEnum):
    """How fast the detector judges."""

    PRODUCTION = "production"  # minutes to days
    SOAK = "soak"  # a run of two minutes sampled every second: tests, CI, the demo


class Backend(StrEnum):
    """Where snapshots and numbers are kept."""

    SQLITE = "sqlite"
    MEMORY = "memory"


def _opt(help_text: str, default: Any = None, **meta: Any) -> Any:
    """A field with its help text; `kind` tells the loader how a scalar is written (duration, size, regex, ...)."""
    metadata = {"help": help_text, **meta}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalConfig:
    """Defaults for every job."""

    scrape_interval: float = _opt("how often a target is read", MINUTE, kind="duration")
    scrape_timeout: float = _opt(
        "how long one pass over a target may take; at most scrape_interval", 10.0, kind="duration"
    )
    body_size_limit: int = _opt(
        "largest answer read from a target, before and after decompression counted apart (see docs)",
        32 * MIB,
        kind="size",
    )
    max_concurrent_scrapes: int = _opt("how many targets are read at the same time", 64, kind="count")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionConfig:
    """How long and how much is kept; whichever is reached first."""

    time: float = _opt("age at which snapshots and numbers are deleted", 30 * DAY, kind="duration")
    size: int = _opt("bytes on disk at which the oldest snapshots are deleted", 2_000_000_000, kind="size")


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageConfig:
    """Where snapshots and numbers are kept."""

    backend: Backend = _opt("sqlite keeps them in a file, memory forgets them at exit", Backend.SQLITE)
    path: str = _opt("directory of the database; made if it is missing", "data")
    retention: RetentionConfig = _opt("how long and how much is kept", RetentionConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionConfig:
    """When growth is called a leak. What is left out comes from the preset."""

    preset: Preset = _opt("production judges over minutes to days, soak a run of two minutes", Preset.PRODUCTION)
    hold_time: float | None = _opt(
        "how long a leak stays pending before it fires; also how long growth must be gone before it resolves",
        kind="duration",
    )
    min_growth_ratio: float | None = _opt("least growth that counts, as a share of the level", kind="ratio")
    min_growth_bytes: int | None = _opt("least growth that counts, for signals in bytes", kind="size")
    min_growth_count: int | None = _opt("least growth that counts, for signals that count things", kind="count")


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticConfig:
    """Targets written out by hand."""

    targets: tuple[str, ...] = _opt("host:port of each target", (), kind="host_port", required=True)
    labels: Mapping[str, str] = _opt("labels given to each of these targets", dict, kind="labels")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessConfig:
    """Local processes to watch; a process must match all that is given, and each that does becomes a target."""

    pid: int | None = _opt("process id", kind="count")
    pidfile: str | None = _opt("file that holds the process id")
    name: str | None = _opt("executable name, exactly as `ps -o comm` shows it")
    cmdline: str | None = _opt("regular expression searched in the command line", kind="regex")
    systemd_unit: str | None = _opt("systemd unit, as in `systemctl status`; `.service` may be left out")
    port: int | None = _opt("TCP port that the process listens on", kind="port")
    user: str | None = _opt("name of the user that runs it")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalsConfig:
    """How often each source is read; what is left out follows scrape_interval."""

    metrics: float | None = _opt("metrics page", kind="duration")
    process: float | None = _opt("local process", kind="duration")
    heap: float | None = _opt("heap profile", kind="duration")
    goroutine: float | None = _opt("goroutine profile", kind="duration")
    goroutineleak: float | None = _opt(
        "goroutineleak profile; each one forces a collection, so ten scrape intervals if left out", kind="duration"
    )
    allocs: float | None = _opt("allocs profile", kind="duration")
    threadcreate: float | None = _opt("threadcreate profile", kind="duration")
    block: float | None = _opt("block profile", kind="duration")
    mutex: float | None = _opt("mutex profile", kind="duration")


DEFAULT_PROFILES = (Kind.HEAP, Kind.GOROUTINE, Kind.GOROUTINELEAK)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapeConfig:
    """One job: targets that run the same program, and how they are read."""

    job_name: str = _opt("name of the job, unique in the file", "", required=True)
    scheme: str = _opt("protocol of the targets", "http", choices=("http", "https"))
    scrape_interval: float | None = _opt("instead of global.scrape_interval", kind="duration")
    scrape_timeout: float | None = _opt("instead of global.scrape_timeout", kind="duration")
    body_size_limit: int | None = _opt("instead of global.body_size_limit", kind="size")
    metrics_path: str = _opt("path of the metrics page; empty: none is read", "/metrics", kind="path")
    pprof_path: str = _opt("path above the profiles; empty: none is read", "/debug/pprof", kind="path")
    profiles: tuple[Kind, ...] = _opt(
        "profiles to fetch; those a target does not have are left out", DEFAULT_PROFILES
    )
    params: Mapping[str, tuple[str, ...]] = _opt("URL parameters sent with every request", dict, kind="params")
    static_configs: tuple[StaticConfig, ...] = _opt("targets written out by hand", ())
    process: ProcessConfig | None = _opt("local processes to watch")
    memory_limit: int | None = _opt(
        "bytes at which the process is killed; if left out, from its cgroup or its GOMEMLIMIT where known", kind="size"
    )
    intervals: IntervalsConfig = _opt("how often each source is read", IntervalsConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole configuration file."""

    global_: GlobalConfig = _opt("defaults for every job", GlobalConfig, key="global")
    storage: StorageConfig = _opt("where snapshots and numbers are kept", StorageConfig)
    detection: DetectionConfig = _opt("when growth is called a leak", DetectionConfig)
    scrape_configs: tuple[ScrapeConfig, ...] = _opt("the jobs", ())
