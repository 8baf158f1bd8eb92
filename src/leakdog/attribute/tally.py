"""What each site of one profile holds, in one pass over arrays.

A site here goes by the set of functions on its stack, those of the runtime left out: the same functions that make
a `stack_id`, in any order and however deep a recursion is. So no stack is made into text, and one profile of
thousands of stacks costs milliseconds. Keys are the same after a restart and in another build.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from leakdog.attribute.code import is_runtime
from leakdog.attribute.site import function_name
from leakdog.attribute.trend import Floats
from leakdog.model import Frame
from leakdog.pprof.compiled import call
from leakdog.pprof.profile import Profile
from leakdog.pprof.symbols import text_of

Keys = NDArray[np.uint64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Sites of one profile, in order of their keys.

    Attributes:
        keys, values: (sites,); what each holds of one sample type.
        total: of all samples, those without a stack included.
        period: sampling period in the sample type's unit, 1 where all is counted.
        sample: (sites,) the sample that holds most of each.

    """

    keys: Keys
    values: Floats
    total: float
    period: float
    sample: Rows
    profile: Profile

    def stack(self, row: int) -> tuple[Frame, ...]:
        """The stack of a site, leaf first: of its stacks, that which holds most."""
        return self.profile.stack(int(self.sample[row]))

    def held(self, keys: Iterable[int]) -> dict[int, float]:
        """What each of these sites holds, by key; those that hold nothing are left out."""
        wanted = np.fromiter(keys, np.uint64)
        rows = np.searchsorted(self.keys, wanted)
        there = np.flatnonzero(np.append(self.keys, np.uint64(0))[rows] == wanted)  # no site has the key 0
        return dict(zip(wanted[there].tolist(), self.values[rows[there]].tolist(), strict=True))


def tally(profile: Profile, sample_type: str, keys: Keys | None = None) -> Tally:
    """Sum a sample type by site.

    Args:
        profile: any.
        sample_type: such as `inuse_space`; `""` is the profile's default.
        keys: of its samples, where `sample_keys` has been asked already.

    Raises:
        ProfileError: the profile lacks this sample type.

    """
    column = profile.sample_index(sample_type)
    values = profile.values[:, column].astype(float)
    keys = sample_keys(profile) if keys is None else keys
    held = np.flatnonzero((keys != 0) & (values > 0))
    largest = held[np.lexsort((-values[held], keys[held]))]
    sites = keys[largest]
    first = np.flatnonzero(np.append(True, sites[1:] != sites[:-1])[: len(sites)])
    unit = profile.sample_types[column].unit
    sampled = profile.period_type is not None and profile.period_type.unit == unit == "bytes"
    return Tally(
        keys=sites[first],
        values=np.add.reduceat(values[largest], first),
        total=float(values.sum()),
        period=float(max(1, profile.period)) if sampled else 1.0,
        sample=largest[first],
        profile=profile,
    )


def sample_keys(profile: Profile) -> Keys:
    """Key of each sample's site, (samples,); 0 for an empty stack."""
    lines = profile.symbols.locations
    places: dict[int, int] = {}  # of each key among those of all functions
    names = np.array([places.setdefault(key, len(places)) for key in _function_keys(profile)], np.int64)
    known, entry, bounds = np.fromiter(places, np.uint64, len(places)), names[lines.line_function], lines.line_offsets
    bare = np.flatnonzero(bounds[1:] == bounds[:-1])
    if len(bare):  # locations without symbols count as a function each
        entry = np.insert(entry, bounds[bare], len(known) + np.arange(len(bare)))
        bounds = bounds + np.searchsorted(bare, np.arange(len(bounds)))
        keys = [_place_key(profile.symbols.place(location)) for location in bare.tolist()]
        known = np.append(known, np.array(keys, np.uint64))
    out = np.empty(len(profile.values), np.uint64)
    offsets = np.ascontiguousarray(profile.stack_offsets, np.int64)
    stacks = (offsets, len(out), np.ascontiguousarray(profile.stack_locations, np.int32))
    if not call("summed", *stacks, bounds, len(bounds) - 1, entry, known, len(known), np.full(len(known), -1), out):
        raise IndexError("a stack refers to what is not there")
    return out


def _function_keys(profile: Profile) -> Iterator[int]:
    table, strings = profile.symbols.functions, profile.symbols.strings
    named, heads = np.where(table.name != 0, table.name, table.system_name), strings.heads
    for name, file in zip(named.tolist(), table.file.tolist(), strict=True):
        yield _function_key(heads[name], heads[file], strings.name_length)


@lru_cache(maxsize=1 << 14)
def _function_key(function: bytes, file: bytes, name_length: int) -> int:
    """64 bits of a function's normalised name; 0 for the runtime, which is no part of a site."""
    frame = Frame(text_of(function, name_length), text_of(file, name_length), 0)
    return 0 if is_runtime(frame) else _hash(function_name(frame))


@lru_cache(maxsize=1 << 12)
def _place_key(place: str) -> int:
    return _hash(place)


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())
