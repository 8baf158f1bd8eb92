"""Targets that are down, in words."""

from __future__ import annotations

import pytest

from leakdog.errors import FetchError, Reason
from leakdog.report.down import down_lines, unseen

READ = "2026-01-01T00:12:00.000Z"
NOW = 1767226320.0 + 3900.0  # so much later


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_has_something_to_do(reason: Reason) -> None:
    """Beside the error itself and when the target was last read."""
    target = {"last_error": str(FetchError(reason, "why")), "last_success": READ}
    error, read, remedy = down_lines(target, NOW)
    assert (error, read) == (f"{reason}: why", "last read 2026-01-01 00:12:00 UTC (1 h 5 min ago)")
    assert remedy.startswith("to do: ")


def test_what_was_never_read_is_told_as_that() -> None:
    """With no more than is known: a daemon's own error has no remedy here."""
    assert list(down_lines({"last_error": None}, NOW)) == ["no reason told", "not read since the daemon was started"]
    said = list(down_lines({"last_error": "leakdog itself failed, see its log"}, NOW))
    assert said == ["leakdog itself failed, see its log", "not read since the daemon was started"]


@pytest.mark.parametrize(
    ("reads", "since"),
    [
        ([None], "1 of 9 targets is down: nothing is known of it since the daemon was started"),
        ([50.0], "1 of 9 targets is down: nothing is known of it since 1970-01-01 00:00:50 UTC (10 s ago)"),
        ([50.0] * 2, "2 of 9 targets are down: nothing is known of them since 1970-01-01 00:00:50 UTC (10 s ago)"),
        (
            [50.0, None, 30.0],
            "3 of 9 targets are down: nothing is known of them since 1970-01-01 00:00:30 UTC (30 s ago) or later, "
            "and of 1 of them since the daemon was started",
        ),
        ([], ""),
    ],
)
def test_how_many_are_unseen_and_since_when(reads: list[float | None], since: str) -> None:
    """The earliest of several, which is said to be that; what was never read is counted apart."""
    assert unseen(reads, 9, 60.0) == since
