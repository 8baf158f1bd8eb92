"""The picture of a trend, also for odd data."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.model import Unit
from leakdog.report.axes import HEIGHT, LEFT, RIGHT, WIDTH
from leakdog.report.svg import MAX_POINTS, Growth, standalone, trend

GROWTH = Growth(since=10.0, per_second=5.0)


def picture(times: list[float], values: list[float], *growths: Growth, limit: float | None = None) -> str:
    """The SVG of these points."""
    return trend(np.array(times, float), np.array(values, float), "rss", Unit.BYTES, growths, limit)


@given(st.lists(st.floats(0, 1e15), min_size=2, max_size=50))
def test_every_point_lies_inside_the_picture(values: list[float]) -> None:
    """Whatever the values, the line stays inside the frame."""
    drawn = picture([float(i) for i in range(len(values))], values, GROWTH)
    for x, y in re.findall(r"([\d.]+),([\d.]+)", re.search(r'points="([^"]*)"', drawn)[1]):
        assert 0 <= float(x) <= WIDTH
        assert 0 <= float(y) <= HEIGHT


def test_a_constant_series_is_a_level_line() -> None:
    """No division by nothing; all points at one height."""
    drawn = picture([0, 1, 2], [7e6, 7e6, 7e6])
    assert len(set(re.findall(r",([\d.]+)", re.search(r'points="([^"]*)"', drawn)[1]))) == 1


@pytest.mark.parametrize("values", [[-5.0] * 3, [-5.0, 0.0, 3.0], [1.79e308] * 3, [-4e307, 0.0, 4e307]])
def test_any_number_is_drawn(values: list[float]) -> None:
    """Nobody checks that the numbers of a file or of a page are amounts of memory."""
    assert len(line(picture([0.0, 1.0, 2.0], values))) == 3


@pytest.mark.parametrize(("times", "values"), [([], []), ([1.0], [2.0]), ([1.0, 1.0], [2.0, 3.0])])
def test_too_few_points_are_said_in_words(times: list[float], values: list[float]) -> None:
    """Nothing is drawn where there is nothing to draw."""
    assert picture(times, values) == "<p>Too few points for a picture.</p>"


def test_the_fitted_growth_begins_at_the_onset() -> None:
    """A leak's growth is a dashed line from its onset; without a leak there is none."""
    times = [float(i) for i in range(100)]
    values = [max(0.0, 5 * (t - 10)) for t in times]
    assert 'class="fit"' in picture(times, values, GROWTH)
    assert 'class="fit"' not in picture(times, values)


def test_a_long_series_is_thinned() -> None:
    """A browser gets no more points than there are pixels, from the left to the right."""
    for count in (MAX_POINTS + 1, 2 * MAX_POINTS - 1, 50_000):
        drawn = picture([float(i) for i in range(count)], [float(i) for i in range(count)])
        across = [float(point.split(",")[0]) for point in line(drawn)]
        assert 0.9 * MAX_POINTS < len(across) <= MAX_POINTS
        assert (across[0], across[-1]) == (pytest.approx(LEFT, abs=1.1), WIDTH - RIGHT)


def line(drawn: str) -> list[str]:
    """The points of the series."""
    return re.search(r'class="series" points="([^"]*)"', drawn)[1].split()


def test_a_thinned_series_loses_no_peak() -> None:
    """One value of 50,000 that is ten times the others is the top of the band, though the line passes below it."""
    values = np.full(50_000, 100.0)
    values[31_415] = 1000.0
    drawn = trend(np.arange(50_000.0), values, "rss", Unit.COUNT)
    top = min(float(point.split(",")[1]) for point in re.search(r'class="band" points="([^"]*)"', drawn)[1].split())
    assert top < min(float(point.split(",")[1]) for point in line(drawn)) - 100
    assert "highest 1,000" in drawn
    assert len(drawn) < 100_000


def test_what_stands_for_several_has_a_band_and_its_mean_as_line() -> None:
    """Old points are drawn from their lowest to their highest; those that stand for themselves have no band."""
    times, lasts = np.arange(4.0), np.array([30.0, 30.0, 30.0, 50.0])
    folded = np.array([10.0, 10.0, 30.0, 50.0]), np.array([20.0, 20.0, 30.0, 50.0]), np.array([40.0, 40.0, 30.0, 50.0])
    drawn = trend(times, lasts, "rss", Unit.COUNT, folded=folded)
    heights = [float(point.split(",")[1]) for point in line(drawn)]
    assert heights[0] == heights[1] > heights[2] > heights[3]
    assert "<title>1970-01-01 00:00:01 UTC: lowest 10, mean 20, highest 40, last 30</title>" in drawn
    assert "<title>1970-01-01 00:00:03 UTC: 50</title>" in drawn
    assert 'class="band"' in drawn
    assert 'class="band"' not in trend(times, lasts, "rss", Unit.COUNT)


