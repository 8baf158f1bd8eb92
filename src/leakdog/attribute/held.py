"""What heap leaked goroutines hold: the heap that grows where they run or where they were started.

A blocked goroutine keeps alive all that its stack and its closure point to. The heap profile knows only where that was
allocated. So the two are connected by their stacks: it was allocated by the function that the goroutine runs, or by the
function that started it, or by what these called. What the starter allocates may be kept elsewhere just as well, so of
that it is only told how much they hold at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from leakdog.attribute.code import is_standard
from leakdog.attribute.site import function_name
from leakdog.model import Culprit, Frame

KIB = 1024.0
# Starts everything, so being started there connects nothing.
ENTRY = "main.main"


def with_held_heap(goroutines: Sequence[Culprit], heap: Sequence[Culprit]) -> tuple[tuple[Culprit, ...], float | None]:
    """The culprits among goroutines, with the heap that each holds told in its note, and how much that is in all.

    Args:
        goroutines: whose growth is in goroutines per second.
        heap: culprits of the same target and time, whose growth is in bytes per second.

    Returns:
        The goroutines, and the share of the heap's growth, 0 to 1, that they hold together; None where either is not
        known.

    """
    left, told, share = list(heap), [], 0.0
    for each in goroutines:
        own = [site for site in left if _connected(each, site)]
        left = [site for site in left if site not in own]
        share += sum(site.share for site in own)
        told.append(_noted(each, own) if own and each.growth_per_second > 0 else each)
    return tuple(told), min(1.0, share) if goroutines and heap else None


def _connected(goroutine: Culprit, site: Culprit) -> bool:
    starter = goroutine.created_by
    if starter is not None and starter.function != ENTRY and function_name(starter) in _functions(site.stack):
        return True
    return _runs(goroutine, site)


def _runs(goroutine: Culprit, site: Culprit) -> bool:
    return function_name(site.frame) in _functions(goroutine.stack)


def _functions(stack: Sequence[Frame]) -> set[str]:
    return {function_name(frame) for frame in stack if not is_standard(frame) and frame.function != ENTRY}


def _noted(goroutine: Culprit, own: Sequence[Culprit]) -> Culprit:
    each = sum(site.growth_per_second for site in own) / goroutine.growth_per_second
    how_much = "about" if all(_runs(goroutine, site) for site in own) else "up to"
    what = f"each holds {how_much} {each / KIB:,.1f} KiB of heap, allocated in {own[0].frame.function}"
    return replace(goroutine, note="; ".join(filter(None, (goroutine.note, what))))
