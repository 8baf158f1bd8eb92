"""What a scan has found of its target, in words."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

from leakdog.config.schema import DetectionConfig, Preset
from leakdog.detect.conclude import first_verdict_seconds, unsure
from leakdog.detect.settings import Settings, settings_for
from leakdog.model import Assessment, LeakState, Verdict
from leakdog.pipeline.state import Fleet, Watched
from leakdog.report.leak import CLASS_WORDS, leak_text
from leakdog.report.words import WIDTH, human_steady, wrapped
from leakdog.web.views import leak_view

REASONS = 32  # columns before them
SPARE = 1.1  # on all times that are named


def unjudged(watched: Watched) -> bool:
    """Whether nothing at all could be said: every signal was seen for too short a time, and none is suspected."""
    return watched.too_early and not watched.leaks and not watched.harmless


def suspected(watched: Watched, interval: float) -> bool:
    """Whether it grows as a leak does, read every `interval` seconds, and was not seen for long enough to be sure."""
    grows = not watched.harmless and any(_grows(each, interval) for each in watched.assessments.values())
    return grows or any(leak.told_state is LeakState.PENDING for leak in watched.leaks.values())


def _grows(found: Assessment, interval: float) -> bool:
    return found.verdict is Verdict.LEAK or unsure(found, _settings(interval))


def first_verdict(interval: float = 0.0) -> float:
    """Seconds after which a target that is read every `interval` seconds has a verdict."""
    return first_verdict_seconds(_settings(interval))


def minutes_for(interval: float) -> int:
    """How long to scan for a leak to be told, with a tenth to spare, in whole minutes."""
    return math.ceil((first_verdict(interval) + _settings(interval).hold_seconds) * SPARE / 60)


def _settings(interval: float) -> Settings:
    return settings_for(DetectionConfig(preset=Preset.SOAK), interval)


def as_text(fleet: Fleet, watched: Watched, seconds: float, interval: float) -> str:
    """Each leak in words; without one, what was seen of each signal in so many seconds, read every `interval`."""
    leaks = [leak for leak in watched.leaks.values() if leak.firing_since is not None]
    if leaks:
        return "\n\n".join(leak_text(leak_view(leak, fleet)) for leak in leaks)
    lines = wrapped(_verdict(watched, seconds, interval))
    for signal, found, reason in _by_signal(watched):
        verdict = "growing" if _grows(found, interval) else found.verdict.value.replace("_", " ")
        first, *more = wrapped(reason, width=WIDTH - REASONS) or [""]
        lines += [f"  {signal:18} {verdict:10} {first}", *(f"{'':{REASONS}}{line}" for line in more)]
    for grown in watched.harmless:
        lines.append(f"{CLASS_WORDS[grown.leak_class]} ({grown.signal.value}):")
        lines += [line for reason in grown.reasons for line in wrapped(f"- {reason}", 2)]
    return "\n".join(lines)


def _by_signal(watched: Watched) -> Iterator[tuple[str, Assessment, str]]:
    """Each signal with what is said of it and why; those that wait for a verdict for one reason are told together."""
    waiting = defaultdict[str, list[str]](list)
    for signal, found in sorted(watched.assessments.items()):
        if found.verdict is Verdict.TOO_EARLY:
            waiting[_reason(found)].append(signal.value)
    for signal, found in sorted(watched.assessments.items()):
        reason = _reason(found)
        alike = waiting[reason] if found.verdict is Verdict.TOO_EARLY else []
        if len(alike) < 2:
            yield signal.value, found, reason
        elif signal.value == alike[0]:
            yield f"{len(alike)} signals", found, f"{reason}: {', '.join(alike)}"


def _verdict(watched: Watched, seconds: float, interval: float) -> str:
    """One sentence on a target without a leak."""
    name, said = watched.key.instance, watched.assessments.values()
    if suspected(watched, interval):
        return f"{name} grows as a leak does, but not for long enough to be sure; scan longer (--for)"
    if unjudged(watched):
        return f"too early to say of {name}; {_longer(watched, seconds, interval)}"
    steady = human_steady((each.verdict, each.look_back_seconds) for each in said)
    return f"no leak found in {name}{f': {steady}' if steady else ''}"


def _longer(watched: Watched, seconds: float, interval: float) -> str:
    """How long to scan for a first verdict, in whole minutes, as far as it is known."""
    took = watched.last_duration_seconds or 0.0
    if took > interval and seconds > first_verdict():  # its samples came too seldom for what was judged
        slow = math.ceil(took * SPARE)
        return f"it takes {took:.0f} s to answer: run with --interval {slow}s --for {minutes_for(slow)}m"
    waits = [found.ready_at - found.time for found in watched.assessments.values() if found.ready_at is not None]
    longer = [seconds + wait for wait in waits if 0 < wait < math.inf]
    return f"run with --for {math.ceil(min(longer) * SPARE / 60)}m" if longer else "scan longer (--for)"


def _reason(found: Assessment) -> str:
    return found.reasons[0].removeprefix("too early to say: ") if found.reasons else ""