def test_a_reader_that_does_not_see_is_told() -> None:
    """The picture has a text alternative with the first and the last value, the lowest and the highest."""
    drawn = picture([0, 60, 120], [1 << 20, 3 << 20, 2 << 20])
    said = r"from 1\.00 MiB to 2\.00 MiB; lowest 1\.00 MiB, highest 3\.00 MiB"
    assert re.search(rf'aria-label="rss from .* UTC: {said}"', drawn)


def test_an_announcement_is_a_mark_with_its_time() -> None:
    """A band from then to the end of the alert, and the time in words."""
    times = [float(i) for i in range(101)]
    drawn = picture(times, times, Growth(10, 1, told=50.0, until=75.0))
    left, width = map(float, re.search(r'<rect class="told" x="([\d.]+)" y="12" width="([\d.]+)"', drawn).groups())
    inner = WIDTH - LEFT - RIGHT
    assert (left, width) == (pytest.approx(LEFT + inner / 2, abs=0.1), pytest.approx(inner / 4, abs=0.1))
    assert "announced 01-01 00:00:50" in drawn


@pytest.mark.parametrize(("limit", "shown"), [(120.0, True), (90.0, True), (5000.0, False), (None, False)])
def test_a_limit_within_sight_is_drawn(limit: float | None, shown: bool) -> None:
    """One far above would press the series flat."""
    times = [float(i) for i in range(101)]
    assert ('class="limit"' in picture(times, times, limit=limit)) == shown


def test_a_file_of_its_own_is_valid_xml() -> None:
    """With namespace and style, whatever the name of the series."""
    drawn = trend(np.arange(3.0), np.arange(3.0), '<a> & "b"', Unit.COUNT, [GROWTH])
    root = ET.fromstring(standalone(drawn))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("aria-label").startswith('<a> & "b" from')
    assert root[0].tag.endswith("style")


def test_texts_of_announcements_do_not_overlap() -> None:
    """Ten alerts in a row have ten lines, and as many texts as there is room for."""
    times = [float(i) for i in range(1001)]
    drawn = picture(times, times, *(Growth(t, 1, told=t) for t in times[500:600:10]))
    assert drawn.count('<line class="told"') == 10
    assert drawn.count("announced") == 1


def test_the_text_of_a_late_announcement_is_not_over_the_one_before() -> None:
    """It stands on the left of its line, where the other's text may be."""
    times = [float(i) for i in range(101)]
    drawn = picture(times, times, Growth(65, 1, told=70.0), Growth(90, 1, told=95.0))
    assert re.findall(r"announced [^<]*", drawn) == ["announced 01-01 00:01:10"]
    drawn = picture(times, times, Growth(50, 1, told=50.0), Growth(90, 1, told=95.0))
    assert drawn.count("announced") == 2


def test_a_late_announcement_is_told_on_the_left_of_its_line() -> None:
    """Its text does not run out of the picture."""
    times = [float(i) for i in range(101)]
    assert re.search(
        r'<text x="[\d.]+" text-anchor="end" y="\d+">announced', picture(times, times, Growth(90, 1, 95.0))
    )


def test_the_line_breaks_where_nothing_was_read() -> None:
    """Between the last reading before a downtime and the first after it there is no line; evenly thinned ones have."""
    times = [*range(0, 3000, 300), *range(3000, 3600, 15), *range(3750, 3900, 15)]
    drawn = picture([float(t) for t in times], [float(t < 3700) for t in times])
    pieces = re.findall(r'class="series" points="([^"]*)"', drawn)
    assert [len(piece.split()) for piece in pieces] == [50, 10]
    assert "restart" not in drawn


def test_another_life_is_another_line_with_a_mark() -> None:
    """A process that comes back at once has missed no reading, but what it holds is not what the one before held."""
    times, lives = np.arange(20.0), np.repeat([-5.0, 9.5], 10)
    drawn = trend(times, times, "rss", Unit.COUNT, lives=lives)
    assert len(re.findall(r'class="series"', drawn)) == 2
    marks = re.findall(r'class="restart" x1="([\d.]+)".*?<title>restart</title>', drawn)
    assert [float(x) for x in marks] == [pytest.approx(LEFT + 10 / 19 * (WIDTH - LEFT - RIGHT), abs=0.1)]
