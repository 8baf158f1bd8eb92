"""Targets that only exist on paper, and a store in memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leakdog.config.schema import ScrapeConfig, StaticConfig
from leakdog.model import Target, TargetKey
from leakdog.pipeline.state import Watched

MakeJob = Callable[..., ScrapeConfig]


@pytest.fixture
def job() -> MakeJob:
    """A job of these addresses, with changes."""

    def make(*addresses: str, **changes: object) -> ScrapeConfig:
        return ScrapeConfig(job_name="shop", static_configs=(StaticConfig(targets=addresses),), **changes)

    return make


@pytest.fixture
def watched(job: MakeJob) -> Watched:
    """A target of which nothing is known yet."""
    address = "10.0.0.7:6060"
    return Watched(Target(TargetKey("shop", address), base_url=f"http://{address}"), job(address))
