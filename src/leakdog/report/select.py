"""Which samples and frames of a profile to look at: focus, ignore, hide, show and the like of `go tool pprof`.

A regular expression is searched in the name and the file of each function, and in the path of the binary. What is
chosen is a profile again, so every report can be made of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from leakdog.errors import ProfileError
from leakdog.pprof.profile import Ints, LabelTable, Profile
from leakdog.pprof.ragged import ranges
from leakdog.pprof.symbols import Locations, Symbols
from leakdog.report.tag_filter import tag_filter

Bools = NDArray[np.bool_]
SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Selection:
    """Regular expressions; empty ones choose nothing.

    Attributes:
        focus: keep samples with a frame that matches.
        ignore: leave out samples with a frame that matches.
        hide: leave out frames that match.
        show: keep only frames that match.
        show_from: leave out the frames outward of the outermost that matches, and samples without one.
        tagfocus, tagignore: keep or leave out samples by their labels; see `tag_filter`.

    """

    focus: str = ""
    ignore: str = ""
    hide: str = ""
    show: str = ""
    show_from: str = ""
    tagfocus: str = ""
    tagignore: str = ""

    def lines(self) -> Iterator[str]:
        """What is chosen, as the heading of a report tells it."""
        given = [(each.name, getattr(self, each.name)) for each in fields(self)]
        told = [f"{name}={pattern}" for name, pattern in given if pattern]
        if told:
            yield "Active filters:"
        for text in told:
            yield f"   {text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + '…'}"


def select(profile: Profile, wanted: Selection) -> Profile:
    """The chosen samples and frames.

    Raises:
        ProfileError: a text is no regular expression.

    """
    match = Matcher(profile)
    kept = np.ones(len(profile.values), bool)
    if wanted.focus:
        kept &= match.samples(match.locations(wanted.focus, "focus"))
    if wanted.ignore:
        kept &= ~match.samples(match.locations(wanted.ignore, "ignore"))
    for name in ("tagfocus", "tagignore"):
        if pattern := getattr(wanted, name):
            chooses = tag_filter(pattern, name)
            found = np.array([chooses(profile.labels(i)) for i in range(len(profile.values))], bool)
            kept &= found if name == "tagfocus" else ~found
    if wanted.focus or wanted.ignore or wanted.hide or wanted.show:
        kept &= np.diff(profile.stack_offsets) > 0
    lines = np.ones(len(profile.symbols.locations.line_function), bool)
    places = np.ones(len(profile.symbols.locations.mapping), bool)
    if wanted.hide:
        lines, places = match.without(lines, places, wanted.hide)
    if wanted.show:
        lines, places = match.only(lines, places, wanted.show)
    out = cut(profile, kept, lines, places)
    return _shown_from(out, wanted.show_from) if wanted.show_from else out


class Matcher:
    """What of a profile's tables a pattern matches."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.symbols = profile.symbols
        table = profile.symbols.locations
        self.owner = np.repeat(np.arange(len(table.mapping)), np.diff(table.line_offsets))

    def lines(self, pattern: str, name: str) -> Bools:
        """Lines by the name or the file of their function."""
        found, functions, strings = _compiled(pattern, name), self.symbols.functions, self.symbols.strings
        hit = [
            bool(found.search(strings[a]) or found.search(strings[b]))
            for a, b in zip(functions.name.tolist(), functions.file.tolist(), strict=True)
        ]
        out: Bools = np.array(hit, bool)[self.symbols.locations.line_function]
        return out

    def binaries(self, pattern: str, name: str) -> Bools:
        """Locations by the path of their binary."""
        found, strings = _compiled(pattern, name), self.symbols.strings
        hit = [bool(found.search(strings[file])) for file in self.symbols.mappings.file.tolist()]
        return np.array([*hit, False], bool)[self.symbols.locations.mapping]  # -1 is none

    def locations(self, pattern: str, name: str) -> Bools:
        """Locations of which a line or the binary matches."""
        out = self.binaries(pattern, name)
        out[self.owner[self.lines(pattern, name)]] = True
        return out

    def samples(self, locations: Bools) -> Bools:
        """Samples with one of these locations on their stacks."""
        sizes = np.diff(self.profile.stack_offsets)
        owners = np.repeat(np.arange(len(sizes)), sizes)
        out = np.zeros(len(sizes), bool)
        out[owners[locations[self.profile.stack_locations]]] = True
        return out

    def without(self, lines: Bools, places: Bools, pattern: str) -> tuple[Bools, Bools]:
        """Lines and locations that are left when those that match are hidden."""
        binary = self.binaries(pattern, "hide")
        touched = self.locations(pattern, "hide")
        lines = lines & ~self.lines(pattern, "hide") & ~binary[self.owner]
        return lines, places & ~(touched & ~self._has(lines))

    def only(self, lines: Bools, places: Bools, pattern: str) -> tuple[Bools, Bools]:
        """Lines and locations that are left when only those that match are shown."""
        lines = lines & (self.lines(pattern, "show") | self.binaries(pattern, "show")[self.owner])
        return lines, places & self._has(lines)

    def _has(self, lines: Bools) -> Bools:
        """Locations with one of these lines."""
        out = np.zeros(len(self.symbols.locations.mapping), bool)
        out[self.owner[lines]] = True
        return out


