"""What tests of the configuration share: problems as short lines, and configurations made at random."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import strategies as st

from leakdog.config.check import LEAST_MEMORY
from leakdog.config.keys import Key, keys_of
from leakdog.config.load import loads
from leakdog.config.schema import Config, GlobalConfig, ProcessConfig
from leakdog.errors import ConfigError

_LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))
_VERBATIM = st.text(_LETTERS, max_size=8)
_NAMES = st.sampled_from(["tenant", "on", "1", "a b", "\u00e9", "", "<>"])  # none that looks secret
_VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "duration": st.integers(1, 10**12).map(lambda milliseconds: milliseconds / 1000),
    "size": st.integers(1, 2**63 - 1),
    "count": st.integers(1, 2**31),
    "ratio": st.floats(0, 100, allow_subnormal=False),
    "positive": st.floats(1e-6, 100),
    "port": st.integers(1, 65535),
    "text": st.text(_LETTERS, min_size=1, max_size=8).filter(str.strip),
    "regex": st.sampled_from(["a.b", "^x$", "on", "1:30", "[a-z]+ #"]),
    "code": st.sampled_from(["github.com/acme/shop", "shop", "/srv/shop", "on"]),
    "metric": st.sampled_from(["http_requests_total", "a:b", "on"]),
    "path": st.sampled_from(["", "/", "/metrics", "/a%20b/"]),
    "base_path": st.sampled_from(["", "/", "/debug/pprof"]),
    "host_port": st.sampled_from(["shop-1:6060", "10.0.0.7:1", "[::1]:65535"]),
    "labels": st.dictionaries(st.sampled_from(["zone", "_", "Rack2", "on"]), _VERBATIM, max_size=3),
    "params": st.dictionaries(_NAMES, st.lists(_VERBATIM, max_size=2).map(tuple), max_size=3),
}


def _value(key: Key) -> st.SearchStrategy[Any]:
    if key.form == "section":
        one = _section(key.type)
    elif key.form == "choice":
        one = st.sampled_from([key.type(choice) for choice in key.choices])
    else:
        one = _VALUES[key.form]
    many = st.lists(one, max_size=3, unique=key.form != "section").map(tuple) if key.many else one
    return st.none() | many if key.optional else many


def _section(section: type) -> st.SearchStrategy[Any]:
    return st.builds(section, **{key.attribute: _value(key) for key in keys_of(section).values()})


def _consistent(config: Config) -> bool:
    """Whether the rules between keys hold, which values made one by one often break."""
    jobs = config.scrape_configs
    return (
        len({job.job_name for job in jobs}) == len(jobs)
        and all(job.process != ProcessConfig() for job in jobs)
        and all(job.scrape_timeout is None for job in jobs)
        and all(job.metrics_path for job in jobs)
        and all(job.memory_limit is None or job.memory_limit >= LEAST_MEMORY for job in jobs)
        and all(len(job.static_configs) < 2 for job in jobs)
    )


def _in_order(config: Config) -> Config:
    """The same with its ages in order, which values made one by one seldom are."""
    kept = config.storage.retention
    raw, five_minutes = sorted((kept.numbers.raw, kept.numbers.five_minutes))
    dense, hourly = sorted((kept.profiles.dense, kept.profiles.hourly))
    numbers = replace(kept.numbers, raw=raw, five_minutes=five_minutes, time=_at_least(five_minutes, kept.numbers.time))
    profiles = replace(kept.profiles, dense=dense, hourly=hourly, time=_at_least(hourly, kept.profiles.time))
    time = max(kept.time, five_minutes, hourly)
    return replace(
        config,
        storage=replace(config.storage, retention=replace(kept, time=time, numbers=numbers, profiles=profiles)),
    )


def _at_least(age: float, given: float | None) -> float | None:
    return None if given is None else max(age, given)


@pytest.fixture(scope="session")
def configurations() -> st.SearchStrategy[Config]:
    """Any configuration that can be written down and keeps the rules between its keys."""
    timed = st.tuples(_VALUES["duration"], _VALUES["duration"]).map(sorted)
    global_ = st.builds(
        lambda times, size, count: GlobalConfig(
            scrape_timeout=times[0], scrape_interval=times[1], body_size_limit=size, max_concurrent_scrapes=count
        ),
        timed,
        _VALUES["size"],
        _VALUES["count"],
    )
    others = {key.attribute: _value(key) for key in keys_of(Config).values() if key.name != "global"}
    assert {field.name for field in fields(Config)} == {"global_", *others}
    return st.builds(Config, global_=global_, **others).map(_in_order).filter(_consistent)


@pytest.fixture(scope="session")
def problems_of() -> Callable[[str], list[str]]:
    """`line:column: message` of each problem of a text; empty where there is none."""

    def problems(text: str) -> list[str]:
        try:
            loads(text, "f")
        except ConfigError as error:
            return [str(problem).removeprefix("f:") for problem in error.problems]
        return []

    return problems
