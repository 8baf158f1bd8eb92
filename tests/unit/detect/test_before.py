"""States that the version before has stored; `testdata/before.json` was written by it.

It tells three series of 53 hours, the last five in a new life that had not settled: one read every 5 minutes, one every
15, and one that was not read in the last three hours. `lows` is what that version knew of them, hour by hour, when it
had read all three for 9 hours more.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from leakdog.detect.before import joined, read
from leakdog.detect.course import COUNT
from leakdog.detect.group import Group
from leakdog.detect.settings import PRODUCTION, SOAK, Settings, for_sites
from leakdog.errors import LeakdogError

STORED = json.loads((Path(__file__).parent / "testdata" / "before.json").read_text())
START = 3_600_000.0  # on the hour
HOUR = 3600.0


def series(name: str, settings: Settings) -> Group:
    """The three series as one group."""
    return joined([read(base64.b64decode(each), settings) for each in STORED[name]["states"]])


@pytest.mark.parametrize(("name", "settings"), [("signals", PRODUCTION), ("sites", for_sites(PRODUCTION))])
def test_courses_are_made_of_the_blocks(name: str, settings: Settings) -> None:
    """That version knew none: each block of a series is gone through."""
    group = series(name, settings)
    assert group.course is not None
    blocks = (~np.isnan(group.rings[-1].cells[:-1])).sum(1)
    assert group.course.read()[:, COUNT].tolist() == blocks.tolist()
    assert blocks.all()


@pytest.mark.parametrize(("name", "settings"), [("signals", PRODUCTION), ("sites", for_sites(PRODUCTION))])
def test_after_an_update_series_go_on_as_they_would_have(name: str, settings: Settings) -> None:
    """What was stored series by series settles, hides and shows the same blocks as it would have without an update."""
    group = series(name, settings)
    assert not group.settled.any()
    for number in range(53 * 12, 62 * 12):
        values = [1e6 * (row + 1) + 5e5 + number % 7 for row in range(3)]
        group.observe(START + 300 * number, values, life_start=START + 48 * HOUR, load=5.0)
    assert group.settled.all()
    lows = group.panel(len(settings.levels) - 1, int(START // HOUR) + 61).lows
    expected = np.array(STORED[name]["lows"], float)
    np.testing.assert_allclose(lows[:, -61:], expected, rtol=1e-6)


def test_load_is_kept() -> None:
    """All series of a target had the same load: it is kept once."""
    load = series("signals", PRODUCTION).rings[3].cells[-1]
    np.testing.assert_allclose(load[~np.isnan(load)], 5.5, rtol=0.01)
    assert np.isfinite(load).sum() == 47


def test_series_of_another_preset_are_refused() -> None:
    """As any state is that was kept on another time scale."""
    with pytest.raises(LeakdogError, match="another preset"):
        read(base64.b64decode(STORED["signals"]["states"][0]), SOAK)
