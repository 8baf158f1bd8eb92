"""Made-up series, and what the engine says of them as they come in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from leakdog.detect.engine import assess
from leakdog.detect.group import Group
from leakdog.detect.settings import Settings
from leakdog.model import Assessment, Signal

sys.path.append(str(Path(__file__).parent))  # for `oracle`
Watch = Callable[..., list[Assessment]]
T0 = 1_750_000_000.0


@pytest.fixture
def watch() -> Watch:
    """Feed values at even steps, assess after each, and give all assessments."""

    def run(
        values: Sequence[float],
        settings: Settings,
        *,
        step: float = 1.0,
        signal: Signal = Signal.INUSE_SPACE,
        load: Sequence[float] | None = None,
        limit: float | None = None,
        age: float = 1.0,
        every: int = 1,
    ) -> list[Assessment]:
        group, out = Group(settings, 1), []
        for number, value in enumerate(values):
            now = T0 + number * step
            group.observe(now, [value], life_start=T0 - age, load=None if load is None else load[number])
            if number % every == 0 or number == len(values) - 1:
                out += assess(group, [signal], [limit], now)
        return out

    return run


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers, the same in every run."""
    return np.random.default_rng(20_240_501)
