"""Functions whose leaks are known: which regular expressions may be given from outside, and how the list is stored."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

log = logging.getLogger("leakdog.pipeline")

FUNCTIONS = "\x1facknowledged"  # name of the state that holds the list; it belongs to no target
CHARACTERS = 200
# Python's `re` tries all ways to share a name out among repeats: two take milliseconds, a repeat of repeats years.
REPEATS = 2

_NO_REPEAT = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?<=\()\?", re.DOTALL)
_REPEAT = re.compile(r"(?:[*+?]|\{[\d,]+\})[?+]?")


@dataclass(frozen=True, slots=True)
class KnownFunctions:
    """Functions whose leaks somebody knows of: each leak that is mostly theirs is acknowledged.

    Attributes:
        function: a regular expression, looked for anywhere in a function's name.
        job: whose targets; empty: those of all jobs.
        until: when it ends; None: when it is taken back.
        note: in the words of whoever gave it.

    """

    function: str
    since: float
    job: str = ""
    until: float | None = None
    note: str = ""


def wrong(pattern: str) -> str:
    """What is wrong with a regular expression that is to be looked for in names of functions; empty: nothing.

    Whoever reaches the API may give it, so it must not be able to hold the daemon up. The configuration may hold any.
    """
    if not pattern or len(pattern) > CHARACTERS or not pattern.isprintable():
        return f"must have 1 to {CHARACTERS} printable characters"
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"{pattern!r} is no regular expression: {error}"
    plain = _NO_REPEAT.sub("x", pattern)
    found = list(_REPEAT.finditer(plain))
    if any(plain[: each.start()].endswith(")") for each in found):
        return f"{pattern!r} repeats a group, which can take for ever: write it without, or configure it"
    if len(found) > REPEATS:
        return f"{pattern!r} repeats in {len(found)} places, of which {REPEATS} may: leave some out, or configure it"
    return ""


def dump_functions(functions: Iterable[KnownFunctions]) -> bytes:
    """The list as it is stored; `load_functions` gives it back."""
    return json.dumps([asdict(each) for each in functions]).encode()


def load_functions(data: bytes) -> tuple[KnownFunctions, ...]:
    """The list that was stored; none where it cannot be read: their leaks are announced again, which is safe."""
    try:
        return tuple(KnownFunctions(**each) for each in json.loads(data))
    except (ValueError, TypeError) as error:
        log.warning("functions that were acknowledged before the restart are not known: %r", error)
        return ()
