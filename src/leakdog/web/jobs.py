"""The jobs of a large fleet as a table, and which of a job's targets are listed: thousands of rows help nobody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from urllib.parse import urlencode

from leakdog.model import LeakState, Signal
from leakdog.pipeline.state import Watched
from leakdog.report.words import human_bytes
from leakdog.web.document import table, text

# More targets than this are shown by job first.
LISTED = 200


def address(job: str | None = None, *, refresh: bool = True) -> str:
    """The overview, of one job if that is given; `refresh` as for `leakdog.web.overview.overview`."""
    asked = ({} if job is None else {"job": job}) | ({} if refresh else {"refresh": "off"})
    return f"/?{urlencode(asked, errors='replace')}" if asked else "/"


def listed(targets: Iterable[Watched]) -> list[Watched]:
    """The targets that are shown: those that leak first, then those that are down, then the others, by name."""
    return sorted(targets, key=lambda watched: (not _leaks(watched), watched.up is not False, watched.key))[:LISTED]


def jobs_table(targets: Sequence[Watched], *, refresh: bool = True) -> str:
    """A row for each job: how many targets it has, how many leak or are down, and what memory they have in all.

    Its page is read again by the browser where this one is.
    """
    rows = []
    for job, of in groupby(sorted(targets, key=lambda watched: watched.key), key=lambda watched: watched.key.job):
        mine = list(of)
        memory = sum(watched.values.get(Signal.RSS, 0.0) for watched in mine)
        rows.append(
            (
                f'<a class=name href="{text(address(job, refresh=refresh))}">{text(job)}</a>',
                f"{len(mine):,}",
                _count(sum(map(_leaks, mine)), "firing"),
                _count(sum(watched.up is False for watched in mine), "down"),
                human_bytes(memory) if memory else "",
            )
        )
    return table(("Job", "Targets", "Leaking", "Down", "Memory"), rows)


def _leaks(watched: Watched) -> bool:
    return any(leak.state is LeakState.FIRING for leak in watched.leaks.values())


def _count(number: int, style: str) -> str:
    return f"<span class={style}>{number:,}</span>" if number else ""
