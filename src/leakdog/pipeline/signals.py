"""The judged signals of one target: read together, remembered together."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from leakdog.detect import before, stored
from leakdog.detect.engine import assessment, look_at, verdicts
from leakdog.detect.group import LOWEST, READ, Group
from leakdog.detect.settings import Settings
from leakdog.errors import LeakdogError
from leakdog.model import Assessment, Signal, Verdict

log = logging.getLogger("leakdog.pipeline")


@dataclass(slots=True)
class Signals:
    """The signals of a target that have been told, and their series.

    Attributes:
        group: a series for each of `told`, in its order; None before the first reading.

    """

    told: list[Signal] = field(default_factory=list)
    group: Group | None = None

    def observe(
        self,
        values: Mapping[Signal, float],
        now: float,
        settings: Settings,
        *,
        life_start: float,
        load: float | None,
        limited: Collection[Signal] = (),
    ) -> None:
        """Take in what one pass told of the signals that are judged, and which of them have a limit."""
        group = self._under(settings)
        if not values:
            return
        fresh = [signal for signal in values if signal not in self.told]
        if fresh:
            group.arrange([*range(len(self.told)), *[-1] * len(fresh)])
            self.told += fresh
        told = [values.get(signal, math.nan) for signal in self.told]
        hurries = np.array([signal in limited for signal in self.told], bool)
        group.observe(now, told, life_start=life_start, load=load, limited=hurries)

    def judge(
        self, limits: Mapping[Signal, float | None], now: float
    ) -> tuple[dict[Signal, Verdict], Mapping[Signal, Assessment]]:
        """Verdicts and assessments of all of them; see `leakdog.detect.engine.look_at`."""
        if self.group is None:
            return {}, {}
        of = [limits.get(signal) for signal in self.told]
        look_at(self.group, self.told, of, now)
        told = dict(zip(self.told, verdicts(self.group), strict=True))
        return told, Assessments(self.group, tuple(self.told), of, now)

    def last_time(self, signal: Signal) -> float:
        """When a signal was told last, in unix seconds; infinitely long ago where it never was."""
        if self.group is None or signal not in self.told:
            return LOWEST
        return float(self.group.known[READ, self.told.index(signal)])

    def to_bytes(self) -> bytes:
        """The signals with their series, a few kilobytes each."""
        assert self.group is not None
        return json.dumps(self.told).encode() + b"\n" + stored.to_bytes(self.group)

    @classmethod
    def from_bytes(cls, data: bytes, settings: Settings) -> Signals:
        """Read back what `to_bytes` wrote.

        Raises:
            LeakdogError: the bytes are damaged, of another version, or of other settings.

        """
        head, _, body = data.partition(b"\n")
        group = stored.from_bytes(body, settings)
        try:
            told = [Signal(name) for name in json.loads(head)]
        except (ValueError, TypeError) as error:
            raise LeakdogError(f"reading the series of signals: {error}; they start afresh") from error
        if len(told) != len(group):
            raise LeakdogError("reading the series of signals: there are more or fewer than named; they start afresh")
        return cls(told, group)

    @classmethod
    def from_before(cls, series: Mapping[Signal, bytes], settings: Settings) -> Signals:
        """Read what the version before stored, a state for each signal; one that cannot be read starts afresh."""
        groups = {}
        for signal, data in series.items():
            try:
                groups[signal] = before.read(data, settings)
            except LeakdogError as error:
                log.warning("%s: %s", signal.value, error)
        return cls([*groups], before.joined([*groups.values()])) if groups else cls()

    def _under(self, settings: Settings) -> Group:
        """After a reload the series go on under the new settings, or afresh where their time scale is another."""
        if self.group is not None:
            try:
                self.group.follow(settings)
            except LeakdogError as error:
                log.warning("the series of signals: %s", error)
                self.group = None
                self.told.clear()
        if self.group is None:
            self.group = Group(settings, 0)
        return self.group


class Assessments(Mapping[Signal, Assessment]):
    """What the detector says of a target's signals, put into words when somebody asks."""

    __slots__ = ("_group", "_limits", "_now", "_told")

    def __init__(self, group: Group, told: Sequence[Signal], limits: Sequence[float | None], now: float) -> None:
        self._group = group
        self._told = told
        self._limits = limits
        self._now = now

    def __getitem__(self, signal: Signal) -> Assessment:
        """Of one signal."""
        if signal not in self._told:
            raise KeyError(signal)
        row = self._told.index(signal)
        return assessment(self._group, row, signal, self._limits[row], self._now)

    def __iter__(self) -> Iterator[Signal]:
        """The signals."""
        return iter(self._told)

    def __len__(self) -> int:
        """How many signals there are."""
        return len(self._told)
