"""The engine of this repository, replayed."""

from __future__ import annotations

from collections.abc import Sequence

from bench.leakbench.score import Fired
from leakdog.detect.grid import History
from leakdog.detect.replay import replay
from leakdog.detect.settings import PRODUCTION
from leakdog.model import Signal


def detect(histories: Sequence[History]) -> list[list[Fired]]:
    """What the daemon would have announced."""
    return [
        [Fired(alert.start, alert.end, alert.assessment.time_to_limit_interval) for alert in each.alerts]
        for each in replay(histories, Signal.RSS, PRODUCTION)
    ]
