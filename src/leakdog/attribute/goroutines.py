"""Which goroutines pile up: where they block, who started them, whether the collector has proved it."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace

from leakdog.attribute.code import Own, has_own_frame, is_runtime, is_standard
from leakdog.attribute.dump import GoroutineGroup
from leakdog.attribute.growth import SiteGrowth, by_function, growing_sites, share_interval, whole_growth
from leakdog.attribute.site import stack_id
from leakdog.attribute.table import Stack, tabulate
from leakdog.model import Culprit
from leakdog.pprof.profile import Profile

PROOF = "proved by the garbage collector: these goroutines can never wake"

# Innermost telling function to what the goroutine waits for, in the words of Go's own goroutine dumps.
_BLOCKING = {
    "runtime.chansend": "chan send",
    "runtime.chansend1": "chan send",
    "runtime.chanrecv": "chan receive",
    "runtime.chanrecv1": "chan receive",
    "runtime.chanrecv2": "chan receive",
    "runtime.selectgo": "select",
    "runtime.block": "select (no cases)",
    "time.Sleep": "sleep",
    "sync.(*Mutex).Lock": "sync.Mutex.Lock",
    "internal/sync.(*Mutex).lockSlow": "sync.Mutex.Lock",
    "sync.(*RWMutex).RLock": "sync.RWMutex.RLock",
    "sync.(*RWMutex).Lock": "sync.RWMutex.Lock",
    "sync.(*WaitGroup).Wait": "sync.WaitGroup.Wait",
    "sync.(*Cond).Wait": "sync.Cond.Wait",
    "internal/poll.runtime_pollWait": "IO wait",
    "syscall.Syscall": "syscall",
    "syscall.Syscall6": "syscall",
    "runtime.cgocall": "cgo call",
}


def goroutine_culprits(
    profiles: Sequence[Profile],
    times: Sequence[float],
    *,
    proof: Profile | None = None,
    dump: Sequence[GoroutineGroup] = (),
    leading: Container[str] = (),
    own: Own = (),
    top: int = 5,
) -> tuple[Culprit, ...]:
    """The sites whose goroutines grow in number, proved ones first.

    A stack without a frame of the program's own (a connection's read loop, say) is a culprit only where
    `dump` says that own code started it; else the heap has to say who is behind it, see `companions`.

    Args:
        profiles: goroutine profiles of one life of one target, at least two.
        times: when each was taken, unix seconds, all different.
        proof: the latest goroutineleak profile, where the target has one.
        dump: the latest `goroutine?debug=2` page, parsed; it tells who started them and how long they wait.
        leading: `stack_id`s that go before all others: they leak when judged for themselves.
        own: what the program's own code is called; none: not known.
        top: how many to return at most.

    Raises:
        ValueError: `profiles` and `times` differ in length, or two times are equal.

    """
    if len(profiles) < 2:
        return ()
    table = tabulate(profiles, times, "", own)
    found = growing_sites(table)
    whole = whole_growth(table, found)
    proved = {stack_id(stack) for stack in proof.stacks()} if proof is not None else set()
    groups = _largest_groups(dump)
    ranked = sorted(by_function(found), key=lambda each: (each.stack_id not in leading, each.stack_id not in proved))
    named = []
    for each in ranked:
        culprit = _culprit(each, whole, each.stack_id in proved, groups.get(each.stack_id))
        if culprit is not None:
            named.append(replace(culprit, share_interval=share_interval(each, found, whole)))
    return tuple(named[:top])


def wait_reason(stack: Stack) -> str:
    """What a goroutine with this stack waits for, such as `chan send`; empty where it does not tell."""
    for frame in stack:
        if frame.function in _BLOCKING:
            return _BLOCKING[frame.function]
        if not is_standard(frame):
            break
    return ""


def _largest_groups(dump: Sequence[GoroutineGroup]) -> dict[str, GoroutineGroup]:
    groups: dict[str, GoroutineGroup] = {}
    for group in sorted(dump, key=lambda each: each.count):
        groups[stack_id(group.stack)] = group
    return groups


def _culprit(site: SiteGrowth, whole: float, proved: bool, group: GoroutineGroup | None) -> Culprit | None:
    """The site as a culprit, or None where neither its stack nor its starter is the program's own code."""
    created_by = group.created_by if group is not None else None
    frame = site.frame()
    notes = [_blocked(site.stack, group), PROOF if proved else site.doubt(), site.place()]
    if not has_own_frame(site.stack):
        if created_by is None or is_standard(created_by):
            return None
        frame = created_by
        waits = next((each for each in site.stack if not is_runtime(each)), site.stack[0])
        notes.insert(0, f"started here, waits in {waits.function}")
    note = "; ".join(each for each in notes if each)
    return Culprit(site.stack_id, frame, site.growth / whole, site.growth, site.stack, created_by, note)


def _blocked(stack: Stack, group: GoroutineGroup | None) -> str:
    reason = group.reason if group is not None else wait_reason(stack)
    if not reason:
        return ""
    minutes = group.longest_wait_minutes if group is not None else 0
    return f"blocked in {reason}" + (f" for up to {minutes} min" if minutes else "")
