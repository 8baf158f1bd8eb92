"""What look-backs found, and for how long it stands."""

from __future__ import annotations

import numpy as np
import pytest

from leakdog.detect.cells import Floats
from leakdog.detect.evidence import Evidence
from leakdog.detect.found import LEAK, TOLD, Found
from leakdog.detect.score import NEVER
from leakdog.detect.settings import PRODUCTION, Look

EVERY = np.arange(3)


def evidence(*growth: float, usable: bool = True) -> Evidence:
    """What a look-back said of some series that grow like this."""
    out = Evidence.empty(len(growth))
    out.usable[:] = usable
    out.growth[:], out.score[:] = growth, NEVER
    return out


def test_nothing_takes_memory_until_something_is_found() -> None:
    """Look-backs that cannot be used yet are noted as examined, and no more."""
    found = Found(PRODUCTION.looks[:2], 3)
    found.note(1, EVERY, evidence(np.nan, np.nan, np.nan, usable=False), 100, 24)
    assert found.ends.tolist() == [[-1] * 3, [100] * 3]
    assert found._numbers == [None]
    assert (found.flags() < 0).all()
    assert not found.may_leak().any()


@pytest.mark.parametrize(("later", "stands"), [(6, True), (7, False)])
def test_what_was_found_stands_for_a_quarter_of_the_look_back(later: int, stands: bool) -> None:
    """While readings are missing; after that it is forgotten. Of 24 blocks a quarter is 6."""
    found = Found(PRODUCTION.looks[:1], 3)
    found.note(0, EVERY, evidence(1.0, 2.0, 3.0), 100, 24)
    found.note(0, EVERY[1:], evidence(np.nan, np.nan, usable=False), 100 + later, 24)
    assert (found.flags()[0, :, LEAK] == 0).tolist() == [True, stands, stands]
    assert found.ends.tolist() == [[100, *[100 if stands else 100 + later] * 2]]
    assert found.named([0], 0)[0]["growth"] == 1.0


def test_what_was_looked_at_and_not_measured_is_forgotten_at_once() -> None:
    """A series that a quick look leaves alone has nothing to tell."""
    found = Found(PRODUCTION.looks[:1], 3)
    found.note(0, EVERY, evidence(1.0, 2.0, 3.0), 100, 24)
    found.note(0, EVERY, evidence(np.nan, 5.0, np.nan), 101, 24)
    assert (found.flags()[0, :, LEAK] == 0).tolist() == [False, True, False]
    assert found.named([0], 1)[0]["growth"] == 5.0


def test_series_may_leak_that_have_a_score() -> None:
    """One that no hard limit keeps back may leak, whatever its score is."""
    found, said = Found(PRODUCTION.looks[:2], 3), evidence(1.0, 2.0, 3.0)
    said.score[1] = -3.0
    found.note(1, EVERY, said, 100, 24)
    assert found.may_leak().tolist() == [False, True, False]


def test_a_look_back_is_silent_of_what_it_did_not_measure() -> None:
    """Of all series at first, and of those whose growth it could not tell."""
    found = Found(PRODUCTION.looks[:1], 3)
    assert found.silent(0, EVERY).tolist() == [True] * 3
    found.note(0, EVERY, evidence(1.0, np.nan, 3.0), 100, 24)
    assert found.silent(0, EVERY[1:]).tolist() == [True, False]


def test_series_come_and_go() -> None:
    """What was found goes with its series; of a new one nothing was examined."""
    found = Found(PRODUCTION.looks[:1], 3)
    found.note(0, EVERY, evidence(1.0, 2.0, 3.0), 100, 24)
    found.arrange(np.array([2, -1]))
    assert found.ends.tolist() == [[100, -1]]
    assert found.named([0], 0)[0]["growth"] == 3.0
    assert np.isnan(found.named([0], 1)[0]["growth"])


def test_verdicts_are_told_without_what_was_put_away() -> None:
    """Of look-backs of two levels, the numbers of one are put away: flags tell the verdict, and names read it back."""
    found, away = Found((Look(0, 1, 24), Look(1, 1, 24), Look(1, 1, 48)), 12), []

    class Place:
        def __init__(self, cells: Floats) -> None:
            self.read = lambda: away.append(cells.shape) or cells

    said = evidence(*np.arange(12.0))
    said.leak[3] = True
    for number in range(3):
        found.note(number, np.arange(12), said, 100, 24)
    found.put_away(1, lambda cells, _: Place(cells))
    assert found.flags()[2, :, LEAK].tolist() == [0] * 3 + [1] + [0] * 8
    assert not found.may_leak().any()
    assert away == []
    assert found.named([2], 5)[0]["growth"] == 5.0
    assert away == [(2, 12, len(TOLD))]
