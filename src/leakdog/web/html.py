"""The status page and a leak's page as HTML text: pure functions of data, no script, all text made inert."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from leakdog.model import Culprit, Leak, LeakClass, LeakState, Signal, Unit
from leakdog.pipeline.alike import OPEN, leaks_like
from leakdog.pipeline.state import Fleet, Watched
from leakdog.pipeline.unprofiled import unprofiled
from leakdog.report.down import unseen
from leakdog.report.leak import ENDED_SECONDS, beside, is_hint, no_code, share_of, summary
from leakdog.report.spans import Spans
from leakdog.report.words import human_duration, human_growth, human_rate, human_time, human_value, plural
from leakdog.web.document import document, leak_kind, leak_state, place, table, text
from leakdog.web.jobs import LISTED, jobs_table, listed
from leakdog.web.target import RANGES, address, cost_of, steady
from leakdog.web.views import culprit_view, leak_view

REFRESH_SECONDS = 15
ROWS = 24  # of a trend as a table
_GROWS = {LeakClass.CACHE: "cache still fills", LeakClass.LOAD: "grows with load"}
REPLICAS = 50  # instances of a job that are listed with a leak


def overview(
    targets: Sequence[Watched], leaks: Sequence[Leak], now: float, job: str | None = None, *, refresh: bool = True
) -> str:
    """The status page: what leaks, then every target; of many their jobs first.

    Args:
        targets, leaks: all of them.
        now: unix seconds.
        job: keeps those of one job.
        refresh: whether the browser reads it again every `REFRESH_SECONDS`.

    """
    if job is not None:
        targets = [watched for watched in targets if watched.key.job == job]
        leaks = [leak for leak in leaks if leak.key.job == job]
    told = ((LeakState.FIRING, "leaking"), (LeakState.PENDING, "suspected"))
    counts = [(sum(leak.state is state and not leak.acknowledged for leak in leaks), words) for state, words in told]
    open_states = [state for state, _ in told]
    counts.append((sum(leak.state in open_states and bool(leak.acknowledged) for leak in leaks), "known"))
    gone = sum(now - (leak.process_ended or 0.0) < ENDED_SECONDS for leak in leaks if leak.ended_with_process)
    counts.append((gone, f"ended with {'its process' if gone == 1 else 'their processes'}"))
    reads = [watched.last_success for watched in targets if watched.up is False]
    found = ", ".join(f"{count} {words}" for count, words in counts if count)
    title = found or "no leaks"
    if reads:  # a heading that says "no leaks" alone is a green light
        title = f"{found or 'no leaks known'}, {len(reads):,} of {plural(len(targets), 'target')} down"
    blind = f"<p class=down>{unseen(reads, len(targets), now)}.</p>" if reads else ""
    jobs = f"<h2>Jobs</h2>{jobs_table(targets)}" if job is None and len(targets) > LISTED else ""
    whole = f'<p>Job <b>{text(job)}</b>. <a href="/">All jobs</a>.</p>' if job is not None else ""
    body = [whole, blind, _leaks(leaks, targets, now), jobs, _targets(targets, now), _as_of(now, job, refresh=refresh)]
    return document(title, "".join(body), refresh_seconds=REFRESH_SECONDS if refresh else None)


def leak_page(leak: Leak, fleet: Fleet, chart: str, now: float, server: str = "") -> str:
    """All that is known of one leak, in the order in which somebody woken by it needs it.

    Args:
        leak: this one.
        fleet: all targets, for what the leak's target was asked and how its replicas do.
        chart: an SVG element with the trend.
        now: unix seconds.
        server: the option that tells the command line where this daemon is; empty where it looks by itself.

    """
    view, watched = leak_view(leak, fleet), fleet.targets.get(leak.key)
    known = "".join(f"<p>{text(each)}</p>" for each in beside(view, now))
    rate = human_rate(leak.growth_per_second, leak.signal.unit)
    low_high = ""
    if leak.interval is not None:
        low, high = (human_rate(each, leak.signal.unit) for each in leak.interval)
        low_high = f" (90% interval {low} to {high})"
    grows = "Grew" if leak.state is LeakState.RESOLVED else "Grows"
    kind = " --kind goroutine" if leak.leak_class is LeakClass.GOROUTINE else ""
    top = "" if view["unprofiled"] else f"\nleakdog top {text(str(leak.key))}@latest{kind}{text(server)}"
    left = ""
    if leak.time_to_limit_seconds is not None:
        left = " It has reached the memory limit."
        if leak.time_to_limit_seconds > 0:
            left = f" At this rate the memory limit is reached in {human_duration(leak.time_to_limit_seconds)}."
    body = (
        f"<p class=lead>{leak_state(leak)} · {text(summary(view))}</p><p>class <b>{leak_kind(leak)}</b> · "
        f"signal <code>{leak.signal.value}</code> · since {human_time(leak.since)} "
        f"({human_duration(max(0.0, now - leak.since))} ago)</p>"
        f"{known}<p>{grows} by <b>{text(rate)}</b>{text(low_high)}.{left}</p>{_now(leak, watched)}"
        f'<h2>Trend</h2><div class="wide chart">{chart}</div>{_longer(leak) if watched else ""}'
        f"<h2>Which code holds it</h2>{_culprits(leak, no_code(view))}"
        f"{_replicas(leak, fleet)}"
        f"<h2>Why leakdog says so</h2><ul>{''.join(f'<li>{text(reason)}</li>' for reason in leak.reasons)}</ul>"
        f"<h2>Look yourself</h2>"
        f'<p><a href="{text(address(leak.key))}">All of this target</a>: memory, signals, code.</p>'
        f'<p><a href="/api/v1/leaks/{quote(leak.id)}/evidence.tar.gz" download>Evidence</a>: verdict, chart, numbers, '
        f"profiles from before and after, goroutine dump; begin with its README.</p>"
        f"<pre>leakdog show {text(leak.id + server)}\n"
        f'leakdog ack {text(leak.id)} --for 3d --note "what is known of it"{text(server)}{top}</pre>'
        f"{cost_of(watched) if watched else ''}"
    )
    return document(str(leak.key), body)


def _longer(leak: Leak) -> str:
    """Where more of its signal is drawn than from a while before it began."""
    link = text(address(leak.key, signal=leak.signal.value, range=list(RANGES)[-1]) + "#chart")
    return f'<p class=dim>From a while before it began; <a href="{link}">more of this signal</a>.</p>'


def _now(leak: Leak, watched: Watched | None) -> str:
    """How its signal as a whole grows now, where that is another rate than the leak's.

    A leak has the rate with which it was found last, which may be that of one site; the page of its target tells this.
    """
    found = watched.said_of(leak.signal) if watched and leak.state in OPEN else None
    if watched is None or found is None or found.growth_per_second is None:
        return ""
    own, rate = (human_rate(each.growth_per_second, leak.signal.unit) for each in (leak, found))
    if rate == own:
        return ""
    last = f"So it was found last, {human_time(leak.updated)}. " if leak.updated < (watched.assessed or 0.0) else ""
    over = f" over the last {human_duration(found.look_back_seconds)}" if found.look_back_seconds else ""
    verdict = found.verdict.value.replace("_", " ")
    return f"<p>{last}All of <code>{leak.signal.value}</code> now: {text(rate)}, {verdict}{over}.</p>"


def numbers(spans: Spans, unit: Unit, *, banded: bool) -> str:
    """A trend as a table, for those who do not see its picture or want its numbers; none where there is no trend.

    Args:
        banded: whether the picture has a band, which is explained.

    """
    if not len(spans):
        return ""
    few = spans.at_most(ROWS)
    legend = "<p class=dim>Line: the mean; band: from the lowest to the highest value.</p>" if banded else ""
    figures = [
        [human_value(each, unit) for each in column.tolist()] for column in (few.lows, few.means, few.highs, few.lasts)
    ]
    times = [[human_time(each) for each in column.tolist()] for column in (few.starts, few.ends)]
    rows = table(("From", "To", "Lowest", "Mean", "Highest", "Last"), zip(*times, *figures, strict=True))
    return f"{legend}<details><summary>The trend in numbers</summary>{rows}</details>"


def _leaks(leaks: Sequence[Leak], targets: Sequence[Watched], now: float) -> str:
    if not leaks:
        return f"<h2>Leaks</h2>{_none(targets)}"
    known = {watched.key: watched for watched in targets}
    names = ("State", "Target", "Class", "Code that holds it", "Growth", "Since", "Limit in")
    return f"<h2>Leaks</h2>{table(names, [_leak_row(leak, known.get(leak.key), now) for leak in leaks])}"


def _as_of(now: float, job: str | None, *, refresh: bool) -> str:
    """When the overview was told, and the link that stops it from being read again, or has it read again."""
    asked = ({} if job is None else {"job": job}) | ({"refresh": "off"} if refresh else {})
    link = text(f"/?{urlencode(asked, errors='replace')}" if asked else "/")
    again = f'. <a href="{link}">Read it again every {REFRESH_SECONDS} s</a>'
    if refresh:
        again = f', read again every {REFRESH_SECONDS} s (<a href="{link}">stop that</a>)'
    return f"<p class=dim>As of {human_time(now)}{again}.</p>"


def _none(targets: Sequence[Watched]) -> str:
    """That there are none, and of how many targets that is not known; it is good news only where it is known of all."""
    seen = [watched for watched in targets if watched.up is not False]
    if targets and not seen:
        return "<p>None known: all targets are down.</p>"
    down, early = len(targets) - len(seen), sum(watched.too_early for watched in seen)
    parts = [f"{plural(len(seen), 'target')}{' not down' if down else ''}"]
    parts += [f"{early} too early to say"] if early else []
    return f"<p{'' if early or down else ' class=up'}>None in {', '.join(parts)}.</p>"


def _leak_row(leak: Leak, watched: Watched | None, now: float) -> Sequence[str]:
    down = watched is not None and watched.up is False
    where = place(leak.culprits[0].frame) if leak.culprits else _no_code(leak, watched)
    limit = "" if leak.time_to_limit_seconds is None else human_duration(leak.time_to_limit_seconds)
    limit = "reached" if leak.time_to_limit_seconds == 0 else limit
    return (
        f"{leak_state(leak)}{', target down' if down and not leak.ended_with_process else ''}"
        f"{', acknowledged' if leak.acknowledged else ''}",
        f'<a href="/leaks/{quote(leak.id)}">{text(str(leak.key))}</a>',
        leak_kind(leak),
        f"<code>{where}</code>",
        text(human_rate(leak.growth_per_second, leak.signal.unit)),
        f"{human_duration(max(0.0, now - leak.since))} ago",
        limit,
    )


def _no_code(leak: Leak, watched: Watched | None) -> str:
    """What stands for the code of a leak of which none is known: whether it will be."""
    if watched and unprofiled(watched, leak.leak_class):
        return "not known: no profiles"
    return "not known: its process has ended" if leak.ended_with_process else "not known yet"


def _targets(targets: Sequence[Watched], now: float) -> str:
    if not targets:
        return "<h2>Targets</h2><p>None yet: <code>scrape_configs</code> is empty, or nothing was found.</p>"
    names = ("Target", "State", "Memory", "Heap in use", "Goroutines", "Last read")
    shown = listed(targets) if len(targets) > LISTED else targets
    more = f"<p>And {len(targets) - len(shown):,} more; those that leak or are down come first.</p>"
    rows = [_target_row(watched, now) for watched in shown]
    return f"<h2>Targets</h2>{table(names, rows)}{more if len(shown) < len(targets) else ''}"


def _target_row(watched: Watched, now: float) -> Sequence[str]:
    firing, pending = (_links(watched, state) for state in (LeakState.FIRING, LeakState.PENDING))
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
    memory = _value(watched, Signal.RSS)
    read = watched.last_success  # a try that failed is no reading, and is no "5 s ago"
    last = "never" if read is None else f"{human_duration(max(0.0, now - read))} ago"
    heap = _value(watched, Signal.INUSE_SPACE) or _value(watched, Signal.HEAP_ALLOC)
    goroutines = _value(watched, Signal.GOROUTINES)
    name = f'<a href="{text(address(watched.key))}">{text(str(watched.key))}</a>'
    return name, state, memory, heap, goroutines, last


def _links(watched: Watched, state: LeakState) -> str:
    """The classes of a target's leaks of a state, each with a link to its page."""
    leaks = [leak for leak in watched.leaks.values() if leak.state is state]
    return ", ".join(f'<a href="/leaks/{quote(leak.id)}">{leak_kind(leak)}</a>' for leak in leaks)


