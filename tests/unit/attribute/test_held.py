"""What heap leaked goroutines hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from leakdog.attribute.alone import Beside
from leakdog.attribute.held import HELD, Held, with_held_heap, with_held_last
from leakdog.model import Culprit, Frame

SEND = Frame("main.publish.func1", "shop/bus.go", 21)
STARTER = Frame("main.publish", "shop/bus.go", 18)
GROUP = Frame("golang.org/x/sync/errgroup.(*Group).Go", "/mod/golang.org/x/sync@v0.5.0/errgroup/errgroup.go", 78)
MAIN = Frame("main.main", "shop/main.go", 5)
READ = Frame("main.read", "shop/io.go", 3)
CLONE = Frame("bytes.Clone", "bytes/bytes.go", 1)


def goroutines(*stack: Frame, created_by: Frame | None = None, growth: float = 2.0) -> Culprit:
    """Goroutines that pile up with this stack."""
    return Culprit("a", stack[0], 1.0, growth, stack, created_by, "blocked in chan send")


def heap(*stack: Frame, share: float = 0.9, growth: float = 20480.0) -> Culprit:
    """Heap that grows with this stack; its own frame is the first that is not the standard library's."""
    own = next(frame for frame in stack if "/" in frame.file and not frame.file.startswith("bytes"))
    return Culprit("b", own, share, growth, stack)


@pytest.mark.parametrize(
    ("goroutine", "site", "most"),
    [
        (goroutines(SEND, created_by=STARTER), heap(CLONE, STARTER._replace(line=19), MAIN), "up to"),
        (
            goroutines(SEND, created_by=STARTER),
            heap(CLONE, Frame("main.read", "shop/io.go", 3), STARTER, MAIN),
            "up to",
        ),
        (goroutines(SEND, GROUP, created_by=GROUP), heap(CLONE, STARTER._replace(line=19), MAIN), "up to"),
        (goroutines(SEND), heap(CLONE, SEND._replace(line=20)), "about"),
        (goroutines(SEND, Frame("main.work", "shop/work.go", 9)), heap(Frame("main.work", "shop/work.go", 7)), "about"),
    ],
)
def test_heap_of_the_goroutine_or_of_its_starter_is_held_by_it(goroutine: Culprit, site: Culprit, most: str) -> None:
    """The note tells how much each holds and where that is allocated; a starter may keep it elsewhere."""
    (found,), held = with_held_heap([goroutine], [site])
    assert held == Held(0.9, 0.0, sites=frozenset({site.stack_id}))
    where = f"{site.frame.function} ({site.frame.file.removeprefix('shop/')}:{site.frame.line})"
    assert found.note == f"blocked in chan send; each holds {most} 10.0 KiB of heap, allocated in {where}"


@pytest.mark.parametrize(
    ("goroutine", "site"),
    [
        (goroutines(SEND, created_by=STARTER), heap(Frame("main.put", "shop/put.go", 19), MAIN)),
        (
            goroutines(Frame("main.main.func1", "shop/main.go", 9), created_by=GROUP),
            heap(Frame("main.put", "shop/put.go", 19), MAIN),
        ),
        (goroutines(SEND, MAIN, created_by=MAIN), heap(Frame("main.put", "shop/put.go", 19), MAIN)),
        (goroutines(SEND, CLONE, created_by=STARTER), heap(CLONE, Frame("main.put", "shop/put.go", 19))),
    ],
)
def test_other_heap_is_not(goroutine: Culprit, site: Culprit) -> None:
    """Neither main nor the standard library connects two stacks, for everything runs through them."""
    assert with_held_heap([goroutine], [site]) == ((goroutine,), Held(0.0, 0.9))


def test_heap_is_held_once() -> None:
    """What two groups might hold counts for the first; what several sites hold sums."""
    one, other = (
        goroutines(SEND, created_by=STARTER),
        goroutines(Frame("main.wait", "shop/w.go", 1), created_by=STARTER),
    )
    sites = [
        heap(STARTER, share=0.4),
        heap(CLONE, STARTER, share=0.3),
        heap(Frame("main.put", "shop/put.go", 1), share=0.3),
    ]
    (first, second), held = with_held_heap([one, other], sites)
    assert held is not None
    assert (held.share, held.apart) == (pytest.approx(0.7), pytest.approx(0.3))
    assert "each holds up to 20.0 KiB of heap" in first.note
    assert second == other


def test_nothing_to_connect() -> None:
    """Without goroutines or without heap nothing is held."""
    assert with_held_heap([], [heap(STARTER)]) == ((), None)
    assert with_held_heap([goroutines(SEND)], []) == ((goroutines(SEND),), None)


def test_starters_that_nobody_tells() -> None:
    """Heap that may have been allocated where they were started is then neither theirs nor not."""
    found = goroutines(READ, created_by=None)
    assert with_held_heap([found], [heap(STARTER)]) == ((found,), None)


def test_apart_is_what_surely_is_no_chance() -> None:
    """The low end of a share counts, and code of the program's own only: the standard library serves all alike."""
    found = goroutines(SEND, created_by=STARTER)
    unsure = replace(heap(READ, share=0.5), share_interval=(0.2, 0.8))
    server = Culprit("c", CLONE, 0.4, 1.0, (CLONE,))
    assert with_held_heap([found], [unsure, server])[1] == Held(0.0, 0.2)


class Alone(Beside):
    """Profiles in which all heap grows by itself."""

    def grows_alone(self, site: str, goroutine: str) -> bool:
        """So it is said of the site of `heap` beside that of `goroutines`."""
        return (site, goroutine) == ("b", "a")


def test_heap_that_grows_by_itself_is_not_held() -> None:
    """It is apart, whoever was started there, and stays so where later profiles do not show it any more."""
    found, site = goroutines(SEND, created_by=STARTER), heap(STARTER)
    apart = Held(0.0, 0.9, alone=frozenset({"b"}))
    assert with_held_heap([found], [site], Alone([], [], [], [])) == ((found,), apart)
    assert with_held_heap([found], [site], None, apart.alone) == ((found,), apart)


@pytest.mark.parametrize("order", [1, -1])
def test_heap_that_others_hold_does_not_grow_by_itself(order: int) -> None:
    """One function starts two that leak: beside the number of one, what the other holds grows by itself."""
    holds_none = goroutines(SEND, created_by=STARTER)
    holder = replace(goroutines(READ, created_by=STARTER), stack_id="c")
    told, held = with_held_heap([holds_none, holder][::order], [heap(STARTER)], Alone([], [], [], []))
    assert held == Held(0.9, 0.0, sites=frozenset({"b"}))
    assert ["of heap" in each.note for each in told] == [False, True][::order]


def test_of_a_heap_that_leaks_beside_them_what_they_hold_comes_last() -> None:
    """Who reads of a heap leak looks at the first of its culprits."""
    theirs, other = heap(STARTER), replace(heap(READ), stack_id="c")
    told = with_held_last([theirs, other], Held(0.5, 0.4, frozenset({"b"})))
    assert told == (other, replace(theirs, note=HELD))
    assert with_held_last([theirs, other], None) == (theirs, other)
