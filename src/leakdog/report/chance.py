"""What chance alone makes of a profile that is sampled: how far its values are off, and growth that may be none.

Of memory a sample is kept for each 512 KiB, say. Where objects come and go, other ones are sampled each time, so what
a stack is said to hold wanders though it holds the same. What stays is sampled once and does not wander.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leakdog.attribute.table import LARGE
from leakdog.attribute.tally import sample_keys
from leakdog.pprof.profile import Profile

FEW = 3  # profiles at each end that tell together what is held there
Floats = NDArray[np.float64]


def variance_of_sampling(profile: Profile, column: int) -> Floats:
    """Variance of each sample's value that comes of sampling: none where not sampled by size.

    An object of `s` bytes is seen with the chance p = 1 - exp(-s / period), and then counts 1 / p times.
    """
    values = profile.values.astype(np.float64)
    types = [kind.type for kind in profile.sample_types]
    stem = types[column].removesuffix("space").removesuffix("objects")
    sampled = profile.period_type is not None and profile.period_type.unit == "bytes" and profile.period > 1
    if not sampled or not {f"{stem}space", f"{stem}objects"} <= set(types):
        return np.zeros(len(values))
    objects, space = values[:, types.index(f"{stem}objects")], values[:, types.index(f"{stem}space")]
    sizes = np.clip(space / np.maximum(objects, 1), 1, LARGE * profile.period)
    each = sizes**2 if types[column].endswith("space") else 1.0
    return np.asarray(np.abs(objects) * each / np.expm1(sizes / profile.period), float)


class Chance(NamedTuple):
    """What sampling alone may have made of growth.

    Attributes:
        errors: standard errors of sampling that it is, of the surest site, or the whole; infinite where it is sure.
        of_whole: one standard error of the growth of the whole, in the unit of the sample type.

    """

    errors: float
    of_whole: float


def chance_of_growth(profiles: Sequence[Profile], sample_type: str) -> Chance:
    """How far growth over these profiles may be chance.

    Growth is what lies between the medians of the first and of the last few: one profile may have been taken while
    little was going on. What came or went is as uncertain as it was sampled: as much as a site is seen to move from
    profile to profile, and at most all of what it held at both ends. Where nothing is sampled, none of it is chance.

    Args:
        profiles: of one life of a process, in order and evenly spread, two or more.
        sample_type: that all of them have.

    """
    values, variance = _by_site(profiles, sample_type)
    if not variance.any():
        return Chance(math.inf, 0.0)
    grain = variance / np.maximum(np.abs(values).sum(axis=1), 1)
    grown, held = _at_ends(values)
    chance = grain * np.minimum(np.abs(np.diff(values)).sum(axis=1), held)
    whole, _ = _at_ends(values.sum(axis=0, keepdims=True))
    grown, chance = np.append(grown, whole), np.append(chance, chance.sum())
    rises = grown > 0
    with np.errstate(divide="ignore"):
        errors = float((grown[rises] / np.sqrt(chance[rises])).max(initial=0.0))
    return Chance(errors, math.sqrt(chance[-1]))


def _at_ends(values: Floats) -> tuple[Floats, Floats]:
    """By how much each site has grown from the first profile to the last, and what it held at both at most, (sites,).

    One of the first may be empty, and one of the last: what a site held is then told by those beside.
    """
    count = values.shape[1]
    few = min(FEW, max(1, count // 3))
    first, last = np.median(values[:, :few], axis=1), np.median(values[:, -few:], axis=1)
    held = np.maximum(np.abs(first), np.abs(values[:, 0])) + np.maximum(np.abs(last), np.abs(values[:, -1]))
    return np.asarray((last - first) * (count - 1) / (count - few), float), np.asarray(held, float)


def _by_site(profiles: Sequence[Profile], sample_type: str) -> tuple[Floats, Floats]:
    """(sites, profiles): what each site holds, and (sites,): the variance of that, summed over all profiles."""
    rows: dict[int, int] = {}
    columns = []
    for profile in profiles:
        keys, place = np.unique(sample_keys(profile), return_inverse=True)
        column = profile.sample_index(sample_type)
        weights = profile.values[:, column].astype(np.float64), variance_of_sampling(profile, column)
        at = np.array([rows.setdefault(key, len(rows)) for key in keys.tolist()], np.int64)
        columns.append((at, [np.bincount(place, each, len(keys)) for each in weights]))
    values, variance = np.zeros((len(rows), len(profiles))), np.zeros(len(rows))
    for j, (at, (held, of_it)) in enumerate(columns):
        values[at, j] = held
        variance[at] += of_it
    return values, variance
