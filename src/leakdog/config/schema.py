"""What a configuration may hold, with every default: frozen values, no reading and no files.

Durations are seconds and sizes bytes here; in YAML they are written as `30s`, `5m`, `30d`, `64MiB`, `2GB`.
Each field's `help` is the one text that the loader's messages, the JSON Schema and the documentation show.
"""
# ruff: noqa: RUF009  (`_opt` is `dataclasses.field` with our metadata)

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
    """A field with its help text.

    Of `meta`, `kind` tells the loader how a scalar is written (duration, size, regex, ...), `zero` that a
    number may be 0, `choices` the only texts allowed, `required` that it may not be left out, `key` its name
    in YAML where Python forbids that name, and `example` is YAML for the documentation.
    """
    metadata = {"help": help_text, **meta}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalConfig:
    """Defaults for every job."""

    scrape_interval: float = _opt(
        "how often a target is read; 1s if left out under `detection.preset: soak`",
        MINUTE,
        kind="duration",
        example="30s",
    )
    scrape_timeout: float = _opt(
        "how long one pass over a target may take; at most scrape_interval, which it follows if left out",
        10.0,
        kind="duration",
        example="5s",
    )
    body_size_limit: int = _opt(
        "largest answer read from a target; a profile may be up to four times that once unpacked",
        32 * MIB,
        kind="size",
        example="64MiB",
    )
    max_concurrent_scrapes: int = _opt("how many targets are read at the same time", 64, kind="count", example="16")


