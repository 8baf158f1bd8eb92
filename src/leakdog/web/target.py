"""A target's page as HTML text: what is said of it, what its memory is made of, and the code that has it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import numpy as np
from numpy.typing import NDArray

from leakdog.attribute.ledger import WORDS, Part
from leakdog.detect.state import is_open
from leakdog.model import Assessment, LeakState, Signal, TargetKey, Unit, Verdict
from leakdog.pipeline.sites import Sites
from leakdog.pipeline.state import Watched
from leakdog.pipeline.unprofiled import unprofiled
from leakdog.report.down import down_lines
from leakdog.report.early import expected
from leakdog.report.leak import CLASS_WORDS
from leakdog.report.stacked import stacked
from leakdog.report.words import (
    human_ago,
    human_bytes,
    human_duration,
    human_growth,
    human_moment,
    human_rate,
    human_share,
    human_steady,
    human_time,
    human_value,
)
from leakdog.web.document import document, leak_kind, leak_state, place, table, text
from leakdog.web.views import Json, down_view

Floats = NDArray[np.float64]
RANGES = {"6h": 6 * 3600.0, "1d": 86400.0, "7d": 7 * 86400.0, "30d": 30 * 86400.0}
DEFAULT_RANGE = "1d"
KEY = re.compile("`([^`]*)`")  # a key of the configuration, in sentences for terminals
# Signals that are shown first where nothing leaks: the first that is known.
SHOWN_FIRST = (Signal.RSS_ANON, Signal.RSS, Signal.INUSE_SPACE, Signal.SYS)


@dataclass(frozen=True, slots=True)
class Shown:
    """What was asked to be shown, and read for it.

    Attributes:
        signal: whose chart is shown; None where no number is known.
        span: a name in `RANGES`.
        chart: an SVG element, of `signal` over `span`.
        times, parts: the ledger over `span`, see `leakdog.report.ledger.ledgers`.
        lives: start of the process that each of the times is of; None where it is not known.

    """

    signal: Signal | None
    span: str
    chart: str
    times: Floats
    parts: Mapping[Part, Floats]
    lives: Floats | None = None


def address(key: TargetKey, **query: str) -> str:
    """The page of a target; stable, so that it can be kept in a runbook."""
    asked = f"?{urlencode(query)}" if query else ""
    job, instance = (quote(part, safe="", errors="replace") for part in key)
    return f"/targets/{job}/{instance}{asked}"


def argument(key: TargetKey, which: str = "") -> str:
    """A target as a shell hands it to the command line, safe for HTML: whoever names a process may write commands."""
    return text(shlex.quote(f"{key}{which}"))


def first_signal(watched: Watched) -> Signal | None:
    """The signal to show where none is asked for: the one that leaks, else the memory of the process."""
    leaking = [leak.signal for leak in watched.leaks.values() if is_open(leak)]
    known = [signal for signal in (*leaking, *SHOWN_FIRST, *sorted(watched.values)) if signal in watched.values]
    return known[0] if known else None


def target_page(watched: Watched, shown: Shown, now: float, server: str = "") -> str:
    """All that is known of one target; `server` as for a leak's page."""
    body = [_lead(watched, now), _harmless(watched), _ranges(watched, shown)]
    if shown.signal is not None:
        body.append(f'<h2 id=chart>{_name(shown.signal)}</h2><div class="wide chart">{shown.chart}</div>')
    body += [_ledger(shown), _signals(watched, shown)]
    body += [_sites(sites, now) for sites in watched.sites.values()]
    body += [_look(watched, server), cost_of(watched)]
    return document(str(watched.key), "".join(body))


