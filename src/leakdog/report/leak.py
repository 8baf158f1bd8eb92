"""A leak in words, in the order in which somebody woken by it needs them: what, where, how fast, why.

A leak is taken in the shape that the API gives it (`/api/v1/leaks`), so that the command line says the same of one
that it reads from a daemon as of one that it found itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from leakdog.attribute.companions import HINT
from leakdog.attribute.resident import RESIDENT_ALONE
from leakdog.attribute.site import told_apart
from leakdog.model import LeakClass, LeakState, Unit
from leakdog.report.replicas import others_say, suspected_again
from leakdog.report.words import (
    HOUR,
    WIDTH,
    human_duration,
    human_interval,
    human_moment,
    human_rate,
    human_share,
    human_time,
    inert,
    plural,
    wrapped,
    wrapped_all,
)

Json = Mapping[str, Any]

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
MEMORY = "memory leak"  # of which nothing is known but that the process grows
_STATE_WORDS = {LeakState.PENDING: "suspected ", LeakState.RESOLVED: "resolved "}
ENDED_SECONDS = HOUR  # so long a leak that ended with its process is news: whoever is woken by its end finds it
# Said of a leak whose target was taken from the configuration: nobody looks any more whether its process runs.
UNWATCHED = "its target is watched no more: whether its process runs on is not known"


def class_word(leak_class: str, reasons: Iterable[str]) -> str:
    """The class of a leak for people: nobody can say that memory is native where only the resident set is known."""
    return "memory" if RESIDENT_ALONE in reasons else leak_class


def headline(leak: Json) -> str:
    """One line: what leaks where, how fast, and which code is first among the culprits."""
    return f"{inert(target_name(leak))}: {summary(leak)}"


def headline_lines(leak: Json, width: int = WIDTH) -> list[str]:
    """The same as two lines where one has no room for the code."""
    return summary_lines(f"{inert(target_name(leak))}: ", leak, width)


def summary_lines(before: str, leak: Json, width: int = WIDTH) -> list[str]:
    """A leak after what it is called, as two lines where one has no room for the code."""
    line, code = f"{before}{summary(leak)}", inert(_by(leak))
    if len(line) <= width or not code:
        return [line]
    return [line.removesuffix(f" {code}"), f"  {code}"]


def summary(leak: Json) -> str:
    """The headline without the target."""
    return inert(", ".join(filter(None, (_what(leak), _by(leak)))))


def _what(leak: Json) -> str:
    """What leaks, in which state, and how fast."""
    known = "acknowledged " if leak.get("acknowledged") else ""
    gone, state = ended_with_process(leak), leak["state"]
    if gone:  # it is told as what it was
        state = LeakState.FIRING if leak.get("firing_since") else LeakState.PENDING
    before = _STATE_WORDS.get(state, "")
    words = MEMORY if RESIDENT_ALONE in (leak.get("reasons") or ()) else CLASS_WORDS.get(leak["class"], leak["class"])
    rate = f", {human_rate(leak['growth_per_second'], _unit(leak))}" if leak.get("growth_per_second") else ""
    over = f" ({gone_words(leak.get('reasons') or ())})" if gone else ""
    return f"{known}{before}{words}{over}{rate}"


def gone_words(reasons: Sequence[str], ended: str = "its process has ended") -> str:
    """Of a leak that is over for another cause than that it was mended, which; `ended` for the usual one."""
    return "watched no more" if UNWATCHED in reasons else ended


def _by(leak: Json) -> str:
    """Which code is first among the culprits; nothing where there is none."""
    first = next(iter(leak.get("culprits") or ()), None)
    return f"{'perhaps ' if is_hint(first) else ''}by {short_place(first)}" if first else ""


def ended_with_process(leak: Json) -> bool:
    """Whether it is over with its process, and not because it grew no more; not of one that is suspected again."""
    ended = leak.get("process_ended")
    return bool(leak["state"] == LeakState.RESOLVED and ended and ended == leak.get("resolved_since"))


def drawn(since: float, ended: float | None, now: float) -> tuple[float, float | None]:
    """From when to when a leak is drawn, unix seconds; None: to the last reading.

    As long before it began as it has gone on, an hour at least, and as long after its end: in a picture of a month
    nobody sees what grows since this night.
    """
    lasted = max(HOUR, (now if ended is None else ended) - since)
    return since - lasted, None if ended is None else ended + lasted


def leak_text(leak: Json, *, now: float | None = None, stacks: int = 1, width: int = WIDTH) -> str:
    """Everything that is known of a leak, as lines of at most `width` characters where names allow it.

    Args:
        leak: as the API gives it.
        now: unix seconds for "ago"; None is when the leak was last looked at.
        stacks: for how many culprits the whole stack is written out.
        width: where sentences are wrapped. Names of functions and files are never cut: they are there to be
            copied.

    """
    facts = [f"{label:<9} {text}" for label, text in _facts(leak, now)]
    lines = [*headline_lines(leak, width), "", *facts]
    told = wrapped_all(beside(leak, now), width)
    lines += ["", *told] if told else []
    if leak.get("reasons"):
        lines += ["", "Why leakdog says so:"]
        lines += [line for reason in leak["reasons"] for line in wrapped(f"- {inert(reason)}", 2, width)]
    lines += ["", "Which code holds it:"]
    if not leak.get("culprits"):
        lines += wrapped(inert(f"not known: {no_code(leak)}"), 2, width)
    culprits = leak.get("culprits") or ()
    for number, culprit in enumerate(culprits, 1):
        lines += _culprit(number, culprit, _unit(leak), width, with_stack=number <= stacks)
        if number > stacks and (caller := _told_apart(culprit, culprits[: number - 1])):
            lines += _frame("    called by ", caller, width)
    return "\n".join(lines)


def beside(leak: Json, now: float | None = None) -> Iterator[str]:
    """What is known beside the growth itself: acknowledged, seen before, fixed, and how its replicas do."""
    seen = now if now is not None else unix_time(leak.get("updated") or leak["since"])
    if given := leak.get("acknowledged"):
        until = f" until {human_time(unix_time(given['until']))}" if given.get("until") else ""
        note = f": {given['note']}" if given.get("note") else ""
        theirs = given.get("function") if not given.get("configured") else None
        by = f", as all leaks of functions like {theirs}" if theirs else ""
        yield f"Acknowledged since {human_time(unix_time(given['since']))}{until}{by}{note}"
    if leak.get("returned"):
        yield f"It has come back: announced {plural(leak['returned'], 'time')} before, and resolved"
    if leak.get("process_ended"):
        yield _ended(leak)
    if suspected_again(leak):
        yield f"It is suspected again since {human_moment(unix_time(leak['pending_since']), seen)}"
    if leak.get("flat_since"):
        start = unix_time(leak["flat_since"])
        flat = human_duration(max(0.0, seen - start))
        yield f"Fixed, as it seems: since the process that started {human_time(start)}: flat for {flat}"
    yield from others_say(leak)


def _ended(leak: Json) -> str:
    """What became of the process, and where what it held can be seen."""
    when = human_time(unix_time(leak["process_ended"]))
    if ended_with_process(leak):
        gone = "It is watched no more since" if UNWATCHED in (leak.get("reasons") or ()) else "Its process was gone"
        return f"{gone} {when}; its last profiles are kept: leakdog evidence {leak['id']}"
    return f"A process before this one ended {when} while it grew in the same way"


def is_hint(culprit: Json) -> bool:
    """Whether nothing shows that this code holds what grows, but that its heap grows in step."""
    return HINT in (culprit.get("note") or "")


def share_of(culprit: Json, unit: Unit) -> str:
    """How much of the growth is a culprit's; of a hint, how much of the suspicion."""
    share = human_share(culprit["share"])
    if is_hint(culprit):
        return f"{share} of the suspicion"
    return f"{share} of the growth, {human_rate(culprit['growth_per_second'], unit)}"