def _replicas(leak: Leak, fleet: Fleet) -> str:
    """The instances of the job beside each other, leaking ones first; nothing where there is only one."""
    job = [watched for watched in fleet.targets.values() if watched.key.job == leak.key.job]
    if len(job) < 2:
        return ""
    job.sort(key=lambda watched: (not leaks_like(watched, leak), not watched.leaks_as(leak.leak_class), watched.key))
    more = f"<p>And {len(job) - REPLICAS:,} more.</p>" if len(job) > REPLICAS else ""
    names = ("Instance", "State", leak.signal.value, "Growth", "Running since")
    rows = [_replica_row(watched, leak) for watched in job[:REPLICAS]]
    return f"<h2>Instances of this job</h2>{table(names, rows)}{more}"


def _replica_row(watched: Watched, leak: Leak) -> Sequence[str]:
    own, found = watched.leaks.get(leak.leak_class), watched.said_of(leak.signal)
    name = text(watched.key.instance)
    if own is not None:
        name = f'<a href="/leaks/{quote(own.id)}">{name}</a>'
        state = leak_state(own)
        state += ", in other code" if watched.leaks_as(leak.leak_class) and not leaks_like(watched, leak) else ""
    else:
        state = f"<span class=dim>{found.verdict.value.replace('_', ' ') if found else 'not judged'}</span>"
    more = [each for each in watched.leaks.values() if each.state in OPEN and each.leak_class is not leak.leak_class]
    state += "".join(f', <a href="/leaks/{quote(each.id)}">{leak_kind(each)} leak</a>' for each in more)
    state += "" if watched.up or watched.up is None else " <span class=down>down</span>"
    growth = text(human_growth(found.growth_per_second, found.verdict, leak.signal.unit)) if found else ""
    since = human_time(watched.life.start_time) if watched.life else ""
    return name, state, _value(watched, leak.signal), growth, since


def _culprits(leak: Leak, none: str) -> str:
    """The code behind a leak, or why `none` is known."""
    if not leak.culprits:
        return f"<p>Not known: {text(none)}.</p>"
    return "".join(_culprit(each, leak, opened=each is leak.culprits[0]) for each in leak.culprits)


def _culprit(culprit: Culprit, leak: Leak, *, opened: bool) -> str:
    created = ""
    if culprit.created_by is not None:
        created = f"<p>Goroutines created by <code>{place(culprit.created_by)}</code></p>"
    note = f"<p>{text(culprit.note)}</p>" if culprit.note else ""
    stack = "\n".join(place(frame) for frame in culprit.stack)
    view = culprit_view(culprit)
    share = share_of(view, leak.signal.unit) + ("" if is_hint(view) else " since it began")
    return (
        f"<h3><code>{place(culprit.frame)}</code></h3><p>{text(share)}</p>"
        f"{note}{created}<details{' open' if opened else ''}><summary>Stack</summary><pre>{stack}</pre></details>"
    )


def _value(watched: Watched, signal: Signal) -> str:
    value = watched.values.get(signal)
    return "" if value is None else text(human_value(value, signal.unit))
