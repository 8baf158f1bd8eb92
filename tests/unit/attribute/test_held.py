"""What heap leaked goroutines hold."""

from __future__ import annotations

import pytest

from leakdog.attribute.held import with_held_heap
from leakdog.model import Culprit, Frame

SEND = Frame("main.publish.func1", "shop/bus.go", 21)
STARTER = Frame("main.publish", "shop/bus.go", 18)
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
        (goroutines(SEND), heap(CLONE, SEND._replace(line=20)), "about"),
        (goroutines(SEND, Frame("main.work", "shop/work.go", 9)), heap(Frame("main.work", "shop/work.go", 7)), "about"),
    ],
)
def test_heap_of_the_goroutine_or_of_its_starter_is_held_by_it(goroutine: Culprit, site: Culprit, most: str) -> None:
    """The note tells how much each holds and where that is allocated; a starter may keep it elsewhere."""
    (found,), share = with_held_heap([goroutine], [site])
    assert share == 0.9
    assert found.note == f"blocked in chan send; each holds {most} 10.0 KiB of heap, allocated in {site.frame.function}"


@pytest.mark.parametrize(
    ("goroutine", "site"),
    [
        (goroutines(SEND, created_by=STARTER), heap(Frame("main.put", "shop/put.go", 19), MAIN)),
        (goroutines(SEND, MAIN, created_by=MAIN), heap(Frame("main.put", "shop/put.go", 19), MAIN)),
        (goroutines(SEND, CLONE), heap(CLONE, Frame("main.put", "shop/put.go", 19))),
        (goroutines(SEND, created_by=None), heap(STARTER)),
    ],
)
def test_other_heap_is_not(goroutine: Culprit, site: Culprit) -> None:
    """Neither main nor the standard library connects two stacks, for everything runs through them."""
    assert with_held_heap([goroutine], [site]) == ((goroutine,), 0.0)


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
    (first, second), share = with_held_heap([one, other], sites)
    assert share == pytest.approx(0.7)
    assert "each holds up to 20.0 KiB of heap" in first.note
    assert second == other


def test_nothing_to_connect() -> None:
    """Without goroutines or without heap nothing is held."""
    assert with_held_heap([], [heap(STARTER)]) == ((), None)
    assert with_held_heap([goroutines(SEND)], []) == ((goroutines(SEND),), None)