def no_code(leak: Json) -> str:
    """Why a leak without culprits has none."""
    if leak["class"] == LeakClass.NOT_RETURNED:
        return "what keeps freed memory is the runtime, not a line of code"
    return leak.get("unprofiled") or "no profile of this target tells it"


def target_name(leak: Json) -> str:
    """`job/instance`; of files, which are of no job, what they are called."""
    return "/".join(filter(None, (leak["target"]["job"], leak["target"]["instance"])))


def place(frame: Json) -> str:
    """`function file:line`, as far as it is known; once where the one stands in for the other."""
    where = f"{frame['file']}:{frame['line']}" if frame.get("file") else ""
    function = frame["function"] if frame["function"] != where else ""
    return inert(f"{function} {where}".strip())


def short_place(frame: Json) -> str:
    """`function (file:line)` with the file's name only."""
    file = str(frame.get("file") or "").replace("\\", "/").rpartition("/")[2]
    where = f" ({file}:{frame['line']})" if file else ""
    return inert(f"{frame['function']}{where}")


def unix_time(text: str) -> float:
    """RFC 3339 as unix seconds.

    Raises:
        ValueError: it is not a date.

    """
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _unit(leak: Json) -> Unit:
    return Unit(leak.get("unit") or Unit.BYTES)


def _facts(leak: Json, now: float | None) -> Iterator[tuple[str, str]]:
    unit = _unit(leak)
    kind = class_word(leak["class"], leak.get("reasons") or ())
    state = f"{leak['state']}{' again' if suspected_again(leak) else ''}"
    yield "leak", inert(f"{leak['id']} ({state}, class {kind}, signal {leak['signal']})")
    if leak.get("since"):
        since = unix_time(leak["since"])
        seen = now if now is not None else unix_time(leak.get("updated") or leak["since"])
        yield "since", human_moment(since, seen)
    if leak.get("resolved_since"):
        yield "resolved", human_time(unix_time(leak["resolved_since"]))
    if leak.get("growth_per_second") is not None:
        yield "growth", human_rate(leak["growth_per_second"], unit) + _interval(leak, unit)
    if leak.get("time_to_limit_seconds") is not None:
        left = leak["time_to_limit_seconds"]
        yield "limit", f"reached in {human_duration(left)} if it goes on like this" if left > 0 else "reached"


