"""The ledger of real Go programs: its parts sum to what the kernel counts, and each program's memory is in its part."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leakdog.attribute.ledger import Ledger, Part, ledger
from leakdog.fetch.exposition import read_metrics
from leakdog.fetch.process import read_process
from leakdog.pprof import memstats

pytestmark = pytest.mark.zoo

MIB = 1 << 20
ZOO = Path(__file__).parents[1] / "zoo"
LISTS = ("main.go", "goroutines/goroutines.go", "mixed/mixed.go")
NATIVE = "malloc"
PROGRAMS = (*re.findall(r'^\t"(\w+)": ', "".join((ZOO / name).read_text() for name in LISTS), re.MULTILINE), NATIVE)


def rollup(pid: int) -> dict[str, float]:
    """What the kernel counts page by page, which is exact."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return {name: float(size) * 1024 for name, size in re.findall(r"(\w+):\s+(\d+) kB", text)}


def at_rest(pid: int, take: Callable[[], Ledger]) -> tuple[float, Ledger]:
    """The resident set by the kernel's exact count, and a ledger of the same moment.

    A busy program takes and gives back megabytes between two readings: then both are read again.
    """
    for _ in range(100):
        before, found, after = rollup(pid)["Rss"], take(), rollup(pid)["Rss"]
        if before == pytest.approx(after, rel=0.002, abs=0.02 * MIB):
            return (before + after) / 2, found
        time.sleep(0.03)
    raise AssertionError(f"process {pid} was not at rest for a moment: {before} and {after} bytes")


def taken(program: Any) -> Ledger:
    """The ledger from all sources at once."""
    page = read_metrics(program.get("/metrics"), 0.0).values
    found = ledger({**page, **read_process(program.process.pid, 0.0).values})
    assert found is not None
    return found


@pytest.fixture(scope="module")
def programs(start_zoo: Callable[..., Any], build_zoo: Callable[..., Path]) -> dict[str, Any]:
    """All programs of the zoo, after a few seconds."""
    native = {NATIVE: {"binary": build_zoo(package="./native", cgo=True)}}
    started = {name: start_zoo(name, "-metrics", **native.get(name, {})) for name in PROGRAMS}
    time.sleep(5)
    return started


def test_the_whole_zoo_is_looked_at() -> None:
    """Leaking and healthy, of goroutines and of mixed kinds."""
    assert len(PROGRAMS) == len(set(PROGRAMS)) > 45
    assert {"map", "idle", "workers", "captured", "kept", NATIVE} <= set(PROGRAMS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_parts_sum_to_the_resident_set(programs: dict[str, Any], name: str) -> None:
    """Within one per cent of what the kernel counts page by page, at each of five times."""
    for _ in range(5):
        counted, found = at_rest(programs[name].process.pid, lambda: taken(programs[name]))
        assert min(found.parts.values()) >= 0
        assert sum(found.parts.values()) == pytest.approx(counted, rel=0.01)
        time.sleep(0.2)


def test_mapped_memory_is_native(programs: dict[str, Any]) -> None:
    """What a program maps outside the heap is the part that grows."""
    before = taken(programs["mmap"])
    time.sleep(4)
    after = taken(programs["mmap"])
    grown = {part: after.parts[part] - before.parts[part] for part in after.parts}
    assert max(grown, key=lambda part: grown[part]) is Part.NATIVE
    assert grown[Part.NATIVE] > 0.8 * sum(grown.values()) > MIB


def test_memory_that_is_held_is_on_the_heap(programs: dict[str, Any]) -> None:
    """A program that holds 40 MB and throws away as much has most of its memory in heap objects or idle spans."""
    parts = taken(programs["churn"]).parts
    assert parts[Part.OBJECTS] + parts[Part.IDLE] > 0.6 * sum(parts.values())


def test_memstats_in_text_are_enough(programs: dict[str, Any]) -> None:
    """The text form of the heap profile tells all parts of the runtime, and nothing of what is outside."""
    found = ledger(memstats(programs["churn"].get("/debug/pprof/heap?debug=1")))
    assert found is not None
    assert set(found.parts) == {Part.OBJECTS, Part.FRAGMENTATION, Part.IDLE, Part.STACKS, Part.RUNTIME}
    assert sum(found.parts.values()) == pytest.approx(found.total)
