"""What look-backs found, and for how long it stands."""

from __future__ import annotations

import numpy as np
import pytest

from leakdog.detect.evidence import Evidence
from leakdog.detect.found import Found
from leakdog.detect.score import NEVER

EVERY = np.arange(3)


def evidence(*growth: float, usable: bool = True) -> Evidence:
    """What a look-back said of some series that grow like this."""
    out = Evidence.empty(len(growth))
    out.usable[:] = usable
    out.growth[:], out.score[:] = growth, NEVER
    return out


def test_nothing_takes_memory_until_something_is_found() -> None:
    """Look-backs that cannot be used yet are noted as examined, and no more."""
    found = Found(2, 3)
    found.note(1, EVERY, evidence(np.nan, np.nan, np.nan, usable=False), 100, 24)
    assert found.ends.tolist() == [[-1] * 3, [100] * 3]
    assert found.numbers is None
    assert np.isnan(found.flags(2)).all()
    assert not found.may_leak().any()


@pytest.mark.parametrize(("later", "stands"), [(6, True), (7, False)])
def test_what_was_found_stands_for_a_quarter_of_the_look_back(later: int, stands: bool) -> None:
    """While readings are missing; after that it is forgotten. Of 24 blocks a quarter is 6."""
    found = Found(1, 3)
    found.note(0, EVERY, evidence(1.0, 2.0, 3.0), 100, 24)
    found.note(0, EVERY[1:], evidence(np.nan, np.nan, usable=False), 100 + later, 24)
    assert [bool(found.flags(row)[0, 0, 0] == 0) for row in range(3)] == [True, stands, stands]
    assert found.ends.tolist() == [[100, *[100 if stands else 100 + later] * 2]]
    assert found.named(0, 0)["growth"] == 1.0


def test_what_was_looked_at_and_not_measured_is_forgotten_at_once() -> None:
    """A series that a quick look leaves alone has nothing to tell."""
    found = Found(1, 3)
    found.note(0, EVERY, evidence(1.0, 2.0, 3.0), 100, 24)
    found.note(0, EVERY, evidence(np.nan, 5.0, np.nan), 101, 24)
    assert [bool(found.flags(row)[0, 0, 0] == 0) for row in range(3)] == [False, True, False]
    assert found.named(0, 1)["growth"] == 5.0


def test_series_may_leak_that_have_a_score() -> None:
    """One that no hard limit keeps back may leak, whatever its score is."""
    found, said = Found(2, 3), evidence(1.0, 2.0, 3.0)
    said.score[1] = -3.0
    found.note(1, EVERY, said, 100, 24)
    assert found.may_leak().tolist() == [False, True, False]


def test_a_look_back_is_silent_of_what_it_did_not_measure() -> None:
    """Of all series at first, and of those whose growth it could not tell."""
    found = Found(1, 3)
    assert found.silent(0, EVERY).tolist() == [True] * 3
    found.note(0, EVERY, evidence(1.0, np.nan, 3.0), 100, 24)
    assert found.silent(0, EVERY[1:]).tolist() == [True, False]


def test_series_come_and_go() -> None:
    """What was found goes with its series; of a new one nothing was examined."""
    found = Found(1, 3)
    found.note(0, EVERY, evidence(1.0, 2.0, 3.0), 100, 24)
    found.arrange(np.array([2, -1]))
    assert found.ends.tolist() == [[100, -1]]
    assert found.named(0, 0)["growth"] == 3.0
    assert np.isnan(found.named(0, 1)["growth"])
