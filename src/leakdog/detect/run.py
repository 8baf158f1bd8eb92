"""One replay of series over one grid, block by block."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from leakdog.detect.alerts import Finding, Leaks, Replayed
from leakdog.detect.conclude import Context, Found, compose, onset, surest, until_limit
from leakdog.detect.evidence import Evidence
from leakdog.detect.examine import examine
from leakdog.detect.found import MEMORY_SHARE, TOLD, named, numbers_of
from leakdog.detect.grid import Grid, History
from leakdog.detect.panel import Rows
from leakdog.detect.score import least_scores
from leakdog.detect.settings import Look, Settings
from leakdog.detect.sight import begins
from leakdog.detect.state import hold_time
from leakdog.model import Assessment, Signal, Verdict

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
QUICK = 0.4  # of the growth that is asked for; with less an urgent look-back leaves a series alone at once
Witness = Callable[[Sequence[History], Look, float, Evidence], None]
GROWTH, Z, LEVEL, SURE = (TOLD.index(name) for name in ("growth", "z", "level", "sure"))


class Run:
    """One pass over one grid."""

    def __init__(
        self, histories: Sequence[History], signal: Signal, settings: Settings, witness: Witness | None = None
    ) -> None:
        self.witness = witness
        self.grid = Grid(histories, settings)
        self.signal = signal
        self.settings = settings
        count = len(histories)
        self.limit = np.array([np.nan if each.limit is None else each.limit for each in histories])
        self.last_found = np.full(count, -np.inf)
        self.leaks = Leaks([each.name for each in histories], settings)
        self.found = np.zeros((len(settings.looks), count), bool)
        self.seen_end = np.full((len(settings.looks), count), -(1 << 60))
        self.numbers = np.full((len(settings.looks), count, len(TOLD)), np.nan)

    def run(self, progress: Callable[[float], None]) -> list[Replayed]:
        """Go through all block ends."""
        ends = self.grid.ends()
        restarts = list(reversed(self.grid.restarts))
        for step, (time, levels) in enumerate(ends):
            while restarts and restarts[-1][0] < time:
                self._restart(*restarts.pop())
            self._step(time, levels)
            if step % 16 == 0:
                progress(step / len(ends))
        self._conclude()
        progress(1.0)
        return self.leaks.out

    def _restart(self, previous: float, row: int, life_start: float) -> None:
        time = self.grid.begin_life(row, life_start, previous)
        self.found[:, row] = False
        self.leaks.move(row, None, time, alive=False)

    def _step(self, time: float, levels: list[int]) -> None:
        settings, grid = self.settings, self.grid
        joining = next((k for k, level in enumerate(settings.levels) if level.joins_lives), None)
        if joining in levels:
            grid.settle(int(time // settings.levels[joining].block_seconds))
        changed = np.zeros(grid.count, bool)
        for number, look in enumerate(settings.looks):
            if look.level not in levels:
                continue
            end = int(time // settings.levels[look.level].block_seconds)
            if end % look.every:
                continue
            present = grid.present(look.level, end)
            if present.any():
                self._examine(number, present, time)
                changed |= present
        found = self.found.any(0)
        stands = changed & found & self.leaks.firing
        rows = np.flatnonzero(changed & found & ~np.isnan(self.leaks.since))
        if len(rows):  # of these most stay pending
            until = time + max(settings.levels[level].block_seconds for level in levels)
            sure = settings.at_once_if_sure & (self.found[:, rows] & (self.numbers[:, rows, SURE] > 0)).any(0)
            stands[rows] = ~self.leaks.may_fire(rows, until, self._left(rows, time)) & ~sure
        self.last_found[stands] = time
        for row in np.flatnonzero(changed & (found | self.leaks.noted) & ~stands).tolist():
            self._judge(row, time)

    def _left(self, rows: Ints, now: float) -> Array:
        """Seconds to the limit of some series that grow; NaN where there is no limit."""
        numbers, blocks = self.numbers[:, rows], np.array([[look.blocks] for look in self.settings.looks])
        sure = np.where(self.found[:, rows], numbers[:, :, Z] * blocks, -np.inf)
        of = numbers[sure.argmax(0), np.arange(len(rows))]
        room = np.maximum(self.limit[rows] - of[:, LEVEL] - self.grid.swing(rows, self._coarsest(now)), 0.0)
        growth = of[:, GROWTH]
        left: Array = np.where(growth > 0, room / np.where(growth > 0, growth, 1.0), np.nan)
        return left

    def _evidence(self, look: Look, rows: Ints, now: float, *, full: bool) -> Evidence:
        settings, grid = self.settings, self.grid
        seconds, coarse = settings.levels[look.level].block_seconds, settings.levels[look.past].block_seconds
        finest, hour = settings.levels[0].block_seconds, self._coarsest(now)
        window = grid.panel(look.level, int(now // seconds), rows, look.blocks)
        past = window
        if look.past != look.level:
            past = grid.panel(look.past, int(now // coarse), rows, int(look.blocks * seconds / coarse) + 2)
        known = Rows(
            floor=np.full(len(rows), settings.least_growth(self.signal)),
            limit=self.limit[rows],
            life_start=grid.life_start[rows],
            lives=grid.lives[rows],
            swing=grid.swing(rows, hour),
            highest=lambda: grid.highest(rows, begins(look, now, settings), hour),
            course=lambda: grid.spurt(rows, now) if look.urgent else grid.course(rows, hour),
            threshold=lambda: least_scores(look, settings, len(rows), lambda: grid.panel(0, int(now // finest), rows)),
        )
        return examine(
            look,
            window,
            past,
            known,
            settings,
            lambda some: grid.past(rows[some], hour),
            full=full,
        )

    def _examine(self, number: int, present: Bools, time: float) -> None:
        look = self.settings.looks[number]
        end = int(time // self.settings.levels[look.level].block_seconds)
        if look.urgent:  # of others load or the rhythm of the day may hide what has grown
            present = present & (self._hopeful(look, end) | self.found[number])
        rows = np.flatnonzero(present)
        if not len(rows):
            return
        evidence = self._evidence(look, rows, time, full=False)
        if self.witness is not None:
            self.witness([self.grid.histories[row] for row in rows.tolist()], look, time, evidence)
        stale = (end - self.seen_end[number, rows]) / look.blocks > MEMORY_SHARE
        self.found[number, rows] = np.where(evidence.usable | stale, evidence.leak, self.found[number, rows])
        self.seen_end[number, rows[evidence.usable]] = end
        leaking = np.flatnonzero(evidence.leak)
        if len(leaking):
            self.numbers[number, rows[leaking]] = numbers_of(evidence)[leaking]

    def _hopeful(self, look: Look, end: int) -> Bools:
        """Which series have grown enough to be worth a closer look at what is urgent, (n,)."""
        settings = self.settings
        early, late, known = self.grid.climbs(look.level, end, look.blocks)
        asked = np.maximum(settings.min_growth_ratio * np.abs(early), settings.least_growth(self.signal))
        asked = np.fmax(asked, settings.urgent_share * (self.limit - early))
        hopeful: Bools = known & (late - early > QUICK * asked)
        return hopeful

    def _judge(self, row: int, time: float) -> None:
        now = self.grid.next_time(row, time)
        finding = None
        if self.found[:, row].any():
            finding = Finding(self._assessment(row, now), self.signal)
        elif self.last_found[row] > -np.inf:
            self.leaks.seen(row, self.grid.next_time(row, self.last_found[row]))
        self.leaks.move(row, finding, now)

    def _assessment(self, row: int, now: float) -> Assessment:
        """In full where the leak may fire now; between, only the verdict and the time that is left matter."""
        settings, leak, limit = self.settings, self.leaks.each[row], self.grid.histories[row].limit
        places = np.flatnonzero(self.found[:, row])
        told = (dict(zip(TOLD, each, strict=True)) for each in self.numbers[places, row].tolist())
        found = [(settings.looks[place], numbers) for place, numbers in zip(places.tolist(), told, strict=True)]
        look, numbers = surest(found)
        swing = float(self.grid.swing(row, self._coarsest(now)))
        forecast = until_limit(numbers, look, limit, swing, settings)
        left = forecast[0] if forecast else None
        since = now if leak is None or leak.pending_since is None else leak.pending_since
        sure = any(numbers["sure"] > 0 for _, numbers in found)
        if now - since < hold_time(left, settings, sure=sure):
            return Assessment(self.signal, now, Verdict.LEAK, time_to_limit_seconds=left)
        return self._compose(row, now, found)

    def _compose(self, row: int, now: float, found: list[Found]) -> Assessment:
        grid, settings = self.grid, self.settings

        def lows(level: int) -> Array:
            end = int(now // settings.levels[level].block_seconds)
            blocks: Array = grid.panel(level, end, np.array([row])).lows[0]
            return blocks

        def began(level: int) -> float:
            seconds = settings.levels[level].block_seconds
            return onset(lows(level), int(now // seconds), seconds)

        limit = grid.histories[row].limit
        swing, first = float(grid.swing(row, self._coarsest(now))), float(grid.first_time[row])
        life = float(grid.life_start[row])
        return compose(found, Context(self.signal, limit, now, settings, swing, lows, began, first, life))

    def _coarsest(self, now: float) -> int:
        """The block of the coarsest level in which a time is."""
        return int(now // self.settings.levels[-1].block_seconds)

    def _conclude(self) -> None:
        """The last verdict of each series, with all series that end in the same blocks judged together."""
        finest = self.settings.levels[0].block_seconds
        ends = self.grid.last_time // finest
        for end in np.unique(ends):
            rows = np.flatnonzero(ends == end)
            now = float(self.grid.last_time[rows].max())
            for row, looks in zip(map(int, rows), self._found_at(rows, now), strict=True):
                out = self.leaks.out[row]
                out.last = self._compose(row, now, looks)
                firing = bool(out.alerts) and out.alerts[-1].end is None
                out.verdict = Verdict.LEAK if firing else out.last.verdict

    def _found_at(self, rows: Ints, now: float) -> list[list[Found]]:
        """What the usable look-backs found of some series, without what no assessment is made of.

        That is the longest look-back that is not urgent, and those that found something.
        """
        found: list[list[Found]] = [[] for _ in rows]
        told = np.zeros(len(rows), bool)
        for look in reversed(self.settings.looks):
            evidence = self._evidence(look, rows, now, full=True)
            tells = evidence.leak | evidence.settling | evidence.follows_load
            if not look.urgent:
                tells |= evidence.usable & ~told
                told |= evidence.usable
            places = np.flatnonzero(tells)
            for place, numbers in zip(places.tolist(), named(evidence, places), strict=True):
                found[place].insert(0, (look, numbers))
        return found
