"""A page of a few kinds of blocks, written as Markdown and as HTML, so that both say the same."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of what follows; the page's own is of level 1."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain words."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Text that stays as it is, line by line."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list of names, each with what it is."""

    items: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: the file beside the page, and the SVG in it, which a page of one file carries with it."""

    file: str
    text: str
    svg: str


Block: TypeAlias = Heading | Paragraph | Code | Items | Picture

STYLE = """body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; }
pre { background: #f6f8fa; padding: .75rem; overflow-x: auto; } img { width: 100%; }"""


# Nothing is fetched and nothing runs, whatever is in the page.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def markdown(page: Sequence[Block]) -> str:
    """The page as Markdown. No text of it is read as anything but text."""
    return "\n\n".join(map(_markdown, page)) + "\n"


def html_page(page: Sequence[Block]) -> str:
    """The page as an HTML document of its own, without script. No text of it is read as anything but text."""
    title = next((html.escape(block.text) for block in page if isinstance(block, Heading)), "")
    body = "\n".join(map(_html, page))
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    head = f'<meta charset="utf-8">{policy}<title>{title}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _markdown(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {_plain(text)}"
        case Paragraph(text):
            return _plain(text)
        case Code(text):
            return "\n".join(f"    {line}" for line in text.splitlines())
        case Items(items):
            return "\n".join(f"- {_plain(name)}: {_plain(text)}" for name, text in items)
        case Picture(file, text, _):
            return f"![{_plain(text)}]({file})"


def _html(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{html.escape(text)}</h{level}>"
        case Paragraph(text):
            return f"<p>{html.escape(text)}</p>"
        case Code(text):
            return f"<pre>{html.escape(text)}</pre>"
        case Items(items):
            rows = (
                f'<li><a href="{html.escape(name)}">{html.escape(name)}</a>: {html.escape(text)}</li>'
                for name, text in items
            )
            return "<ul>" + "".join(rows) + "</ul>"
        case Picture(_, text, svg):
            data = base64.b64encode(svg.encode()).decode()
            return f'<img src="data:image/svg+xml;base64,{data}" alt="{html.escape(text)}">'


def _plain(text: str) -> str:
    """Text in which no character means anything to Markdown."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()<>#+!|~&" else " " if c == "\n" else c for c in text)
