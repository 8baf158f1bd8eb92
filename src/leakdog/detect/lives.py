"""How the past of a group of series is carried over restarts: once a new life has settled, it is moved to its level."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from leakdog.detect.blocks import NEVER, Ring, arranged
from leakdog.detect.settings import Settings

Array = npt.NDArray[np.float64]
MOST_LIVES = 8  # restarts that are remembered, with the block at which each life begins to be seen


class Lives:
    """The lives of the series of one group.

    A series whose past stands at another level than its present life is unsettled, until enough blocks of this life
    are known; until then its past is hidden.

    Attributes:
        first: of each series, the first blocks of its last lives on the coarsest level.
        before: (n,) level at the end of the last life, of series that are unsettled; NaN for the others.
        after: (n, settle_blocks) lows of the new life until it has settled, NaN where none is; None: all have.

    """

    __slots__ = ("_joining", "_settings", "after", "before", "first")

    def __init__(self, rows: int, settings: Settings) -> None:
        self._settings = settings
        self._joining = joining(settings)
        self.first: list[tuple[int, ...]] = [()] * rows
        self.before = np.full(rows, math.nan)
        self.after: Array | None = None

    def table(self) -> Array:
        """First blocks of the lives: (n, `MOST_LIVES`), the last at the end, NaN where none is."""
        out = np.full((len(self.first), MOST_LIVES), np.nan)
        for row, lives in enumerate(self.first):
            out[row, MOST_LIVES - len(lives) :] = lives
        return out

    def end(self, rings: list[Ring], read: Array) -> None:
        """Note the level at which each ending life stands; a life that never settled is dropped.

        Args:
            read: (n,) when each series was read last.

        """
        if self._joining is None:
            return
        ring, unsettled = rings[self._joining], ~np.isnan(self.before)
        for time in np.unique(read[~unsettled]):
            end = int(time // ring.block_seconds) + 1 if math.isfinite(time) else NEVER
            tails = ring.tail(end)[:-1, -self._settings.settle_blocks :].astype(np.float32)
            for row in np.flatnonzero(~unsettled & (read == time)):
                seen = tails[row, ~np.isnan(tails[row])]
                self.before[row] = float(np.median(seen)) if len(seen) else math.nan
        for row in np.flatnonzero(unsettled):
            self.first[row] = self.first[row][:-1]
        for each in self._joined(rings):
            each.cells[np.flatnonzero(unsettled), each.column(each.life_first) :] = np.nan

    def begin(self, first: int) -> None:
        """A new life is seen from this block of the coarsest level on."""
        same: dict[tuple[int, ...], tuple[int, ...]] = {}
        self.first = [same.setdefault(lives, (*lives, first)[-MOST_LIVES:]) for lives in self.first]
        known = not np.isnan(self.before).all()
        self.after = np.full((len(self.before), self._settings.settle_blocks), np.nan) if known else None

    def settle(self, low: Array, rings: list[Ring]) -> None:
        """Take in the lows of a block of the first joining level, infinite where there is none.

        Where a new life has shown its level, the past is moved to it.
        """
        if self.after is None:
            return
        for row in np.flatnonzero(np.isfinite(low) & ~np.isnan(self.before)):
            after = self.after[row]
            after[np.isnan(after).argmax()] = low[row]
            if not np.isnan(after[-1]):
                shift = np.float32(float(np.median(after)) - self.before[row])
                for each in self._joined(rings):
                    each.cells[row, : each.column(each.life_first)] += shift
                self.before[row] = math.nan
        if np.isnan(self.before).all():
            self.after = None

    def arrange(self, rows: npt.NDArray[np.intp], first: tuple[int, ...]) -> None:
        """Keep these rows; a row of -1 is a new one, that has seen the present life only."""
        self.first = [self.first[row] if row >= 0 else first for row in rows.tolist()]
        self.before = arranged(self.before, rows, math.nan)
        self.after = None if self.after is None else arranged(self.after, rows, math.nan)

    def _joined(self, rings: list[Ring]) -> list[Ring]:
        """The rings that keep the past over a restart."""
        return [ring for ring, level in zip(rings, self._settings.levels, strict=True) if level.joins_lives]


def joining(settings: Settings) -> int | None:
    """The first level that keeps the past over a restart."""
    return next((number for number, level in enumerate(settings.levels) if level.joins_lives), None)
