"""The table of alerts."""

from __future__ import annotations

import pytest

from leakdog.cli.alerts import LIMIT, print_alerts
from leakdog.detect.replay import Alert, Replayed
from leakdog.model import Assessment, Signal, Unit, Verdict

NAME = "shop-of-the-platform-team/10.0.0.7:6060 inuse_space"


def replayed(*, left: float | None = 33.5 * 86400, end: float | None = None) -> Replayed:
    """A series with one alert."""
    reasons = ("grew 48.5 MiB in 48 h, 17.2 KiB/min (90% interval 16.3 KiB to 18.2 KiB), in 7 of 7 steps",)
    found = Assessment(
        Signal.RSS, 1.7e9, Verdict.LEAK, growth_per_second=300.0, time_to_limit_seconds=left, reasons=reasons
    )
    return Replayed(NAME, [Alert(1.7e9, found, end)], Verdict.LEAK)


WHY = "grew 48.5 MiB in 48 h, 17.2 KiB/min (90% interval 16.3 KiB to 18.2 KiB), in 7 of 7 steps"


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize("end", [None, 1.7e9 + 7200])
def test_an_alert_has_its_series_and_its_reason_below_it(
    columns: int, end: float | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a terminal of 80 or 100 columns no time, no number and no name is broken, and nothing is left out."""
    monkeypatch.setenv("COLUMNS", str(columns))
    print_alerts([replayed(end=end)], [Unit.BYTES])
    head, first, name, *why, count = capsys.readouterr().out.splitlines()
    assert max(map(len, (head, first, name, *why))) <= columns
    assert head.split() == ["FROM", "(UTC)", "TO", "(UTC)", "GROWTH", "LIMIT", "IN"]
    assert first.startswith("2023-11-14 22:13:20  " + ("2023-11-15 00:13:20" if end else "still fires"))
    assert "17.6 KiB/min" in first
    assert name == f"  {NAME}"
    assert " ".join(line.strip() for line in why) == WHY
    assert count == "1 series with an alert, 0 without"


def test_where_there_is_room_the_reason_is_beside_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a file, which has any width."""
    monkeypatch.delenv("COLUMNS")
    print_alerts([replayed()], [Unit.BYTES])
    head, only, _ = capsys.readouterr().out.splitlines()
    assert head.split()[-2:] == ["WHY", "SERIES"]
    assert only.rstrip().endswith(f"33 days 12 h  {WHY}  {NAME}")


def test_a_limit_that_no_series_has_takes_no_room(capsys: pytest.CaptureFixture[str]) -> None:
    """One that some have is told of these."""
    for left, told in (((None, None), False), ((None, 7200.0), True)):
        print_alerts([replayed(left=each) for each in left], [Unit.BYTES, Unit.BYTES])
        out = capsys.readouterr().out
        assert (LIMIT in out, "2 h" in out) == (told, told)


def test_a_leak_that_never_fired_is_pending(capsys: pytest.CaptureFixture[str]) -> None:
    """It is counted among those without an alert, and named for what it is; a verdict is told in plain words."""
    quiet = [Replayed("a", verdict=verdict) for verdict in (Verdict.LEAK, Verdict.TOO_EARLY)]
    print_alerts([replayed(), *quiet], [Unit.BYTES] * 3)
    assert capsys.readouterr().out.splitlines()[-1] == "1 series with an alert, 2 without (leak pending, too early)"


def test_a_series_says_nothing_to_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """What is in a name is told as text, and is no markup."""
    odd = replayed()
    odd.name = "a[red]\x1b[31m"
    print_alerts([odd], [Unit.BYTES])
    assert "a[red]\\u001b[31m" in "".join(capsys.readouterr().out.split())
