"""Replay whole histories point by point: what would have been announced, and when. Nothing looks ahead.

It is the engine that runs live, with the same blocks, gates and states, over many series at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from leakdog.detect.engine import Context, Found, begins, compose, surest
from leakdog.detect.evidence import Evidence
from leakdog.detect.examine import examine
from leakdog.detect.forecast import time_to_limit
from leakdog.detect.found import MEMORY_SHARE, named
from leakdog.detect.grid import Extent, Grid, History
from leakdog.detect.panel import Rows
from leakdog.detect.score import forecast_spread, least_scores
from leakdog.detect.settings import Look, Settings
from leakdog.detect.state import advance, hold_time
from leakdog.model import Assessment, Leak, LeakClass, LeakState, Signal, TargetKey, Verdict

QUICK, QUICK_LOADED = 0.4, 0.1  # shares of the growth asked for below which a series is left alone at once
Witness = Callable[[Sequence[History], Look, float, Evidence], None]
CHUNK_CELLS = 10_000_000  # cells of the grids that are held at once, 17 to 37 bytes each


@dataclass(frozen=True, slots=True)
class Alert:
    """One time that a leak fired. `end` is None where it still fires at the end of the history."""

    start: float
    assessment: Assessment
    end: float | None = None


@dataclass(slots=True)
class Replayed:
    """What became of one series: its alerts, the last verdict, and the last assessment.

    The verdict is `leak` while an alert fires, whatever the last look says.
    """

    name: str
    alerts: list[Alert] = field(default_factory=list)
    verdict: Verdict = Verdict.TOO_EARLY
    last: Assessment | None = None


@dataclass(frozen=True, slots=True)
class _Finding:
    """What `advance` wants to know of a series, which here stands for a whole target."""

    assessment: Assessment
    signal: Signal
    leak_class: LeakClass = LeakClass.HEAP

    @property
    def reasons(self) -> tuple[str, ...]:
        return self.assessment.reasons


def replay(
    histories: Sequence[History],
    signal: Signal,
    settings: Settings,
    progress: Callable[[float], None] = lambda _: None,
    witness: Witness | None = None,
) -> list[Replayed]:
    """Replay histories of one signal.

    Args:
        signal: what the values are; its unit says which least growth counts.
        progress: called with the share that is done, 0 to 1.
        witness: called with the histories that were examined, the look-back, the time, and what it found: what a
            score is learned from. Without one, rows that cannot reach the threshold are measured in part only.

    """
    out: list[Replayed] = []
    done = 0
    for chunk in _chunks(histories, settings):
        share = len(chunk) / len(histories)
        begun = done / len(histories)
        out += _Run(chunk, signal, settings, witness).run(_scaled(progress, begun, share))
        done += len(chunk)
    return out


def _scaled(progress: Callable[[float], None], begun: float, share: float) -> Callable[[float], None]:
    return lambda part: progress(begun + share * part)


def _chunks(histories: Iterable[History], settings: Settings) -> Iterator[list[History]]:
    """Some series at a time, in their order, whose grid fits into memory."""
    chunk: list[History] = []
    extent = Extent()
    for each in histories:
        extent = extent.with_one(each, settings)
        if chunk and (len(chunk) + 1) * extent.columns(settings) > CHUNK_CELLS:
            yield chunk
            chunk, extent = [], Extent().with_one(each, settings)
        chunk.append(each)
    if chunk:
        yield chunk


class _Run:
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
        self.loaded = np.array([each.load is not None for each in histories])
        self.leaks: list[Leak | None] = [None] * count
        self.noted, self.firing = np.zeros((2, count), bool)  # rows that have a leak, and whose leak fires
        self.found = np.zeros((len(settings.looks), count), bool)
        self.seen_end = np.full((len(settings.looks), count), -(1 << 60))
        self.numbers: dict[tuple[int, int], dict[str, float]] = {}
        self.out = [Replayed(each.name) for each in histories]

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
        return self.out

    def _restart(self, previous: float, row: int, life_start: float) -> None:
        time = self.grid.begin_life(row, life_start, previous)
        self.found[:, row] = False
        self._move(row, None, time, alive=False)

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
            rows = np.flatnonzero(grid.present(look.level, end))
            if len(rows):
                self._examine(number, rows, time)
                changed[rows] = True
        found = self.found.any(0)
        goes_on = changed & found & self.firing  # nothing moves
        self.last_found[goes_on] = time
        for row in np.flatnonzero(changed & (found | self.noted) & ~goes_on):
            self._judge(int(row), time)

    def _evidence(self, look: Look, rows: npt.NDArray[np.int64], now: float, *, full: bool) -> Evidence:
        settings, grid = self.settings, self.grid
        seconds, coarse = settings.levels[look.level].block_seconds, settings.levels[look.past].block_seconds
        finest = settings.levels[0].block_seconds
        window = grid.panel(look.level, int(now // seconds), rows, look.blocks)
        past = window
        if look.past != look.level:
            past = grid.panel(look.past, int(now // coarse), rows, int(look.blocks * seconds / coarse) + 2)
        known = Rows(
            floor=np.full(len(rows), settings.least_growth(self.signal)),
            limit=self.limit[rows],
            highest=grid.highest(rows, begins(look, now, settings)),
            swing=grid.swing(rows, self._coarsest(now)),
            threshold=least_scores(look, settings, len(rows), lambda: grid.panel(0, int(now // finest), rows)),
            life_start=grid.life_start[rows],
            lives=grid.lives[rows],
        )
        hour = int(now // settings.levels[-1].block_seconds)
        return examine(
            look,
            window,
            past,
            known,
            settings,
            lambda some: grid.past(rows[some], hour),
            full=full,
            sift=self.witness is None,
        )

    def _examine(self, number: int, rows: npt.NDArray[np.int64], time: float) -> None:
        look = self.settings.looks[number]
        end = int(time // self.settings.levels[look.level].block_seconds)
        rows = rows[self._hopeful(look, rows, end)]
        if not len(rows):
            return
        evidence = self._evidence(look, rows, time, full=False)
        if self.witness is not None:
            self.witness([self.grid.histories[row] for row in rows], look, time, evidence)
        stale = (end - self.seen_end[number, rows]) / look.blocks > MEMORY_SHARE
        self.found[number, rows] = np.where(evidence.usable | stale, evidence.leak, self.found[number, rows])
        self.seen_end[number, rows[evidence.usable]] = end
        leaking = np.flatnonzero(evidence.leak)
        for row, numbers in zip(rows[leaking].tolist(), named(evidence, leaking), strict=True):
            self.numbers[number, row] = numbers

    def _hopeful(self, look: Look, rows: npt.NDArray[np.int64], end: int) -> npt.NDArray[np.bool_]:
        """Rows that have grown enough to be worth a closer look, or were found to leak before."""
        settings = self.settings
        early, late, known = self.grid.climbs(look.level, end, look.blocks)
        early, climb, known = early[rows], (late - early)[rows], known[rows]
        asked = np.maximum(settings.min_growth_ratio * np.abs(early), settings.least_growth(self.signal))
        loaded = self.loaded[rows]
        if look.urgent:
            asked = np.fmax(asked, settings.urgent_share * (self.limit[rows] - early))
            loaded = np.zeros(len(rows), bool)
        number = settings.looks.index(look)
        hopeful: npt.NDArray[np.bool_] = known & (climb > np.where(loaded, QUICK_LOADED, QUICK) * asked)
        hopeful |= self.found[number, rows]
        return hopeful

    def _judge(self, row: int, time: float) -> None:
        now = self.grid.next_time(row, time)
        finding = None
        leak = self.leaks[row]
        if self.found[:, row].any():
            finding = _Finding(self._assessment(row, now), self.signal)
        elif leak is not None and leak.updated < (last := self.grid.next_time(row, self.last_found[row])):
            self.leaks[row] = replace(leak, updated=last)
        self._move(row, finding, now)

    def _assessment(self, row: int, now: float) -> Assessment:
        """In full where the leak may fire now; between, only the verdict and the time that is left matter."""
        settings, leak, limit = self.settings, self.leaks[row], self.grid.histories[row].limit
        looks = enumerate(settings.looks)
        found = [(look, self.numbers[number, row]) for number, look in looks if self.found[number, row]]
        look, numbers = surest(found)
        swing, spread = float(self.grid.swing(row, self._coarsest(now))), forecast_spread(look)
        forecast = time_to_limit(numbers["level"], limit, numbers["growth"], swing, spread)
        left = forecast[0] if forecast else None
        since = now if leak is None or leak.pending_since is None else leak.pending_since
        if now - since < hold_time(left, settings):
            return Assessment(self.signal, now, Verdict.LEAK, time_to_limit_seconds=left)
        return self._compose(row, now, found)

    def _compose(self, row: int, now: float, found: list[Found]) -> Assessment:
        grid, settings = self.grid, self.settings

        def lows(level: int) -> npt.NDArray[np.float64]:
            end = int(now // settings.levels[level].block_seconds)
            blocks: npt.NDArray[np.float64] = grid.panel(level, end, np.array([row])).lows[0]
            return blocks

        limit = grid.histories[row].limit
        swing, first = float(grid.swing(row, self._coarsest(now))), float(grid.first_time[row])
        life = float(grid.life_start[row])
        return compose(found, Context(self.signal, limit, now, settings, swing, lows, first, life))

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
                out = self.out[row]
                out.last = self._compose(row, now, looks)
                firing = bool(out.alerts) and out.alerts[-1].end is None
                out.verdict = Verdict.LEAK if firing else out.last.verdict

    def _found_at(self, rows: npt.NDArray[np.int64], now: float) -> list[list[Found]]:
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

    def _move(self, row: int, finding: _Finding | None, now: float, *, alive: bool = True) -> None:
        """Advance the leak of a series, and note when it begins and ends to fire."""
        before, out = self.leaks[row], self.out[row]
        key = TargetKey("backtest", out.name)
        after = advance(before, finding, key=key, now=now, settings=self.settings, alive=alive)
        self.leaks[row] = after
        fired = before is not None and before.state is LeakState.FIRING
        fires = after is not None and after.state is LeakState.FIRING
        self.noted[row], self.firing[row] = after is not None, fires
        if fires and not fired:
            assert finding is not None
            out.alerts.append(Alert(now, finding.assessment))
        elif fired and not fires:
            last = out.alerts[-1]
            out.alerts[-1] = Alert(last.start, last.assessment, now)