@dataclass(frozen=True, slots=True, kw_only=True)
class NumbersConfig:
    """How numbers age: as read, then lowest, mean, highest and last of five minutes, then of an hour, in this order."""

    time: float | None = _opt(
        "age at which they are deleted; `retention.time` if left out", kind="duration", example="90d"
    )
    size: int | None = _opt("bytes they may take; only `retention.size` if left out", kind="size", example="500MB")
    raw: float = _opt("age from which five minutes are one", 2 * DAY, kind="duration", example="7d")
    five_minutes: float = _opt("age from which an hour is one", 14 * DAY, kind="duration", example="30d")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilesConfig:
    """How snapshots age: all, then the last of each hour, then of each day, in this order; the last of a life stays."""

    time: float | None = _opt(
        "age at which they are deleted; `retention.time` if left out", kind="duration", example="180d"
    )
    size: int | None = _opt("bytes they may take; only `retention.size` if left out", kind="size", example="1GB")
    dense: float = _opt("age from which one an hour stays", DAY, kind="duration", example="2d")
    hourly: float = _opt("age from which one a day stays", 7 * DAY, kind="duration", example="14d")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaksConfig:
    """How long leaks that have ended are kept, with what was kept because of them."""

    time: float | None = _opt(
        "time from their end to when they are deleted; `retention.time` if left out", kind="duration", example="1y"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionConfig:
    """How long and how much is kept; whichever is reached first. What an open leak needs is kept longer."""

    time: float = _opt("age at which snapshots and numbers are deleted", 30 * DAY, kind="duration", example="15d")
    size: int = _opt(
        "bytes on disk at which the oldest snapshots are deleted", 2_000_000_000, kind="size", example="10GB"
    )
    numbers: NumbersConfig = _opt("how numbers age", NumbersConfig, example="{raw: 7d}")
    profiles: ProfilesConfig = _opt("how snapshots age", ProfilesConfig, example="{time: 180d}")
    leaks: LeaksConfig = _opt("how long leaks that have ended are kept", LeaksConfig, example="{time: 180d}")

    def seconds(self, of: float | None) -> float:
        """The time of a kind; that of all where it has none of its own."""
        return self.time if of is None else of


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceConfig:
    """How much is kept to prove leaks, beside `retention.size` and until a leak has ended and aged."""

    leak_size: int = _opt("bytes kept of one leak; what comes last is left out", 16 * MIB, kind="size", example="4MiB")
    size: int = _opt(
        "bytes kept of all leaks; the leak that ended first makes room, one that goes on does not",
        256 * MIB,
        kind="size",
        example="64MiB",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageConfig:
    """Where snapshots and numbers are kept."""

    backend: Backend = _opt(
        "sqlite keeps them in a file, memory forgets them at exit", Backend.SQLITE, example="memory"
    )
    path: str = _opt("directory of the database; made if it is missing", "data", example="/var/lib/leakdog")
    retention: RetentionConfig = _opt("how long and how much is kept", RetentionConfig, example="{time: 15d}")
    evidence: EvidenceConfig = _opt("how much is kept to prove leaks", EvidenceConfig, example="{size: 64MiB}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionConfig:
    """When growth is called a leak. What is left out comes from the preset."""

    preset: Preset = _opt(
        "production judges over minutes to days, soak a run of two minutes", Preset.PRODUCTION, example="soak"
    )
    false_alarms_per_year: float | None = _opt(
        "how often a healthy target may be called leaking in a year, under preset production; fewer means later",
        kind="positive",
        example="0.1",
    )
    hold_time: float | None = _opt(
        "how long a leak stays pending before it fires; also how long growth must be gone before it resolves",
        kind="duration",
        zero=True,
        example="10m",
    )
    min_growth_ratio: float | None = _opt(
        "least growth that counts, as a share of the level", kind="ratio", zero=True, example="0.05"
    )
    min_growth_bytes: int | None = _opt(
        "least growth that counts, for signals in bytes; under preset soak what holds garbage (resident set, allocated "
        "heap) must grow by 4MiB if left out",
        kind="size",
        zero=True,
        example="8MiB",
    )
    min_growth_count: int | None = _opt(
        "least growth that counts, for signals that count things", kind="count", zero=True, example="50"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseConfig:
    """How suspects are read more often for a while, under preset production."""

    interval: float | None = _opt(
        "between two dense readings of a suspect: heap with a collection before it, goroutine and goroutineleak "
        "profiles; scrape_interval if left out, and never shorter",
        kind="duration",
        example="2m",
    )
    duration: float = _opt("how long a suspect is read so", 15 * MINUTE, kind="duration", example="10m")
    cool_down: float = _opt(
        "from the beginning of one dense phase of a target to its next", 6 * HOUR, kind="duration", example="1d"
    )
    per_job: int = _opt(
        "dense phases that may begin in a job within cool_down, whatever the number of its targets; 0: none",
        3,
        kind="count",
        zero=True,
        example="1",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticConfig:
    """Targets written out by hand."""

    targets: tuple[str, ...] = _opt(
        "host:port of each target",
        (),
        kind="host_port",
        required=True,
        example='["shop-1:6060", "[::1]:6060"]',
    )
    labels: Mapping[str, str] = _opt(
        "labels given to each of these targets", dict, kind="labels", example="{zone: eu-1}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessConfig:
    """Local processes to watch: each that matches all that is given here becomes a target."""

    pid: int | None = _opt("process id", kind="count", example="4711")
    pidfile: str | None = _opt("file that holds the process id", example="/run/nginx.pid")
    name: str | None = _opt("executable name, exactly as `ps -o comm` shows it", example="redis-server")
    cmdline: str | None = _opt(
        "regular expression searched in the command line", kind="regex", example="'worker\\.py --queue'"
    )
    systemd_unit: str | None = _opt(
        "systemd unit, as in `systemctl status`; `.service` may be left out", example="postgresql"
    )
    port: int | None = _opt("TCP port that the process listens on", kind="port", example="5432")
    user: str | None = _opt("name of the user that runs it", example="www-data")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalsConfig:
    """How often each source is read; what is left out follows scrape_interval, see below."""

    metrics: float | None = _opt("metrics page", kind="duration", example="15s")
    process: float | None = _opt("local process", kind="duration", example="15s")
    heap: float | None = _opt(
        "heap profile; five scrape intervals if left out, as for all profiles", kind="duration", example="10m"
    )
    goroutine: float | None = _opt("goroutine profile", kind="duration", example="10m")
    goroutineleak: float | None = _opt(
        "goroutineleak profile; each one forces a collection, so ten scrape intervals if left out",
        kind="duration",
        example="30m",
    )
    allocs: float | None = _opt("allocs profile", kind="duration", example="1h")
    threadcreate: float | None = _opt("threadcreate profile", kind="duration", example="1h")
    block: float | None = _opt("block profile", kind="duration", example="1h")
    mutex: float | None = _opt("mutex profile", kind="duration", example="1h")


DEFAULT_PROFILES = (Kind.HEAP, Kind.GOROUTINE, Kind.GOROUTINELEAK)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapeConfig:
    """One job: targets that run the same program, and how they are read."""

    job_name: str = _opt("name of the job, unique in the file", "", required=True, example="shop")
    scheme: str = _opt("protocol of the targets", "http", choices=("http", "https"), example="https")
    scrape_interval: float | None = _opt("instead of global.scrape_interval", kind="duration", example="15s")
    scrape_timeout: float | None = _opt("instead of global.scrape_timeout", kind="duration", example="5s")
    body_size_limit: int | None = _opt("instead of global.body_size_limit", kind="size", example="64MiB")
    metrics_path: str = _opt("path of the metrics page; empty: none is read", "/metrics", kind="path", example='""')
    pprof_path: str = _opt(
        "path above the profiles; empty: none is read",
        "/debug/pprof",
        kind="base_path",
        example="/internal/debug/pprof",
    )
    profiles: tuple[Kind, ...] = _opt(
        "profiles to fetch; those a target does not have are left out", DEFAULT_PROFILES, example="[heap]"
    )
    params: Mapping[str, tuple[str, ...]] = _opt(
        "URL parameters sent with every request; a list of texts each, or one text",
        dict,
        kind="params",
        example="{tenant: [shop]}",
    )
    static_configs: tuple[StaticConfig, ...] = _opt(
        "targets written out by hand", (), example='[{targets: ["shop-1:6060"]}]'
    )
    process: ProcessConfig | None = _opt("local processes to watch", example="{name: redis-server}")
    memory_limit: int | None = _opt(
        "bytes at which the process is killed; if left out, from its cgroup or its GOMEMLIMIT where known",
        kind="size",
        example="512MiB",
    )
    blocked_goroutines: int | None = _opt(
        "goroutines that may be blocked at one line of code; more are a leak even if their number does not grow. "
        "No limit if left out: a server may have one for each connection",
        kind="count",
        example="50000",
    )
    load_metrics: tuple[str, ...] = _opt(
        "counters on the metrics page whose rate, summed over all their series, is the load that growth is held "
        "against; what the program allocates if left out",
        (),
        kind="metric",
        example="[http_requests_total]",
    )
    own_code: tuple[str, ...] = _opt(
        "what the names of the program's own modules, packages or folders begin with; if left out, its main module "
        "where the program tells it",
        (),
        kind="code",
        example="[github.com/acme/shop]",
    )
    intervals: IntervalsConfig = _opt("how often each source is read", IntervalsConfig, example="{heap: 5m}")
    acknowledged: tuple[str, ...] = _opt(
        "regular expressions of functions, looked for in the first 1,024 characters of their names: a leak that is "
        "mostly theirs is listed, but not announced",
        (),
        kind="regex",
        example="['cache\\.\\(\\*Index\\)\\.Put']",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole configuration file."""

    global_: GlobalConfig = _opt("defaults for every job", GlobalConfig, key="global", example="{scrape_interval: 30s}")
    storage: StorageConfig = _opt(
        "where snapshots and numbers are kept", StorageConfig, example="{path: /var/lib/leakdog}"
    )
    detection: DetectionConfig = _opt("when growth is called a leak", DetectionConfig, example="{preset: soak}")
    dense: DenseConfig = _opt("how suspects are read more often for a while", DenseConfig, example="{per_job: 1}")
    scrape_configs: tuple[ScrapeConfig, ...] = _opt("the jobs", (), example="[{job_name: shop}]")
