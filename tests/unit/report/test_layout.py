"""Places for the nodes of a graph."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakdog.report.layout import BESIDE, BETWEEN, Layout, Link, Point, Size, layout

BOX = Size(100, 40)


def depths(placed: Layout) -> list[int]:
    """The layer of each node, counted from above, where all are of one size."""
    return [round((point.y - BOX.height / 2) / (BOX.height + BETWEEN)) for point in placed.nodes]


def test_a_caller_stands_above_the_middle_of_its_callees() -> None:
    """Of two that it calls alike."""
    placed = layout([BOX] * 3, [Link(0, 1, 1), Link(0, 2, 1)])
    assert placed.nodes == (Point(114, 20), Point(50, 124), Point(178, 124))
    assert placed.links[0] == (Point(114, 40), Point(50, 104))
    assert placed.size == Size(228, 144)


def test_the_heavier_call_is_the_straighter() -> None:
    """Its callee is nearer to below the caller."""
    caller, light, heavy = layout([BOX] * 3, [Link(0, 1, 0), Link(0, 2, 20)]).nodes
    assert abs(caller.x - heavy.x) < abs(caller.x - light.x)


def test_a_call_that_passes_a_layer_goes_round_what_is_there() -> None:
    """It has a point beside the node between its ends."""
    placed = layout([BOX] * 3, [Link(0, 1, 1), Link(1, 2, 1), Link(0, 2, 1)])
    start, beside, end = placed.links[2]
    assert abs(beside.x - placed.nodes[1].x) >= BOX.width / 2 + BESIDE
    assert [start.y, beside.y, end.y] == [40, 124, 208]


def test_calls_in_a_circle_are_drawn() -> None:
    """One of them leads upwards, and nothing else changes its direction."""
    placed = layout([BOX] * 3, [Link(0, 1, 3), Link(1, 2, 2), Link(2, 1, 1)])
    assert depths(placed) == [0, 1, 2]
    assert placed.links[2][0].y > placed.links[2][-1].y


def test_an_entry_stands_close_above_what_it_calls() -> None:
    """Not in the first line, far from it."""
    assert depths(layout([BOX] * 4, [Link(0, 1, 1), Link(1, 2, 1), Link(3, 2, 1)])) == [0, 1, 2, 1]


def test_an_order_without_crossings_is_found() -> None:
    """Two callers whose callees were named the other way round."""
    a, b, c, d = layout([BOX] * 4, [Link(0, 3, 1), Link(1, 2, 1)]).nodes
    assert (a.x < b.x) == (d.x < c.x)


def test_nothing_has_no_size() -> None:
    """An empty graph."""
    assert layout([], []) == Layout((), (), Size(0, 0))


@given(st.data())
@settings(max_examples=60)
def test_no_graph_overlaps(data: st.DataObject) -> None:
    """Of any shape: boxes of one layer keep apart, all are within the picture, and every link joins its ends."""
    count = data.draw(st.integers(1, 12))
    width, height = st.floats(10, 300), st.floats(10, 90)
    sizes = [Size(data.draw(width), data.draw(height)) for _ in range(count)]
    node = st.integers(0, count - 1)
    pairs = data.draw(st.sets(st.tuples(node, node).filter(lambda pair: pair[0] != pair[1]), max_size=30))
    links = [Link(a, b, data.draw(st.floats(0, 20))) for a, b in sorted(pairs)]
    placed = layout(sizes, links)
    layers: dict[float, list[int]] = {}
    for i, point in enumerate(placed.nodes):
        layers.setdefault(point.y, []).append(i)
        assert point.x - sizes[i].width / 2 >= -1e-6
        assert point.x + sizes[i].width / 2 <= placed.size.width + 1e-6
        assert point.y + sizes[i].height / 2 <= placed.size.height + 1e-6
    for layer in layers.values():
        layer.sort(key=lambda i: placed.nodes[i].x)
        for left, right in pairwise(layer):
            apart = placed.nodes[right].x - placed.nodes[left].x
            assert apart >= (sizes[left].width + sizes[right].width) / 2 + BESIDE - 1e-6
    for link, points in zip(links, placed.links, strict=True):
        assert points[0].x == pytest.approx(placed.nodes[link.source].x)
        assert points[-1].x == pytest.approx(placed.nodes[link.target].x)
