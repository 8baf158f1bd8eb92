"""The alerts of a replayed history as a table that fits the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from leakdog.cli.tables import print_table, width
from leakdog.report.words import human_duration, human_rate, human_time, inert

if TYPE_CHECKING:
    from leakdog.detect.replay import Alert, Replayed
    from leakdog.model import Unit

LIMIT, WHY, SERIES = "LIMIT IN", "WHY", "SERIES"
LEAST_NAME = 16  # columns in which the names of series can be read, folded
GAP = 2  # columns between two


def print_alerts(results: Sequence[Replayed], units: Sequence[Unit]) -> None:
    """The alerts as a table of what fits into a line, and how many series have none."""
    from rich.table import Table
    from rich.text import Text

    rows = [_row(each.name, alert, unit) for each, unit in zip(results, units, strict=True) for alert in each.alerts]
    names = fitting(rows, width())
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        last = name == names[-1]
        table.add_column(name, no_wrap=not last, overflow="fold", ratio=1 if last else None)
    for row in rows:
        table.add_row(*(Text(inert(row[name])) for name in names))
    if rows:
        print_table(table)
    quiet = sum(not each.alerts for each in results)
    verdicts = sorted({each.verdict.value for each in results if not each.alerts})
    told = f" ({', '.join(verdicts).replace('_', ' ')})" if verdicts else ""
    print(f"{len(results) - quiet or 'no'!s} series with an alert, {quiet:,} without{told}")


def _row(name: str, alert: Alert, unit: Unit) -> dict[str, str]:
    """An alert as cells, by the headings of their columns."""
    seen = alert.assessment
    left = seen.time_to_limit_seconds
    start, end = (None if each is None else human_time(each).removesuffix(" UTC") for each in (alert.start, alert.end))
    return {
        "FROM (UTC)": start or "",
        "TO (UTC)": end or "still fires",
        "GROWTH": human_rate(seen.growth_per_second, unit),
        LIMIT: "" if left is None else human_duration(left),
        WHY: seen.reasons[0],
        SERIES: name,
    }


def fitting(rows: Sequence[dict[str, str]], width: int) -> list[str]:
    """The columns that fit beside each other, the name of the series last: the reason is left out first."""
    if not rows:
        return []
    empty = {LIMIT} if not any(row[LIMIT] for row in rows) else set()
    names: list[str] = []
    for left_out in (empty, empty | {WHY}, {WHY, LIMIT}):
        names = [name for name in rows[0] if name not in left_out]
        widths = [max(len(name), *(len(row[name]) for row in rows)) for name in names]
        if WHY in left_out:  # what is left may have a name folded
            widths[-1] = min(widths[-1], LEAST_NAME)
        if sum(widths) + GAP * (len(widths) - 1) <= width:
            break
    return names
