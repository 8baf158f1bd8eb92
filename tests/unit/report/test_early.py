"""When targets can be judged, in words."""

from __future__ import annotations

import pytest

from leakdog.report.early import expected


@pytest.mark.parametrize(
    ("ready", "words"),
    [
        ([92.4], "a verdict can be expected in 32 s (1970-01-01 00:01:32 UTC)"),
        ([92.4, None, 92.1], "a verdict can be expected in 32 s (1970-01-01 00:01:32 UTC)"),
        (
            [92.4, 1260.0, 300.0],
            "the first verdict can be expected in 32 s (1970-01-01 00:01:32 UTC), "
            "the last in 20 min (1970-01-01 00:21:00 UTC)",
        ),
        ([50.0, 60.5], "a verdict can be expected with the next readings"),
        ([None], ""),
        ([], ""),
    ],
)
def test_the_first_and_the_last_are_told(ready: list[float | None], words: str) -> None:
    """As one where they come together; of what is not known yet nothing is told."""
    assert expected(ready, 60.0) == words
