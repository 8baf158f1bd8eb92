"""The readings of a series as a file tells them, and what a history is made of."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from leakdog.detect.grid import History
from leakdog.report.words import human_time

DAY = 86400.0
SPAN = 30 * DAY  # times are noted by it
APART = 12  # spans without any reading, from which what is on one side does not belong to the other
MOST_SPANS = 20 * 365.25 * DAY // SPAN  # of a series; each minute of them is replayed


class Place(NamedTuple):
    """Where a time is written, and how."""

    line: int
    column: int
    text: str


@dataclass(slots=True)
class Readings:
    """The readings of one series as they come, and where the first of each `SPAN` of time is."""

    time: array[float] = field(default_factory=lambda: array("d"))
    value: array[float] = field(default_factory=lambda: array("d"))
    load: array[float] = field(default_factory=lambda: array("d"))
    start: array[float] = field(default_factory=lambda: array("d"))
    limit: float = math.nan
    places: dict[int, Place] = field(default_factory=dict)

    def stray(self) -> tuple[Place, str] | None:
        """The first reading that lies years from most others, and why it cannot be used; None where there is none.

        A wrong time costs more than its reading: what is replayed is every minute from the first to the last.
        """
        spans, counts = np.unique(np.array(self.time) // SPAN, return_counts=True)
        part = np.append(0, np.cumsum(np.diff(spans) > APART))
        usual = spans[part == np.bincount(part, counts).argmax()]
        usual = usual[usual > usual[-1] - MOST_SPANS]
        places = [place for span, place in self.places.items() if not usual[0] <= span <= usual[-1]]
        if not places:
            return None
        times = np.array(self.time)
        others = times[(times >= SPAN * usual[0]) & (times < SPAN * (usual[-1] + 1))]
        begin, end = (human_time(float(each)).split()[0] for each in (others.min(), others.max()))
        place, others_are = min(places), f"the other readings of its series are of {begin} to {end}"
        to_do = "correct it or leave the line out; a recording of another time needs a name of its own in column series"
        return place, f"timestamp {place.text!r} is years away: {others_are}; {to_do}"

    def history(self, name: str, *, with_load: bool) -> History:
        """Points in order of time; of several at one time the first counts."""
        time, order = np.unique(np.array(self.time), return_index=True)
        load, start = (np.array(each)[order] for each in (self.load, self.start))
        known = ~np.isnan(start)
        if known.any():  # where it is not told, the process is the one before
            place = np.maximum.accumulate(np.where(known, np.arange(len(start)), -1))
            start = np.where(place < 0, start[known][0], start[np.maximum(place, 0)])
        return History(
            name=name,
            time=time,
            value=np.array(self.value)[order],
            load=load if with_load and not np.isnan(load).all() else None,
            life_start=start if known.any() else None,
            limit=None if math.isnan(self.limit) else self.limit,
        )
