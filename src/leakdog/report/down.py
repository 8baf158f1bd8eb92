"""What is not watched: targets that cannot be read, and what to do about it first; jobs of which none is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from leakdog.errors import Reason
from leakdog.report.leak import unix_time
from leakdog.report.words import human_moment, plural

TO_DO = "to do: "
REMEDIES = {
    Reason.TIMEOUT: "see whether it hangs; if it is slow, raise `scrape_timeout`, and "
    "`scrape_interval` if that is as short",
    Reason.DNS: "see whether the name of its host is right in the configuration, and whether it resolves here",
    Reason.CONNECT: "see whether it runs, and whether it listens at this address",
    Reason.TLS: "see whether its certificate is valid, and whether `scheme` of its job is right",
    Reason.HTTP: "see whether this is the port of its pprof or metrics pages, and `scheme` of its job is right",
    Reason.HTTP_STATUS: "ask for that page by hand; its address is made of `pprof_path`, `metrics_path` and `params`",
    Reason.REDIRECT_BLOCKED: "give the address that it sends to in the configuration, if that is meant",
    Reason.BODY_TOO_LARGE: "raise `body_size_limit`, if that much is meant to be read",
    Reason.DECODE: "ask for that page by hand: what it answers cannot be read",
    Reason.WRONG_TYPE: "see whether `pprof_path` and `metrics_path` of its job are right: another page is there",
    Reason.PROCESS_GONE: "see whether it runs; a process of another user can be read by root alone",
}


def unseen(reads: Sequence[float | None], targets: int, now: float) -> str:
    """That some of the targets are down, so that nothing is known of them, and since when; empty where none is.

    Args:
        reads: when each that is down was last read, unix seconds; None: not since the daemon was started.
        targets: how many there are in all.
        now: unix seconds.

    """
    if not reads:
        return ""
    known = sorted(read for read in reads if read is not None)
    never = len(reads) - len(known)
    since = "the daemon was started"
    if known:
        since = human_moment(known[0], now)
        since += " or later" if known[0] != known[-1] else ""
        since += f", and of {never} of them since the daemon was started" if never else ""
    of, them = ("is", "it") if len(reads) == 1 else ("are", "them")
    return f"{len(reads):,} of {plural(targets, 'target')} {of} down: nothing is known of {them} since {since}"


def idle(jobs: Sequence[str]) -> str:
    """That of some jobs no process was found, so that nothing is watched for them; empty where there are none."""
    if not jobs:
        return ""
    named = f"job{'' if len(jobs) == 1 else 's'} {', '.join(jobs)}"
    return f"no process of {named} was found: nothing that runs here matches `process` in the configuration"


def down_lines(target: Mapping[str, Any], now: float) -> Iterator[str]:
    """Of a target that is down, in the shape of the API: its last error, when it was last read, and what to do.

    Args:
        target: one of `/api/v1/targets`.
        now: unix seconds.

    """
    error = str(target.get("last_error") or "")
    yield error or "no reason told"
    if said := target.get("last_success"):
        yield f"last read {human_moment(unix_time(said), now)}"
    else:
        yield "not read since the daemon was started"
    reason = error.partition(":")[0]
    if reason in REMEDIES:
        yield f"{TO_DO}{REMEDIES[Reason(reason)]}"
