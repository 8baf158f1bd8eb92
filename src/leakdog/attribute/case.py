"""What is known of one target at one time, and what has been found of it so far."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from leakdog.attribute.held import Held
from leakdog.model import Assessment, LeakClass, Signal, SiteTrend, Verdict

# Of a site's growth, how much that of the whole must be able to hold.
NET = 0.5
LIMITED_BY = "the time to the limit is that of"  # begins the reason that names the signal


@dataclass(frozen=True, slots=True)
class Finding:
    """Growth with its class.

    Attributes:
        signal: the primary one: it is the one to draw.
        assessment: of that signal. Its verdict is `leak` for all classes but `cache` and `load`.
        reasons: the assessment's, then what makes it this class.

    """

    leak_class: LeakClass
    signal: Signal
    assessment: Assessment
    reasons: tuple[str, ...]


class Case:
    """What is known of one target, and the findings so far."""

    def __init__(
        self,
        assessments: Mapping[Signal, Assessment],
        latest: Mapping[Signal, float],
        together: Mapping[Signal, float],
        held: Held | None = None,
        sites: Mapping[Signal, SiteTrend] | None = None,
        verdicts: Mapping[Signal, Verdict] | None = None,
    ) -> None:
        self.assessments = assessments
        self.latest = latest
        self.together = together
        self.held = held
        self.sites = sites or {}
        self.verdicts = verdicts or {signal: seen.verdict for signal, seen in assessments.items()}
        self.found: dict[LeakClass, Finding] = {}

    def leaks(self, signal: Signal) -> bool:
        """Whether the detector calls its growth a leak."""
        return self.verdict(signal) is Verdict.LEAK

    def verdict(self, signal: Signal) -> Verdict | None:
        """What the detector says of it; None where it is not known."""
        return self.verdicts.get(signal)

    def rate(self, signal: Signal) -> float | None:
        """Growth per second; None where it is not known or too early to say."""
        seen = self.assessments.get(signal)
        return seen.growth_per_second if seen is not None else None

    def growth(self, signal: Signal) -> float:
        """Growth per second, 0 where it is not known."""
        return self.rate(signal) or 0.0

    def surely_grows(self, signal: Signal) -> bool:
        """Whether its growth is above 0 whatever the detector calls it."""
        seen = self.assessments.get(signal)
        return seen is not None and seen.interval is not None and seen.interval[0] > 0

    def first_leaking(self, signals: Iterable[Signal]) -> Signal | None:
        """The first of these that leaks."""
        return next((each for each in signals if self.leaks(each)), None)

    def speed(self, leak_class: LeakClass) -> float:
        """Growth per second of a finding's own signal; a leak grows, so it is above 0."""
        return max(self.found[leak_class].assessment.growth_per_second or 0.0, 1e-12)

    def find(self, leak_class: LeakClass, signal: Signal, *why: str) -> None:
        """Note a leak of this class, seen by this signal."""
        assessment = replace(self.assessments[signal], verdict=Verdict.LEAK)
        self.found[leak_class] = Finding(leak_class, signal, assessment, (*assessment.reasons, *why))

    def find_site(self, leak_class: LeakClass, signal: Signal, *why: str) -> None:
        """Note a leak of this class that only one site of the signal shows."""
        site = self.sites[signal]
        assert site.assessment is not None
        where = f"{site.frame.function} alone grows, and it is judged for itself: the whole is too unsteady to show it"
        reasons = (*site.assessment.reasons, where, *why)
        self.found[leak_class] = Finding(leak_class, signal, site.assessment, reasons)

    def hidden(self, signal: Signal) -> bool:
        """Whether a site of this signal leaks, and the growth of the whole does not speak against it.

        Memory that moves from one site to another leaves the whole as it is.
        """
        site, whole = self.sites.get(signal), self.assessments.get(signal)
        if site is None or site.assessment is None or not site.leaks:
            return False
        most = whole.interval[1] if whole is not None and whole.interval is not None else math.inf
        return most >= NET * (site.assessment.growth_per_second or 0.0)

    def add(self, leak_class: LeakClass, *why: str) -> None:
        """Say more about a finding."""
        finding = self.found[leak_class]
        self.found[leak_class] = replace(finding, reasons=(*finding.reasons, *why))

    def limit_by(self, leak_class: LeakClass, signal: Signal) -> None:
        """Tell when memory that leaks with a finding reaches its limit, instead of when the finding's own signal does.

        The kernel kills by the resident set, of which live heap is a part, and some of that may never have been
        written to; a count has no limit at all.
        """
        finding, memory = self.found[leak_class], self.assessments[signal]
        if memory.time_to_limit_seconds is None or not self.leaks(signal):
            return
        limited = replace(
            finding.assessment,
            time_to_limit_seconds=memory.time_to_limit_seconds,
            time_to_limit_interval=memory.time_to_limit_interval,
        )
        reasons = tuple(each for each in finding.reasons if not each.startswith(LIMITED_BY))
        self.found[leak_class] = replace(finding, assessment=limited, reasons=reasons)
        self.add(leak_class, f"{LIMITED_BY} {signal.value}, which grows with it")

    def since(self, leak_class: LeakClass, signal: Signal) -> bool:
        """Whether `signal` began to grow no earlier than the finding did, as far as both are known.

        Later is fine: what a leak brings along shows later, or in a shorter look-back.
        """
        one, other = self.found[leak_class].assessment, self.assessments[signal]
        if one.onset is None or other.onset is None:
            return True
        return one.onset - other.onset <= (max(one.time, other.time) - other.onset) / 2
