"""The status page as HTML text: a pure function of data, no script, all text made inert."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from leakdog.model import Leak, LeakClass, LeakState, Signal
from leakdog.pipeline.state import Watched
from leakdog.pipeline.unprofiled import unprofiled
from leakdog.report.down import idle, unseen
from leakdog.report.early import expected
from leakdog.report.leak import ENDED_SECONDS, UNWATCHED, gone_words, short_place
from leakdog.report.words import human_ago, human_duration, human_rate, human_time, plural
from leakdog.web.document import document, leak_kind, leak_state, table, text
from leakdog.web.jobs import LISTED, jobs_table, listed
from leakdog.web.jobs import address as overview_of
from leakdog.web.target import KEY, address, steady, value_of
from leakdog.web.views import frame_view

REFRESH_SECONDS = 15
_GROWS = {LeakClass.CACHE: "cache still fills", LeakClass.LOAD: "grows with load"}


def overview(
    targets: Sequence[Watched],
    leaks: Sequence[Leak],
    now: float,
    job: str | None = None,
    *,
    refresh: bool = True,
    ready: Sequence[float | None] | None = None,
    idle_jobs: Sequence[str] = (),
) -> str:
    """The status page: what leaks, then every target; of many their jobs first.

    Args:
        targets, leaks: all of them.
        now: unix seconds.
        job: keeps those of one job.
        refresh: whether the browser reads it again every `REFRESH_SECONDS`.
        ready: when each of `too_early` can be judged; None: asked here, which takes its time.
        idle_jobs: those of which no process was found.

    """
    if job is not None:
        targets = [watched for watched in targets if watched.key.job == job]
        leaks = [leak for leak in leaks if leak.key.job == job]
    if ready is None:
        ready = [watched.ready_at for watched in too_early(targets)]
    reads = [watched.last_success for watched in targets if watched.up is False]
    blind = f"<p class=down>{unseen(reads, len(targets), now)}.</p>" if reads else ""
    blind += _idle(idle_jobs)
    many = job is None and len(targets) > LISTED
    jobs = f"<h2>Jobs</h2>{jobs_table(targets, refresh=refresh)}" if many else ""
    every = text(overview_of(refresh=refresh))
    whole = f'<p>Job <b>{text(job)}</b>. <a href="{every}">All jobs</a>.</p>' if job is not None else ""
    body = [
        whole,
        blind,
        _leaks(leaks, targets, ready, now),
        jobs,
        _targets(targets, now, job),
        _as_of(now, job, refresh=refresh),
    ]
    title = _title(_found(leaks, now), targets, len(ready))
    return document(title, "".join(body), refresh_seconds=REFRESH_SECONDS if refresh else None)


def _title(found: str, targets: Sequence[Watched], early: int) -> str:
    """What was found, and of how many targets nothing is known: "no leaks" alone is a green light."""
    if not targets:
        return found or "no targets"
    down = sum(watched.up is False for watched in targets)
    if early and early == len(targets) and not found:
        return f"too early to say of {plural(early, 'target')}"
    unknown = [(down, "down"), (early, "too early to say")]
    told = [f"{count:,} of {plural(len(targets), 'target')} {words}" for count, words in unknown if count]
    return ", ".join([found or ("no leaks known" if told else "no leaks"), *told])


def too_early(targets: Iterable[Watched], job: str | None = None) -> list[Watched]:
    """Those that can be read, and of which it is too early to say; not what was known to leak before a restart."""
    of_job = (watched for watched in targets if job in (None, watched.key.job))
    seen = (watched for watched in of_job if watched.up is not False and watched.too_early)
    return [watched for watched in seen if not any(map(watched.leaks_as, watched.leaks))]


def _found(leaks: Sequence[Leak], now: float) -> str:
    """How many leaks there are of which kind; empty where there is no news of any."""
    fires = [leak for leak in leaks if leak.state is LeakState.FIRING]
    suspected = [leak for leak in leaks if leak.told_state is LeakState.PENDING]
    told = ((fires, "leaking"), (suspected, "suspected"))
    counts = [(sum(not leak.acknowledged for leak in of), words) for of, words in told]
    counts.append((sum(bool(leak.acknowledged) for leak in (*fires, *suspected)), "known"))
    ended = [leak for leak in leaks if leak.ended_with_process and UNWATCHED not in leak.reasons]
    gone = sum(now - (leak.process_ended or 0.0) < ENDED_SECONDS for leak in ended)
    counts.append((gone, f"ended with {'its process' if gone == 1 else 'their processes'}"))
    return ", ".join(f"{count} {words}" for count, words in counts if count)


def _leaks(leaks: Sequence[Leak], targets: Sequence[Watched], ready: Sequence[float | None], now: float) -> str:
    if not leaks:
        return f"<h2>Leaks</h2>{_none(targets, ready, now)}"
    known = {watched.key: watched for watched in targets}
    names = ("State", "Target", "Class", "Limit in", "Growth", "Since", "Code that holds it")
    rows = table(names, [_leak_row(leak, known.get(leak.key), now) for leak in leaks[:LISTED]])
    left = len(leaks) - LISTED
    more = f'<p>And {left:,} more; those that fire come first. <a href="/api/v1/leaks?by=job">All of them</a>.</p>'
    young = f"<p>Too early to say of {plural(len(ready), 'target')}{_when(ready, now)}.</p>" if ready else ""
    return f"<h2>Leaks</h2>{rows}{more if left > 0 else ''}{young}"


def _idle(jobs: Sequence[str]) -> str:
    """That nothing is watched for these jobs; empty where there are none."""
    told = KEY.sub(r"<code>\1</code>", text(idle(jobs)))
    return f"<p class=pending>{told[0].upper()}{told[1:]}.</p>" if told else ""


def _as_of(now: float, job: str | None, *, refresh: bool) -> str:
    """When the overview was told, and the link that stops it from being read again, or has it read again."""
    link = text(overview_of(job, refresh=not refresh))
    again = f'. <a href="{link}">Read it again every {REFRESH_SECONDS} s</a>'
    if refresh:
        again = f', read again every {REFRESH_SECONDS} s (<a href="{link}">stop that</a>)'
    return f"<p class=dim>As of {human_time(now)}{again}.</p>"


def _none(targets: Sequence[Watched], ready: Sequence[float | None], now: float) -> str:
    """That there are none, and of how many targets that is not known; it is good news only where it is known of all."""
    seen = sum(watched.up is not False for watched in targets)
    if not seen:
        return f"<p>None known: {'all targets are down' if targets else 'nothing is watched'}.</p>"
    down = len(targets) - seen
    of = f"{'the other ' if down else ''}{plural(seen, 'target')}"
    when = _when(ready, now)
    if ready and len(ready) == seen:
        return f"<p>Too early to say of {of}{when}.</p>"
    young = f", {len(ready):,} too early to say{when}" if ready else ""
    return f"<p{'' if ready or down else ' class=up'}>None in {of}{young}.</p>"


def _when(ready: Sequence[float | None], now: float) -> str:
    """When targets can be judged, after a colon; empty where that is not known."""
    when = expected(ready, now)
    return f": {when}" if when else ""


def _leak_row(leak: Leak, watched: Watched | None, now: float) -> Sequence[str]:
    down = watched is not None and watched.up is False
    where = _no_code(leak, watched)
    if leak.culprits:
        where = text(short_place(frame_view(leak.culprits[0].frame)))
    limit = "" if leak.time_to_limit_seconds is None else human_duration(leak.time_to_limit_seconds)
    limit = "reached" if leak.time_to_limit_seconds == 0 else limit
    return (
        f"{leak_state(leak)}{',<br>target down' if down and not leak.ended_with_process else ''}"
        f"{',<br>acknowledged' if leak.acknowledged else ''}",
        f'<a class=name href="/leaks/{quote(leak.id)}">{text(str(leak.key))}</a>',
        leak_kind(leak),
        limit,
        text(human_rate(leak.growth_per_second, leak.signal.unit)),
        human_duration(max(0.0, now - leak.since)),
        f"<code>{where}</code>",
    )


def _no_code(leak: Leak, watched: Watched | None) -> str:
    """What stands for the code of a leak of which none is known: whether it will be."""
    if watched and unprofiled(watched, leak.leak_class):
        return "not known: no profiles"
    return f"not known: {gone_words(leak.reasons)}" if leak.ended_with_process else "not known yet"


def _targets(targets: Sequence[Watched], now: float, job: str | None) -> str:
    if not targets:
        why = (
            "<code>scrape_configs</code> is empty, or nothing was found"
            if job is None
            else "nothing was found of this job"
        )
        return f"<h2>Targets</h2><p>None yet: {why}.</p>"
    names = ("Target", "State", "Memory", "Heap in use", "Goroutines", "Last read")
    shown = listed(targets) if len(targets) > LISTED else targets
    more = f"<p>And {len(targets) - len(shown):,} more; those that leak or are down come first.</p>"
    rows = [_target_row(watched, now) for watched in shown]
    return f"<h2>Targets</h2>{table(names, rows)}{more if len(shown) < len(targets) else ''}"


def _target_row(watched: Watched, now: float) -> Sequence[str]:
    leaks = watched.leaks.values()
    firing = _links(leak for leak in leaks if leak.state is LeakState.FIRING)
    pending = _links(leak for leak in leaks if leak.told_state is LeakState.PENDING)
    if watched.up is None:
        state = "<span class=dim>not read yet</span>"
    elif watched.up and firing:
        state = f"<span class=firing>leaks:</span> {firing}"
    elif watched.up and pending:
        state = f"<span class=up>up</span>, <span class=pending>suspected:</span> {pending}"
    elif watched.up:
        grows = [_GROWS[each.leak_class] for each in watched.harmless]
        known = "too early to say" if watched.too_early else ", ".join(grows) or steady(watched)
        state = f"<span class=up>up</span>{f' <span class=dim>{known}</span>' if known else ''}"
    else:
        state = f"<span class=down>down</span> <span class=why>{text(watched.last_error)}</span>"
    memory = value_of(watched, Signal.RSS)
    read = watched.last_success  # a try that failed is no reading, and is no "5 s ago"
    last = "never" if read is None else human_ago(read, now)
    heap = value_of(watched, Signal.INUSE_SPACE) or value_of(watched, Signal.HEAP_ALLOC)
    goroutines = value_of(watched, Signal.GOROUTINES)
    name = f'<a class=name href="{text(address(watched.key))}">{text(str(watched.key))}</a>'
    return name, state, memory, heap, goroutines, last


def _links(leaks: Iterable[Leak]) -> str:
    """The classes of leaks of a target, each with a link to its page."""
    return ", ".join(f'<a href="/leaks/{quote(leak.id)}">{leak_kind(leak)}</a>' for leak in leaks)
