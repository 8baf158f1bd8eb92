"""Who calls whom, and what each holds: the nodes and edges that `top`, `tree` and `peek` print.

`flat` is what a node's own code holds, `cum` what it and all that it called hold. A node that is more than once in a
stack (recursion) counts once. Inlined functions count as functions. Those of one name are one node.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from leakdog.pprof.profile import Profile
from leakdog.report.base import of_base
from leakdog.report.frames import Frames, Granularity, Numbers, Parts, exact, frames_of, parts_of, sums
from leakdog.report.heading import heading
from leakdog.report.measure import MINIMUM, common_unit
from leakdog.report.select import Selection, select

NOTHING = "nothing is there to look at: the profile is empty, or its filters leave nothing"


@dataclass(frozen=True, slots=True)
class View:
    """How to look at a profile.

    Attributes:
        sample_index: name of a sample type, as `go tool pprof -sample_index` takes it; `""` for the default.
        n: nodes to show; 0 for all.
        node_fraction, edge_fraction: shares of the total below which nodes and edges are left out.
        unit: of the figures, as `go tool pprof -unit` takes it: `minimum` is one that suits all figures of a table,
            `auto` one for each figure.

    """

    sample_index: str = ""
    granularity: Granularity = Granularity.FUNCTIONS
    sort: Literal["flat", "cum"] = "flat"
    n: int = 0
    node_fraction: float = 0.0
    edge_fraction: float = 0.0
    selection: Selection = field(default_factory=Selection)
    unit: str = MINIMUM


class Node(NamedTuple):
    """One node. `inline` is `(inline)`, `(partial-inline)` or empty: whether its calls were inlined."""

    name: str
    flat: int
    cum: int
    inline: str = ""


class Edge(NamedTuple):
    """What a callee holds for a caller.

    `inline`: all of these calls were inlined. `residual`: some of them go through nodes that are not shown.
    """

    caller: str
    callee: str
    weight: int
    inline: bool
    residual: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and edges.

    Attributes:
        sample_type, unit: what the numbers count, such as `inuse_space` in `bytes`.
        total: what shares are shares of; see `total_of`. What is not selected counts, too.
        nodes: sorted, the first of `node_count`.
        dropped: nodes below `cutoff`, which are in none of these.
        heading: lines that say what profile this is, and what is selected.
        shown_in: unit of the figures in text.

    """

    sample_type: str
    unit: str
    total: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    node_count: int
    dropped: int = 0
    cutoff: int = 0
    heading: tuple[str, ...] = ()
    shown_in: str = MINIMUM


class Tally(NamedTuple):
    """The nodes of a profile by number, and the frames and weights that they are sums of."""

    names: list[str]
    parts: list[Parts]
    flat: list[int]
    cum: list[int]
    frames: Frames
    weights: Numbers

    def whole(self) -> int:
        """All that is selected."""
        return abs(sum(self.flat))

    def large(self, fraction: float) -> tuple[list[int], int]:
        """Nodes that hold such a share of the whole, and how many do not."""
        least = int(self.whole() * fraction)
        found = [i for i in range(len(self.names)) if self.flat[i] or self.cum[i]]
        kept = [i for i in found if abs(self.cum[i]) >= least]
        return kept, len(found) - len(kept)


class Call(NamedTuple):
    """An edge between nodes by number; see `Edge`."""

    caller: int
    callee: int
    weight: int
    inline: bool
    residual: bool


