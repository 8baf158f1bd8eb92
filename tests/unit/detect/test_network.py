"""The recurrent networks of courses and of spurts."""

from __future__ import annotations

import json
import math
from importlib import resources

import numpy as np
import pytest

from leakdog.detect import course, spurt
from leakdog.detect.network import Network, Noted, average, parsed

KINDS = {"course": (course.Course, course.INPUTS), "spurt": (spurt.Spurt, spurt.INPUTS)}
EACH = pytest.mark.parametrize("name", KINDS)


@EACH
def test_a_step_is_that_of_the_paper(name: str) -> None:
    """Gate by gate and number by number, in plain arithmetic, the same comes out."""
    kind, inputs = KINDS[name]
    unit, rng = kind.network(), np.random.default_rng(2)
    memory, told = rng.standard_normal((3, unit.width)), rng.standard_normal((3, inputs))
    after = unit.step(memory.astype(np.float32), told.astype(np.float32))
    for row in range(3):
        first = np.maximum(unit.first @ told[row] + unit.first_bias, 0)
        for place in range(unit.width):
            taken, kept = [], []
            for gate in range(3):
                at = gate * unit.width + place
                taken.append(float(unit.taken[at] @ first) + float(unit.taken_bias[at]))
                kept.append(float(unit.kept[at] @ memory[row]) + float(unit.kept_bias[at]))
            reset, stays = (1 / (1 + math.exp(-taken[gate] - kept[gate])) for gate in (0, 1))
            new = math.tanh(taken[2] + reset * kept[2])
            assert after[row, place] == pytest.approx((1 - stays) * new + stays * memory[row, place], abs=1e-4)


@EACH
def test_the_score_is_read_by_two_layers(name: str) -> None:
    """What is below 0 in the first is left out in the second."""
    unit = KINDS[name][0].network()
    memory = np.random.default_rng(3).standard_normal((2, unit.width)).astype(np.float32)
    for row, score in zip(memory, unit.score(memory), strict=True):
        layers = zip(unit.inner, unit.inner_bias, strict=True)
        inner = np.array([max(0.0, float(weights @ row) + float(bias)) for weights, bias in layers])
        assert score == pytest.approx(float(unit.outer @ inner) + float(unit.outer_bias), abs=1e-4)


@EACH
def test_a_network_for_other_inputs_is_refused(name: str) -> None:
    """A change of what the network is told without learning it anew does not pass unseen."""
    text, inputs = resources.files("leakdog.detect").joinpath(f"{name}.json").read_text(), KINDS[name][1]
    assert parsed(text, inputs).first.shape[1] == inputs
    with pytest.raises(ValueError, match="learn it anew"):
        parsed(text, inputs + 1)


@EACH
def test_the_file_holds_short_numbers(name: str) -> None:
    """What was learned is read as it was written: each weight to four digits after the point."""
    text = resources.files("leakdog.detect").joinpath(f"{name}.json").read_text()
    assert len(text) < 300_000
    assert set(json.loads(text)) == set(Network.__dataclass_fields__)


def test_cells_of_another_kind_have_another_mark() -> None:
    """What one network remembered, or noted otherwise, is never read as another's."""

    class Longer(course.Course):
        notes = course.NOTES + 1

    kinds: list[type[Noted]] = [course.Course, spurt.Spurt, Longer]
    assert len({kind.mark() for kind in kinds}) == 3


def test_an_average_is_plain_until_it_is_as_old_as_its_span() -> None:
    """Of four numbers over a span of three: the mean of the first three, and a third of the way to the last."""
    averages = np.array([[2.0]], np.float32)
    for count, value in enumerate((2.0, 4.0, 9.0, 8.0)):
        average(averages, np.array([value], np.float32), np.array([count], np.float32), (3,))
        if count == 2:
            assert averages[0, 0] == pytest.approx(5.0)
    assert averages[0, 0] == pytest.approx(6.0)
