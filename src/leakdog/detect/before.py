"""States as the version before this one stored them, series by series: read once, after an upgrade."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

import numpy as np

from leakdog.detect.blocks import Blocks
from leakdog.detect.group import RESUMED, Group
from leakdog.detect.lives import MOST_LIVES
from leakdog.detect.regain import regain
from leakdog.detect.settings import Settings
from leakdog.detect.stored import Reader, unsealed, whole

MAGIC = b"LDs\x04"
_HEAD = struct.Struct("<ddddd?B")
_SIZE = struct.Struct("<qH")
_RING = struct.Struct("<qqdddqq")


def read(data: bytes, settings: Settings) -> Group:
    """One series, as a group of its own.

    Raises:
        LeakdogError: the bytes are damaged, of another version, or of other settings.

    """
    reader = Reader(unsealed(MAGIC, data, settings.levels))
    group = Group(settings, 1)
    group.life_start, first_time, group.last_time, before, swing, settled, count = reader.struct(_HEAD)
    group.known[:, 0] = group.last_time, first_time, RESUMED, swing
    after, lives = reader.numbers("<f8", count), reader.numbers("<f8", MOST_LIVES)
    group.lives.first = [tuple(lives[~np.isnan(lives)].astype(int).tolist())]
    if not settled:
        group.lives.before[0] = before
        group.lives.after = np.full((1, settings.settle_blocks), math.nan)
        group.lives.after[0, :count] = after
    _cells(group.highs, reader)
    for opened, ring in zip(group.opened, group.rings, strict=True):
        ring.life_first, ring.index, opened[0], opened[1], ring.load, ring.loads, ring.count = reader.struct(_RING)
        _cells(ring, reader, told=True)
    return group


def joined(groups: Sequence[Group]) -> Group:
    """Groups of one series each, of one process and the same settings, as one, in their order.

    Those that were not read last are brought to the time at which the others were.
    """
    newest = max(groups, key=lambda each: each.last_time)
    for each in groups:
        each.observe(newest.last_time, [math.nan], life_start=newest.life_start, load=None)
    settings = newest.settings
    group = Group(settings, len(groups))
    group.life_start, group.last_time = newest.life_start, newest.last_time
    group.known, group.opened = (
        np.concatenate([getattr(each, name) for each in groups], -1) for name in ("known", "opened")
    )
    group.lives.first = [each.lives.first[0] for each in groups]
    group.lives.before = np.concatenate([each.lives.before for each in groups])
    if not group.settled.all():
        unknown = np.full((1, settings.settle_blocks), math.nan)
        lows = (unknown if each.lives.after is None else each.lives.after for each in groups)
        group.lives.after = np.concatenate([*lows])
    _join(group.highs, [each.highs for each in groups])
    for number, ring in enumerate(group.rings):
        parts = [each.rings[number] for each in groups]
        _join(ring, parts)
        for name in ("index", "life_first", "load", "loads", "count"):
            setattr(ring, name, getattr(newest.rings[number], name))
        ring.count = max(each.count for each in parts)
    regain(group)
    return group


def _join(blocks: Blocks, parts: Sequence[Blocks]) -> None:
    """Rows of several side by side; of rings with a load each, one load."""
    end, count = max(each.end for each in parts), max(each.cells.shape[1] for each in parts)
    tails = [each.tail(end)[:, blocks.length - count :] for each in parts]
    lows = np.concatenate([tail[:1] for tail in tails])
    loads = np.stack([tail[1:] for tail in tails])
    blocks.end = end
    blocks.cells = np.concatenate([lows, np.fmax.reduce(loads)]).astype(np.float32)


def _cells(blocks: Blocks, reader: Reader, *, told: bool = False) -> None:
    """The numbers of blocks, each at its index modulo how many there are; `told`: loads come after them."""
    blocks.end, count = reader.struct(_SIZE)
    rows = [reader.numbers("<f4", 1, count)]
    if told:
        rows.append(whole(reader.numbers("<u2", 1, count)))
    blocks.cells = np.roll(np.concatenate(rows), -(blocks.end % max(1, count)), axis=1)
