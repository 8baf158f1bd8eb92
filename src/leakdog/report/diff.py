"""What one profile has more, or less, than another: a profile again, which `go tool pprof` opens."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from leakdog.errors import ProfileError
from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Profile
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import Ints, ValueType

Stack = tuple[Frame, ...]


def difference(base: Profile, latest: Profile) -> Profile:
    """`latest` minus `base`, by stack with lines, for every sample type; stacks that did not change are left out.

    Labels are not kept: in heap profiles they tell the size of objects, and stacks are summed over that.

    Raises:
        ProfileError: the two do not have the same sample types.

    """
    if base.sample_types != latest.sample_types:
        names = (", ".join(kind.type for kind in each.sample_types) for each in (base, latest))
        raise ProfileError("profiles of {} and {} cannot be subtracted".format(*names))
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


def _sums(profile: Profile) -> dict[Stack, Ints]:
    found: dict[Stack, Ints] = {}
    for stack, values in zip(profile.stacks(), profile.values, strict=True):
        found[stack] = found[stack] + values if stack in found else np.array(values)
    return found
