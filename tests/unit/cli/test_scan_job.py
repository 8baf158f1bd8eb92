"""What a scan reads: addresses, processes, and the configuration that is made of them."""

from __future__ import annotations

import pytest

from leakdog.cli.scan_job import PATIENCE_SECONDS, job_for, scan_config, without_collections
from leakdog.config.resolve import scrape_timeout
from leakdog.config.schema import Backend, Preset, ProcessConfig
from leakdog.model import Kind


@pytest.mark.parametrize(
    ("url", "pprof_path", "text"),
    [
        ("http://127.0.0.1:6060", "/debug/pprof", "127.0.0.1:6060"),
        ("http://127.0.0.1:6060", "/debug/pprof", "http://127.0.0.1:6060/"),
        ("http://127.0.0.1:6060", "/debug/pprof", "http://127.0.0.1:6060/debug/pprof/heap"),
        ("http://[::1]:6060", "/debug/pprof", "[::1]:6060"),
        ("http://shop:80", "/debug/pprof", "http://shop"),
        ("https://shop:443", "/pprof", "https://shop/pprof/"),
        ("http://shop:6060", "/internal/pprof", "shop:6060/internal/pprof"),
    ],
)
def test_a_target_may_be_an_address(url: str, pprof_path: str, text: str) -> None:
    """With or without scheme, port and path; the name of a profile at its end is left out."""
    job = job_for(text)
    assert f"{job.scheme}://{job.static_configs[0].targets[0]}" == url
    assert job.pprof_path == pprof_path


def test_a_target_may_be_a_process() -> None:
    """A number is a process id; what looks like no address is the name of a process."""
    assert job_for("4711").process == ProcessConfig(pid=4711)
    assert job_for("etcd").process == ProcessConfig(name="etcd")
    assert job_for("postgres: writer").process == ProcessConfig(name="postgres: writer")


def test_a_scan_keeps_nothing_and_judges_as_a_soak_run() -> None:
    """The store is memory, the preset soak."""
    config = scan_config(job_for("etcd"), 0.5)
    assert (config.storage.backend, config.detection.preset) == (Backend.MEMORY, Preset.SOAK)
    assert config.global_.scrape_interval == 0.5


@pytest.mark.parametrize(("interval", "patience"), [(1.0, PATIENCE_SECONDS), (60.0, 60.0)])
def test_a_sample_may_take_longer_than_the_time_to_the_next(interval: float, patience: float) -> None:
    """Once a second is how often it is asked, not how soon a busy process has to answer."""
    config = scan_config(job_for("etcd"), interval)
    assert scrape_timeout(config, config.scrape_configs[0]) == patience


def test_a_job_without_collections_has_none_that_is_forced() -> None:
    """Neither before a heap profile nor for a goroutineleak profile; all else is as it was."""
    job = job_for("http://127.0.0.1:6060")
    quiet = without_collections(job)
    assert quiet.params == {"gc": ("0",)}
    assert {*job.profiles} - {*quiet.profiles} == {Kind.GOROUTINELEAK}
    assert quiet.static_configs == job.static_configs
