"""The benchmark of the detector keeps pace with the detector."""

import pytest
from bench.detect import incremental

from leakdog.detect.settings import PRODUCTION, SOAK, Settings


@pytest.mark.parametrize(("settings", "step"), [(PRODUCTION, 300.0), (SOAK, 1.0)])
def test_a_target_is_read_judged_and_put_away(settings: Settings, step: float) -> None:
    """Over as many readings as give verdicts, and the figures are told."""
    told = incremental(settings, "made", step, 80)
    assert told.startswith("incremental  made: ")
    assert "us per point (observe and assess, 12 signals at once)" in told
