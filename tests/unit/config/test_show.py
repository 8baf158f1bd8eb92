"""The effective configuration is written so that it reads back, secrets apart."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leakdog.config.load import default_config, loads
from leakdog.config.schema import Config, IntervalsConfig, ScrapeConfig
from leakdog.config.show import plain, show


def test_defaults_are_filled_in_and_written_as_people_do() -> None:
    """Durations have units, sizes too, and nothing that follows something else is shown as none."""
    assert show(Config()) == (
        "global:\n"
        "  scrape_interval: 1m\n"
        "  scrape_timeout: 10s\n"
        "  body_size_limit: 32MiB\n"
        "  max_concurrent_scrapes: 64\n"
        "storage:\n"
        "  backend: sqlite\n"
        "  path: data\n"
        "  retention:\n"
        "    time: 30d\n"
        "    size: 2GB\n"
        "    numbers:\n"
        "      raw: 2d\n"
        "      five_minutes: 2w\n"
        "    profiles:\n"
        "      dense: 1d\n"
        "      hourly: 1w\n"
        "    leaks: {}\n"
        "  evidence:\n"
        "    leak_size: 16MiB\n"
        "    size: 256MiB\n"
        "detection:\n"
        "  preset: production\n"
        "dense:\n"
        "  duration: 15m\n"
        "  cool_down: 6h\n"
        "  per_job: 3\n"
        "scrape_configs: []\n"
    )


@pytest.mark.parametrize(
    "text", ["{}", "detection: {preset: soak}", "scrape_configs: [{job_name: '1e3', params: {a: [1, on, 0o7]}}]"]
)
def test_what_is_shown_loads_to_the_same(text: str) -> None:
    """Also what follows from a preset, and texts that look like numbers."""
    config = loads(text, "f")
    assert config == loads(show(config), "shown")


def test_the_default_without_a_file_can_be_written_down() -> None:
    """`config show` without a file gives a file to start from."""
    config = default_config("ada", "/home/ada/state")
    assert config == loads(show(config), "shown")


def test_what_applies_in_place_of_what_is_left_out_stands_in_comments() -> None:
    """A value where there is one, else words; in a section of comments alone they stand below it. It reads back."""
    job = ScrapeConfig(job_name="a")
    config = Config(scrape_configs=(job, replace(job, job_name="b", memory_limit=1 << 20)))
    told = replace(job, scrape_interval=60.0, intervals=IntervalsConfig(heap=300.0, goroutine=300.0))
    applies = replace(
        config,
        dense=replace(config.dense, interval=60.0),
        scrape_configs=(told, replace(told, job_name="b", memory_limit=1 << 20)),
    )
    shown = show(config, applies, {"memory_limit": "as it tells"})
    assert "dense:\n  # interval: 1m\n  duration: 15m\n" in shown
    assert shown.count("  scheme: http\n  # scrape_interval: 1m\n  metrics_path: /metrics\n") == 2
    assert shown.count("  intervals: {}\n  # intervals.heap: 5m\n  # intervals.goroutine: 5m\n") == 2
    assert (shown.count("  # memory_limit: as it tells\n"), shown.count("  memory_limit: 1MiB\n")) == (1, 1)
    assert loads(shown, "shown") == config


@pytest.mark.parametrize(
    "name", ["token", "api_key", "X-Auth", "PASSWORD", "passwd", "client_secret", "credentials", "sessionid", "sig"]
)
def test_secret_parameters_are_hidden(name: str) -> None:
    """Values are replaced one by one, in YAML and in JSON."""
    config = Config(scrape_configs=(ScrapeConfig(job_name="a", params={name: ("hunter2", "hunter2")}),))
    assert plain(config)["scrape_configs"][0]["params"] == {name: ["<secret>", "<secret>"]}
    assert "hunter2" not in show(config)


def test_other_parameters_are_shown() -> None:
    """A name that looks like no secret hides nothing."""
    config = Config(scrape_configs=(ScrapeConfig(job_name="a", params={"tenant": ("main",)}),))
    assert plain(config)["scrape_configs"][0]["params"] == {"tenant": ["main"]}


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_any_configuration_survives_showing(data: st.DataObject, configurations: st.SearchStrategy[Config]) -> None:
    """Where nothing is hidden, YAML and JSON both load to an equal configuration."""
    config = data.draw(configurations)
    assert config == loads(show(config), "shown")
    assert config == loads(json.dumps(plain(config), ensure_ascii=False), "shown")
