"""The alerts of a replayed history as a table that fits the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from leakdog.cli.tables import Row, fits, print_rows
from leakdog.model import Verdict
from leakdog.report.words import human_duration, human_rate, human_time, inert, wrapped

if TYPE_CHECKING:
    from leakdog.config.schema import Preset
    from leakdog.detect.replay import Alert, Replayed
    from leakdog.model import Unit

LIMIT = "LIMIT IN"
NAMED = 5  # of series of which it is too early to say
PENDING = "leak pending"


def print_alerts(results: Sequence[Replayed], units: Sequence[Unit]) -> None:
    """A line for each alert; where it has no room its series and the reason stand below. And how many have none."""
    from rich.text import Text

    told = [(each, alert, unit) for each, unit in zip(results, units, strict=True) for alert in each.alerts]
    limits = any(alert.assessment.time_to_limit_seconds is not None for _, alert, _ in told)
    headings = ("FROM (UTC)", "TO (UTC)", "GROWTH", *((LIMIT,) if limits else ()))
    rows, whole = [], []
    for each, alert, unit in told:
        cells = tuple(map(Text, _cells(alert, unit)))[: len(headings)]
        name, why = inert(each.name), inert(alert.assessment.reasons[0])
        rows.append(Row(cells, (name, why)))
        whole.append(Row((*cells, Text(why)), (name,)))
    if rows and fits((*headings, "WHY"), whole):
        print_rows((*headings, "WHY"), whole, "SERIES")
    elif rows:
        print_rows(headings, rows, "SERIES, AND WHY")
    quiet = sum(not each.alerts for each in results)
    verdicts = sorted({_verdict(each) for each in results if not each.alerts})
    known = f" ({', '.join(verdicts)})" if verdicts else ""
    print(f"{len(results) - quiet or 'no'!s} series with an alert, {quiet:,} without{known}")


def print_too_early(results: Sequence[Replayed], lengths: Sequence[float], preset: Preset) -> None:
    """Of each series of which it is too early to say, how long it is, and how long it must be; the nearest to it first.

    Args:
        lengths: of the series, in seconds.
        preset: under which they were judged.

    """
    short = [(_wait(each), length, each.name) for each, length in zip(results, lengths, strict=True) if _is_short(each)]
    for wait, length, name in sorted(short)[:NAMED]:
        needs = human_duration(math.ceil(length + wait)) if wait >= 1 else "a few readings more"
        has = human_duration(math.floor(length))
        print(
            "\n".join(wrapped(f"too early to say of {inert(name)}: it lasts {has}, a verdict needs {needs} ({preset})"))
        )
    if len(short) > NAMED:
        print(f"and of {len(short) - NAMED:,} more")


def _is_short(result: Replayed) -> bool:
    return result.verdict is Verdict.TOO_EARLY and not result.alerts and result.last is not None


def _wait(result: Replayed) -> float:
    """Seconds that a series must go on until it can be judged."""
    last = result.last
    return last.ready_at - last.time if last is not None and last.ready_at is not None else 0.0


def _verdict(result: Replayed) -> str:
    """The last verdict of a series without an alert: a leak that has not stood for long enough is pending."""
    return PENDING if result.verdict is Verdict.LEAK else result.verdict.value.replace("_", " ")


def _cells(alert: Alert, unit: Unit) -> tuple[str, str, str, str]:
    """When it began and was over, how fast it grew, and when its limit was to be reached."""
    seen = alert.assessment
    left = seen.time_to_limit_seconds
    start, end = (None if each is None else human_time(each).removesuffix(" UTC") for each in (alert.start, alert.end))
    limit = "" if left is None else human_duration(left)
    return start or "", end or "still fires", human_rate(seen.growth_per_second, unit), limit
