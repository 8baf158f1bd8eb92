"""The table of alerts."""

from __future__ import annotations

import pytest

from leakdog.cli.alerts import LIMIT, WHY, fitting, print_alerts
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


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize("end", [None, 1.7e9 + 7200])
def test_an_alert_is_one_line_but_for_its_name(
    columns: int, end: float | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a terminal of 80 or 100 columns no time and no number is broken; a long name is folded, and stays whole."""
    monkeypatch.setenv("COLUMNS", str(columns))
    print_alerts([replayed(end=end)], [Unit.BYTES])
    head, first, *more, count = capsys.readouterr().out.splitlines()
    assert max(map(len, (head, first, *more))) <= columns
    assert first.startswith("2023-11-14 22:13:20  " + ("2023-11-15 00:13:20" if end else "still fires"))
    assert "17.6 KiB/min" in first
    folded = "".join(line[head.index("SERIES") :].strip() for line in (first, *more))
    assert folded.replace(" ", "") == NAME.replace(" ", "")
    assert head.startswith("FROM (UTC)")
    assert WHY not in head
    assert count == "1 series with an alert, 0 without"


def test_where_there_is_room_the_reason_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a file, which has any width."""
    monkeypatch.delenv("COLUMNS")
    print_alerts([replayed()], [Unit.BYTES])
    assert "in 7 of 7 steps" in capsys.readouterr().out.splitlines()[1]


def test_what_fits_is_kept() -> None:
    """The reason goes first, then the limit; a limit that no series has takes no room."""
    row = {
        "FROM (UTC)": "x" * 19,
        "TO (UTC)": "still fires",
        "GROWTH": "1 B/s",
        LIMIT: "2 h",
        WHY: "y" * 90,
        "SERIES": "a",
    }
    names = {width: fitting([row], width) for width in (300, 80, 50)}
    assert names[300] == list(row)
    assert names[80] == [name for name in row if name != WHY]
    assert names[50] == [name for name in row if name not in (WHY, LIMIT)]
    assert LIMIT not in fitting([row | {LIMIT: ""}], 300)


def test_a_series_says_nothing_to_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """What is in a name is told as text, and is no markup."""
    odd = replayed()
    odd.name = "a[red]\x1b[31m"
    print_alerts([odd], [Unit.BYTES])
    assert "a[red]\\u001b[31m" in "".join(capsys.readouterr().out.split())
