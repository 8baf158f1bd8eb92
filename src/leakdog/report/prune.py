"""Stacks without the frames that the producer of a profile does not want to be shown, such as `malloc` in a heap.

Method: google/pprof profile/prune.go. Its patterns are linear in time and ours are not, and a profile is not to be
trusted: a pattern that could take long is not applied.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np

from leakdog.pprof.profile import Profile
from leakdog.report.frames import function_names
from leakdog.report.select import Bools, cut, offsets

MOST_STEPS = 20_000_000  # of matching all names; about a second
LONGEST = 256  # characters of a name that are matched
_PART = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?:)?|.", re.DOTALL)
_ARGUMENTS = re.compile(r"(\(anonymous namespace\)|operator\(\))|\(.*", re.DOTALL)


def pruned(profile: Profile) -> Profile:
    """The profile without frames that match its `drop_frames` and not its `keep_frames`, and all that they called.

    A stack keeps what matches where nothing outward of it does not.
    """
    names = function_names(profile.symbols)
    drop, keep = (_compiled(each, len(names)) for each in (profile.drop_frames, profile.keep_frames))
    if drop is None or (profile.keep_frames and keep is None):
        return profile
    plain = [_simple(name) for name in names]
    hit = [bool(name and drop.fullmatch(name) and not (keep and keep.fullmatch(name))) for name in plain]
    return _cut_beneath(profile, np.array(hit, bool))


def _simple(name: str) -> str:
    """A name without its arguments."""
    return _ARGUMENTS.sub(lambda found: found[1] or "", name[:LONGEST].removeprefix("."))


def _compiled(pattern: str, names: int) -> re.Pattern[str] | None:
    """The pattern, unless there is none, it is none, or it could take long."""
    if not pattern or _steps(pattern) * names > MOST_STEPS:
        return None
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return None


def _steps(pattern: str) -> float:
    """How many ways there are at most to match a name: of all alternatives, those of each are multiplied."""
    total, ways, depth, before = 0.0, 1.0, [1], ""
    for part in _PART.findall(pattern):
        if part.startswith("("):
            depth.append(1)
        elif part == ")" and len(depth) > 1:
            ways *= depth.pop()
        elif part == "|" and len(depth) > 1:
            depth[-1] += 1
        elif part == "|":
            total, ways = total + ways, 1.0
        elif part in ("*", "+", "{"):
            ways *= np.inf if before == ")" or part == "{" else LONGEST
        elif part == "?":
            ways *= 2
        before = part
    return total + ways


def _cut_beneath(profile: Profile, functions: Bools) -> Profile:
    """Stacks without the outermost frame of one of these functions, and all that it called.

    Frames are kept where nothing outward of them is of another function.
    """
    table = profile.symbols.locations
    owner = np.repeat(np.arange(len(table.mapping)), np.diff(table.line_offsets))
    hit = np.flatnonzero(functions[table.line_function])
    last = np.full(len(table.mapping), -1)  # of each location, the outermost line that is hit
    np.maximum.at(last, owner[hit], hit)
    keep = np.arange(len(owner)) > last[owner]
    touched = last >= 0
    whole = touched & (last == table.line_offsets[1:] - 1)
    keep[whole[owner]] = True  # such a location goes whole, or stays
    bounds, starts, kept = profile.stack_offsets.tolist(), [], []
    touches, wholes = touched.tolist(), whole.tolist()
    stacks = profile.stack_locations.tolist()
    for first, end in pairwise(bounds):
        place = end - 1
        while place >= first and touches[stacks[place]]:
            place -= 1
        while place >= first and not touches[stacks[place]]:
            place -= 1
        start = first if place < first else place + wholes[stacks[place]]
        starts.append(end - start)
        kept += stacks[start:end]
    shorter = replace(
        profile, stack_offsets=offsets(np.array(starts, np.int64)), stack_locations=np.array(kept, np.int32)
    )
    return cut(shorter, np.ones(len(starts), bool), keep, np.ones(len(table.mapping), bool))
