"""What applies to a job once every fallback is followed: pure functions of the configuration.

Nothing outside this module repeats a fallback rule. Durations are seconds, sizes bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from leakdog.config.schema import Config, Preset, ProcessConfig, ScrapeConfig
from leakdog.model import Kind, Source

# Profiles cost a target more than numbers do, so they are read in every fifth slot, where numbers tell in between. A
# run under test has no time for that.
PROFILE_INTERVALS = {Preset.PRODUCTION: 5, Preset.SOAK: 1}
# A goroutineleak profile forces a collection in the target, so it is read this much less often than numbers.
GOROUTINELEAK_INTERVALS = 10
# Sources whose numbers are judged. A goroutineleak profile, read seldom, proves what the goroutines' number shows.
JUDGED = frozenset({Source.METRICS, Source.PROCESS, Kind.HEAP, Kind.GOROUTINE})


class Pace(NamedTuple):
    """Seconds between two readings of a source of a job, both by their names."""

    seconds: float
    job: str
    source: str


def scrape_interval(config: Config, job: ScrapeConfig) -> float:
    """Seconds between two passes over a target of this job, as far as no source has its own interval."""
    return job.scrape_interval or config.global_.scrape_interval


def source_interval(config: Config, job: ScrapeConfig, source: str, *, profiles_alone: bool = False) -> float:
    """Seconds between two readings of one source.

    Args:
        config: the whole configuration.
        job: the job of the target.
        source: a key of `intervals`: `metrics`, `process` or the name of a profile.
        profiles_alone: whether the target turned out to have nothing but profiles, so that they are all it tells.

    """
    own: float | None = getattr(job.intervals, source)
    if own is not None:
        return own
    every = scrape_interval(config, job)
    if source == Kind.GOROUTINELEAK:
        return GOROUTINELEAK_INTERVALS * every
    numbers = source in (Source.METRICS, Source.PROCESS)
    if numbers or profiles_alone or not (job.metrics_path or job.process or job.intervals.process):
        return every
    return PROFILE_INTERVALS[config.detection.preset] * every


def dense_interval(config: Config, job: ScrapeConfig) -> float:
    """Seconds between two dense readings of a suspect."""
    return max(config.dense.interval or 0.0, scrape_interval(config, job))


def base_interval(config: Config, job: ScrapeConfig) -> float:
    """Seconds between two slots of a target: the shortest interval of the sources that the job reads."""
    return min(
        (source_interval(config, job, source) for source in _sources(job)),
        default=scrape_interval(config, job),
    )


def judged_interval(config: Config) -> float:
    """Seconds between two readings of what growth is judged by, in the job that is read most seldom."""
    return max((pace.seconds for pace in judged_paces(config)), default=config.global_.scrape_interval)


def judged_paces(config: Config) -> list[Pace]:
    """How often all is read that growth is judged by."""
    return [
        Pace(source_interval(config, job, source), job.job_name, source)
        for job in config.scrape_configs
        for source in _sources(job)
        if source in JUDGED
    ]


def scrape_timeout(config: Config, job: ScrapeConfig) -> float:
    """Seconds that one pass over a target may take.

    The global one is cut to the time to the next pass. A job's own is not: where it comes from a file, `check` has
    seen that it is no longer than that, and a `leakdog scan` leaves out what comes late.
    """
    return job.scrape_timeout or min(config.global_.scrape_timeout, base_interval(config, job))


def body_size_limit(config: Config, job: ScrapeConfig) -> int:
    """Bytes of the largest answer that is read from a target of this job."""
    return job.body_size_limit or config.global_.body_size_limit


def of_whole_user(job: ScrapeConfig) -> bool:
    """Whether all processes of a user are watched, of which some end each minute: that one has is no news."""
    return job.process is not None and job.process == ProcessConfig(user=job.process.user)


def _sources(job: ScrapeConfig) -> Iterator[str]:
    """Keys of `intervals` for what the job reads.

    The process behind a loopback address is read too, in step with the rest unless it has its own interval.
    """
    if job.metrics_path:
        yield Source.METRICS
    if job.process or job.intervals.process:
        yield Source.PROCESS
    if job.pprof_path:
        yield from job.profiles
