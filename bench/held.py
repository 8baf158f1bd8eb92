"""What the memory of watched targets is: their objects, counted by what they are for.

An object is counted once, where it is found first; arrays with the bytes that they own. What many targets share counts
as that share. What is not found here is Python's allocator and the C library's, between and around the objects, and the
database's cache.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import Enum
from types import FunctionType, ModuleType

import numpy as np

from leakdog.config.schema import ScrapeConfig
from leakdog.detect.settings import Settings
from leakdog.pipeline.state import Watched

# What belongs to all targets, and is none of a target's.
SHARED = (ScrapeConfig, Settings, Enum, type, ModuleType, FunctionType)


def tally(every: Sequence[Watched]) -> dict[str, float]:
    """Bytes of a target by what they are for, the most first."""
    seen: set[int] = set()
    found: Counter[str] = Counter()
    for watched in every:
        for name, value in _parts(watched):
            found[name] += _size(value, seen)
    return {name: size / len(every) for name, size in found.most_common()}


def _parts(watched: Watched) -> Iterator[tuple[str, object]]:
    """Of a target what is large by itself, then all that is left."""
    groups = {
        "signals": watched.series.group,
        **{f"sites by {name}": each.group for name, each in watched.sites.items()},
    }
    for name, group in groups.items():
        if group is None:
            continue
        for number, ring in enumerate(group.rings):
            yield f"{name}: lows of {group.settings.levels[number].block_seconds / 60:g} min", ring
        for part in ("highs", "course", "found", "lives"):
            yield f"{name}: {part}", getattr(group, part)
        yield f"{name}: the rest", group
    for signal, sites in watched.sites.items():
        yield f"sites by {signal}: leaders", sites.leaders
        yield f"sites by {signal}: sizes", (sites.sizes, sites.alike)
        yield f"sites by {signal}: names", sites
    for part in ("values", "facts", "target", "cost", "verdicts", "assessments", "life", "lives"):
        yield part, getattr(watched, part)
    yield "the rest", watched


def _size(value: object, seen: set[int]) -> int:
    """Bytes of an object and all that it leads to, but for what was counted before."""
    total, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, SHARED):
            continue
        seen.add(id(each))
        total += sys.getsizeof(each)
        waiting += _inside(each)
    return total


def _inside(value: object) -> list[object]:
    if isinstance(value, np.ndarray):
        return [] if value.base is None else [value.base]
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [*value]
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ()) if isinstance(name, str)]
    inside = [getattr(value, name) for name in slots if hasattr(value, name)]
    return [*inside, vars(value)] if hasattr(value, "__dict__") else inside
