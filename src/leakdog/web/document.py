"""What all pages have in common: their frame, their style sheet, tables, and text made inert."""

from __future__ import annotations

import html
import zlib
from collections.abc import Iterable, Sequence

from leakdog.model import Frame, Leak, LeakState
from leakdog.report.leak import class_word, gone_words
from leakdog.report.words import inert

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #57606a; --line: #d0d7de; --paper: #fff; --card: #f6f8fa;
  --bad: #b42318; --warn: #8a5300; --good: #1a6e35; --series: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9ca7b3; --line: #3d444d; --paper: #0d1117;
  --card: #161b22; --bad: #ff8e80; --warn: #e3b341; --good: #6fd08c; --series: #79b8ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem 1.5rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
header { display: flex; gap: 1rem; align-items: baseline; border-bottom: 1px solid var(--line); }
h1 { font-size: 1.4rem; min-width: 0; overflow-wrap: anywhere; } p, li { overflow-wrap: break-word; }
h2 { font-size: 1.15rem; margin-top: 2rem; }
a { color: var(--series); } a:focus-visible { outline: 3px solid var(--series); outline-offset: 2px; }
code, pre, td.code { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; color: var(--dim); }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; }
.firing, .down { color: var(--bad); font-weight: 600; } .pending { color: var(--warn); font-weight: 600; }
.resolved, .up { color: var(--good); } .ended { color: var(--warn); white-space: normal; } .dim { color: var(--dim); }
.wide { overflow-x: auto; } .wide td { white-space: nowrap; }
.wide td:has(.why) { white-space: normal; } .wide .why { overflow-wrap: anywhere; }
.wide code, .wide .why { display: inline-block; white-space: normal; vertical-align: top; }
.wide code { min-width: 11rem; } .wide .why { min-width: 14rem; }
.wide .name { display: inline-block; min-width: 11rem; white-space: normal; overflow-wrap: anywhere; }
th { white-space: nowrap; } .why { max-width: 28rem; }
header { flex-wrap: wrap; } .lead { font-size: 1.1rem; overflow-wrap: anywhere; }
svg { width: 100%; height: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: 6px; }
svg text { fill: var(--dim); font: 12px system-ui, sans-serif; }
svg .series { fill: none; stroke: var(--series); stroke-width: 2; stroke-linecap: round; }
svg .restart { stroke: var(--dim); stroke-dasharray: 2 3; }
svg .fit { stroke: var(--bad); stroke-width: 2; stroke-dasharray: 6 4; }
svg .band { fill: var(--series); opacity: .25; } svg .strip { fill: transparent; }
svg .strip:hover { fill: var(--series); opacity: .15; } summary { cursor: pointer; }
svg .grid, svg .when line { stroke: var(--line); stroke-width: 1; }
a[aria-current] { color: var(--ink); font-weight: 600; text-decoration: none; }
svg .part { stroke: var(--card); stroke-width: 1; fill: var(--part); }
.swatch { display: inline-block; width: .8em; height: .8em; border-radius: 2px; background: var(--part); }
.live_heap, .heap_objects { --part: #2f74c0; } .garbage { --part: #82b4e8; } .fragmentation { --part: #38a08c; }
.idle { --part: #a3a03a; } .stacks { --part: #d9a320; } .runtime, .go_rest { --part: #a55aa8; }
.native, .outside_go { --part: #c8503c; } .shared_memory { --part: #7a6fd0; }
.file_pages { --part: #a9b0b8; } .rest { --part: #76808a; }
@media (max-width: 40rem) {
  thead { display: none; } table, tbody, tr, td { display: block; } tr { padding: .5rem 0; }
  tr { border-bottom: 1px solid var(--line); } td, .wide td { border: 0; padding: 0; white-space: normal; }
  td:empty { display: none; } td + td::before { content: attr(data-name) ": "; color: var(--dim); }
  pre { white-space: pre-wrap; } .chart, svg { overflow: visible; } svg .series, svg .fit { stroke-width: 4; }
  svg .when { display: none; }
  svg text { font-size: 26px; paint-order: stroke; stroke: var(--card); stroke-width: 6px; } /* of 880 in all */
  svg :is(.grid, .limit) + text { text-anchor: start; transform: translate(-68px, -8px); } }
"""

# Kept by browsers until it changes.
_STYLE_URL = f"/style.css?{zlib.crc32(STYLE.encode()):08x}"


def message_page(title: str, message: str) -> str:
    """A page that only says something."""
    return document(title, f"<p>{text(message)}</p>")


def text(value: str) -> str:
    """Text made safe for HTML: escaped, and control or direction-changing characters shown as their code."""
    return html.escape(inert(value))


def place(frame: Frame) -> str:
    """A frame, safe for HTML: its function, and where that is written."""
    where = f" {frame.file}:{frame.line}" if frame.file else ""
    return text(f"{frame.function}{where}")


def leak_kind(leak: Leak) -> str:
    """The class of a leak in the word that people are told."""
    return class_word(leak.leak_class, leak.reasons)


def leak_state(leak: Leak, what: str = "") -> str:
    """The state of a leak after `what`; that its process has ended is no good news, and is not told as if it were."""
    kind, words = (leak.state.value,) * 2
    if leak.told_state is not leak.state:
        kind, words = LeakState.PENDING.value, "pending again"
    elif leak.ended_with_process:
        kind, words = "ended", gone_words(leak.reasons, "ended with its process")
    return f"<span class={kind}>{what}{words}</span>"


def document(title: str, body: str, refresh_seconds: int | None = None) -> str:
    """A whole page of a body that is HTML; `refresh_seconds` has the browser read it again."""
    refresh = f'<meta http-equiv="refresh" content="{refresh_seconds}">' if refresh_seconds else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{text(title)} · leakdog</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}'
        f'<link rel="stylesheet" href="{_STYLE_URL}"><link rel="icon" href="data:,"></head><body>'
        f'<header><h1>{text(title)}</h1><nav aria-label="pages"><a href="/">overview</a> · '
        '<a href="/metrics">metrics</a> · <a href="/api/v1/leaks">API</a></nav></header>'
        f"<main>{body}</main></body></html>"
    )


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML. On a narrow screen a row is a block, and its cells say their columns' names."""
    head = "".join(f"<th scope=col>{name}</th>" for name in names)
    body = "".join(f"<tr>{''.join(map(_cell, names, row))}</tr>" for row in rows)
    return f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _cell(name: str, cell: str) -> str:
    return f'<td data-name="{name}">{cell}</td>'
