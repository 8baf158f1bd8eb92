"""What one profile has more, or less, than another: a profile again, which `go tool pprof` opens."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from leakdog.errors import ProfileError
from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Profile
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import Ints, ValueType
from leakdog.report.frames import exact

Stack = tuple[Frame, ...]
LARGEST = 2.0**62  # that a value is scaled to


def difference(base: Profile, latest: Profile) -> Profile:
    """`latest` minus `base`, by stack with lines, for every sample type; stacks that did not change are left out.

    Labels are not kept: in heap profiles they tell the size of objects, and stacks are summed over that.

    Raises:
        ProfileError: the two do not have the same sample types.

    """
    _same_types(base, latest)
    rows = _sums(latest)
    for stack, values in _sums(base).items():
        rows[stack] = rows[stack] - values if stack in rows else -values
    builder = Builder(latest.sample_types, DEFAULT_LIMITS)
    places: dict[Frame, int] = {}
    for stack, values in rows.items():
        if values.any():
            where = [builder.location(places.setdefault(frame, len(places) + 1), (frame,)) for frame in stack]
            builder.sample(values.tolist(), where)
    return replace(
        builder.build(latest.period_type or ValueType("", ""), latest.period),
        default_sample_type=latest.default_sample_type,
        time_nanos=latest.time_nanos,
        duration_nanos=max(0, latest.time_nanos - base.time_nanos),
    )


def normalized(latest: Profile, base: Profile) -> Profile:
    """`latest` with all values of a sample type scaled so that their sum is that of `base`: two loads are made one.

    Raises:
        ProfileError: the two do not have the same sample types.

    """
    _same_types(base, latest)
    wanted, there = (exact(each.values).sum(axis=0).astype(float) for each in (base, latest))
    ratios = np.divide(wanted, there, out=np.zeros_like(there), where=there != 0)
    scaled = np.clip(latest.values * ratios, -LARGEST, LARGEST)
    rounded = np.trunc(scaled + np.copysign(0.5, scaled)).astype(np.int64)
    return replace(latest, values=np.where(ratios == 1, latest.values, rounded))


def _same_types(base: Profile, latest: Profile) -> None:
    if base.sample_types != latest.sample_types:
        names = (", ".join(kind.type for kind in each.sample_types) for each in (base, latest))
        raise ProfileError("profiles of {} and {} cannot be subtracted".format(*names))


def _sums(profile: Profile) -> dict[Stack, Ints]:
    found: dict[Stack, Ints] = {}
    for stack, values in zip(profile.stacks(), profile.values, strict=True):
        found[stack] = found[stack] + values if stack in found else np.array(values)
    return found
