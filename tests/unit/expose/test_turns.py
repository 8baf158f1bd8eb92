"""Readers of a heap profile who come at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from leakdog.errors import LeakdogError
from leakdog.expose.turns import Turns


class Slow:
    """Makes profiles, each as soon as it is let: `asked` has whether garbage was collected."""

    def __init__(self) -> None:
        self.asked: list[bool] = []
        self.begun, self.let = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, collect: bool) -> bytes:
        """The next profile."""
        self.asked.append(collect)
        number = len(self.asked)
        self.begun.release()
        assert self.let.acquire(timeout=10)
        return b"%d" % number


@pytest.fixture
def start() -> Iterator[Callable[..., Future[bytes]]]:
    """Calls something in a thread of its own."""
    with ThreadPoolExecutor() as pool:
        yield pool.submit


def test_who_comes_while_one_is_made_gets_that_one() -> None:
    """Three readers cost the program one profile; the next one is made anew."""
    slow = Slow()
    turns, came = Turns(slow), threading.Barrier(3)

    def late() -> bytes:
        came.wait(10)
        return turns.take(False)

    with ThreadPoolExecutor() as pool:
        first = pool.submit(turns.take, True)
        assert slow.begun.acquire(timeout=10)
        others = [pool.submit(late) for _ in range(2)]
        came.wait(10)
        with pytest.raises(LeakdogError, match="take too long"):
            turns.take(False, wait_seconds=0.5)
        slow.let.release()
        assert [each.result(10) for each in (first, *others)] == [b"1"] * 3
        slow.let.release()
        assert turns.take(False) == b"2"
    assert slow.asked == [True, False]


def test_a_profile_with_garbage_is_not_taken_for_one_without(start: Callable[..., Future[bytes]]) -> None:
    """Who wants a collection first waits, and has one made."""
    slow = Slow()
    turns = Turns(slow)
    first = start(turns.take, False)
    assert slow.begun.acquire(timeout=10)
    second = start(turns.take, True)
    slow.let.release(2)
    assert (first.result(10), second.result(10)) == (b"1", b"2")
    assert slow.asked == [False, True]


def test_what_fails_for_one_is_tried_for_the_next(start: Callable[..., Future[bytes]]) -> None:
    """And nobody waits for ever."""
    slow, failed = Slow(), []

    def make(collect: bool) -> bytes:
        made = slow(collect)
        if not failed:
            failed.append(made)
            raise LeakdogError("not traced")
        return made

    turns = Turns(make)
    first = start(turns.take, False)
    assert slow.begun.acquire(timeout=10)
    second = start(turns.take, False)
    slow.let.release(2)
    with pytest.raises(LeakdogError, match="not traced"):
        first.result(10)
    assert second.result(10) == b"2"
