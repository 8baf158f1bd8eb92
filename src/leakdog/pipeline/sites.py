"""The sites of one target as series of their own: which are followed, what they hold, and which of them leak.

Bytes and goroutines choose the sites that they follow. Objects are counted at the sites of the bytes, and are a series
of their own only where they differ in size: elsewhere the bytes tell the same.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from sys import intern

import numpy as np

from leakdog.attribute.code import Own, own_frame
from leakdog.attribute.objects import Sizes, in_bytes, in_objects, weighed
from leakdog.attribute.site import stack_id
from leakdog.attribute.tally import Tally
from leakdog.detect.engine import assess, may_leak
from leakdog.detect.leaders import Leaders
from leakdog.detect.series import SeriesState
from leakdog.detect.settings import Settings, for_sites
from leakdog.errors import LeakdogError
from leakdog.model import Assessment, Frame, Kind, Signal, SiteTrend, Verdict

log = logging.getLogger("leakdog.pipeline")

# What is followed by site, and the profile that tells it.
BY_SITE = {Signal.INUSE_SPACE: Kind.HEAP, Signal.INUSE_OBJECTS: Kind.HEAP, Signal.GOROUTINES: Kind.GOROUTINE}
# What has no sites of its own: it is counted at those of another signal, and told apart only where it differs.
BESIDE = {Signal.INUSE_OBJECTS: Signal.INUSE_SPACE}
# Sites followed for each of these. All others are one, which makes up the total.
FOLLOWED = 12


@dataclass(slots=True)
class Site:
    """One site that is followed.

    Attributes:
        value: what it holds now, in the signal's unit.

    """

    stack_id: str
    frame: Frame
    series: SeriesState
    value: float = 0.0
    assessment: Assessment | None = None

    @property
    def leaks(self) -> bool:
        """Whether the detector calls its growth a leak."""
        return self.assessment is not None and self.assessment.verdict is Verdict.LEAK


@dataclass(slots=True)
class Sites:
    """The followed sites of one signal of a target, by key, and what all others hold together.

    Attributes:
        beside: for objects, the sites of the bytes.
        alike: for objects, how many are at sites whose objects have one size.

    """

    signal: Signal
    followed: dict[int, Site] = field(default_factory=dict)
    other: float = 0.0
    leaders: Leaders = field(default_factory=Leaders)
    chosen_from: float = 0.0
    beside: Sites | None = None
    sizes: Sizes = field(default_factory=Sizes)
    alike: dict[int, float] = field(default_factory=dict)

    def begin_life(self, now: float, settings: Settings) -> None:
        """A new process has to show what is large in it before sites are chosen anew."""
        self.leaders = Leaders()
        fine = _settings(settings).levels[0]
        self.chosen_from = now + fine.warm_up_seconds if self.followed else now
        for site in self.followed.values():
            site.assessment = None

    def observe(
        self,
        seen: Tally,
        now: float,
        settings: Settings,
        *,
        life_start: float,
        load: float | None,
        own: Own = (),
        beside: Sites | None = None,
    ) -> None:
        """Take in one profile.

        Args:
            seen: what its sites hold.
            now: unix seconds, later than of the profile before.
            settings: of the target.
            life_start: when the process started.
            load: its work per second; None where not known.
            own: what the program's own code is called; none: not known.
            beside: for objects, the sites of the profile's bytes, which have taken it in already.

        """
        fine = self._under(settings)
        held = dict(zip(seen.keys.tolist(), seen.values.tolist(), strict=True))
        self.beside = beside
        if beside is not None:
            self._count(beside, held, fine)
        else:
            begins = not len(self.leaders.keys)
            ended = self.leaders.observe(int(now // fine.levels[-1].block_seconds), seen.keys, seen.values)
            if (ended or begins) and now >= self.chosen_from:
                self._choose(seen, fine, own)
        for key, site in self.followed.items():
            site.value = held.get(key, 0.0)
            site.series.observe(now, site.value, life_start=life_start, load=load)
        self.other = seen.total - sum(site.value for site in self.followed.values()) - sum(self.alike.values())

    def judge(self, now: float, settings: Settings, tested: float) -> None:
        """Assess all followed sites, which share a budget of false alarms with so many series."""
        fine = self._under(settings)
        sites = list(self.followed.values())
        series = [site.series for site in sites]
        seen = assess(series, [self.signal] * len(sites), [None] * len(sites), now, fine, tested=tested)
        for key, site, assessment in zip(self.followed, sites, seen, strict=True):
            size = self.sizes.average.get(key)
            space = self.beside.followed.get(key) if self.beside is not None else None
            told = space.assessment if space is not None else None
            site.assessment = weighed(assessment, size, told, fine.min_growth_bytes) if size else assessment

    def __iter__(self) -> Iterator[SiteTrend]:
        """What is known of each followed site now, the largest first."""
        own = (
            SiteTrend(site.stack_id, site.frame, self.signal, site.value, site.assessment)
            for site in self.followed.values()
        )
        yield from sorted([*own, *self._of_one_size()], key=lambda each: -each.value)

    def fastest(self) -> SiteTrend | None:
        """The site that leaks fastest, where one does. What is counted beside bytes is told in bytes."""
        leaking = (self._comparable(key, site) for key, site in self.followed.items() if site.leaks)
        return max(
            leaking, key=lambda each: (each.assessment and each.assessment.growth_per_second) or 0.0, default=None
        )

    def _comparable(self, key: int, site: Site) -> SiteTrend:
        assert site.assessment is not None
        size = self.sizes.average.get(key)
        if self.signal not in BESIDE or size is None:
            return SiteTrend(site.stack_id, site.frame, self.signal, site.value, site.assessment)
        told = in_bytes(site.assessment, size)
        return SiteTrend(site.stack_id, site.frame, told.signal, size * site.value, told)

    def _of_one_size(self) -> Iterator[SiteTrend]:
        """Sites of objects of one size, judged by their bytes."""
        for key, count in self.alike.items():
            site = self.beside.followed.get(key) if self.beside is not None else None
            if site is not None:
                told = site.assessment and in_objects(site.assessment, self.sizes.average[key])
                yield SiteTrend(site.stack_id, site.frame, self.signal, count, told)

    def _count(self, beside: Sites, held: Mapping[int, float], fine: Settings) -> None:
        """Count the objects of the sites whose bytes are followed; those that differ in size get a series."""
        space = {key: site.value for key, site in beside.followed.items()}
        self.sizes.observe(space, held)
        self.followed = {key: site for key, site in self.followed.items() if key in space}
        for key in self.sizes.differ - self.followed.keys():
            site = beside.followed[key]
            self.followed[key] = Site(site.stack_id, site.frame, SeriesState(fine))
        for key, site in self.followed.items():
            site.frame = beside.followed[key].frame
        self.alike = {key: held.get(key, 0.0) for key in self.sizes.average if key not in self.followed}

    def _under(self, settings: Settings) -> Settings:
        """Settings of the sites. After a reload with another time scale, all sites are chosen anew."""
        fine = _settings(settings)
        try:
            for site in self.followed.values():
                site.series = site.series.under(fine)
        except LeakdogError as error:
            log.warning("sites by %s: %s", self.signal.value, error)
            self.followed.clear()
            self.leaders = Leaders()
        return fine

    def to_bytes(self) -> bytes:
        """The followed sites with their series, a few kilobytes each."""
        series = {key: site.series.to_bytes() for key, site in self.followed.items()}
        head = [(key, site.stack_id, *site.frame, len(series[key])) for key, site in self.followed.items()]
        return json.dumps(head).encode() + b"\n" + b"".join(series.values())

    @classmethod
    def from_bytes(cls, signal: Signal, data: bytes, settings: Settings) -> Sites:
        """Read back what `to_bytes` wrote.

        Raises:
            LeakdogError: the bytes are damaged, of another version, or of other settings.

        """
        head, _, body = data.partition(b"\n")
        sites = cls(signal)
        try:
            for key, name, function, file, line, size in json.loads(head):
                series = SeriesState.from_bytes(body[:size], _settings(settings))
                sites.followed[key] = Site(name, _shared(Frame(function, file, line)), series)
                body = body[size:]
        except (ValueError, TypeError) as error:
            raise LeakdogError(f"reading the series of sites: {error}; they start afresh") from error
        return sites

    def _choose(self, seen: Tally, fine: Settings, own: Own) -> None:
        leaking = [key for key, site in self.followed.items() if site.leaks]
        stay = np.array(list(self.followed), np.uint64)
        rows = {key: row for row, key in enumerate(seen.keys.tolist())}
        wanted = list(dict.fromkeys([*leaking, *self.leaders.chosen(FOLLOWED, stay)]))[:FOLLOWED]
        before = self.followed
        self.followed = {}
        for key in wanted:
            if key in before:
                self.followed[key] = before[key]
            if key in rows:
                stack = seen.stack(rows[key])
                site = self.followed.setdefault(key, Site(stack_id(stack), stack[0], SeriesState(fine)))
                site.frame = _shared(own_frame(stack, own))


def judge_sites(every: Collection[Sites], now: float, settings: Settings, families: int) -> None:
    """Assess all followed sites of a target.

    They share the target's budget of false alarms as one family among others. Within it the threshold is that of
    a false discovery rate, stepped down: with k sites found, it is that of k + 1 out of those that may grow. The
    others cannot be called leaking at any threshold.

    Source: Benjamini and Liu, Journal of Statistical Planning and Inference 82 (1999).
    """
    sites = [site for each in every for site in each.followed.values()]
    found = sum(site.leaks for site in sites)
    growing = sum(may_leak(site.series) for site in sites)
    for each in every:  # bytes before what is counted beside them
        each.judge(now, settings, families * max(1.0, growing / (1 + found)))


def _shared(frame: Frame) -> Frame:
    """The frame with texts that all targets share: replicas have the same sites."""
    return Frame(intern(frame.function), intern(frame.file), frame.line)


@cache
def _settings(settings: Settings) -> Settings:
    return for_sites(settings)