def _compiled(pattern: str, name: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ProfileError(f"{name}: {pattern!r} is not a regular expression: {error}") from None


def cut(profile: Profile, samples: Bools, lines: Bools, places: Bools) -> Profile:
    """Only these samples, lines and locations; samples that lose all their locations go, too."""
    table = profile.symbols.locations
    sizes = np.diff(profile.stack_offsets)
    inside = places[profile.stack_locations]
    left = np.zeros(len(sizes), np.int64)
    np.add.at(left, np.repeat(np.arange(len(sizes)), sizes)[inside], 1)
    if not places.all():
        samples = samples & (left > 0)
    owner = np.repeat(np.arange(len(table.mapping)), np.diff(table.line_offsets))
    counts = np.bincount(owner[lines], minlength=len(table.mapping))
    symbols = Symbols(
        profile.symbols.strings,
        profile.symbols.mappings,
        profile.symbols.functions,
        Locations(
            table.mapping,
            table.address,
            table.folded,
            offsets(counts),
            table.line_function[lines],
            table.line_number[lines],
            table.line_column[lines],
        ),
    )
    kept = np.repeat(samples, sizes) & inside
    return replace(
        profile,
        values=profile.values[samples],
        stack_offsets=offsets(left[samples]),
        stack_locations=profile.stack_locations[kept],
        label_table=_labels(profile.label_table, np.flatnonzero(samples)),
        symbols=symbols,
    )


def take(profile: Profile, samples: Ints) -> Profile:
    """Some samples, in this order."""
    sizes = np.diff(profile.stack_offsets)[samples]
    return replace(
        profile,
        values=profile.values[samples],
        stack_offsets=offsets(sizes),
        stack_locations=profile.stack_locations[ranges(profile.stack_offsets[samples], sizes)],
        label_table=_labels(profile.label_table, samples),
    )


def _labels(table: LabelTable, samples: Ints) -> LabelTable:
    sizes = np.diff(table.offsets)[samples]
    rows = ranges(table.offsets[samples], sizes)
    return LabelTable(offsets(sizes), table.key[rows], table.text[rows], table.number[rows], table.unit[rows])


def _shown_from(profile: Profile, pattern: str) -> Profile:
    """Stacks cut above the outermost frame that matches, also within a location with inlined calls."""
    match = Matcher(profile)
    hit, binary = match.lines(pattern, "show_from"), match.binaries(pattern, "show_from")
    table = profile.symbols.locations
    keep_lines = np.ones(len(hit), bool)
    found = binary.copy()
    for location in np.unique(match.owner[hit]).tolist():
        found[location] = True
        first, last = int(table.line_offsets[location]), int(table.line_offsets[location + 1])
        if not binary[location]:
            keep_lines[first + int(np.flatnonzero(hit[first:last])[-1]) + 1 : last] = False
    sizes = np.diff(profile.stack_offsets)
    ends = np.zeros(len(sizes), np.int64)  # locations kept, from the leaf
    owners = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(len(owners)) - profile.stack_offsets[owners]
    inside = found[profile.stack_locations]
    np.maximum.at(ends, owners[inside], place[inside] + 1)
    shorter = replace(
        profile,
        stack_offsets=offsets(ends),
        stack_locations=profile.stack_locations[place < ends[owners]],
    )
    return cut(shorter, ends > 0, keep_lines, np.ones(len(table.mapping), bool))


def offsets(sizes: Ints) -> Ints:
    """Where each of many slices of these sizes begins, and the last ends."""
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
