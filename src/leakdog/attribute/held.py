"""What heap leaked goroutines hold: the heap that grows where they run or where they were started.

A blocked goroutine keeps alive all that its stack and its closure point to. The heap profile knows only where that was
allocated. So the two are connected by their stacks: it was allocated by the function that the goroutine runs, by the
one that started it, by one of which it runs a closure, or by what these called. What the starter allocates may be kept
elsewhere just as well, so of that it is only told how much they hold at most; and what surely grows by itself is not
theirs (`alone`).
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

from leakdog.attribute.alone import Beside
from leakdog.attribute.code import has_own_frame, is_standard
from leakdog.attribute.site import closure_name, function_name
from leakdog.model import Culprit, Frame

KIB = 1024.0
# Starts everything, so being started there connects nothing.
ENTRY = "main.main"
HELD = "held by the goroutines that leak beside it"


@dataclass(frozen=True, slots=True)
class Held:
    """What leaked goroutines hold of the heap that grows.

    Attributes:
        share: of that growth, 0 to 1, what they hold by their stacks.
        apart: of that growth, 0 to 1, what the program's own code surely allocates and they do not hold.
        sites: the `stack_id`s of what they hold.
        alone: those of what they might hold by its stack, and which grows by itself.

    """

    share: float
    apart: float
    sites: frozenset[str] = frozenset()
    alone: frozenset[str] = frozenset()


def with_held_heap(
    goroutines: Sequence[Culprit],
    heap: Sequence[Culprit],
    beside: Beside | None = None,
    known: Container[str] = (),
) -> tuple[tuple[Culprit, ...], Held | None]:
    """The culprits among goroutines, with the heap that each holds told in its note, and how much that is in all.

    Args:
        goroutines: whose growth is in goroutines per second.
        heap: culprits of the same target and time, whose growth is in bytes per second.
        beside: the profiles that both are of, which tell what of the heap grows by itself; None: not known.
        known: `stack_id`s of heap that was seen to grow by itself before.

    Returns:
        The goroutines, and what they hold together; None where either is not known, or nobody tells who started them
        and they run nothing that allocates.

    """
    left, told, held = list(heap), [], list[Culprit]()
    for each in goroutines:
        near = [site for site in left if site.stack_id not in known and _connected(each, site)]
        own = [site for site in near if not _alone(each, site, beside)]
        left = [site for site in left if site not in own]
        held += own
        told.append(_noted(each, own) if own and each.growth_per_second > 0 else each)
    # Beside all of them: beside some, what others hold that were started there grows by itself as well.
    alone = {site.stack_id for site in left if any(_connected(each, site) for each in goroutines)}
    if not heap or not (held or alone or any(each.created_by for each in goroutines)):
        return tuple(told), None
    share, apart = sum(site.share for site in held), sum(map(_least, left))
    sites = frozenset(site.stack_id for site in held)
    return tuple(told), Held(min(1.0, share), min(1.0, apart), sites, frozenset(alone))


def with_held_last(heap: Sequence[Culprit], held: Held | None) -> tuple[Culprit, ...]:
    """The culprits of a heap that leaks by itself: what leaked goroutines hold comes last, and its note says so."""
    sites = held.sites if held is not None else frozenset[str]()
    theirs = [replace(each, note=_joined(each.note, HELD)) for each in heap if each.stack_id in sites]
    return (*(each for each in heap if each.stack_id not in sites), *theirs)


def _alone(goroutine: Culprit, site: Culprit, beside: Beside | None) -> bool:
    return beside is not None and beside.grows_alone(site.stack_id, goroutine.stack_id)


def _least(site: Culprit) -> float:
    """Share of the growth that surely is this site's, and that the program's own code allocates."""
    if not has_own_frame(site.stack):
        return 0.0
    return site.share_interval[0] if site.share_interval is not None else site.share


def _connected(goroutine: Culprit, site: Culprit) -> bool:
    starter = goroutine.created_by
    if starter is not None and starter.function != ENTRY and function_name(starter) in _functions(site.stack):
        return True
    return _runs(goroutine, site) or _is_written_in(goroutine, site)


def _is_written_in(goroutine: Culprit, site: Culprit) -> bool:
    """Whether it runs a closure of a function on the site's stack, whatever started it: it may hold its variables."""
    closures = {closure_name(frame) for frame in site.stack if not is_standard(frame) and frame.function != ENTRY}
    return not closures.isdisjoint(_functions(goroutine.stack))


def _runs(goroutine: Culprit, site: Culprit) -> bool:
    return function_name(site.frame) in _functions(goroutine.stack)


def _functions(stack: Sequence[Frame]) -> set[str]:
    return {function_name(frame) for frame in stack if not is_standard(frame) and frame.function != ENTRY}


def _noted(goroutine: Culprit, own: Sequence[Culprit]) -> Culprit:
    each = sum(site.growth_per_second for site in own) / goroutine.growth_per_second
    how_much = "about" if all(_runs(goroutine, site) for site in own) else "up to"
    what = f"each holds {how_much} {each / KIB:,.1f} KiB of heap, allocated in {_place(own[0].frame)}"
    return replace(goroutine, note=_joined(goroutine.note, what))


def _place(frame: Frame) -> str:
    """The line too: where it is kept elsewhere, that is where another leak begins."""
    file = frame.file.replace("\\", "/").rpartition("/")[2]
    return f"{frame.function} ({file}:{frame.line})" if file and frame.line else frame.function


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))
