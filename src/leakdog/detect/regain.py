"""The courses of series of which only blocks are remembered, as after an upgrade that brings another network."""

from __future__ import annotations

import numpy as np

from leakdog.detect.course import Course
from leakdog.detect.group import HIGHS, SWING, Group

RESTARTED = 0.5  # of a block, how far in it a life began of which only the block is remembered


def regain(group: Group) -> None:
    """Go through the coarsest blocks that a group remembers, as if they closed one after the other.

    A course that begins anew says for days that little is known, and leaks that were found would be taken for gone.
    What comes out is what was, but for blocks before those that are remembered; and where a process was restarted
    among them, earlier blocks stand at the level of the life after it.
    """
    if group.course is None:
        return
    ring, level = group.rings[-1], group.settings.levels[-1]
    *_, load = tail = ring.tail(ring.end)
    lows, highs = tail[:-1], group.highs.tail(ring.end)
    tops = lows + np.maximum(group.known[SWING], 0)[:, None]
    tops[:, -HIGHS:] = np.where(np.isnan(highs), tops[:, -HIGHS:], highs)
    lives, warm_up = group.lives.table(), level.warm_up_seconds / level.block_seconds
    known = np.flatnonzero(~np.isnan(lows).all(0))
    group.course = Course(len(group))
    for column in known.tolist():
        block = ring.end - ring.length + column
        if block >= ring.life_first:
            begun = np.full(len(group), group.life_start / level.block_seconds)
        else:
            first = np.fmax.reduce(np.where(lives <= block, lives, np.nan), 1, initial=block + known[0] - column)
            begun = first - warm_up + RESTARTED
        group.course.take(lows[:, column], tops[:, column], float(load[column]), block, block + 1 - begun)
