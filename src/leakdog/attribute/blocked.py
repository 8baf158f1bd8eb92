"""More goroutines blocked at one line than is allowed: a rule beside the trends, for what piled up before them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from leakdog.attribute.case import Finding
from leakdog.attribute.code import Own, own_frame
from leakdog.attribute.dump import GoroutineGroup
from leakdog.attribute.goroutines import wait_reason
from leakdog.attribute.site import stack_id
from leakdog.attribute.table import Stack
from leakdog.model import Assessment, Culprit, Frame, LeakClass, Signal, Verdict
from leakdog.pprof.profile import Profile

# The function in which every goroutine that waits has been put aside.
PARKED = "runtime.gopark"
# Classes that goroutines at one line belong to where they are found: in the second each holds a thread.
HOLDERS = (LeakClass.GOROUTINE, LeakClass.THREADS)


@dataclass(frozen=True, slots=True)
class Blocked:
    """Goroutines that are blocked at one line.

    Attributes:
        frame: the line: of the program's own code, where the stack has any.
        stack: that of most of them, leaf first.
        total: all goroutines of the process.
        reason: what they wait for; empty where the stack does not tell.

    """

    frame: Frame
    stack: Stack
    count: int
    total: int
    reason: str


def blocked_at(stack: Stack, own: Own = ()) -> Frame | None:
    """The line at which goroutines of this stack are blocked; None where they are not."""
    return own_frame(stack, own) if stack and (stack[0].function == PARKED or wait_reason(stack)) else None


def most_blocked(profile: Profile, own: Own = ()) -> Blocked | None:
    """The line at which most goroutines of a goroutine profile are blocked; None where none is."""
    counts: Counter[Frame] = Counter()
    largest: dict[Frame, tuple[int, Stack]] = {}
    numbers = profile.values[:, 0].tolist()
    for stack, count in zip(profile.stacks(), numbers, strict=True):
        frame = blocked_at(stack, own)
        if frame is None:
            continue
        counts[frame] += count
        largest[frame] = max(largest.get(frame, (0, stack)), (count, stack), key=lambda each: each[0])
    if not counts:
        return None
    frame, count = counts.most_common(1)[0]
    stack = largest[frame][1]
    return Blocked(frame, stack, int(count), int(sum(numbers)), wait_reason(stack))


def with_blocked(
    findings: Sequence[Finding], blocked: Blocked | None, seen: Assessment | None, now: float
) -> list[Finding]:
    """Findings with that of too many goroutines at one line; a leak that they belong to is told so instead.

    Args:
        findings: of one target at one time.
        blocked: those that are more than is allowed; None where none are.
        seen: what the detector says of the number of goroutines; None where nothing is known.
        now: unix seconds.

    """
    if blocked is None:
        return list(findings)
    line = f"{blocked.frame.function}, {blocked.frame.file}:{blocked.frame.line}"
    why = f"{_words(blocked)} at one line, which is more than is allowed: {line}"
    if any(each.leak_class in HOLDERS for each in findings):
        return [
            replace(each, reasons=(*each.reasons, why)) if each.leak_class in HOLDERS else each for each in findings
        ]
    known = seen if seen is not None and seen.growth_per_second is not None else None
    told = replace(known or Assessment(Signal.GOROUTINES, now, Verdict.LEAK), verdict=Verdict.LEAK, reasons=(why,))
    real = [each for each in findings if each.assessment.verdict is Verdict.LEAK]
    return [*real, Finding(LeakClass.GOROUTINE, Signal.GOROUTINES, told, (why,))]


def with_blocked_culprit(
    found: Sequence[Culprit], blocked: Blocked | None, dump: Sequence[GoroutineGroup], own: Own = ()
) -> tuple[Culprit, ...]:
    """Culprits with the line at which too many are blocked first, who started them, and how long they wait.

    Its share is that of all goroutines, unless it is among those that grow anyway.
    """
    if blocked is None:
        return tuple(found)
    name = stack_id(blocked.stack)
    groups = [group for group in dump if group.stack and own_frame(group.stack, own) == blocked.frame]
    longest = max((group.longest_wait_minutes for group in groups), default=0)
    note = _words(blocked) + (f" there for up to {longest} min" if longest else " there")
    starters = [group.created_by for group in groups if group.created_by is not None]
    grown = next((culprit for culprit in found if culprit.stack_id == name), None)
    if grown is not None:
        rest = [culprit for culprit in found if culprit is not grown]
        return (replace(grown, note="; ".join(filter(None, (grown.note, note)))), *rest)
    share = blocked.count / max(1, blocked.total)
    rest = [replace(each, share=each.share * (1 - share), share_interval=None) for each in found]
    first = Culprit(name, blocked.frame, share, 0.0, blocked.stack, starters[0] if starters else None, note)
    return (first, *rest)


def _words(blocked: Blocked) -> str:
    return f"{blocked.count:,} goroutines are blocked" + (f" in {blocked.reason}" if blocked.reason else "")