def _lead(watched: Watched, now: float) -> str:
    if watched.up is None:
        state = "<span class=dim>not read yet</span>"
    elif watched.up:
        state = "<span class=up>up</span>"
    else:
        state = "<span class=down>down</span>"
    said = [f"<p class=lead>{' · '.join(filter(None, (state, _leaks(watched, now))))}</p>"]
    if watched.up is False:
        said.append(down_of(down_view(watched), now))
    told = []
    if watched.target.base_url:
        told.append(f"<code>{text(watched.target.base_url)}</code>")
    if watched.life is not None:
        age = human_duration(max(0.0, now - watched.life.start_time))
        started = human_time(watched.life.start_time)
        told.append(f"started {started}" if watched.up is False else f"running since {started} ({age})")
    if watched.build:
        told.append(f"build <code>{text(watched.build)}</code>")
    if watched.own:
        told.append(f"own code <code>{text(', '.join(watched.own))}</code>")
    if watched.memory_limit:
        told.append(f"memory limit {human_bytes(watched.memory_limit)}")
    what, when = ("tried", watched.last_scrape) if watched.up is False else ("read", watched.last_success)
    if when is not None:
        told.append(f"last {what} {human_ago(when, now)}")
    return "".join([*said, f"<p>{' · '.join(told)}</p>" if told else ""])


def down_of(view: Json, now: float) -> str:
    """Why a target is down, since when, and what to do; see `leakdog.web.views.down_view`."""
    error, *ours = map(text, down_lines(view, now))
    return "".join(f"<p>{line}</p>" for line in (error, *(KEY.sub(_code, each) for each in ours)))


def _code(key: re.Match[str]) -> str:
    return f"<code>{key[1]}</code>"


def _leaks(watched: Watched, now: float) -> str:
    listed = [leak for leak in watched.leaks.values() if leak.state is not LeakState.INACTIVE]
    links = [
        f'<a href="/leaks/{quote(leak.id)}">{leak_state(leak, f"{leak_kind(leak)} leak, ")}</a>' for leak in listed
    ]
    if links:
        return ", ".join(links)
    if watched.up is False:  # what was said when it was last read is no good news now
        return ""
    if watched.too_early:
        return "; ".join(filter(None, ["too early to say", expected([watched.ready_at], now)]))
    grows = [CLASS_WORDS[found.leak_class] for found in watched.harmless]
    return ", ".join(filter(None, ["no leak", *(grows or [steady(watched)])]))


def steady(watched: Watched) -> str:
    """Over how long nothing was seen to grow; empty for a target of which something does."""
    return human_steady((found.verdict, found.look_back_seconds) for found in watched.said().values())


def value_of(watched: Watched, signal: Signal) -> str:
    """The latest value of a signal; empty where it is not known."""
    value = watched.values.get(signal)
    return "" if value is None else text(human_value(value, signal.unit))


def _harmless(watched: Watched) -> str:
    """What grows and is no leak, and why that is said."""
    return "".join(
        f"<p><b>{found.leak_class.value}</b>: {text(CLASS_WORDS[found.leak_class])}, by {_name(found.signal)}, "
        f"{text(human_rate(found.assessment.growth_per_second, found.signal.unit))}</p>"
        f"<ul>{''.join(f'<li>{text(reason)}</li>' for reason in found.reasons)}</ul>"
        for found in watched.harmless
    )


def _ranges(watched: Watched, shown: Shown) -> str:
    links = []
    for span in RANGES:
        query = {"range": span} | ({"signal": shown.signal.value} if shown.signal else {})
        current = ' aria-current="true"' if span == shown.span else ""
        links.append(f'<a href="{text(address(watched.key, **query))}"{current}>{span}</a>')
    return f'<nav aria-label="time shown">Shown: the last {" · ".join(links)}</nav>'


def _ledger(shown: Shown) -> str:
    """The ledger over time and, as a table, what it is now and how it has changed."""
    if not shown.parts:
        return "<h2>What its memory is made of</h2><p>Not known: no number tells how large the process is.</p>"
    picture = stacked(
        shown.times,
        {part.value: sizes for part, sizes in shown.parts.items()},
        {part.value: words for part, words in WORDS.items()},
        Unit.BYTES,
        shown.lives,
    )
    # What memory was made of before a restart has not changed into what it is made of now.
    first = 0 if shown.lives is None else int(np.argmax(shown.lives == shown.lives[-1]))
    total = sum(float(sizes[-1]) for sizes in shown.parts.values()) or 1.0
    rows = [
        (
            f'<span class="swatch {part.value}"></span> {text(WORDS[part])}',
            human_bytes(float(sizes[-1])),
            human_share(float(sizes[-1]) / total),
            _change(float(sizes[-1] - sizes[first])),
        )
        for part, sizes in sorted(shown.parts.items(), key=lambda each: -each[1][-1])
        if sizes.any()
    ]
    names = ("Part", "Value", "Share", f"Change in {human_duration(float(shown.times[-1] - shown.times[first]))}")
    return f'<h2>What its memory is made of</h2><div class="wide chart">{picture}</div>{table(names, rows)}'


