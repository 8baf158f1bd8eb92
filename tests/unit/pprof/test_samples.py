"""Samples as columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from leakdog.pprof.check import Ids
from leakdog.pprof.kernel import Body
from leakdog.pprof.limits import DEFAULT_LIMITS
from leakdog.pprof.samples import read_samples
from leakdog.pprof.wire import delimited, integer


def test_samples_are_columns(made: Any) -> None:
    """A row of values, a stack and labels for each; what is packed and what is not are joined, in order."""
    made.samples = [
        made.sample([1, 2], [3, 300], [made.numbers(4, 0, 16), made.numbers(1, 2, 0, 3)]),
        integer(2, 1) + integer(1, 2) + made.sample([1], [100]) + integer(1, 2),
        made.sample([], [-1, 1 << 62], [b""]),
    ]
    found = read_samples(Body(made.encode(), DEFAULT_LIMITS), None)
    assert found.values.tolist() == [[3, 300], [1, 100], [-1, 1 << 62]]
    assert found.offsets.tolist() == [0, 2, 5, 5]
    assert found.stacks.tolist() == [0, 1, 1, 0, 1]
    assert found.labels.offsets.tolist() == [0, 2, 2, 3]
    assert found.labels.key.tolist() == [4, 1, 0]
    assert found.labels.text.tolist() == [0, 2, 0]
    assert found.labels.number.tolist() == [16, 0, 0]
    assert found.labels.unit.tolist() == [0, 3, 0]


def test_ids_that_do_not_count_up_are_looked_up(made: Any) -> None:
    """Those of locations are given; a stack has their rows."""
    ids = Ids("location", np.array([9, -1], np.int64))
    made.samples = [made.sample([9, (1 << 64) - 1, 9], [1, 1])]
    assert read_samples(Body(made.encode(), DEFAULT_LIMITS), ids).stacks.tolist() == [0, 1, 0]


def test_a_stack_may_end_with_the_profile(made: Any) -> None:
    """Numbers at the very end of the bytes, short and long ones, are read like all others."""
    made.rest = b""
    body = made.encode() + delimited(2, made.sample([1], [1 << 62, 1]))
    assert read_samples(Body(body, DEFAULT_LIMITS), None).values.tolist()[-1] == [1 << 62, 1]
