"""What applies in place of what a configuration leaves out."""

from __future__ import annotations

from dataclasses import replace

from leakdog.config.formats import FORMATS
from leakdog.config.resolve import body_size_limit, scrape_interval, scrape_timeout, source_interval
from leakdog.config.schema import Config, DetectionConfig, RetentionConfig, ScrapeConfig
from leakdog.detect.settings import settings_for, settings_of


def effective(config: Config) -> Config:
    """The configuration with what applies in place of each key that is left out; it is for showing.

    What of the detector two numbers apply to, of which the key would set both, is left to `words`.
    """
    return replace(
        config,
        storage=replace(config.storage, retention=_retention(config.storage.retention)),
        detection=_detection(config.detection),
        dense=replace(config.dense, interval=config.dense.interval or config.global_.scrape_interval),
        scrape_configs=tuple(_job(config, job) for job in config.scrape_configs),
    )


def words(config: Config) -> dict[str, str]:
    """What applies in place of keys that are left out and that no value of theirs could say, by their names."""
    settings = settings_of(config)
    hold, resolve = (FORMATS["duration"].write(each) for each in (settings.hold_seconds, settings.resolve_seconds))
    least, garbage = (FORMATS["size"].write(int(each)) for each in (settings.min_growth_bytes, settings.garbage_bytes))
    more = f", {garbage} for what holds garbage" if settings.garbage_bytes else ""
    return {
        "false_alarms_per_year": f"not under preset {config.detection.preset}",
        "hold_time": f"{hold} until it fires, {resolve} until it resolves",
        "min_growth_bytes": f"{least}{more}",
        "memory_limit": "as its cgroup or its GOMEMLIMIT tells",
        "blocked_goroutines": "no limit",
    }


def idle(config: Config) -> dict[tuple[type, str], str]:
    """Why values never apply, by their sections and names: ages that nothing reaches, as it is deleted before."""
    retention, write = config.storage.retention, FORMATS["duration"].write
    found: dict[tuple[type, str], str] = {}
    for section, names in ((retention.numbers, ("raw", "five_minutes")), (retention.profiles, ("dense", "hourly"))):
        end = retention.seconds(section.time)
        for name in names:
            if (age := getattr(section, name)) >= end:
                found[type(section), name] = f"{write(age)} is not reached, as they are deleted at {write(end)}"
    return found


def _retention(retention: RetentionConfig) -> RetentionConfig:
    numbers, profiles, leaks = retention.numbers, retention.profiles, retention.leaks
    return replace(
        retention,
        numbers=replace(numbers, time=retention.seconds(numbers.time), size=numbers.size or retention.size),
        profiles=replace(profiles, time=retention.seconds(profiles.time), size=profiles.size or retention.size),
        leaks=replace(leaks, time=retention.seconds(leaks.time)),
    )


def _detection(detection: DetectionConfig) -> DetectionConfig:
    settings = settings_for(detection)
    return replace(
        detection,
        false_alarms_per_year=settings.false_alarms,
        min_growth_ratio=settings.min_growth_ratio,
        min_growth_count=int(settings.min_growth_count),
    )


def _job(config: Config, job: ScrapeConfig) -> ScrapeConfig:
    read = {"process", *(["metrics"] if job.metrics_path else ()), *(job.profiles if job.pprof_path else ())}
    intervals = {name: source_interval(config, job, name) for name in read}
    return replace(
        job,
        scrape_interval=scrape_interval(config, job),
        scrape_timeout=scrape_timeout(config, job),
        body_size_limit=body_size_limit(config, job),
        intervals=replace(job.intervals, **intervals),
    )
