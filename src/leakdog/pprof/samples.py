"""Samples, from bytes to columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leakdog.pprof.check import Ids
from leakdog.pprof.kernel import Body
from leakdog.pprof.profile import LabelTable

Ints = NDArray[np.int64]


class Samples(NamedTuple):
    """The columns of a profile that are its samples'."""

    values: Ints
    offsets: Ints
    stacks: NDArray[np.int32]
    labels: LabelTable


def read_samples(body: Body, location_ids: Ids | None) -> Samples:
    """Values, stacks cut to their greatest depth, and labels; `location_ids` are None where they count up from 1.

    Raises:
        MalformedProfile: broken, or something refers to what is not there.

    """
    values, numbers, stacks = body.samples(location_ids)
    borders = body.counts.samples + 1
    labels = LabelTable(numbers[borders : 2 * borders], *numbers[2 * borders :].reshape(4, -1))
    return Samples(values, numbers[:borders], stacks, labels)
