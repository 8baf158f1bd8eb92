"""Every fallback between keys is followed in one place."""

from dataclasses import replace

import pytest

from leakdog.config.resolve import (
    base_interval,
    body_size_limit,
    dense_interval,
    judged_interval,
    of_whole_user,
    scrape_interval,
    scrape_timeout,
    source_interval,
)
from leakdog.config.schema import (
    Config,
    DenseConfig,
    DetectionConfig,
    GlobalConfig,
    IntervalsConfig,
    Preset,
    ProcessConfig,
    ScrapeConfig,
)
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
def test_numbers_are_read_always_and_profiles_seldom(source: str) -> None:
    """Profiles come every fifth time; a goroutineleak profile forces a collection and comes every tenth."""
    job = ScrapeConfig(job_name="own", scrape_interval=30.0)
    times = {"metrics": 1, "process": 1, "goroutineleak": 10}.get(source, 5)
    assert source_interval(CONFIG, job, source) == 30.0 * times


def test_profiles_are_read_always_where_they_are_all_there_is() -> None:
    """Without cheaper numbers, by configuration or as the target turned out, and under soak."""
    alone = ScrapeConfig(job_name="alone", metrics_path="")
    local = ScrapeConfig(job_name="local", metrics_path="", process=ProcessConfig(pid=1))
    soak = replace(CONFIG, detection=DetectionConfig(preset=Preset.SOAK))
    assert source_interval(CONFIG, alone, "heap") == 60.0
    assert source_interval(CONFIG, local, "heap") == 300.0
    assert source_interval(CONFIG, PLAIN, "heap", profiles_alone=True) == 60.0
    assert source_interval(CONFIG, PLAIN, "goroutineleak", profiles_alone=True) == 600.0
    assert source_interval(soak, PLAIN, "heap") == 60.0


def test_what_is_judged_is_as_seldom_as_the_job_that_is_read_most_seldom() -> None:
    """By its numbers, heap and goroutines; what only proves a leak, or tells nothing of one, holds nobody up."""
    soak = replace(CONFIG, detection=DetectionConfig(preset=Preset.SOAK))
    often = ScrapeConfig(job_name="often", scrape_interval=1.0, profiles=(Kind.HEAP, Kind.GOROUTINELEAK, Kind.MUTEX))
    slow_proof = replace(often, intervals=IntervalsConfig(goroutineleak=60.0, mutex=90.0))
    slow_heap = replace(often, intervals=IntervalsConfig(heap=30.0))
    for jobs, seconds in (((), 60.0), ((often,), 1.0), ((slow_proof,), 1.0), ((often, slow_heap), 30.0)):
        assert judged_interval(replace(soak, scrape_configs=jobs)) == seconds


@pytest.mark.parametrize(("given", "seconds"), [(None, 60.0), (120.0, 120.0), (5.0, 60.0)])
def test_suspects_are_read_no_more_often_than_numbers_are(given: float | None, seconds: float) -> None:
    """The dense interval follows scrape_interval and is never shorter."""
    assert dense_interval(replace(CONFIG, dense=DenseConfig(interval=given)), PLAIN) == seconds


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


def test_a_whole_user_is_watched_where_nothing_else_is_said_of_processes() -> None:
    """A name, a pid or an address means that one."""
    for process, whole in (
        (ProcessConfig(user="shop"), True),
        (ProcessConfig(user="shop", name="etcd"), False),
        (ProcessConfig(pid=1), False),
        (None, False),
    ):
        assert of_whole_user(ScrapeConfig(job_name="a", process=process)) is whole
