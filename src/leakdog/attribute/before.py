"""What the life before the last restart tells of a culprit: that it grew then too, or that it is new in this build."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from leakdog.attribute.code import Own, own_frame
from leakdog.attribute.growth import growing_sites
from leakdog.attribute.site import function_name, stack_id
from leakdog.attribute.table import tabulate
from leakdog.model import Culprit
from leakdog.pprof.profile import Profile

# A site that is sampled so many times on average is missed once in a thousand.
SHOWN = 7
# Of a build's id, so much as a person compares.
BUILD_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class Before:
    """What an earlier life tells of a few sites.

    Attributes:
        asked: their stack ids.
        build: what was running; empty where not known.
        span: seconds from the first of its profiles to the last.
        quantum: least that one sample stands for, in the signal's unit.
        sites: those that the last of its profiles has; what leaked then is in it.
        functions: functions of theirs in which it has others.
        grown: those that grew for sure.

    """

    asked: frozenset[str]
    build: str
    span: float
    quantum: float
    sites: frozenset[str]
    functions: frozenset[str]
    grown: frozenset[str]


def before(
    found: Sequence[Culprit],
    profiles: Sequence[Profile],
    times: Sequence[float],
    sample_type: str,
    build: str,
    own: Own = (),
) -> Before | None:
    """What the life that these profiles are of tells of the culprits; None where they are fewer than two.

    Args:
        found: culprits of the present life.
        profiles: of one earlier life of the target, oldest first.
        times: when each was taken, unix seconds, all different.
        sample_type: such as `inuse_space`; `""` is each profile's default.
        build: of that life, where the profiles do not tell.
        own: what the program's own code is called; none: not known.

    Raises:
        ProfileError: a profile lacks this sample type.

    """
    if len(profiles) < 2:
        return None
    table = tabulate(profiles, times, sample_type, own)
    asked = frozenset(culprit.stack_id for culprit in found)
    stacks = set(profiles[-1].stacks())
    return Before(
        asked=asked,
        build=profiles[-1].build_id or build,
        span=float(table.times[-1] - table.times[0]),
        quantum=table.quantum,
        sites=asked & set(map(stack_id, stacks)),
        functions=frozenset(function_name(culprit.frame) for culprit in found)
        & {function_name(own_frame(stack, own)) for stack in stacks if stack},
        grown=asked & {each.stack_id for each in growing_sites(table) if each.sure},
    )


def with_past(found: Sequence[Culprit], past: Before | None, build: str) -> tuple[Culprit, ...]:
    """Culprits with what the life before tells of them. `build` is the present one; empty where not known."""
    if past is None:
        return tuple(found)
    other = bool(build and past.build and build != past.build)
    return tuple(_told(culprit, past, build if other else "") for culprit in found)


def _told(culprit: Culprit, past: Before, new_build: str) -> Culprit:
    if culprit.stack_id in past.grown:
        return _noted(replace(culprit, seen_before=True), "it grew before the last restart too")
    shown = culprit.growth_per_second * past.span >= SHOWN * past.quantum
    if not new_build or not shown or culprit.stack_id in past.sites:
        return culprit
    known = function_name(culprit.frame) in past.functions
    what = "called on a path that is new in build" if known else "new in build"
    return _noted(replace(culprit, new_in_build=new_build), f"{what} {new_build[:BUILD_CHARACTERS]}")


def _noted(culprit: Culprit, note: str) -> Culprit:
    return replace(culprit, note="; ".join(filter(None, (culprit.note, note))))
