"""Tracing for the tests of `leakdog.expose`."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest


@pytest.fixture
def tracing() -> Iterator[None]:
    """tracemalloc runs during the test."""
    tracemalloc.start(16)
    yield
    tracemalloc.stop()
