"""The sites of one target as series of their own: which are followed, what they hold, and which of them leak.

Bytes and goroutines choose the sites that they follow. Objects are counted at the sites of the bytes, and are a series
of their own only where they differ in size: elsewhere the bytes tell the same.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import pairwise
from operator import attrgetter
from sys import intern
from typing import Any

import numpy as np

from leakdog.attribute.code import Own, own_frame
from leakdog.attribute.objects import Sizes, in_bytes, in_objects, weighed
from leakdog.attribute.site import stack_id, told_apart
from leakdog.attribute.tally import Tally
from leakdog.detect import before, stored
from leakdog.detect.engine import assessment, look_at, verdicts
from leakdog.detect.group import Group
from leakdog.detect.leaders import Leaders
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
        caller: what tells it from others at the same line; None where there are none, or nothing does.

    """

    stack_id: str
    frame: Frame
    value: float = 0.0
    caller: Frame | None = None


@dataclass(slots=True)
class Sites:
    """The followed sites of one signal of a target, by key, and what all others hold together.

    Attributes:
        group: a series for each of `followed`, in its order; None before the first profile.
        chosen_from: from when on others may be followed.
        judged: when they were assessed last; None where they were not in this life.
        beside: for objects, the sites of the bytes.
        alike: for objects, how many are at sites whose objects have one size.

    """

    signal: Signal
    followed: dict[int, Site] = field(default_factory=dict)
    group: Group | None = None
    other: float = 0.0
    leaders: Leaders = field(default_factory=Leaders)
    chosen_from: float = 0.0
    judged: float | None = None
    beside: Sites | None = None
    sizes: Sizes = field(default_factory=Sizes)
    alike: dict[int, float] = field(default_factory=dict)

    def begin_life(self) -> None:
        """A new process has to show what is large in it before sites are chosen anew."""
        self.leaders = Leaders()
        self.judged = None

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
        group = self._under(settings)
        self.beside = beside
        if beside is not None:
            self._count(beside, seen, group)
        else:
            begins = not len(self.leaders.keys)
            if begins:  # also after a restart of leakdog, which knows of no growth then
                self.chosen_from = now + group.settings.levels[0].warm_up_seconds if self.followed else now
            ended = self.leaders.observe(int(now // group.rings[-1].block_seconds), seen.keys, seen.values)
            if (ended or begins) and now >= self.chosen_from:
                self._choose(seen, group, own)
        held = seen.held(self.followed)
        for key, site in self.followed.items():
            site.value = held.get(key, 0.0)
        values = [site.value for site in self.followed.values()]
        group.observe(now, values, life_start=life_start, load=load)
        self.other = seen.total - sum(values) - sum(self.alike.values())

    def judge(self, now: float, settings: Settings, tested: float) -> None:
        """Look at all followed sites, which share a budget of false alarms with so many series."""
        count = len(self.followed)
        look_at(self._under(settings), [self.signal] * count, [None] * count, now, tested=tested)
        self.judged = now

    def __iter__(self) -> Iterator[SiteTrend]:
        """What is known of each followed site now, the largest first."""
        own = (
            SiteTrend(site.stack_id, site.frame, self.signal, site.value, self.assessment(key), site.caller)
            for key, site in self.followed.items()
        )
        yield from sorted([*own, *self._of_one_size()], key=lambda each: -each.value)

    def assessment(self, key: int) -> Assessment | None:
        """What the detector says of a site; None where it is not followed, or was not judged in this life."""
        if self.group is None or self.judged is None or key not in self.followed:
            return None
        told = assessment(self.group, list(self.followed).index(key), self.signal, None, self.judged)
        size = self.sizes.average.get(key)
        if self.beside is None or not size:
            return told
        return weighed(told, size, self.beside.assessment(key), self.group.settings.min_growth_bytes)

    def leaking(self) -> list[int]:
        """Keys of the sites that leak."""
        if self.group is None or self.judged is None:
            return []
        said = zip(self.followed, verdicts(self.group), strict=True)
        growing = [key for key, verdict in said if verdict is Verdict.LEAK]
        if self.beside is None:
            return growing
        return [key for key in growing if (told := self.assessment(key)) and told.verdict is Verdict.LEAK]

    def may_leak(self) -> int:
        """How many sites have grown so that only the weight of evidence keeps them from being called leaking."""
        return 0 if self.group is None else int(self.group.found.may_leak().sum())

    def last_time(self) -> float | None:
        """When the last profile that was taken in was read, unix seconds; None before the first."""
        if self.group is None or math.isinf(self.group.last_time):
            return None
        return self.group.last_time

    def fastest(self) -> SiteTrend | None:
        """The site that leaks fastest, where one does. What is counted beside bytes is told in bytes."""
        leaking = (self._comparable(key) for key in self.leaking())
        return max(
            leaking, key=lambda each: (each.assessment and each.assessment.growth_per_second) or 0.0, default=None
        )

    def _comparable(self, key: int) -> SiteTrend:
        site, told, size = self.followed[key], self.assessment(key), self.sizes.average.get(key)
        if told is None or self.signal not in BESIDE or size is None:
            return SiteTrend(site.stack_id, site.frame, self.signal, site.value, told)
        told = in_bytes(told, size)
        return SiteTrend(site.stack_id, site.frame, told.signal, size * site.value, told)

    def _of_one_size(self) -> Iterator[SiteTrend]:
        """Sites of objects of one size, judged by their bytes."""
        if self.beside is None:
            return
        for key, count in self.alike.items():
            site, told = self.beside.followed.get(key), self.beside.assessment(key)
            if site is not None:
                told = told and in_objects(told, self.sizes.average[key])
                yield SiteTrend(site.stack_id, site.frame, self.signal, count, told, site.caller)

    def _count(self, beside: Sites, seen: Tally, group: Group) -> None:
        """Count the objects of the sites whose bytes are followed; those that differ in size get a series."""
        held = seen.held(beside.followed)
        space = {key: site.value for key, site in beside.followed.items()}
        self.sizes.observe(space, held)
        kept = [key for key in self.followed if key in space]
        told = {key: beside.followed[key] for key in (*kept, *(self.sizes.differ - self.followed.keys()))}
        self._follow({key: Site(site.stack_id, site.frame, caller=site.caller) for key, site in told.items()}, group)
        self.alike = {key: held.get(key, 0.0) for key in self.sizes.average if key not in self.followed}

    def _under(self, settings: Settings) -> Group:
        """The series under the settings of sites. After a reload with another time scale, sites are chosen anew."""
        fine = _settings(settings)
        if self.group is not None:
            try:
                self.group.follow(fine)
            except LeakdogError as error:
                log.warning("sites by %s: %s", self.signal.value, error)
                self.group = self.judged = None
                self.followed.clear()
                self.leaders = Leaders()
        if self.group is None:
            self.group = Group(fine, 0)
        return self.group

    def to_bytes(self) -> bytes:
        """The followed sites with their series, a few kilobytes each."""
        assert self.group is not None
        sizes = self.sizes.average
        head = [(key, site.stack_id, *site.frame, site.caller, sizes.get(key)) for key, site in self.followed.items()]
        return json.dumps(head).encode() + b"\n" + stored.to_bytes(self.group)

    @classmethod
    def from_bytes(cls, signal: Signal, data: bytes, settings: Settings, beside: Sites | None = None) -> Sites:
        """Read back what `to_bytes` wrote; `beside`: for objects, the sites of the bytes.

        Raises:
            LeakdogError: the bytes are damaged, of another version, or of other settings.

        """
        head, _, body = data.partition(b"\n")
        fine = _settings(settings)
        try:
            named = json.loads(head)
            sites = {key: _named(name, *told) for key, name, *told, _ in named}
            sizes: dict[int, float] = {}
            if body.startswith(before.MAGIC):
                ends = np.cumsum([0, *(size for *_, size in named)]).tolist()
                parts = [body[first:end] for first, end in pairwise(ends)]
                group = before.joined([before.read(part, fine) for part in parts])
            else:  # of no sites the version before stored nothing
                group = stored.from_bytes(body, fine) if body else Group(fine, 0)
                sizes = {key: float(size) for key, *_, size in named if size is not None}
        except (ValueError, TypeError) as error:
            raise LeakdogError(f"reading the series of sites: {error}; they start afresh") from error
        if len(sites) != len(group):
            raise LeakdogError("reading the series of sites: there are more or fewer than named; they start afresh")
        return cls(signal, sites, group, beside=beside, sizes=Sizes(sizes))

    def _choose(self, seen: Tally, group: Group, own: Own) -> None:
        stay = np.array(list(self.followed), np.uint64)
        rows = {key: row for row, key in enumerate(seen.keys.tolist())}
        wanted = list(dict.fromkeys([*self.leaking(), *self.leaders.chosen(FOLLOWED, stay)]))[:FOLLOWED]
        sites: dict[int, Site] = {}
        stacks = {key: seen.stack(rows[key]) for key in wanted if key in rows}
        for key in wanted:
            if key in self.followed:
                sites[key] = self.followed[key]
            if stack := stacks.get(key):
                site = sites.setdefault(key, Site(intern(stack_id(stack)), stack[0]))
                site.frame = _shared(own_frame(stack, own))
                stacks[key] = stack[stack.index(own_frame(stack, own)) :]  # what it calls is no caller
        for key, stack in stacks.items():
            same = [other for at, other in stacks.items() if at != key and sites[at].frame == sites[key].frame]
            caller = told_apart(stack, same, attrgetter("function"))
            sites[key].caller = caller and _shared(caller)
        self._follow(sites, group)

    def _follow(self, sites: dict[int, Site], group: Group) -> None:
        """Follow these sites from now on. Those that were followed before keep their series."""
        places = {key: row for row, key in enumerate(self.followed)}
        if list(sites) != list(places):
            group.arrange(places.get(key, -1) for key in sites)
        self.followed = sites


def judge_sites(every: Collection[Sites], now: float, settings: Settings) -> None:
    """Look at all followed sites of a target.

    They share a part of the target's budget of false alarms. Within it the threshold is that of a false discovery
    rate, stepped down: with k sites found, it is that of k + 1 out of those that may grow. The others cannot be
    called leaking at any threshold.

    Source: Benjamini and Liu, Journal of Statistical Planning and Inference 82 (1999).
    """
    found = sum(len(each.leaking()) for each in every)
    growing = sum(each.may_leak() for each in every)
    for each in every:
        each.judge(now, settings, max(1.0, growing / (1 + found)))


def _named(name: str, function: str, file: str, line: int, caller: Sequence[Any] | None = None) -> Site:
    """A site as it was stored; one of a version before has no caller."""
    told = caller and _shared(Frame(*caller))
    return Site(intern(name), _shared(Frame(function, file, line)), caller=told or None)


@lru_cache(maxsize=1 << 12)
def _shared(frame: Frame) -> Frame:
    """The frame that all targets share, or one with the texts that they share: replicas have the same sites."""
    return Frame(intern(frame.function), intern(frame.file), frame.line)


@cache
def _settings(settings: Settings) -> Settings:
    return for_sites(settings)