def _change(size: float) -> str:
    return f"{'+' if size > 0 else ''}{human_bytes(size)}"


def _signals(watched: Watched, shown: Shown) -> str:
    if not watched.values:
        return ""
    rows = []
    judged = watched.said()
    for signal in sorted(watched.values, key=lambda each: (each not in judged, each)):
        link = text(address(watched.key, signal=signal.value, range=shown.span) + "#chart")
        current = ' aria-current="true"' if signal is shown.signal else ""
        now = text(human_value(watched.values[signal], signal.unit))
        found = judged.get(signal)
        rows.append((f'<a href="{link}"{current}>{_name(signal)}</a>', now, *_verdict(found, signal)))
    return f"<h2>Signals</h2>{table(('Signal', 'Value', 'Verdict', 'Growth', 'Why'), rows)}"


def _verdict(found: Assessment | None, signal: Signal) -> tuple[str, str, str]:
    """Verdict, growth and reasons as cells; empty for what is not judged."""
    if found is None:
        return "", "", ""
    kind = "firing" if found.verdict is Verdict.LEAK else "dim"
    growth = text(human_growth(found.growth_per_second, found.verdict, signal.unit))
    why = f"<span class=why>{text('; '.join(found.reasons))}</span>"
    return f"<span class={kind}>{_name(found.verdict)}</span>", growth, why


def _sites(sites: Sites, now: float) -> str:
    """The code that is followed, and what all other code has."""
    rows = list(_site_rows(sites))
    if not rows:
        return ""
    names, read = ("Code", "Value", "Share", "Verdict", "Growth"), sites.last_time()
    of = f"<p class=dim>As of {human_moment(read, now)}.</p>" if read else ""
    return f"<h2>Code, by {_name(sites.signal)}</h2>{of}{table(names, rows)}"


def _site_rows(sites: Sites) -> Iterator[tuple[str, ...]]:
    followed = list(sites)
    total = sum(site.value for site in followed) + sites.other
    for site in followed:
        share = human_share(site.value / total) if total else ""
        verdict, growth, _ = _verdict(site.assessment, sites.signal)
        now = human_value(site.value, sites.signal.unit)
        caller = f"<br><span class=dim>called by <code>{place(site.caller)}</code></span>" if site.caller else ""
        yield f"<code>{place(site.frame)}</code>{caller}", text(now), share, verdict, growth
    if followed:
        share = human_share(sites.other / total) if total else ""
        yield "all other code", text(human_value(sites.other, sites.signal.unit)), share, "", ""


def cost_of(watched: Watched) -> str:
    """What the daemon has asked of a target."""
    if not watched.cost:
        return ""
    rows = [
        (
            text(asked),
            f"{cost.requests:,}",
            human_bytes(cost.bytes),
            f"{cost.collections:,}",
            human_duration(cost.seconds),
        )
        for asked, cost in sorted(watched.cost.items())
    ]
    names = ("Asked for", "Requests", "Bytes", "Forced collections", "Time")
    return f"<h2>What watching it has cost</h2><p>Since this daemon started.</p>{table(names, rows)}"


def _look(watched: Watched, server: str) -> str:
    if why := unprofiled(watched):
        return f"<h2>Which code holds it</h2><p>Not known: {text(why)}.</p>"
    name, latest = argument(watched.key), argument(watched.key, "@latest")
    commands = (f"sites {name}", f"top {latest}", f"top {latest} --growth")
    lines = "\n".join(f"leakdog {command}{text(server)}" for command in commands)
    asked = text(f"/api/v1/snapshots?{urlencode({'target': str(watched.key)}, errors='replace')}")
    return f'<h2>Look yourself</h2><p><a href="{asked}">Stored profiles</a>.</p><pre>{lines}</pre>'


def _name(name: Signal | Verdict) -> str:
    return name.value.replace("_", " ")
