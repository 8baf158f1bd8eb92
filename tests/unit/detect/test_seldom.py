"""A soak run that is read more seldom than its finest block is long."""

from __future__ import annotations

import numpy as np
import pytest

from leakdog.config.schema import MIB, DetectionConfig, Preset
from leakdog.detect.history import History
from leakdog.detect.replay import replay
from leakdog.detect.settings import PRODUCTION, SOAK, settings_for
from leakdog.model import Signal, Verdict


@pytest.mark.parametrize("interval", [1.0, 3.0, 5.0, 10.0, 60.0])
def test_a_soak_run_is_judged_however_seldom_it_is_read(interval: float, rng: np.random.Generator) -> None:
    """A leak fires after 60 readings or 2 min and what is flat is steady, with slots that have some play."""
    settings = settings_for(DetectionConfig(preset=Preset.SOAK), interval)
    time = 1e9 + interval * (np.arange(120) + 0.2 * rng.random(120))
    flat = 40 * MIB + 0.1 * MIB * rng.standard_normal(120)
    leak, still = replay(
        [History("leak", time, flat + 0.5 * MIB * np.arange(120)), History("still", time, flat)], Signal.RSS, settings
    )
    assert leak.alerts[0].start - time[0] <= max(120.0, 60 * interval)
    assert (still.alerts, still.verdict) == ([], Verdict.STEADY)


@pytest.mark.parametrize(
    ("interval", "least"),
    [
        (2.0, [0.75, 0.75, 0.75, 0.75, 2.25, 2.25, 2.25]),
        (5.0, [0.75, 0.75, 2.25, 2.25, 2.25, 2.25, 2.25]),
        (60.0, [2.25] * 7),
    ],
)
def test_a_longer_look_back_asks_for_surer_evidence(interval: float, least: list[float]) -> None:
    """What is 8 min and more asks for 2.25, however many readings are in it: it has the time for that."""
    assert [look.least for look in settings_for(DetectionConfig(preset=Preset.SOAK), interval).looks] == least
    assert settings_for(DetectionConfig(preset=Preset.SOAK), 2.0) == SOAK


def test_spans_that_are_configured_are_not_stretched() -> None:
    """A hold time is one in seconds."""
    given = settings_for(DetectionConfig(preset=Preset.SOAK, hold_time=5.0), 60.0)
    assert (given.hold_seconds, given.resolve_seconds) == (5.0, 5.0)
    assert settings_for(DetectionConfig(), 600.0) == PRODUCTION
