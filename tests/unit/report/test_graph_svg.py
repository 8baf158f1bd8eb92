"""A call graph as a picture."""

import xml.etree.ElementTree as ET

import pytest

from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Profile
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType
from leakdog.report.callgraph import callgraph
from leakdog.report.graph import View
from leakdog.report.graph_svg import render

SPACE = ValueType("inuse_space", "bytes")
SVG = "{http://www.w3.org/2000/svg}"


def profile(*samples: tuple[str, int], kind: ValueType = SPACE) -> Profile:
    """Stacks such as `leaf root` with their bytes."""
    builder = Builder([kind], DEFAULT_LIMITS)
    for stack, size in samples:
        names = stack.split()
        builder.sample([size], [builder.location(hash(name) % 2**32, (Frame(name, "", 0),)) for name in names])
    return builder.build(SPACE, 1)


def picture(view: View, *samples: tuple[str, int]) -> ET.Element:
    """What is drawn."""
    return ET.fromstring(render(callgraph(profile(*samples), view)))


def texts(element: ET.Element, tag: str) -> list[str]:
    """Texts of all elements of a kind."""
    return ["".join(each.itertext()) for each in element.iter(f"{SVG}{tag}")]


def test_boxes_and_arrows_have_their_figures() -> None:
    """Names in parts, flat and cum; what was written by others is escaped, and told in full in the title."""
    drawn = picture(View(), ("a.com/shop.Put<T>", 1024), ("a.com/shop.Put<T> main", 3072))
    assert texts(drawn, "tspan") == ["shop", "Put<T>", "4kB (100%)", "main", "of 3kB (75.00%)"]
    assert texts(drawn, "title") == [
        "main calls a.com/shop.Put<T>: 3kB",
        "a.com/shop.Put<T>: 4kB flat, 4kB cum",
        "main: 0 flat, 3kB cum",
    ]
    assert "Type: inuse_space" in texts(drawn, "text")
    assert "3kB" in texts(drawn, "text")


def test_what_is_skipped_is_dashed() -> None:
    """And the title says so."""
    drawn = picture(View(n=2), ("leaf mid root", 64))
    (arrow,) = [each for each in drawn.iter(f"{SVG}path") if each.get("marker-end")]
    assert arrow.get("stroke-dasharray") == "4 3"
    assert "root calls leaf through what is not drawn: 64B" in texts(drawn, "title")


def test_what_a_difference_has_less_is_green() -> None:
    """What it has more is red; nothing is grey."""
    fills = {size: picture(View(), ("leaf", size)).find(f".//{SVG}rect") for size in (64, -64)}
    assert [rect.get("fill") for rect in fills.values() if rect is not None] == [
        "hsl(0, 85%, 92%)",
        "hsl(140, 85%, 92%)",
    ]


@pytest.mark.parametrize("samples", [[], [("leaf root", 0)]])
def test_nothing_is_drawn_of_nothing(samples: list[tuple[str, int]]) -> None:
    """Only the heading."""
    drawn = picture(View(), *samples)
    assert list(drawn.iter(f"{SVG}rect")) == []
    assert "Showing nodes accounting for 0, 0% of 0 total" in texts(drawn, "text")


def test_the_picture_runs_nothing() -> None:
    """No script, nothing from elsewhere, and names are text."""
    text = render(callgraph(profile(("<script>alert(1)</script>", 5)), View()))
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert text.count("http") == text.count('xmlns="http://www.w3.org/2000/svg"') == 1


def test_a_unit_is_text_too() -> None:
    """It stands in the profile as names do, and is told with each figure."""
    kind = ValueType("space", "<script>alert(1)</script>")
    text = render(callgraph(profile(("leaf main", 100), ("main", 50), kind=kind), View()))
    assert "<script" not in text
    assert text.count("100&lt;script&gt;") >= 3
