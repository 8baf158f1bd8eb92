"""What one profile has more, or less, than another: a profile again, which `go tool pprof` opens."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from leakdog.errors import ProfileError
from leakdog.pprof import Profile
from leakdog.report.base import labelled
from leakdog.report.frames import exact
from leakdog.report.merge import merged

LARGEST = 2.0**62  # that a value is scaled to
EVER = "alloc_space"


def difference(base: Profile, latest: Profile, *, of_base: bool = False) -> Profile:
    """`latest` minus `base`, for every sample type that both have; stacks that did not change are left out.

    Args:
        of_base: keep what is subtracted apart, with a label, so that shares are shares of it.

    Raises:
        ProfileError: the two have no sample type in common.

    """
    types = _common(base, latest)
    before, after = (_only(each, types) for each in (base, latest))
    before = replace(before, values=-before.values)
    return replace(
        merged([after, labelled(before) if of_base else before]),
        duration_nanos=max(0, latest.time_nanos - base.time_nanos) if base.time_nanos else 0,
    )


def two_processes(base: Profile, latest: Profile) -> str:
    """What tells that the two are of two processes; empty where nothing does, which proves nothing.

    A process only ever allocates more. Where the time of one is not known, `base` is the earlier.
    """
    if base.build_id and latest.build_id and base.build_id != latest.build_id:
        return "these are of two builds"
    swapped = 0 < latest.time_nanos < base.time_nanos
    before, after = (ever(each) for each in ((latest, base) if swapped else (base, latest)))
    fell = before is not None and after is not None and after < before
    return "the later one had allocated less in all" if fell else ""


def ever(profile: Profile) -> float | None:
    """All that the process had allocated by then; None where it is not told.

    A profile of some seconds (Go's `?seconds=`, other languages' allocation profiles) tells what was allocated in them.
    """
    if profile.duration_nanos > 0 or not any(kind.type == EVER for kind in profile.sample_types):
        return None
    return float(profile.values[:, profile.sample_index(EVER)].sum(dtype=np.float64))


def normalized(latest: Profile, base: Profile) -> Profile:
    """`latest` with all values of a sample type scaled so that their sum is that of `base`: two loads are made one.

    Raises:
        ProfileError: the two do not have the same sample types.

    """
    if base.sample_types != latest.sample_types:
        raise ProfileError(f"profiles of {_told(base, latest)} cannot be scaled to each other")
    wanted, there = (exact(each.values).sum(axis=0).astype(float) for each in (base, latest))
    ratios = np.divide(wanted, there, out=np.zeros_like(there), where=there != 0)
    scaled = np.clip(latest.values * ratios, -LARGEST, LARGEST)
    rounded = np.trunc(scaled + np.copysign(0.5, scaled)).astype(np.int64)
    return replace(latest, values=np.where(ratios == 1, latest.values, rounded))


def _common(base: Profile, latest: Profile) -> list[str]:
    """Names of sample types that both have, in the order of the latest."""
    units = dict(base.sample_types)
    found = [kind.type for kind in latest.sample_types if units.get(kind.type) == kind.unit]
    if not found:
        raise ProfileError(f"profiles of {_told(base, latest)} cannot be subtracted")
    return found


def _told(base: Profile, latest: Profile) -> str:
    return " and ".join(", ".join(kind.type for kind in each.sample_types) for each in (base, latest))


def _only(profile: Profile, types: list[str]) -> Profile:
    """The profile with these sample types."""
    columns = [profile.sample_index(name) for name in types]
    if columns == list(range(len(profile.sample_types))):
        return profile
    default = profile.default_sample_type
    return replace(
        profile,
        sample_types=tuple(profile.sample_types[column] for column in columns),
        values=profile.values[:, columns],
        default_sample_type=default if default in types else types[0],
    )
