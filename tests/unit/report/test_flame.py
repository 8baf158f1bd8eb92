"""Flame graphs."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Profile, parse
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType
from leakdog.report.flame import DEEPEST, WIDTH, as_json, render
from leakdog.report.graph import View, build
from leakdog.report.select import Selection

SPACE = ValueType("inuse_space", "bytes")
ETCD = Path(__file__).parents[1] / "pprof" / "testdata" / "etcd-heap.pb.gz"
SVG = "{http://www.w3.org/2000/svg}"


def profile(*samples: tuple[str, int]) -> Profile:
    """Stacks such as `leaf root` with their bytes."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    numbers: dict[str, int] = {}
    for stack, size in samples:
        where = [
            builder.location(numbers.setdefault(name, len(numbers) + 1), (Frame(name, "a.go", 1),))
            for name in stack.split()
        ]
        builder.sample([size], where)
    return builder.build(SPACE, 1)


def frames(made: Profile, view: View | None = None) -> dict[str, tuple[float, float, float]]:
    """Left edge, row and width of each frame by its title."""
    root = ET.fromstring(render(made, view or View()))
    found = {}
    for group in root.iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        found[group.find(f"{SVG}title").text] = tuple(float(rect.get(name)) for name in ("x", "y", "width"))
    return found


def test_frames_are_as_wide_as_what_they_hold() -> None:
    """Callees lie under their callers, the largest first."""
    found = frames(profile(("put cart main", 3072), ("get cart main", 1024)))
    assert {title: width for title, (_, _, width) in found.items()} == {
        "main: 4kB, 100%": WIDTH,
        "cart: 4kB, 100%": WIDTH,
        "put: 3kB, 75.00%": 0.75 * WIDTH,
        "get: 1kB, 25.00%": 0.25 * WIDTH,
    }
    assert found["put: 3kB, 75.00%"][:2] == (0, found["get: 1kB, 25.00%"][1])
    assert found["get: 1kB, 25.00%"][0] == 0.75 * WIDTH
    assert found["main: 4kB, 100%"][1] < found["cart: 4kB, 100%"][1] < found["put: 3kB, 75.00%"][1]


def test_only_growth_has_a_width() -> None:
    """Of a difference, what shrank is left out."""
    assert list(frames(profile(("a main", 10), ("b main", -5)))) == ["main: 10B, 100%", "a: 10B, 100%"]


def test_what_is_selected_is_drawn() -> None:
    """With the same options as every other view."""
    made = profile(("put cart main", 3), ("get cart main", 1))
    assert list(frames(made, View(selection=Selection(focus="get", hide="cart")))) == [
        "main: 1B, 100%",
        "get: 1B, 100%",
    ]


def test_a_narrow_frame_has_the_end_of_its_name() -> None:
    """The function says more than the path; what has no room for a few characters has no text."""
    long = "example.com/a/very/long/path/to/a/package/of/some/service/shop.Put"
    texts = [
        text.text
        for text in ET.fromstring(render(profile((long, 5), ("wide", 60), ("tiny", 1)), View())).iter(f"{SVG}text")
    ]
    assert texts[1:] == ["wide", "shop.Put"]


def test_names_are_only_text() -> None:
    """And a deep stack is no trouble."""
    deep = " ".join(f"f{i}" for i in range(400))
    found = frames(profile(('<b>&"x"', 5), (deep, 5)))
    assert '<b>&"x": 5B, 50.00%' in found
    assert len(found) == 401


def test_a_real_profile_is_valid_and_its_rows_do_not_overlap() -> None:
    """Frames of a row follow each other within the picture."""
    found = frames(parse(ETCD.read_bytes()))
    rows: dict[float, list[tuple[float, float]]] = {}
    for x, y, width in found.values():
        rows.setdefault(y, []).append((x, x + width))
    for spans in rows.values():
        edges = [edge for span in sorted(spans) for edge in span]
        assert all(later >= earlier - 0.2 for earlier, later in pairwise(edges))
        assert edges[-1] <= WIDTH + 0.2


def test_an_empty_profile_has_an_empty_picture() -> None:
    """With its heading."""
    assert re.search("Type: inuse_space · 0 in all", render(profile(), View()))


def told(root: dict[str, Any]) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """Each frame, and the names of those that it is called by."""
    waiting: list[tuple[dict[str, Any], tuple[str, ...]]] = [(root, ())]
    while waiting:
        frame, callers = waiting.pop()
        yield frame, callers
        waiting += [(below, (*callers, frame["name"])) for below in frame["children"]]


def test_json_has_the_sums_of_top() -> None:
    """What each function holds itself, over all its frames, is its flat; what it holds in all, its cum."""
    made = parse(ETCD.read_bytes())
    flat, cum = Counter[str](), Counter[str]()
    for frame, callers in told(as_json(made, View())["root"]):
        if frame["name"]:
            flat[frame["name"]] += frame["self"]
            cum[frame["name"]] += frame["value"] * (frame["name"] not in callers)
        assert frame["value"] == frame["self"] + sum(below["value"] for below in frame["children"])
    wanted = {node.name: (node.flat, node.cum) for node in build(made, View()).nodes}
    assert {name: (flat[name], cum[name]) for name in cum} == wanted
    assert len(wanted) > 50


def test_json_of_a_stack_of_any_depth_can_be_read() -> None:
    """What is called from the deepest frame that is told counts as its own."""
    depth = DEFAULT_LIMITS.depth
    made = as_json(profile((" ".join(f"f{i}" for i in range(depth)[::-1]), 5)), View())
    frames = [frame for frame, _ in told(json.loads(json.dumps(made))["root"])]
    assert [frame["name"] for frame in frames] == ["", *(f"f{i}" for i in range(DEEPEST))]
    assert [frame["self"] for frame in frames] == [0] * DEEPEST + [5]


def test_json_has_the_largest_first_and_only_growth() -> None:
    """As the picture; frames that would be too narrow to be drawn are there."""
    made = as_json(profile(("a main", 1), ("b main", 9000), ("c main", -5)), View())
    (main,) = made["root"]["children"]
    assert [(frame["name"], frame["value"]) for frame in main["children"]] == [("b", 9000), ("a", 1)]
    assert made["total"] == 9006
