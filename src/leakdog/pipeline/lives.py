"""Where one life of a target ends and the next begins. Pure: the clock is an argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from leakdog.model import Life, Signal

# Two sources may tell one start time a little differently: the kernel counts in ticks since boot, and the boot time
# itself moves when the clock is set. A process that is restarted faster than this is still seen by its pid or by
# the fall of what it has allocated.
START_TOLERANCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What one pass learnt of a process's identity. None: not told.

    Attributes:
        allocated: the cumulative signals (`alloc_space`, `total_alloc`), which only a restart makes smaller.
        profiling: of these, the bytes that were allocated to be profiled.

    """

    start_time: float | None = None
    pid: int | None = None
    allocated: Mapping[Signal, float] = field(default_factory=dict)
    profiling: float = 0.0

    def updated(self, later: Facts) -> Facts:
        """These facts with what a later pass of the same life told."""
        return Facts(
            self.start_time if later.start_time is None else later.start_time,
            self.pid if later.pid is None else later.pid,
            {**self.allocated, **later.allocated},
            max(self.profiling, later.profiling),
        )


def next_life(life: Life | None, before: Facts, now_facts: Facts, now: float) -> Life:
    """The life that a pass at `now` belongs to: `life` itself, or a new one where the process was restarted."""
    if life is not None and not restarted(life, before, now_facts):
        return _completed(life, now_facts)
    start = now if now_facts.start_time is None else now_facts.start_time
    # A target whose clock is ahead, or that tells nonsense, would else never be old enough to be judged.
    return Life(start_time=min(start, now), first_seen=now, pid=now_facts.pid)


def restarted(life: Life, before: Facts, now_facts: Facts) -> bool:
    """Whether another pid, another start time or a fall of what was allocated shows a new process."""
    if None not in (life.pid, now_facts.pid) and life.pid != now_facts.pid:
        return True
    if before.start_time is not None and now_facts.start_time is not None:
        return abs(before.start_time - now_facts.start_time) > START_TOLERANCE_SECONDS
    return any(value < before.allocated.get(signal, 0.0) for signal, value in now_facts.allocated.items())


def _completed(life: Life, facts: Facts) -> Life:
    """The same life with its pid filled in once a source tells it."""
    if life.pid is None and facts.pid is not None:
        return Life(life.start_time, life.first_seen, facts.pid)
    return life
