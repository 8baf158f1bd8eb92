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
# Python's `re` tries all ways to share a name out among repeats and alternatives: two of them take milliseconds, and
# seconds where all that follows nearly fits everywhere; many in a row, or a group of them that is repeated, take years.
CHOICES = 2

_PART = re.compile(
    r"""(?P<odd>\\\d|\(\?(?!:))  # \1, (?=, (?P<, (?x)
    |(?P<repeated>\)(?:[*+?]|\{[\d,]+\}))
    |(?P<one>\\.|\[\^?\]?(?:\\.|[^\]\\])*\])  # what is escaped or in a set is one character
    |(?P<opens>\((?:\?:)?)
    |(?P<closes>\))
    |(?P<repeat>(?:[*+?]|\{[\d,]+\})[?+]?)
    |(?P<either>\|)""",
    re.DOTALL | re.VERBOSE,
)


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

    def holds(self, now: float) -> bool:
        """Whether its time is not over."""
        return self.until is None or now < self.until


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
    parts = [each.lastgroup for each in _PART.finditer(pattern.removeprefix("(?i)"))]
    if "odd" in parts:
        return (
            f"{pattern!r} has more than characters, sets, repeats, groups `(`, `(?:` and a first `(?i)`, which can "
            "take for ever: write it without, or configure it"
        )
    if "repeated" in parts:
        return f"{pattern!r} repeats a group, which can take for ever: write it without, or configure it"
    choices = parts.count("repeat") + _divided(parts)
    if choices > CHOICES:
        return (
            f"{pattern!r} has {choices} repeats and groups with alternatives, of which {CHOICES} may be: leave some "
            "out, or configure it"
        )
    return ""


def _divided(parts: Iterable[str | None]) -> int:
    """How many groups have alternatives. Those outside groups are tried one after another, and multiply nothing."""
    divided, opened = 0, [False]
    for part in parts:
        if part == "opens":
            opened.append(False)
        elif part == "either":
            opened[-1] = True
        elif part == "closes":
            divided += opened.pop()
    return divided


def dump_functions(functions: Iterable[KnownFunctions]) -> bytes:
    """The list as it is stored; `load_functions` gives it back."""
    return json.dumps([asdict(each) for each in functions]).encode()


def load_functions(data: bytes) -> tuple[KnownFunctions, ...]:
    """The list that was stored, without what would be refused now; none where it cannot be read.

    The leaks of what is left out are announced again, which is safe.
    """
    try:
        given = [KnownFunctions(**each) for each in json.loads(data)]
        refused = [each.function for each in given if wrong(each.function)]
    except (ValueError, TypeError) as error:
        log.warning("functions that were acknowledged before the restart are not known: %r", error)
        return ()
    if refused:
        log.warning(
            "functions that were acknowledged before the restart are left out, as they can take for ever: %r", refused
        )
    return tuple(each for each in given if each.function not in refused)
