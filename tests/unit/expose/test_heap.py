"""tracemalloc's figures as a profile."""

from __future__ import annotations

import ctypes
import gc
import time
import weakref

import pytest

from leakdog.errors import LeakdogError
from leakdog.expose import heap, heap_profile
from leakdog.model import Kind
from leakdog.pprof import Profile, expect, parse
from leakdog.report.graph import View, build


def keep(count: int) -> list[bytearray]:
    """Allocate some blocks of 1,000 bytes."""
    return [bytearray(1000) for _ in range(count)]


def held(profile: Profile, name: str, sample_type: str = "inuse_space") -> int:
    """What a function holds, by the end of its name."""
    return sum(row.flat for row in build(profile, View(sample_type)).nodes if row.name.endswith(name))


@pytest.mark.usefixtures("tracing")
def test_what_is_kept_is_in_the_profile() -> None:
    """Bytes, blocks, the function's name, its file and line, and its caller."""
    before = time.time()
    kept = keep(200)
    profile = parse(heap_profile())
    expect(profile, Kind.HEAP)
    assert 200_000 <= held(profile, ".keep") <= 260_000
    assert 400 <= held(profile, ".keep", "inuse_objects") <= 420  # an object and its buffer each, and the list
    stack = next(stack for stack in profile.stacks() if stack[0].function.endswith(".keep"))
    assert (stack[0].file, stack[0].line) == (__file__, keep.__code__.co_firstlineno + 2)
    assert any(frame.function.endswith(test_what_is_kept_is_in_the_profile.__name__) for frame in stack)
    assert before <= profile.time <= time.time()
    assert (profile.default_sample_type, profile.period) == ("inuse_space", 1)
    assert len(kept) == 200


@pytest.mark.usefixtures("tracing")
def test_what_is_let_go_is_not() -> None:
    """Freed memory leaves the profile."""
    kept = keep(200)
    kept.clear()
    assert held(parse(heap_profile()), ".keep") < 10_000


class Cycle:
    """An object that holds itself."""

    def __init__(self) -> None:
        """Close the circle."""
        self.me = self


@pytest.mark.usefixtures("tracing")
def test_garbage_is_collected_when_asked() -> None:
    """Cycles that nobody holds stay until a collection."""
    gc.disable()
    try:
        gone = weakref.ref(Cycle())
        heap_profile()
        assert gone() is not None
        heap_profile(collect=True)
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.usefixtures("tracing")
def test_our_own_memory_is_left_out() -> None:
    """Neither tracemalloc nor leakdog.expose is in the profile, however often it is made."""
    for _ in range(3):
        profile = parse(heap_profile())
    names = {frame.file for stack in profile.stacks() for frame in stack}
    assert names
    assert not [name for name in names if "leakdog/expose" in name or name.endswith("tracemalloc.py")]


@pytest.mark.usefixtures("tracing")
def test_small_stacks_are_added_up() -> None:
    """Beyond the limit stacks are one sample, and no byte is lost."""
    kept = keep(200)
    whole, cut = parse(heap_profile()), parse(heap_profile(stacks=1))
    assert len(cut.values) == 2
    assert held(cut, "(other stacks)") > 0
    assert abs(build(whole, View()).total - build(cut, View()).total) < 50_000
    assert len(kept) == 200


@pytest.mark.usefixtures("tracing")
def test_nobody_waits_for_a_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is in the making another is refused at once: snapshots in a queue would each take their memory."""
    refused = []

    def second(stacks: int) -> bytes:
        with pytest.raises(LeakdogError, match="in the making: ask again") as error:
            heap_profile()
        refused.append(error.value)
        return b"first"

    with monkeypatch.context() as patched:
        patched.setattr(heap, "_made", second)
        assert heap_profile() == b"first"
    assert len(refused) == 1
    assert parse(heap_profile()).values.size


@pytest.mark.usefixtures("tracing")
def test_what_a_profile_took_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The C library is told to trim after each, one that fails too, when the snapshot is gone."""
    asked: list[int] = []
    monkeypatch.setattr(heap, "_malloc_trim", lambda: asked.append)
    heap_profile()
    assert asked == [0]

    def fail(stacks: int) -> bytes:
        assert asked == [0]
        raise MemoryError

    monkeypatch.setattr(heap, "_made", fail)
    for _ in range(2):  # the second is not refused: the first is over
        with pytest.raises(MemoryError):
            heap_profile()
        assert asked.pop() == 0


@pytest.mark.parametrize("error", [AttributeError, OSError, TypeError])
def test_without_glibc_nothing_is_trimmed(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the C library has no malloc_trim, or there is none to ask, that is no error; where it has, it is called."""

    def refuse(name: None) -> None:
        raise error

    assert heap._malloc_trim.__wrapped__()(0) in (0, 1)
    monkeypatch.setattr(ctypes, "CDLL", refuse)
    assert heap._malloc_trim.__wrapped__()(0) == 0


def test_without_tracing_there_is_no_profile() -> None:
    """The error says how tracing is turned on."""
    with pytest.raises(LeakdogError, match=r"call tracemalloc\.start"):
        heap_profile()
