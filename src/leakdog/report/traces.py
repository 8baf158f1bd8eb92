"""Every stack with its value and labels, laid out as `go tool pprof -traces` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from leakdog.pprof.profile import Label, Profile
from leakdog.report.frames import names_of
from leakdog.report.graph import View, total_of
from leakdog.report.heading import heading
from leakdog.report.measure import label
from leakdog.report.select import select
from leakdog.report.tag_filter import unit_of

SEPARATOR = "-----------+-------------------------------------------------------"


class Trace(NamedTuple):
    """A sample: its stack, leaf first, as names and whether each is inlined into the next."""

    value: int
    labels: tuple[Label, ...]
    stack: tuple[tuple[str, bool], ...]


def traces_of(profile: Profile, view: View) -> Iterator[Trace]:
    """The samples that have a stack, in the order of the profile.

    Raises:
        ProfileError: there is no such sample type, or what is selected is no regular expression.

    """
    column = profile.sample_index(view.sample_index)
    chosen = select(profile, view.selection)
    names = names_of(chosen.symbols, view.granularity)
    bounds = pairwise(chosen.stack_offsets.tolist())
    for i, (value, (first, last)) in enumerate(zip(chosen.values[:, column].tolist(), bounds, strict=True)):
        stack = tuple(call for location in chosen.stack_locations[first:last].tolist() for call in names[location])
        if stack:
            yield Trace(value, chosen.labels(i), stack)


def render(profile: Profile, view: View) -> str:
    """The report as text.

    Raises:
        ProfileError: as for `traces_of`.

    """
    kind = profile.sample_types[profile.sample_index(view.sample_index)]
    lines = list(heading(profile, kind, total_of(profile, view), view.unit))
    for trace in traces_of(profile, view):
        lines += [SEPARATOR, *_labels(trace.labels)]
        values = [label(trace.value, kind.unit, view.unit), *[""] * (len(trace.stack) - 1)]
        lines += [
            f"{value:>10}   {name}{' (inline)' if inline else ''}"
            for value, (name, inline) in zip(values, trace.stack, strict=True)
        ]
    return "\n".join([*lines, SEPARATOR]) + "\n"


def _labels(labels: Sequence[Label]) -> Iterator[str]:
    """Texts, then numbers with their units, each in order; those of one key on one line."""
    texts: dict[str, list[str]] = {}
    numbers: dict[str, list[str]] = {}
    for each in labels:
        if isinstance(each.value, str):
            texts.setdefault(each.key, []).append(each.value)
        else:
            numbers.setdefault(each.key, []).append(label(each.value, unit_of(each)))
    for found in (texts, numbers):
        yield from sorted(f"{key:>10}:  {' '.join(values)}" for key, values in found.items())
