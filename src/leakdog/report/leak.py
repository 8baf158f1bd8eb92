"""A leak in words, in the order in which somebody woken by it needs them: what, where, how fast, why."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from leakdog.model import Culprit, Frame, Leak, LeakClass, LeakState, Unit
from leakdog.report.words import human_duration, human_rate, human_share, human_time, inert

CLASS_WORDS = {
    LeakClass.HEAP: "heap leak",
    LeakClass.GOROUTINE: "goroutine leak",
    LeakClass.NATIVE: "leak of memory outside the heap",
    LeakClass.NOT_RETURNED: "memory freed but not returned to the system",
    LeakClass.THREADS: "thread leak",
    LeakClass.FILES: "leak of open files",
    LeakClass.CACHE: "growth of a cache that still fills",
    LeakClass.LOAD: "growth that load explains",
}
_STATE_WORDS = {
    LeakState.INACTIVE: "",
    LeakState.PENDING: "suspected ",
    LeakState.FIRING: "",
    LeakState.RESOLVED: "resolved ",
}
WIDTH = 78
LABEL = 10


def headline(leak: Leak) -> str:
    """One line: what leaks where, how fast, and which code is first among the culprits."""
    what = f"{_STATE_WORDS[leak.state]}{CLASS_WORDS[leak.leak_class]}"
    rate = f", {human_rate(leak.growth_per_second, leak.signal.unit)}" if leak.growth_per_second else ""
    return f"{inert(str(leak.key))}: {what}{rate}{_by(leak)}"


def describe(leak: Leak, *, now: float, stacks: int = 1, width: int = WIDTH) -> str:
    """Everything that is known of a leak, as lines of at most `width` characters where names allow it.

    Args:
        leak: the leak.
        now: unix seconds, for "ago".
        stacks: for how many culprits the whole stack is written out.
        width: where sentences are wrapped. Names of functions and files are never cut: they are there to be
        copied.

    """
    lines = [headline(leak), ""]
    lines += [f"{label:<{LABEL}}{text}" for label, text in _facts(leak, now)]
    if leak.reasons:
        lines += ["", "Why leakdog says so:"]
        lines += [line for reason in leak.reasons for line in _wrapped(f"- {inert(reason)}", 2, width)]
    lines += ["", "Which code holds it:"]
    if not leak.culprits:
        lines += _wrapped("not known: no profile of this target tells it", 2, width)
    for number, culprit in enumerate(leak.culprits, 1):
        lines += _culprit(number, culprit, leak.signal.unit, width, with_stack=number <= stacks)
    return "\n".join(lines)


def place(frame: Frame) -> str:
    """`function file:line`, as far as it is known."""
    where = f" {frame.file}:{frame.line}" if frame.file else ""
    return inert(f"{frame.function}{where}")


def _by(leak: Leak) -> str:
    if not leak.culprits:
        return ""
    first = leak.culprits[0].frame
    file = first.file.replace("\\", "/").rpartition("/")[2]
    return inert(f", by {first.function}{f' ({file}:{first.line})' if file else ''}")


def _facts(leak: Leak, now: float) -> Iterator[tuple[str, str]]:
    unit = leak.signal.unit
    yield "leak", f"{leak.id} ({leak.state.value}, class {leak.leak_class.value}, signal {leak.signal.value})"
    yield "since", f"{human_time(leak.since)} ({human_duration(max(0.0, now - leak.since))} ago)"
    if leak.state is LeakState.RESOLVED and leak.resolved_since is not None:
        yield "resolved", human_time(leak.resolved_since)
    if leak.growth_per_second is not None:
        yield "growth", human_rate(leak.growth_per_second, unit) + _interval(leak, unit)
    if leak.time_to_limit_seconds is not None:
        yield "limit", f"reached in {human_duration(leak.time_to_limit_seconds)} at this rate"


def _interval(leak: Leak, unit: Unit) -> str:
    if leak.interval is None:
        return ""
    low, high = (human_rate(each, unit) for each in leak.interval)
    return f" (90 % interval: {low} to {high})"


def _culprit(number: int, culprit: Culprit, unit: Unit, width: int, *, with_stack: bool) -> Iterator[str]:
    yield f"{number:>2}. {inert(culprit.frame.function)}"
    if culprit.frame.file:
        yield f"    {inert(culprit.frame.file)}:{culprit.frame.line}"
    yield f"    {human_share(culprit.share)} of the growth, {human_rate(culprit.growth_per_second, unit)}"
    if culprit.note:
        yield from _wrapped(inert(culprit.note), 4, width)
    if culprit.created_by is not None:
        yield f"    created by {place(culprit.created_by)}"
    if with_stack and len(culprit.stack) > 1:
        yield "    stack, innermost first:"
        yield from (f"      {place(frame)}" for frame in culprit.stack)


def _wrapped(text: str, indent: int, width: int) -> list[str]:
    hanging = indent + 2 if text.startswith("- ") else indent
    return textwrap.wrap(
        text,
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
