"""What is remembered of series that are read together: block lows at growing coarseness, a few kilobytes each.

All series of a group are of one process and read at the same times, so that times, lives and load are kept once, and
the rest in arrays with a row for each.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from leakdog.detect.blocks import NEVER, Blocks, Ring, arranged
from leakdog.detect.cells import Shelf
from leakdog.detect.climb import Past
from leakdog.detect.course import Course
from leakdog.detect.found import Found
from leakdog.detect.lives import Lives, joining
from leakdog.detect.panel import Panel
from leakdog.detect.settings import Settings
from leakdog.detect.spurt import LEAST_FINER, Spurt
from leakdog.errors import LeakdogError

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
STEP_WEIGHT = 0.1  # of the newest step in the average
SWING_WEIGHT = 0.1  # of the newest block's swing
HIGHS = 168  # of the coarsest blocks whose highest reading is remembered: a week in production
SELDOM_SECONDS = 300.0  # width of a block from which what is known of a level is put away between passes
LOWEST = -math.inf
RESUMED = -1.0  # in the place of a step: the next one is the pause in which nobody watched, and tells nothing
LIFE_TOLERANCE_SECONDS = 1.5  # start times are told in clock ticks or whole seconds: nearer ones are the same life
LOW, HIGH = 0, 1
READ, FIRST, STEP, SWING = range(4)
NEW = (LOWEST, math.nan, 0.0, 0.0)  # these four of a series that was not read yet


class Group:
    """Bounded memory of `rows` series, updated reading by reading.

    A restart of the process begins a new life: levels that join lives keep the past and, once the new life has
    settled, move it to the new life's level; the others start empty. Until then the past is hidden.

    Attributes:
        life_start: of the process.
        last_time: of the last reading of any series.
        behind: when readings began to come from long before it; infinite where they do not.
        rings: the closed blocks, by level.
        opened: (levels, 2, n) lowest and highest reading in each level's open block; infinite where there is none.
        known: (4, n) of each series the last reading's time, that of the first one in this life (NaN where none is),
            the time between readings, an average that forgets (not above 0 until it is known), and by how much
            readings exceed the lows of the coarsest level, another such average.
        course: what the network made of all series so far; None where the settings do not weigh it.
        spurt: the same of the last hours of those that are `limited`; None where no look-back is urgent.
        limited: see `observe`.
        highs: highest readings of this life in the blocks of the coarsest level.
        found: what the look-backs said; the engine's.

    """

    __slots__ = (
        *("behind", "course", "found", "highs", "known", "last_time", "life_start", "limited", "lives", "opened"),
        *("rings", "settings", "spurt"),
    )

    def __init__(self, settings: Settings, rows: int) -> None:
        self.settings = settings
        self.life_start = self.last_time = LOWEST
        self.behind = math.inf
        self.rings = [Ring(rows, level.length, level.block_seconds) for level in settings.levels]
        self.opened = np.empty((len(settings.levels), 2, rows))
        self.opened[:, LOW], self.opened[:, HIGH] = math.inf, LOWEST
        self.known = np.repeat(np.array(NEW)[:, None], rows, 1)
        self.highs = Blocks(rows, HIGHS)
        self.lives = Lives(rows, settings)
        self.course = Course(rows) if settings.weighs_course else None
        self.spurt = Spurt(rows) if settings.spurt_level is not None else None
        self.limited: Bools | None = None
        self.found = Found(settings.looks, rows)

    def __len__(self) -> int:
        """How many series there are."""
        rows: int = self.known.shape[1]
        return rows

    def observe(
        self,
        time: float,
        values: Sequence[float] | Array,
        *,
        life_start: float,
        load: float | None,
        limited: Bools | None = None,
    ) -> None:
        """Take in one reading of each series.

        Args:
            time: unix seconds; readings not later than the last are ignored, unless the clock was far ahead then.
            values: (n,) in each signal's unit; one that is not finite is none.
            life_start: when the process started; another one than before begins a new life.
            load: work done per second, in any unit; None where not known.
            limited: (n,) which series have a limit, so that urgent look-backs see them; None: all.

        """
        if time <= self.last_time and not self._was_ahead(time):
            return
        self.limited = limited
        value = np.asarray(values, float)
        told = np.isfinite(value)
        if abs(life_start - self.life_start) > LIFE_TOLERANCE_SECONDS:
            self._begin_life(life_start)
        self._note_times(time, told)
        self.last_time, self.behind = time, math.inf
        for number, ring in enumerate(self.rings):
            index = _block(time, ring.block_seconds)
            if index == ring.index:
                break
            if ring.count:
                self._close(number)
            self._open(number, index)
        if told.any() and time >= life_start + self.settings.levels[0].warm_up_seconds:
            low, high = np.where(told, value, math.inf), np.where(told, value, LOWEST)
            self._add(0, low, high, math.nan if load is None or not math.isfinite(load) else load)

    def _was_ahead(self, time: float) -> bool:
        """Whether the clock has long been behind the last reading, which had a wrong time then; all is forgotten."""
        block = self.settings.levels[-1].block_seconds
        if time > self.last_time - self.settings.history_blocks * block:
            return False
        self.behind = min(self.behind, time)
        if time < self.behind + block:
            return False
        fresh = Group(self.settings, len(self))
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))
        return True

    @property
    def settled(self) -> Bools:
        """Whether what came before this life can be compared with it, (n,)."""
        settled: Bools = np.isnan(self.lives.before)
        return settled

    def panel(self, level: int, end: int) -> Panel:
        """The blocks of a level before block `end`, as many as its ring is long."""
        ring = self.rings[level]
        tail = ring.tail(end)
        lows, load = tail[:-1], tail[-1]
        hidden = ring.length - (end - ring.life_first)
        if self.lives.after is not None and hidden > 0:
            lows[~self.settled, :hidden] = np.nan
        return Panel(lows, np.where(np.isnan(lows), np.nan, load), end, ring.block_seconds)

    def lows(self, level: int, end: int, row: int) -> Array:
        """Those of one series in the `panel` of a level."""
        ring = self.rings[level]
        lows: Array = ring.tail(end, slice(row, row + 1))[0]
        if self.lives.after is not None and not np.isnan(self.lives.before[row]):
            lows[: max(ring.length - (end - ring.life_first), 0)] = np.nan
        return lows

    def highest(self, before: int, end: int) -> Array:
        """The highest reading of this life before a block of the coarsest level, (n,), or NaN.

        It is that of the week before block `end`, which is all that is remembered.
        """
        cells = self.highs.between(end - HIGHS, before)
        top: Array = np.fmax.reduce(cells, axis=1, initial=np.nan).astype(float)
        return top

    def past(self, end: int) -> Past:
        """The last `HIGHS` coarsest blocks before block `end`, with their highest readings."""
        lows = self.panel(len(self.rings) - 1, end).lows[:, -HIGHS:]
        return Past(lows.astype(float), self.highs.tail(end).astype(float))

    def arrange(self, rows: Iterable[int]) -> None:
        """Keep these series, in this order; -1 is a new one."""
        wanted = np.array([*rows], np.intp)
        for ring in self.rings:
            ring.cells = np.concatenate([arranged(ring.cells[:-1], wanted, math.nan), ring.cells[-1:]])
        self.highs.arrange(wanted)
        self.opened, self.known = (arranged(each, wanted, math.nan, axis=-1) for each in (self.opened, self.known))
        fresh = wanted < 0
        self.opened[:, LOW, fresh], self.opened[:, HIGH, fresh] = math.inf, LOWEST
        self.known[:, fresh] = np.array(NEW)[:, None]
        self.limited = None
        for noted in (self.course, self.spurt):
            if noted is not None:
                noted.arrange(wanted)
        self.lives.arrange(wanted, () if self.life_start == LOWEST else (self.rings[-1].life_first,))
        self.found.arrange(wanted)

    def put_away(self, shelf: Shelf) -> None:
        """Take less memory until the next pass: most of what is remembered changes once an hour."""
        for number, ring in enumerate(self.rings):
            if ring.block_seconds >= SELDOM_SECONDS:
                ring.put_away(shelf)
                self.found.put_away(number, shelf)
        if self.rings[-1].block_seconds >= SELDOM_SECONDS:
            self.highs.put_away(shelf)
            for noted in (self.course, self.spurt):
                if noted is not None:
                    noted.put_away(shelf)

    def follow(self, settings: Settings) -> None:
        """Go on under other settings.

        Raises:
            LeakdogError: they are of another time scale.

        """
        if self.settings == settings:
            return
        if self.settings.levels != settings.levels:
            raise LeakdogError(
                "going on with a detector state: it was kept under another preset or interval; it starts afresh"
            )
        self.settings = settings
        self.found = Found(settings.looks, len(self))

    def _note_times(self, time: float, told: Bools) -> None:
        read, first, step, _ = self.known
        gap, again = time - read, told & ~np.isnan(first)
        averaged = step + STEP_WEIGHT * (gap - step)
        paused = step == RESUMED
        np.copyto(step, np.where(step > 0, averaged, np.where(paused, 0.0, gap)), where=again)
        first[told & ~again] = time
        read[told] = time

    def _open(self, number: int, index: int) -> None:
        self.rings[number].open(index)
        self.opened[number, LOW], self.opened[number, HIGH] = math.inf, LOWEST

    def _add(self, number: int, low: Array, high: Array, load: float) -> None:
        """Put readings, or finer blocks, into the open block of a level; infinite where there is none."""
        self.rings[number].add(load)
        opened = self.opened[number]
        np.minimum(opened[LOW], low, out=opened[LOW])
        np.maximum(opened[HIGH], high, out=opened[HIGH])

    def _close(self, number: int) -> None:
        """Close a level's open block and hand it to the next coarser level."""
        ring = self.rings[number]
        low, high = self.opened[number]
        load = ring.close(low)
        if self.spurt is not None and number == self.settings.spurt_level:
            self.spurt.take(np.where(self._hasty(number), low, math.inf), high, load, ring.index, self._age(ring))
        if self.lives.after is not None and number == joining(self.settings):
            self.lives.settle(low, self.rings)
        if number + 1 == len(self.rings):
            seen, swing = np.isfinite(low), self.known[SWING]
            swing[seen] += SWING_WEIGHT * (high - low - swing)[seen]
            self.highs.put(ring.index)[:] = np.where(seen, high, np.nan)
            if self.course is not None:
                self.course.take(low, high, load, ring.index, self._age(ring))
            return
        coarse = self.rings[number + 1]
        start = ring.index * ring.block_seconds
        if start < self.life_start + self.settings.levels[number + 1].warm_up_seconds:
            return
        if coarse.count == 0:
            self._open(number + 1, int(start // coarse.block_seconds))
        self._add(number + 1, low, high, load)

    def _hasty(self, number: int) -> Bools:
        """Of which series spurts take a level's open block in: those that are limited, and read often enough, (n,)."""
        if not number:  # readings are not counted
            return np.ones(len(self), bool) if self.limited is None else self.limited
        finer, ring = self.rings[number - 1 : number + 1]
        ratio = round(ring.block_seconds / finer.block_seconds)
        warm = self.life_start + self.settings.levels[number].warm_up_seconds  # what begins before it was not handed on
        begin = max(ring.index * ratio, math.ceil(max(warm, 0.0) / finer.block_seconds))
        inside = finer.between(begin, (ring.index + 1) * ratio)
        read: Bools = np.isfinite(inside[:-1]).sum(1) >= LEAST_FINER
        return read if self.limited is None else read & self.limited

    def _age(self, ring: Ring) -> float:
        """Of the life at the end of the open block, in blocks."""
        return ring.index + 1 - self.life_start / ring.block_seconds

    def _begin_life(self, life_start: float) -> None:
        for number, ring in enumerate(self.rings):
            if ring.count:
                self._close(number)
        self.lives.end(self.rings, self.known[READ])
        begins = max(life_start, self.last_time)
        self.life_start = life_start
        self.known[FIRST] = math.nan
        self.found = Found(self.settings.looks, len(self))
        self.highs.forget()
        for number, (ring, level) in enumerate(zip(self.rings, self.settings.levels, strict=True)):
            self._open(number, NEVER)
            if not level.joins_lives:
                ring.forget()
            ring.life_first = _block(begins + level.warm_up_seconds, ring.block_seconds)
        self.lives.begin(self.rings[-1].life_first)


@lru_cache(maxsize=256)
def _block(time: float, seconds: float) -> int:
    """The block that a time lies in. All groups of a target are read at one time, and share this number."""
    return int(time // seconds)
