"""A small program over time, for the reports on growth."""

from collections.abc import Callable

import pytest

from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Profile
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType
from leakdog.report.offline import Taken

MAIN, LEAK, CACHE = Frame("main", "b.go", 5), Frame("leak", "a.go", 9), Frame("cache", "a.go", 30)
TYPES = [ValueType("alloc_space", "bytes"), ValueType("inuse_objects", "count"), ValueType("inuse_space", "bytes")]
PERIOD = ValueType("space", "bytes")


@pytest.fixture
def heap() -> Callable[..., Profile]:
    """A heap profile in which `main` calls `leak` and `cache`, which hold so many bytes, and `main` itself 4096."""

    def make(leak: int, cache: int = 8192, allocated: int = 0, period: int = 1) -> Profile:
        builder = Builder(TYPES, DEFAULT_LIMITS)
        places = {frame: builder.location(number, (frame,)) for number, frame in enumerate((MAIN, LEAK, CACHE), 1)}
        for size, stack in ((leak, (LEAK, MAIN)), (cache, (CACHE, MAIN)), (4096, (MAIN,))):
            builder.sample([allocated, size // 64, size], [places[frame] for frame in stack])
        return builder.build(PERIOD, period)

    return make


@pytest.fixture
def leaking(heap: Callable[..., Profile]) -> list[Taken]:
    """Six profiles, ten minutes apart: `leak` grows by 1 MiB in each, `cache` shrinks by 1 kiB."""
    return [Taken(f"{i}.pb.gz", 1e9 + 600 * i, heap(i << 20, (8 - i) << 10, allocated=i << 20)) for i in range(6)]
