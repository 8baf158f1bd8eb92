"""Every fallback between keys is followed in one place."""

import pytest

from leakdog.config.resolve import (
    base_interval,
    body_size_limit,
    scrape_interval,
    scrape_timeout,
    source_interval,
)
from leakdog.config.schema import Config, GlobalConfig, IntervalsConfig, ProcessConfig, ScrapeConfig
from leakdog.model import Kind

CONFIG = Config(global_=GlobalConfig(scrape_interval=60.0, scrape_timeout=10.0, body_size_limit=1000))
PLAIN = ScrapeConfig(job_name="plain")


def test_a_job_follows_the_global_section() -> None:
    """What a job leaves out it takes from there."""
    assert scrape_interval(CONFIG, PLAIN) == 60.0
    assert scrape_timeout(CONFIG, PLAIN) == 10.0
    assert body_size_limit(CONFIG, PLAIN) == 1000


def test_a_job_has_its_own_way() -> None:
    """What a job says counts."""
    job = ScrapeConfig(job_name="own", scrape_interval=30.0, scrape_timeout=20.0, body_size_limit=5)
    assert scrape_interval(CONFIG, job) == 30.0
    assert scrape_timeout(CONFIG, job) == 20.0
    assert body_size_limit(CONFIG, job) == 5


@pytest.mark.parametrize("source", ["metrics", "process", *(kind.value for kind in Kind)])
def test_a_source_follows_the_job_and_goroutineleak_at_a_tenth(source: str) -> None:
    """A goroutineleak profile forces a collection, so it is read ten times less often."""
    job = ScrapeConfig(job_name="own", scrape_interval=30.0)
    assert source_interval(CONFIG, job, source) == (300.0 if source == "goroutineleak" else 30.0)


@pytest.mark.parametrize("source", ["metrics", "process", *(kind.value for kind in Kind)])
def test_a_source_has_its_own_way(source: str) -> None:
    """Each key of `intervals` is honoured."""
    job = ScrapeConfig(job_name="own", intervals=IntervalsConfig(**{source: 7.0}))
    assert source_interval(CONFIG, job, source) == 7.0


@pytest.mark.parametrize(
    ("seconds", "job"),
    [
        (60.0, PLAIN),
        (5.0, ScrapeConfig(job_name="a", intervals=IntervalsConfig(metrics=5.0))),
        (60.0, ScrapeConfig(job_name="a", metrics_path="", intervals=IntervalsConfig(metrics=5.0))),
        (60.0, ScrapeConfig(job_name="a", intervals=IntervalsConfig(mutex=5.0))),
        (5.0, ScrapeConfig(job_name="a", intervals=IntervalsConfig(process=5.0))),
        (600.0, ScrapeConfig(job_name="a", metrics_path="", profiles=(Kind.GOROUTINELEAK,))),
        (60.0, ScrapeConfig(job_name="a", metrics_path="", pprof_path="", process=ProcessConfig(pid=1))),
        (60.0, ScrapeConfig(job_name="a", metrics_path="", pprof_path="")),
    ],
)
def test_a_target_is_read_at_the_shortest_interval_of_what_is_read(seconds: float, job: ScrapeConfig) -> None:
    """Intervals of sources that the job does not read count for nothing."""
    assert seconds == base_interval(CONFIG, job)


def test_a_timeout_never_passes_the_next_slot() -> None:
    """The global timeout is cut to a job's shorter interval, be it of one source only."""
    assert scrape_timeout(CONFIG, ScrapeConfig(job_name="a", scrape_interval=3.0)) == 3.0
    assert scrape_timeout(CONFIG, ScrapeConfig(job_name="a", intervals=IntervalsConfig(heap=2.0))) == 2.0
