"""What applies in place of what a configuration leaves out."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from leakdog.cli.effective import effective, idle, words
from leakdog.config.load import loads
from leakdog.config.schema import ProcessConfig
from leakdog.config.show import plain, show

JOB = "scrape_configs: [{job_name: a, profiles: [heap, goroutine, goroutineleak, allocs, threadcreate, block, mutex]}]"


def left_out(section: Any) -> set[str]:
    """Names of all keys that have no value, in a section and below it; which process is meant is not asked."""
    if isinstance(section, tuple):
        return set().union(*map(left_out, section))
    if not is_dataclass(section) or isinstance(section, ProcessConfig):
        return set()
    values = {each.name: getattr(section, each.name) for each in fields(section)}
    return {name for name, value in values.items() if value is None}.union(*map(left_out, values.values()))


def test_every_option_has_a_value_or_words() -> None:
    """Whatever is added to the schema; but for processes, which a job names or does not."""
    for preset in ("production", "soak"):
        config = loads(f"detection: {{preset: {preset}}}\n{JOB}", "f")
        assert left_out(effective(config)) - {"process"} <= set(words(config))


def test_what_follows_something_else_is_followed() -> None:
    """Another key, the preset, and what of it a key of one's own would set."""
    text = "global: {scrape_interval: 30s}\nstorage: {retention: {time: 9d}}\n" + JOB
    config = loads(text, "f")
    shown = show(config, effective(config), words(config), idle(config))
    for line in (
        "      # time: 9d",
        "      # size: 2GB",
        "    # leaks.time: 9d",
        "  # false_alarms_per_year: 3.2",
        "  # hold_time: 1h until it fires, 12h until it resolves",
        "  # min_growth_ratio: 0.05",
        "  # min_growth_bytes: 1MiB",
        "  # min_growth_count: 20",
        "  # interval: 30s",
        "  # scrape_interval: 30s",
        "  # scrape_timeout: 10s",
        "  # body_size_limit: 32MiB",
        "  # intervals.metrics: 30s",
        "  # intervals.heap: 2m30s",
        "  # intervals.goroutineleak: 5m",
    ):
        assert line in shown.splitlines(), line
    assert loads(shown, "shown") == config


def test_what_is_set_is_no_comment() -> None:
    """It is shown as it was written, and what it sets beside is not told apart any more."""
    config = loads("detection: {preset: soak, hold_time: 5s, min_growth_bytes: 2MiB}", "f")
    lines = show(config, effective(config), words(config)).splitlines()
    assert {"  hold_time: 5s", "  min_growth_bytes: 2MiB", "  # false_alarms_per_year: not under preset soak"} <= {
        *lines
    }
    assert not any("# hold_time" in line or "# min_growth_bytes" in line for line in lines)
    soak = loads("detection: {preset: soak}", "f")
    assert words(soak)["min_growth_bytes"] == "512KiB, 4MiB for what holds garbage"


def test_what_is_not_read_has_no_interval() -> None:
    """Neither a metrics page nor profiles of a job that has no path for them."""
    config = loads("scrape_configs: [{job_name: a, metrics_path: '', pprof_path: '', process: {pid: 7}}]", "f")
    (job,) = effective(config).scrape_configs
    assert (job.intervals.process, job.intervals.metrics, job.intervals.heap) == (60.0, None, None)


def test_ages_that_nothing_reaches_do_not_stand_as_if_they_applied() -> None:
    """A comment says why, beside the value where it is not the default; JSON leaves it out. It reads back."""
    text = "storage: {retention: {time: 1d, numbers: {raw: 1d}, profiles: {time: 2d}}}"
    config = loads(text, "f")
    shown = show(config, effective(config), words(config), idle(config))
    numbers, profiles = shown.split("    numbers:\n")[1].split("    leaks:")[0].split("    profiles:\n")
    assert numbers.splitlines()[2:] == [
        "      # raw: 1d is not reached, as they are deleted at 1d",
        "      raw: 1d",
        "      # five_minutes: 2w is not reached, as they are deleted at 1d",
    ]
    assert profiles.splitlines() == [
        "      time: 2d",
        "      # size: 2GB",
        "      dense: 1d",
        "      # hourly: 1w is not reached, as they are deleted at 2d",
    ]
    assert loads(shown, "shown") == config
    assert plain(effective(config), idle(config))["storage"]["retention"]["profiles"].keys() == {
        "time",
        "size",
        "dense",
    }
    assert not idle(loads("{}", "f"))


def test_a_section_of_which_nothing_applies_is_read_back_too() -> None:
    """It has comments alone."""
    config = loads("storage: {retention: {time: 1h}}", "f")
    assert loads(show(config, effective(config), words(config), idle(config)), "shown") == config
