"""Made profiles: LEAKDOG_MADE of each kind, 300 unless told otherwise (`make fuzz-made`: 100,000 in all)."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from itertools import pairwise
from random import Random

import psutil
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from made import Made, Place, broken, valid
from readers import survive, use

from leakdog.pprof import Profile, parse

MADE = int(os.environ.get("LEAKDOG_MADE", "300"))
BATCH = min(MADE, 1000)  # hypothesis remembers each example of a run
BATCHES = range(MADE // BATCH)
MIB = 1 << 20
PEAK_BYTES = 64 * MIB  # of one profile of a few kilobytes
LEFT_BYTES = 32 * MIB  # of all profiles of a batch together
# Where there are many, what is found is not made small by hypothesis: drawing is most of the work then.
choices = st.randoms(use_true_random=MADE > BATCH)


class Memory:
    """How much the process grows while profiles are read, whatever grows between them."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.left = 0

    def around(self, work: Callable[[], None]) -> None:
        """Do a piece of work, which may neither take much memory for a moment nor keep it."""
        before, peak = self._process.memory_info().rss, _peak()
        work()
        self.left += self._process.memory_info().rss - before
        assert _peak() - max(peak, before) < PEAK_BYTES


def _peak() -> int:
    """The most memory that this process ever had, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def run(batch: int, check: Callable[[Random], None]) -> None:
    """Check a batch of its own examples."""
    limits = settings(max_examples=BATCH, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    seed(batch)(limits(given(choices)(check)))()


def place(profile: Profile, location: int) -> Place:
    """A call site as it was read."""
    table = profile.symbols.locations
    rows = range(int(table.line_offsets[location]), int(table.line_offsets[location + 1]))
    names = profile.symbols.functions.name
    lines = ((int(names[table.line_function[row]]), int(table.line_number[row])) for row in rows)
    return Place(int(table.address[location]), tuple(lines))


def read_as_meant(made: Made) -> None:
    """Values, stacks and labels are those that were written."""
    profile = parse(made.data)
    bounds = profile.stack_offsets.tolist()
    stacks = [profile.stack_locations[a:b].tolist() for a, b in pairwise(bounds)]
    assert profile.values.tolist() == made.values
    assert [[place(profile, location) for location in stack] for stack in stacks] == made.stacks
    assert (profile.label_table.offsets[1:] - profile.label_table.offsets[:-1]).tolist() == made.labels
    use(profile)


@pytest.mark.parametrize("batch", BATCHES)
def test_a_valid_profile_is_read_as_it_was_meant(batch: int) -> None:
    """Whatever protobuf allows (order, packing, unknown fields, long numbers), the profile is the one that was written,
    can be looked at in every way, and comes back from encoding as it was; memory is given back."""
    memory = Memory()

    def check(random: Random) -> None:
        made = valid(random)
        memory.around(lambda: read_as_meant(made))

    run(batch, check)
    assert memory.left < LEFT_BYTES


@pytest.mark.parametrize("batch", BATCHES)
def test_a_damaged_profile_is_survived(batch: int) -> None:
    """A profile with bytes changed, cut out or put in is read or refused with an error of ours, within a second, in
    bounded memory."""
    memory = Memory()

    def check(random: Random) -> None:
        data = broken(random)
        memory.around(lambda: survive("protobuf", data))

    run(batch, check)
    assert memory.left < LEFT_BYTES