def build(profile: Profile, view: View) -> Graph:
    """The graph of a profile.

    Raises:
        ProfileError: there is no such sample type, or what is selected is no regular expression.

    """
    kind = profile.sample_types[profile.sample_index(view.sample_index)]
    total = total_of(profile, view)
    found = tally(select(profile, view.selection), view)
    large, dropped = found.large(view.node_fraction)
    by = found.cum if view.sort == "cum" else found.flat
    large.sort(key=lambda i: (-abs(by[i]), found.names[i]))
    shown = large[: view.n] if view.n else large
    least_edge = int(found.whole() * view.edge_fraction)
    # What adds up to nothing is no row, but calls go through it as long as nothing else is left out.
    through = shown if dropped or len(shown) < len(large) else list(range(len(found.names)))
    rows = set(shown)
    edges = [
        each
        for each in calls_between(found, through)
        if abs(each.weight) >= least_edge or each.callee not in rows  # as in pprof
    ]
    marks = _inline_marks(edges)
    nodes = tuple(Node(found.names[i], found.flat[i], found.cum[i], marks.get(i, "")) for i in shown)
    unit = output_unit(view, nodes, total, kind.unit)
    return Graph(
        sample_type=kind.type,
        unit=kind.unit,
        total=total,
        nodes=nodes,
        edges=tuple(Edge(found.names[each.caller], found.names[each.callee], *each[2:]) for each in edges),
        node_count=len(large),
        dropped=dropped,
        cutoff=int(total * view.node_fraction),
        heading=(*heading(profile, kind, total, unit), *view.selection.lines()),
        shown_in=unit,
    )


def total_of(profile: Profile, view: View) -> int:
    """Sum of the absolute values of all samples; of those of a base only, where they are kept apart.

    Raises:
        ProfileError: there is no such sample type.

    """
    values = np.abs(exact(profile.values[:, profile.sample_index(view.sample_index)]))
    return int(values[of_base(profile)].sum()) or int(values.sum())


def output_unit(view: View, nodes: Iterable[Node], total: int, unit: str) -> str:
    """Unit of all figures of a report, of which the largest is the total; see `View.unit`."""
    if view.unit != MINIMUM:
        return view.unit
    values = (abs(node.flat) or abs(node.cum) for node in nodes)
    return common_unit(min((value for value in values if value), default=0), total, unit)


def tally(chosen: Profile, view: View) -> Tally:
    """The nodes of what is selected of a profile.

    Raises:
        ProfileError: there is no such sample type.

    """
    weights = exact(chosen.values[:, chosen.sample_index(view.sample_index)])
    parts, calls = parts_of(chosen.symbols, view.granularity)
    names = list(parts)
    frames = frames_of(chosen, np.flatnonzero(weights != 0), calls)
    flat, cum = sums(frames, weights, len(names))
    return Tally(names, list(parts.values()), flat.tolist(), cum.tolist(), frames, weights)


def calls_between(found: Tally, shown: list[int]) -> list[Call]:
    """The calls between nodes that are shown.

    A frame's caller is the next one outward that is shown. A call that is twice in a stack counts once, and the
    outermost of the two tells what kind of call it is.
    """
    names, weights = len(found.names), found.weights
    is_shown = np.zeros(names, np.bool_)
    is_shown[shown] = True
    place = np.flatnonzero(is_shown[found.frames.name])
    owner, name, inlined = (column[place] for column in found.frames)
    call = np.flatnonzero((owner[1:] == owner[:-1]) & (name[1:] != name[:-1]))[::-1]
    pairs, pair = np.unique(name[call] * names + name[call + 1], return_inverse=True)
    _, outermost = np.unique(owner[call] * len(pairs) + pair, return_index=True)
    call, pair = call[outermost], pair[outermost]
    total = np.zeros(len(pairs), weights.dtype)
    np.add.at(total, pair, weights[owner[call]])
    plain, residual = np.zeros(len(pairs), np.bool_), np.zeros(len(pairs), np.bool_)
    plain[pair[~inlined[call]]] = True
    residual[pair[place[call + 1] > place[call] + 1]] = True
    callees, callers = np.divmod(pairs, names) if names else (pairs, pairs)
    columns = (callers.tolist(), callees.tolist(), total.tolist(), (~plain).tolist(), residual.tolist())
    return [Call(*row) for row in zip(*columns, strict=True)]


def _inline_marks(edges: list[Call]) -> dict[int, str]:
    """Which callees are inlined, by all their callers or by some."""
    inlining = {each.callee for each in edges if each.inline}
    calling = {each.callee for each in edges if not each.inline}
    return {i: "(partial-inline)" if i in calling else "(inline)" for i in inlining}
