"""A large profile as a small one that tells the same of its process: totals, and what its largest sites hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from leakdog.attribute.blocked import blocked_at
from leakdog.attribute.code import Own
from leakdog.attribute.tally import sample_keys
from leakdog.attribute.trend import Ints
from leakdog.model import Frame
from leakdog.pprof.profile import LabelTable, Profile
from leakdog.pprof.symbols import Functions, Locations, Mappings, Strings, Symbols

# Sites that are told one by one: as many as `detect.leaders` remembers. All others are one sample without a stack.
SITES = 256
# What Go runs to write a profile; how much that has allocated is told apart.
PROFILING = ("net/http/pprof.", "runtime/pprof.")


def gist(profile: Profile, sample_type: str, most: int = SITES, *, blocked: bool = False, own: Own = ()) -> Profile:
    """The profile with one sample for each of the sites that hold most of a sample type, and one for all others.

    Each sample has the sums of its site and the stack that holds most of it. Samples of profiling stay apart from
    others, and with `blocked` so do goroutines that are blocked at different lines of a site, or not at all; a line is
    one of the program's own code, which is called `own`. Labels
    and comments are left out, and so are symbols that no stack needs.

    Raises:
        ProfileError: the profile lacks this sample type.

    """
    held = profile.values[:, profile.sample_index(sample_type)]
    groups = _groups(sample_keys(profile), held, profile.runs(*PROFILING), most)
    if blocked:
        lines = _lines(profile, own)
        groups = np.where(groups > 0, groups * (1 + lines.max(initial=0)) + lines, 0)
    order = np.lexsort((-held, groups))
    found, first, place = np.unique(groups[order], return_index=True, return_inverse=True)
    values = np.zeros((len(found), profile.values.shape[1]), np.int64)
    np.add.at(values, place, profile.values[order])
    stacks = [_locations_of(profile, row) if group else _NONE for group, row in zip(found, order[first], strict=True)]
    sizes = np.fromiter(map(len, stacks), np.int64, len(stacks))
    used, numbers = np.unique(np.concatenate([_NONE, *stacks]), return_inverse=True)
    offsets = np.zeros(len(found) + 1, np.int64)
    return replace(
        profile,
        values=values,
        stack_offsets=np.append(0, np.cumsum(sizes)),
        stack_locations=numbers.astype(np.int32),
        label_table=LabelTable(offsets, *(np.zeros(0, np.int64) for _ in range(4))),
        symbols=_only(profile.symbols, used),
        comments=(),
        doc_url="",
    )


_NONE = np.zeros(0, np.int64)


def _groups(keys: NDArray[np.uint64], held: Ints, profiling: NDArray[np.bool_], most: int) -> Ints:
    """(samples,): 0 for what is not told one by one; the same number for samples of one site."""
    sites, place = np.unique(keys, return_inverse=True)
    sums = np.bincount(place, held.astype(float), len(sites))
    sums[sites == 0] = 0.0
    large = np.argsort(-sums, kind="stable")[:most]
    number = np.zeros(len(sites), np.int64)
    number[large] = np.arange(1, len(large) + 1)
    number[sums <= 0] = 0
    groups: Ints = 2 * number[place] + profiling
    return groups


def _lines(profile: Profile, own: Own) -> Ints:
    """(samples,): the same number for those that are blocked at one line; 0 for those that are not."""
    numbers: dict[Frame | None, int] = {None: 0}
    stacks = profile.stacks()
    return np.fromiter(
        (numbers.setdefault(blocked_at(stack, own), len(numbers)) for stack in stacks), np.int64, len(stacks)
    )


def _locations_of(profile: Profile, sample: int) -> Ints:
    return profile.stack_locations[profile.stack_offsets[sample] : profile.stack_offsets[sample + 1]].astype(np.int64)


def _only(symbols: Symbols, used: Ints) -> Symbols:
    """The symbols that these locations need, and the first mapping, which is the program."""
    table, functions, mappings = symbols.locations, symbols.functions, symbols.mappings
    sizes = np.diff(table.line_offsets)[used]
    bounds = zip(table.line_offsets[used].tolist(), sizes.tolist(), strict=True)
    lines = np.concatenate([_NONE, *(np.arange(start, start + size) for start, size in bounds)])
    called, function = np.unique(table.line_function[lines], return_inverse=True)
    own = table.mapping[used]
    binaries = np.unique(np.append(own[own >= 0], _NONE if not len(mappings.start) else 0))
    texts = (functions.name, functions.system_name, functions.file)
    named = [column[called] for column in texts] + [column[binaries] for column in (mappings.file, mappings.build_id)]
    strings, numbers = np.unique(np.concatenate([np.zeros(1, np.int64), *named]), return_inverse=True)
    name, system_name, file, binary, build = np.split(numbers[1:], np.cumsum([len(column) for column in named])[:-1])
    raw = symbols.strings.raw
    return Symbols(
        Strings.of([raw[row] for row in strings.tolist()]),
        Mappings(
            mappings.start[binaries],
            mappings.limit[binaries],
            mappings.offset[binaries],
            binary,
            build,
            mappings.flags[binaries],
        ),
        Functions(name, system_name, file, functions.start_line[called]),
        Locations(
            np.where(own >= 0, np.searchsorted(binaries, own), -1),
            table.address[used],
            table.folded[used],
            np.append(0, np.cumsum(sizes)),
            function,
            table.line_number[lines],
            table.line_column[lines],
        ),
    )
