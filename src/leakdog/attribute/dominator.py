"""The dominator of growth: the deepest function through which most of it flows.

A culprit is one site. Where growth comes from many sites (a decoder that allocates in a dozen places), no site has
much of it, but a function further out calls them all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from leakdog.attribute.code import Own, Owner, owner
from leakdog.attribute.site import function_name
from leakdog.model import Frame

# What most of the growth flows through is behind it; the rest may be another leak, or chance.
DOMINATES = 0.8

Stack = tuple[Frame, ...]


@dataclass(slots=True)
class _Flow:
    """What flows through one function: its growth, and how far it is from the leaf, weighted by growth."""

    growth: float = 0.0
    depth: float = 0.0
    largest: float = 0.0
    frame: Frame | None = None

    def add(self, growth: float, depth: int, frame: Frame) -> None:
        self.growth += growth
        self.depth += growth * depth
        if growth > self.largest:
            self.largest, self.frame = growth, frame


def dominator(found: Iterable[tuple[Stack, float]], whole: float, own: Own = ()) -> tuple[Frame, float] | None:
    """The deepest function through which at least `DOMINATES` of the growth flows, and its share; None: there is none.

    Only the program's own functions count: everything flows through the runtime and the standard library's server. A
    function counts wherever on a stack it is, so one that is reached by many paths is found.

    Args:
        found: stacks, leaf first, each with its growth, above 0.
        whole: growth of all, no less than their sum.
        own: what the program's own code is called; none: not known.

    """
    flows: dict[str, _Flow] = {}
    for stack, growth in found:
        seen: set[str] = set()
        for depth, frame in enumerate(stack):
            name = function_name(frame)
            if name not in seen and owner(frame, own) is Owner.OWN:
                seen.add(name)
                flows.setdefault(name, _Flow()).add(growth, depth, frame)
    most = [flow for flow in flows.values() if flow.growth >= DOMINATES * whole > 0]
    if not most:
        return None
    deepest = min(most, key=lambda flow: flow.depth / flow.growth)
    assert deepest.frame is not None
    return deepest.frame, min(1.0, deepest.growth / whole)
