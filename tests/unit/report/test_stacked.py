"""Parts that add up, as a picture."""

import re
from xml.etree import ElementTree as ET

import numpy as np

from leakdog.model import Unit
from leakdog.report.stacked import stacked

TIMES = np.array([0.0, 60.0, 120.0])
PARTS = {"live": np.array([1.0, 2.0, 4.0]), "rest": np.array([1.0, 0.0, 4.0])}
WORDS = {"live": "live <heap>", "rest": "all else"}


def edges(picture: str) -> list[list[tuple[float, float]]]:
    """The corners of each area."""
    found = re.findall(r'<polygon class="part \w+" points="([^"]*)"', picture)
    return [[(float(x), float(y)) for x, y in (pair.split(",") for pair in each.split())] for each in found]


def test_each_area_lies_on_the_one_before() -> None:
    """The lower edge of the second is the upper edge of the first, and the first stands on the zero line."""
    picture = stacked(TIMES, PARTS, WORDS, Unit.BYTES)
    first, second = edges(picture)
    assert first[:3] == second[:2:-1]
    assert len({y for _, y in first[3:]}) == 1
    (zero,) = re.findall(r'y="([\d.]+)" text-anchor="end">0 B<', picture)
    assert abs(float(zero) - 4 - first[3][1]) < 0.2


def test_heights_are_in_proportion() -> None:
    """At the end both parts hold as much, so both areas are as high."""
    first, second = edges(stacked(TIMES, PARTS, WORDS, Unit.BYTES))
    assert abs((first[3][1] - first[2][1]) - (second[3][1] - second[2][1])) < 0.2


def test_it_is_well_formed_and_says_what_it_shows() -> None:
    """Names are made inert; who cannot see it is told the whole and the time."""
    root = ET.fromstring(stacked(TIMES, PARTS, WORDS, Unit.BYTES))
    assert [each.text for each in root.iter("title")] == ["live <heap>, 4 B", "all else, 4 B"]
    assert root.get("aria-label", "").startswith("what 8 B are made of, from 1970-01-01 00:00:00 UTC")


def test_what_is_missing_is_not_filled_and_a_restart_is_marked() -> None:
    """Each piece without a gap, and each life, is an area of its own: of the time between nothing is known."""
    times = np.array([*range(0, 600, 60), *range(6000, 6600, 60), 9000.0])
    lives = np.array([0.0] * 10 + [6000.0] * 5 + [6290.0] * 5 + [9000.0])
    picture = stacked(times, {"live": np.arange(21.0)}, WORDS, Unit.BYTES, lives)
    assert [len(area) for area in edges(picture)] == [20, 10, 10, 4]
    assert picture.count('<line class="restart"') == 3
    assert [each.text for each in ET.fromstring(picture).iter("title")][:4] == [
        f"live <heap>, {last} B" for last in (9, 14, 19, 20)
    ]
    (bar,) = edges(picture)[3:]
    assert abs(bar[1][0] - bar[0][0] - 1) < 0.2


def test_one_point_is_no_picture() -> None:
    """Nor is none."""
    assert "Too few points" in stacked(TIMES[:1], {"live": np.ones(1)}, WORDS, Unit.BYTES)
    assert "Too few points" in stacked(TIMES, {}, WORDS, Unit.BYTES)
