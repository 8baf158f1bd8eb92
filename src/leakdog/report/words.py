"""Numbers as people read them: bytes, counts, rates, durations, times; one place for terminal and page."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from leakdog.detect.interval import NARROW_WORDS, narrow
from leakdog.model import Unit, Verdict

WIDTH = 78  # of sentences
BINARY_PREFIXES = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
YEAR = 365.25 * DAY
# A rate is told per the shortest of these spans in which something worth reading happens.
RATE_SPANS = ((1.0, "s"), (MINUTE, "min"), (HOUR, "h"), (DAY, "day"))
# Verdicts whose growth is no chance. Of growth that load explains, the rate is of what it does not.
SURE = (Verdict.LEAK, Verdict.SETTLING)
READABLE_BYTES = 1024.0
READABLE_COUNT = 1.0


def human_bytes(value: float) -> str:
    """Bytes with a binary prefix and three digits, as in `1.50 MiB`; whole below 1 KiB."""
    index = binary_prefix(value)
    sign = "-" if value < 0 else ""
    return f"{sign}{_three_digits(abs(value) / 1024**index, whole=index == 0)} {BINARY_PREFIXES[index]}B"


def binary_prefix(value: float) -> int:
    """Which of the prefixes leaves less than 1000 of these bytes."""
    scaled, index = abs(value), 0
    while scaled >= 1000 and index < len(BINARY_PREFIXES) - 1:
        scaled, index = scaled / 1024, index + 1
    return index


def human_count(value: float) -> str:
    """A number of things: grouped by thousands, with decimals only where it is small and not whole."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def human_value(value: float, unit: Unit) -> str:
    """A signal's value in its unit."""
    return human_bytes(value) if unit is Unit.BYTES else human_count(value)


def human_rate(per_second: float | None, unit: Unit, beside: float | None = None) -> str:
    """Growth per second, minute, hour or day, whichever reads best; `not known` for None.

    Less than ten bytes or a hundredth of a thing in a day is nothing. What stands `beside` another rate is told in the
    span of that, unless it would read as nothing so: two rates in spans of their own cannot be compared at a glance.
    """
    if per_second is None:
        return "not known"
    floor = READABLE_BYTES if unit is Unit.BYTES else READABLE_COUNT
    if abs(per_second) * DAY < floor / 100:
        per_second = 0.0
    span, name = _span(per_second, floor)
    if beside:
        wide, of_other = _span(beside, floor)
        span, name = (wide, of_other) if abs(per_second) * wide >= floor / 100 else (span, name)
    return f"{human_value(per_second * span, unit)}/{name}"


def _span(per_second: float, floor: float) -> tuple[float, str]:
    """The shortest span in which something worth reading happens."""
    last = RATE_SPANS[-1] if per_second else RATE_SPANS[0]
    return next((each for each in RATE_SPANS if abs(per_second) * each[0] >= floor), last)


def human_interval(per_second: float | None, interval: Sequence[float], unit: Unit) -> str:
    """The ends of the interval of a rate, in its span; where they would tell no more than the rate does, that."""
    low, high = interval
    if per_second is not None and narrow(per_second, (low, high)):
        return NARROW_WORDS
    return f"{human_rate(low, unit, per_second)} to {human_rate(high, unit, per_second)}"


def human_growth(per_second: float | None, verdict: str | None, unit: Unit) -> str:
    """Growth per second where the verdict says that it grows; else a dash: of what is steady nobody knows a rate."""
    return human_rate(per_second, unit) if verdict in SURE and per_second is not None else "-"


def human_duration(seconds: float) -> str:
    """A span of time in its two largest units: `45 s`, `3 min 20 s`, `2 h 5 min`, `3 days 4 h`."""
    if seconds < 0:
        return f"-{human_duration(-seconds)}"
    if seconds < MINUTE:
        return f"{seconds:.0f} s" if seconds >= 10 or seconds == int(seconds) else f"{seconds:.1f} s"
    if seconds >= YEAR:
        return "over 1 year"
    whole = int(seconds)
    if whole < HOUR:
        return _two(whole // 60, "min", whole % 60, "s")
    if whole < DAY:
        return _two(whole // 3600, "h", whole % 3600 // 60, "min")
    days = whole // 86400
    return _two(days, "day" if days == 1 else "days", whole % 86400 // 3600, "h")


def human_time(time: float) -> str:
    """A moment, in UTC."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def human_ago(time: float, now: float) -> str:
    """How long ago a moment is; one that lies ahead, by another clock, is now."""
    return f"{human_duration(max(0.0, now - time))} ago"


def human_moment(time: float, now: float) -> str:
    """A moment, in UTC, and how long ago that is."""
    return f"{human_time(time)} ({human_ago(time, now)})"


def human_share(share: float) -> str:
    """A share from 0 to 1 in per cent, never rounded to nothing or to everything."""
    if 0 < share < 0.01:
        return "<1%"
    if 0.99 < share < 1:
        return ">99%"
    return f"{share * 100:.0f}%"


def human_steady(said: Iterable[tuple[Verdict, float | None]]) -> str:
    """That nothing grows, and over how long that was seen at least: `steady over 48 s`; empty where something grows.

    Args:
        said: of each signal the verdict and the seconds that it is of. Where it is too early to say of some, what is
            said of the others is `steady so far`.

    """
    found = [(Verdict(verdict), seconds) for verdict, seconds in said]
    verdicts = {verdict for verdict, _ in found}
    if not verdicts <= {Verdict.STEADY, Verdict.TOO_EARLY}:
        return ""
    so_far = " so far" if Verdict.TOO_EARLY in verdicts else ""
    seen = [seconds for _, seconds in found if seconds is not None]
    return f"steady{so_far}{f' over {human_duration(min(seen))}' if seen else ''}"


def plural(count: int, noun: str) -> str:
    """`1 target`, `2 targets`, `no targets`."""
    return f"{f'{count:,}' if count else 'no'} {noun}{'' if count == 1 else 's'}"


def wrapped(text: str, indent: int = 0, width: int = WIDTH) -> list[str]:
    """A sentence as lines of at most `width` characters where its words allow it; what follows `- ` stands under it."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2 if text.startswith("- ") else indent),
        break_long_words=False,
        break_on_hyphens=False,
    )


def wrapped_all(texts: Iterable[str], width: int = WIDTH) -> list[str]:
    """Sentences in which words of a target are, made inert, each as lines of its own."""
    return [line for text in texts for line in wrapped(inert(text), 0, width)]


def inert(text: str) -> str:
    """Text from a target made safe for a terminal: control and direction-changing characters as codes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"\\u{ord(c):04x}" if unicodedata.category(c)[0] == "C" else c for c in text)


def _three_digits(value: float, *, whole: bool) -> str:
    if whole:
        return f"{value:.0f}"
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"


def _two(large: int, large_name: str, small: int, small_name: str) -> str:
    return f"{large} {large_name}" + (f" {small} {small_name}" if small else "")
