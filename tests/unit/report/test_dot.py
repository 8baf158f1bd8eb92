"""A graph in the language of Graphviz. That its figures are pprof's is tested by `integration/test_pprof_views.py`."""

import re

import pytest

from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import Label, ValueType
from leakdog.report.callgraph import callgraph
from leakdog.report.dot import render, short
from leakdog.report.frames import Parts
from leakdog.report.graph import View

SPACE = ValueType("inuse_space", "bytes")


@pytest.fixture
def text() -> str:
    """`main` holds 1 kB in objects of 8 bytes and calls `shop.Put`, which holds 3 kB."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    main, put = builder.location(1, (Frame("main", "", 0),)), builder.location(2, (Frame('x/y.com/shop."Put"', "", 0),))
    builder.sample([1024], [main], [Label("bytes", 8)])
    builder.sample([3072], [put, main])
    return render(callgraph(builder.build(SPACE, 1), View()))


def test_nodes_labels_and_edges_are_boxes_and_arrows(text: str) -> None:
    """With flat and cum, shares and weights; an edge beside labels is longer; quotes are escaped."""
    lines = text.splitlines()
    assert lines[0] == 'digraph "leakdog" {'
    assert 'label="Type: inuse_space\\lShowing nodes accounting for 4kB, 100% of 4kB total\\l"' in lines[2]
    assert lines[3].startswith(
        'N1 [label="main\\n1kB (25.00%)\\nof 4kB (100%)" fontsize=18 shape=box tooltip="main (4kB)"'
    )
    assert lines[4:6] == [
        'NN1_0 [label="8B" fontsize=8 shape=box3d tooltip="1kB"]',
        'N1 -> NN1_0 [label=" 1kB" weight=100 tooltip="1kB"]',
    ]
    assert lines[6].startswith('N2 [label="shop\\n\\"Put\\"\\n3kB (75.00%)" fontsize=24 ')
    assert lines[7].startswith('N1 -> N2 [label=" 3kB" weight=76 penwidth=4 color="#')
    assert lines[7].endswith(' tooltip="main -> x/y.com/shop.\\"Put\\" (3kB)" minlen=2]')
    assert lines[8:] == ["}"]


def test_a_unit_is_text_too() -> None:
    """It stands in the profile as names do, and ends no text of the graph."""
    builder = Builder([ValueType("space", '"]; x [label="')], DEFAULT_LIMITS)
    main, put = (builder.location(number, (Frame(name, "", 0),)) for number, name in enumerate(("main", "put")))
    builder.sample([1024], [main], [Label("bytes", 8)])
    builder.sample([3072], [put, main])
    text = render(callgraph(builder.build(SPACE, 1), View()))
    assert '\\"]; x [label=\\"' in text
    assert re.search(r'(?<!\\)"]; x', text) is None


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        (("", "github.com/a/b/v2/c.(*T[...]).F", ""), ["c", "(*T[…])", "F"]),
        (("", "std::vector<int>::push_back", ""), ["std", "vector<int>", "push_back"]),
        (("", "shop::(anonymous)::Cart::add", ""), ["shop", "(anonymous)", "Cart", "add"]),
        (("", "shop::io::Cart::add<int>(int)", ""), ["Cart", "add<int>"]),
        (("", "com.acme.shop.Cart$Item.add", ""), ["Cart$Item", "add"]),
        (("", "operator new(unsigned long)", "new.cc"), ["operator new(unsigned long)", "new.cc"]),
        (("", "main.main", "/src/my main.go:7"), ["main", "main", "my main.go:7"]),
        (("", "", "/src/main.go"), ["main.go"]),
        (("00000000004899c4", "main.f", "a.go:1"), ["00000000004899c4", "main", "f", "a.go:1"]),
        (("00000000004899c4", "[libc.so]", ""), ["00000000004899c4", "[libc.so]"]),
    ],
)
def test_names_are_shortened(parts: tuple[str, str, str], wanted: list[str]) -> None:
    """To what is read first, a part on each line; packages and outer namespaces go, as in pprof."""
    assert short(Parts(*parts)).split("\n") == wanted
