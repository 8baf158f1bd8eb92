"""What of a store is damaged, in words: in one line what has the same fault, as of one chain all profiles after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from leakdog.report.words import human_time, inert
from leakdog.store.sqlite.damage import CHAIN

if TYPE_CHECKING:
    from leakdog.store.sqlite.verify import Damaged

NAMED = 5  # of those that have the same fault


def found_damaged(found: Sequence[Damaged]) -> Iterator[str]:
    """A line for each piece, or for the pieces of one chain: of which target, from when to when, and why."""
    for _, together in groupby(found, _alike):
        yield _told(list(together))


def _alike(found: Damaged) -> object:
    """What is told in one line: a fault in a chain of profiles is one of each that comes after it."""
    return (found.chain, found.key, found.why) if found.what == CHAIN and found.id is not None else id(found)


def _told(together: Sequence[Damaged]) -> str:
    found, spans = together[0], [each.span for each in together if each.span is not None]
    name = found.name or found.what
    name += f" and {len(together) - 1} after it" if len(together) > 1 else ""
    whose = "" if found.key is None else f" of {found.key}"
    when = " to ".join(dict.fromkeys(human_time(time) for time in (spans[0][0], spans[-1][1]))) if spans else ""
    when = f" from {when}" if " to " in when else f" of {when}" if when else ""
    return inert(f"{name}{whose}{when}: {found.why}")


def left_out(damaged: Mapping[tuple[str, int | str], str]) -> Iterator[str]:
    """What could not be taken out, a line for all of one kind that have the same fault."""
    alike: dict[tuple[str, str], list[int | str]] = {}
    for (what, which), why in damaged.items():
        alike.setdefault((what, why), []).append(which)
    for (what, why), each in alike.items():
        kind = "" if isinstance(each[0], str) else f"{what} "
        more = f" and {len(each) - NAMED:,} more" if len(each) > NAMED else ""
        yield f"{kind}{', '.join(map(str, each[:NAMED]))}{more}: {why}"
