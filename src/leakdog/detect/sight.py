"""A group of series as it is looked at: what look-backs have in common is worked out once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from leakdog.detect.climb import Past, quarters
from leakdog.detect.evidence import Evidence
from leakdog.detect.examine import examine
from leakdog.detect.group import SWING, Group
from leakdog.detect.kernel import HURDLE
from leakdog.detect.panel import Panel, Rows, take
from leakdog.detect.prepare import bridge
from leakdog.detect.score import least_scores
from leakdog.detect.settings import Look, Settings
from leakdog.model import Signal

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Sight:
    """A group at one time."""

    def __init__(
        self, group: Group, signals: Sequence[Signal], limits: Sequence[float | None], now: float, tested: float
    ) -> None:
        self._group = group
        self._now = now
        self._tested = tested
        self._panels: dict[int, Panel] = {}
        self._highest: dict[int, Array] = {}
        self._thresholds: dict[tuple[bool, float], Array] = {}
        settings = group.settings
        least = {signal: settings.least_growth(signal) for signal in {*signals}}
        self._floor = np.array([least[signal] for signal in signals])
        self._limit = np.array([math.nan if limit is None else limit for limit in limits])
        self._life_start = np.full(len(group), group.life_start)
        self._lives = group.lives.table()
        self._courses: dict[bool, Array] = {}

    def examine(self, look: Look, rows: Ints) -> tuple[Evidence, int]:
        """What a look-back finds of some series, and the block before which it ends."""
        settings = self._group.settings
        known = Rows(
            self._floor,
            self._limit,
            self._life_start,
            self._lives,
            self._group.known[SWING],
            lambda: self._top(look),
            lambda: self._told(look),
            lambda: self._threshold(look),
        )
        window = self._panel(look.level)
        past = window if look.past == look.level else self._panel(look.past)
        return examine(look, window, past, known, settings, self._past, rows), window.end

    def restless(self, number: int, rows: Ints) -> Ints:
        """Of some series those that an urgent look-back may find something of; the others are noted as examined.

        An urgent look-back leaves alone what has not climbed by a share of the room up to the limit, which are most
        series at most times, and that can be told at a tenth of its cost.
        """
        settings, found = self._group.settings, self._group.found
        look = settings.looks[number]
        window = self._panel(look.level)
        base, climb = quarters(bridge(window.lows[rows, -look.blocks :]))
        may_climb = climb > HURDLE * settings.urgent_share * (self._limit[rows] - base)
        quiet = ~may_climb & found.silent(number, rows)
        found.ends[number, rows[quiet]] = window.end
        return rows[~quiet]

    def _past(self, rows: Ints) -> Past:
        return take(self._group.past(self._block(-1)), rows)

    def _block(self, level: int) -> int:
        """The block of a level that is open now."""
        return int(self._now // self._group.settings.levels[level].block_seconds)

    def _panel(self, level: int) -> Panel:
        if level not in self._panels:
            self._panels[level] = self._group.panel(level, self._block(level))
        return self._panels[level]

    def _told(self, look: Look) -> Array:
        """What the courses say, to urgent look-backs the spurts."""
        if look.urgent not in self._courses:
            course = self._group.spurt if look.urgent else self._group.course
            self._courses[look.urgent] = np.zeros(len(self._group)) if course is None else course.score
        return self._courses[look.urgent]

    def _top(self, look: Look) -> Array:
        """Highest readings of this life before a look-back."""
        before = begins(look, self._now, self._group.settings)
        if before not in self._highest:
            self._highest[before] = self._group.highest(before, self._block(-1))
        return self._highest[before]

    def _threshold(self, look: Look) -> Array:
        kind = look.urgent, look.least
        if kind not in self._thresholds:
            group = self._group
            least = least_scores(look, group.settings, len(group), lambda: self._panel(0), self._tested)
            self._thresholds[kind] = least
        return self._thresholds[kind]


def begins(look: Look, now: float, settings: Settings) -> int:
    """The block of the coarsest level in which a look-back begins."""
    seconds = settings.levels[look.level].block_seconds
    return int((now // seconds - look.blocks) * seconds // settings.levels[-1].block_seconds)
