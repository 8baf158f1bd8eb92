"""A configuration file to a `Config`, or to everything that is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from leakdog.config.check import cross_check
from leakdog.config.marks import compose
from leakdog.config.reader import Places, Reader
from leakdog.config.schema import Config, Preset, ProcessConfig, ScrapeConfig, StorageConfig
from leakdog.errors import ConfigError, Problem

# A hundred thousand targets take 3 MB; what is larger is no configuration and may be an endless device.
MAX_FILE_BYTES = 16 << 20
SOAK_SCRAPE_INTERVAL = 1.0


def load(path: str) -> Config:
    """Read a file.

    Raises:
        ConfigError: the file cannot be read, is not UTF-8, or does not hold a usable configuration.

    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise _whole(path, f"the configuration cannot be read: {why}; check the path and its permissions") from error
    if len(data) > MAX_FILE_BYTES:
        raise _whole(path, f"the file is larger than {MAX_FILE_BYTES >> 20} MiB, which no configuration is")
    try:
        return loads(data.decode(), path)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise ConfigError([Problem(path, line, column, message)]) from error


def loads(text: str, file: str) -> Config:
    """Read a text; `file` is what messages call it.

    Raises:
        ConfigError: with every problem that was found, in the order of the file.

    """
    root, problems = compose(text, file)
    if root is None:
        raise ConfigError([Problem(file, 1, 1, "the file is empty; the least that is valid is 'scrape_configs: []'")])
    reader = Reader(file)
    config = _follow(reader.section(root, Config, ()), reader.places)
    for path, message in cross_check(config, reader.places):
        reader.report(reader.places.marks[path], path, message)
    problems += reader.problems
    if problems:
        raise ConfigError(sorted(set(problems), key=lambda one: (one.line, one.column, one.message)))
    return config


def default_config(user: str, state_directory: str) -> Config:
    """What applies without a file: all processes of `user`, by their memory; data in `state_directory`."""
    job = ScrapeConfig(
        job_name="processes", metrics_path="", pprof_path="", profiles=(), process=ProcessConfig(user=user)
    )
    return Config(storage=StorageConfig(path=state_directory), scrape_configs=(job,))


def _follow(config: Config, places: Places) -> Config:
    """Fill in what follows from other keys: the preset sets the interval, the interval bounds the timeout."""
    interval, timeout = config.global_.scrape_interval, config.global_.scrape_timeout
    if config.detection.preset is Preset.SOAK and not places.given(("global", "scrape_interval")):
        interval = SOAK_SCRAPE_INTERVAL
    if not places.given(("global", "scrape_timeout")):
        timeout = min(timeout, interval)
    return replace(config, global_=replace(config.global_, scrape_interval=interval, scrape_timeout=timeout))


def _whole(file: str, message: str) -> ConfigError:
    return ConfigError([Problem(file, 0, 0, message)])
