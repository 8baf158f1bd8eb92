"""A small recurrent network that goes on with many series, and what is noted of each of them.

A gated recurrent unit (Cho and others, EMNLP 2014), learned by `python -m bench.leakbench.learn_course` from labelled
series. Its score is a feature among others. What it is told of a block, and when, is for
`leakdog.detect.course` (hours) and `leakdog.detect.spurt` (minutes).
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib import resources
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from leakdog.detect.blocks import arranged
from leakdog.detect.cells import Cells

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
SCORE = 0  # the first of the notes


@dataclass(frozen=True)
class Network:
    """A layer that takes inputs, a gated recurrent unit of `width` numbers, and two layers that read a score off them.

    Attributes:
        first, first_bias: of the layer of the inputs, (width, inputs) and (width,).
        taken: (3 * width, width) weights of what it gives, for what is reset, what is kept, and what is new.
        kept: (3 * width, width) weights of what was remembered.
        taken_bias, kept_bias: (3 * width,).
        inner, inner_bias, outer, outer_bias: of the layers, (k, width), (k,), (k,) and a number.

    """

    first: Floats
    first_bias: Floats
    taken: Floats
    kept: Floats
    taken_bias: Floats
    kept_bias: Floats
    inner: Floats
    inner_bias: Floats
    outer: Floats
    outer_bias: Floats

    @property
    def width(self) -> int:
        """Numbers that are remembered of a series."""
        width: int = self.kept.shape[1]
        return width

    @cached_property
    def mark(self) -> bytes:
        """Eight bytes that no other network has: what one remembers means nothing to another."""
        weights = [getattr(self, each.name).astype("<f4").tobytes() for each in fields(self)]
        return hashlib.blake2b(b"".join(weights), digest_size=8).digest()

    def step(self, memory: Floats, inputs: Floats) -> Floats:
        """What is remembered after one more block, (n, width)."""
        width = self.width
        first = np.maximum(inputs @ self.first.T + self.first_bias, 0)
        taken = first @ self.taken.T + self.taken_bias
        kept = memory @ self.kept.T + self.kept_bias
        gates = _squashed(taken[:, : 2 * width] + kept[:, : 2 * width])
        reset, stays = gates[:, :width], gates[:, width:]
        new = np.tanh(taken[:, 2 * width :] + reset * kept[:, 2 * width :])
        out: Floats = new + stays * (memory - new)
        return out

    def score(self, memory: Floats) -> Floats:
        """Log odds of a leak, as the network has learned them, (n,)."""
        inner = np.maximum(memory @ self.inner.T + self.inner_bias, 0)
        score: Floats = inner @ self.outer + self.outer_bias
        return score


@cache
def read(name: str, inputs: int) -> Network:
    """The network in a file of this package.

    Raises:
        ValueError: it was learned for other inputs.

    """
    return parsed(resources.files("leakdog.detect").joinpath(name).read_text(), inputs)


def parsed(text: str, inputs: int) -> Network:
    """A network as it is written down; see `read`."""
    found = Network(**{name: np.array(values, np.float32) for name, values in json.loads(text).items()})
    if found.first.shape[1] != inputs:
        raise ValueError("a network was learned for other inputs than these; learn it anew")
    return found


class Noted(Cells, ABC):
    """A row for each series: notes, and then what the network remembers. Without a block there are no columns.

    Attributes:
        file: of the network, in this package.
        inputs: how many numbers it is told of a block.
        notes: how many are noted of a series.

    """

    __slots__ = ()
    file: ClassVar[str]
    inputs: ClassVar[int]
    notes: ClassVar[int]

    def __init__(self, rows: int) -> None:
        super().__init__(np.empty((rows, 0), np.float32))

    @classmethod
    def network(cls) -> Network:
        """What goes on with the series."""
        return read(cls.file, cls.inputs)

    @classmethod
    def mark(cls) -> bytes:
        """Eight bytes that tell cells of this network and these notes from all others."""
        return hashlib.blake2b(cls.network().mark + b"%d" % cls.notes, digest_size=8).digest()

    @staticmethod
    @abstractmethod
    def note(notes: Floats, low: Array, high: Array, load: Array, block: int, age: Array) -> Floats:
        """What the network is told of a block of each series, (n, inputs), from notes that are brought up to date."""

    @staticmethod
    def believed(notes: Floats, low: Array, rows: Ints) -> Bools:
        """Of which of these rows a block is to be taken in, from their notes, (rows,): all that have one."""
        return np.ones(len(rows), bool)

    @classmethod
    def taken_in(
        cls, notes: Floats, low: Array, high: Array, load: Array, block: int, age: Array
    ) -> tuple[Ints, Floats]:
        """The series of which a block is taken in, and what the network is told of each of these, (rows, inputs).

        Args:
            notes: (n, `notes` or more), brought up to date.
            low, high, load, block, age: as `take` has them, all (n,).

        """
        rows = np.flatnonzero(np.isfinite(low))
        rows = rows[cls.believed(notes, low, rows)]
        some = notes[rows, : cls.notes]
        told = cls.note(some, low[rows], high[rows], load[rows], block, age[rows])
        notes[rows, : cls.notes] = some
        return rows, told

    def take(self, low: Array, high: Array, load: float | Array, block: int, age: float | Array) -> None:
        """Take in a closed block.

        Args:
            low, high: (n,) lowest and highest reading; series of which `low` is not finite have none, and are left.
            load: mean load; NaN where not known.
            block: its index, above that of the block before.
            age: of the life at the block's end, in blocks.

        """
        if not np.isfinite(low).any():
            return
        if not self.shape[1]:
            self.cells = np.zeros((self.shape[0], self.notes + self.network().width), np.float32)
        cells, network = self.cells, self.network()
        load, age = np.broadcast_to(load, low.shape), np.broadcast_to(age, low.shape)
        rows, told = self.taken_in(cells, low, high, load, block, age)
        if len(rows):
            memory = network.step(cells[rows, self.notes :], told)
            cells[rows, self.notes :], cells[rows, SCORE] = memory, network.score(memory)

    @property
    def score(self) -> Array:
        """Of each series what was made of it so far, (n,): log odds of a leak, 0 where nothing is known yet."""
        rows, columns = self.shape
        return self.read()[:, SCORE].astype(float) if columns else np.zeros(rows)

    def arrange(self, rows: npt.NDArray[np.intp]) -> None:
        """Keep these rows, in this order; a row of -1 is a new one."""
        self.cells = arranged(self.cells, rows, 0.0)


def logarithm(value: Array, least: float = 1.0) -> Floats:
    """Of a level, which is told in shares; what is below `least` counts as that."""
    return np.log(np.maximum(value, least)).astype(np.float32)


def average(averages: Floats, value: Floats, count: Floats, spans: tuple[int, ...]) -> None:
    """Move averages on: plain ones until they are as old as their span, then such that forget."""
    weight = np.maximum(1 / np.array(spans, np.float32), 1 / (count[:, None] + 1))
    averages += weight * (value[:, None] - averages)


def _squashed(value: Floats) -> Floats:
    out: Floats = 0.5 * np.tanh(0.5 * value) + 0.5
    return out
