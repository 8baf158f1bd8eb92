"""Parts of sentences that every message about a configuration is made of."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_SHOWN_CHARACTERS = 60


def quoted(text: str) -> str:
    """The text as a message shows it: in quotes, short, nothing in it that moves a terminal's cursor."""
    return repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}...")


def listed(words: Iterable[str]) -> str:
    """`a, b, c`."""
    return ", ".join(words)


def guess(text: str, known: Iterable[str]) -> str:
    """`; did you mean NAME?` where a known name is close, else nothing."""
    near = difflib.get_close_matches(text[:_SHOWN_CHARACTERS], list(known), n=1, cutoff=0.7)
    return f"; did you mean {near[0]}?" if near else ";"


def printable(text: str) -> str:
    """The text itself.

    Raises:
        ValueError: it holds a control character.

    """
    if found := re.search(r"[\x00-\x1f\x7f-\x9f]", text):
        raise ValueError(f"{quoted(text)} holds the control character U+{ord(found.group()):04X}; remove it")
    return text
