"""`leakdog dot`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leakdog.cli import main

Run = Callable[..., int]
Capture = pytest.CaptureFixture[str]


def test_a_graph_is_written(run: Run, capsys: Capture, tmp_path: Path) -> None:
    """To standard output or to a file, of as many nodes as were asked for."""
    assert run("dot") == 0
    text = capsys.readouterr().out
    assert 'N1 -> N2 [label=" 300B"' in text
    assert run("dot", "-o", str(tmp_path / "a.dot")) == 0
    assert (tmp_path / "a.dot").read_text() == text
    assert run("dot", "-n", "1") == 0
    assert "->" not in capsys.readouterr().out.replace("main.main -> main.keep", "")


def test_a_file_that_cannot_be_written(run: Run, capsys: Capture, tmp_path: Path) -> None:
    """Ends with 3, and says which."""
    assert run("dot", "-o", str(tmp_path)) == 3
    assert f"writing {tmp_path}: Is a directory" in capsys.readouterr().err


ETCD = Path(__file__).parents[1] / "pprof" / "testdata" / "etcd-heap.pb.gz"
ALL = ("-n", "0", "--nodefraction", "0", "--edgefraction", "0")


def told(capsys: Capture, *arguments: str) -> dict[str, Any]:
    """The JSON that a command prints."""
    assert main([*arguments, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("verb", ["dot", "graph"])
def test_json_has_the_sums_of_top(verb: str, capsys: Capture) -> None:
    """Each node holds what it holds in `top`, and each is called for what it holds, unless it is where stacks begin."""
    found, rows = told(capsys, verb, str(ETCD), *ALL), told(capsys, "top", str(ETCD), *ALL)
    assert (found["sample_type"], found["unit"], found["total"]) == ("inuse_space", "bytes", rows["total"])
    by_name = {node["name"]: (node["flat"], node["cum"]) for node in found["nodes"]}
    assert by_name == {row["name"]: (row["flat"], row["cum"]) for row in rows["rows"]}
    assert sum(flat for flat, _ in by_name.values()) == found["total"]
    tree = told(capsys, "tree", str(ETCD), *ALL)
    assert sorted(map(str, found["edges"])) == sorted(map(str, tree["edges"]))
    for node in found["nodes"]:
        assert sum(size["flat"] for size in node["sizes"]) == node["flat"]
    assert found["left_out"] == {"nodes": 0, "edges": 0}


def test_json_counts_what_is_left_out(capsys: Capture, tmp_path: Path) -> None:
    """By the number of nodes and by their share; calls that skip nodes say so. It stands where the graph would."""
    everything = told(capsys, "dot", str(ETCD), *ALL)
    file = tmp_path / "few.json"
    assert main(["dot", str(ETCD), "-n", "4", "--edgefraction", "0.3", "--json", "-o", str(file)]) == 0
    found = json.loads(file.read_text())
    assert 0 < len(found["nodes"]) <= 4
    assert found["left_out"]["nodes"] == len(everything["nodes"]) - len(found["nodes"])
    assert found["left_out"]["edges"] == 1
    assert [edge["residual"] for edge in told(capsys, "dot", str(ETCD), "-n", "4")["edges"]] == [True]
