"""A leak's page as HTML text: a pure function of data, no script, all text made inert."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from leakdog.detect.state import is_open
from leakdog.model import Culprit, Leak, LeakClass, LeakState, Unit
from leakdog.pipeline.alike import leaks_like
from leakdog.pipeline.state import Fleet, Watched
from leakdog.report.leak import beside, is_hint, no_code, share_of, summary
from leakdog.report.spans import Spans
from leakdog.report.words import (
    human_duration,
    human_growth,
    human_interval,
    human_moment,
    human_rate,
    human_time,
    human_value,
)
from leakdog.web.document import document, leak_kind, leak_state, place, table, text
from leakdog.web.target import RANGES, address, argument, cost_of, down_of, value_of
from leakdog.web.views import Json, culprit_view, leak_view

ROWS = 24  # of a trend as a table
REPLICAS = 50  # instances of a job that are listed with a leak


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
        ends = human_interval(leak.growth_per_second, leak.interval, leak.signal.unit)
        low_high = f" (90% interval {ends})"
    grows, ended = "Grows", ""
    if leak.told_state is LeakState.RESOLVED:
        grows, ended = "Grew", f" · over since {human_moment(leak.resolved_since or leak.updated, now)}"
    left = ""
    if leak.time_to_limit_seconds is not None:
        left = " It has reached the memory limit."
        if leak.time_to_limit_seconds > 0:
            until = human_duration(leak.time_to_limit_seconds)
            left = f" If it goes on like this, the memory limit is reached in {until}."
    body = (
        f"<p class=lead>{leak_state(leak)} · {text(summary(view))}</p><p>class <b>{leak_kind(leak)}</b> · "
        f"signal <code>{leak.signal.value}</code> · since {human_moment(leak.since, now)}"
        f"{ended}</p>{_unread(view, now)}"
        f"{known}<p>{grows} by <b>{text(rate)}</b>{text(low_high)}.{left}</p>{_now(leak, watched)}"
        f'<h2>Trend</h2><div class="wide chart">{chart}</div>{_longer(leak) if watched else ""}'
        f"<h2>Which code holds it</h2>{_culprits(leak, no_code(view))}"
        f"{_replicas(leak, fleet)}"
        f"<h2>Why leakdog says so</h2><ul>{''.join(f'<li>{text(reason)}</li>' for reason in leak.reasons)}</ul>"
        f"{_look(leak, watched, server, profiled=not view['unprofiled'])}"
        f"{cost_of(watched) if watched else ''}"
    )
    return document(str(leak.key), body)


def _look(leak: Leak, watched: Watched | None, server: str, *, profiled: bool) -> str:
    """Where more is told of it, and what to type; of a target that is watched no more, what there is left."""
    commands, page = [f"show {text(leak.id)}"], ""
    if watched:
        page = f'<p><a href="{text(address(leak.key))}">All of this target</a>: memory, signals, code.</p>'
        commands.append(f'ack {text(leak.id)} --for 3d --note "what is known of it"')
    if profiled:
        kind = " --kind goroutine" if leak.leak_class is LeakClass.GOROUTINE else ""
        commands.append(f"top {argument(leak.key, '@latest')}{kind}")
    lines = "\n".join(f"leakdog {command}{text(server)}" for command in commands)
    archive = f"/api/v1/leaks/{quote(leak.id)}/evidence.tar.gz"
    return (
        f'<h2>Look yourself</h2>{page}<p><a href="{archive}" download>Evidence</a>: '
        "verdict, chart, numbers, profiles from before and after, goroutine dump; begin with its README.</p>"
        f"<pre>{lines}</pre>"
    )


def _unread(view: Json, now: float) -> str:
    """That what is told of a leak is of before, as its target cannot be read; why, since when, and what to do."""
    if not view["down"]:
        return ""
    return f"<p class=down>Its target is down: what is told here is of before.</p>{down_of(view['down'], now)}"


def _longer(leak: Leak) -> str:
    """Where more of its signal is drawn than from a while before it began."""
    link = text(address(leak.key, signal=leak.signal.value, range=list(RANGES)[-1]) + "#chart")
    return f'<p class=dim>From a while before it began; <a href="{link}">more of this signal</a>.</p>'


def _now(leak: Leak, watched: Watched | None) -> str:
    """How its signal as a whole grows now, where that is another rate than the leak's.

    A leak has the rate with which it was found last, which may be that of one site; the page of its target tells this.
    """
    found = watched.said_of(leak.signal) if watched and is_open(leak) else None
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
    page = address(watched.key) if own is None else f"/leaks/{quote(own.id)}"
    name = f'<a class=name href="{text(page)}">{text(watched.key.instance)}</a>'
    if own is not None:
        state = leak_state(own)
        state += ", in other code" if watched.leaks_as(leak.leak_class) and not leaks_like(watched, leak) else ""
    else:
        state = f"<span class=dim>{found.verdict.value.replace('_', ' ') if found else 'not judged'}</span>"
    more = [each for each in watched.leaks.values() if is_open(each) and each.leak_class is not leak.leak_class]
    state += "".join(f', <a href="/leaks/{quote(each.id)}">{leak_kind(each)} leak</a>' for each in more)
    state += "" if watched.up or watched.up is None else " <span class=down>down</span>"
    growth = text(human_growth(found.growth_per_second, found.verdict, leak.signal.unit)) if found else ""
    since = human_time(watched.life.start_time) if watched.life else ""
    return name, state, value_of(watched, leak.signal), growth, since


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