def _interval(leak: Json, unit: Unit) -> str:
    if not leak.get("interval"):
        return ""
    return f" (90% interval: {human_interval(leak.get('growth_per_second'), leak['interval'], unit)})"


def _culprit(number: int, culprit: Json, unit: Unit, width: int, *, with_stack: bool) -> Iterator[str]:
    yield f"{number:>2}. {inert(culprit['function'])}"
    if culprit.get("file"):
        yield inert(f"    {culprit['file']}:{culprit['line']}")
    yield f"    {share_of(culprit, unit)}"
    if culprit.get("note"):
        yield from wrapped(inert(culprit["note"]), 4, width)
    if culprit.get("created_by"):
        yield from _frame("    created by ", culprit["created_by"], width)
    if with_stack and len(culprit.get("stack") or ()) > 1:
        yield "    stack, innermost first:"
        for frame in culprit["stack"]:
            yield from _frame("      ", frame, width)


def _told_apart(culprit: Json, others: Sequence[Json]) -> Json | None:
    """The innermost caller that a culprit does not share with others of the same line; None where there are none."""
    same = [_callers(other) for other in others if other.get("stack") and place(other) == place(culprit)]
    return told_apart(_callers(culprit), same, lambda frame: frame)


def _callers(culprit: Json) -> Sequence[Json]:
    """A culprit's stack from its line on: what is called there is no caller."""
    stack = culprit.get("stack") or ()
    return stack[next((at for at, frame in enumerate(stack) if place(frame) == place(culprit)), 0) :]


def _frame(before: str, frame: Json, width: int) -> Iterator[str]:
    """A function with its place, which stands on a line of its own where both have no room on one."""
    whole = f"{before}{place(frame)}"
    if len(whole) <= width or not (frame.get("file") and place({**frame, "file": ""})):
        yield whole
        return
    yield f"{before}{inert(frame['function'])}"
    yield inert(f"{'':{len(before) - len(before.lstrip()) + 2}}{frame['file']}:{frame['line']}")
