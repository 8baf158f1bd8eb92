"""`leakdog top`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from leakdog import cli

Call = Callable[..., int]
Serve = Callable[[dict[str, Any]], str]


def test_json_has_the_stable_shape(call: Call, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Raw numbers under the names that others rely on, and no others."""
    assert call(path, "-n", "0", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "sample_type": "inuse_space",
        "unit": "bytes",
        "total": 400,
        "rows": [{"name": "main.keep", "flat": 300, "cum": 300}, {"name": "main.main", "flat": 100, "cum": 400}],
    }


def test_options_choose_column_rows_and_order(call: Call, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Sample index, number of rows and sort key."""
    assert call(path, "--sample-index", "inuse_objects", "-n", "1", "--sort", "cum", "--json") == 0
    shape = json.loads(capsys.readouterr().out)
    assert (shape["sample_type"], shape["unit"], shape["total"]) == ("inuse_objects", "count", 4)
    assert shape["rows"] == [{"name": "main.main", "flat": 1, "cum": 4}]


def test_text_is_a_table(call: Call, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without `--json` it is what `go tool pprof -top` prints."""
    assert call(path) == 0
    assert "      300B 75.00% 75.00%       300B 75.00%  main.keep\n" in capsys.readouterr().out


def test_figures_come_in_the_unit_that_is_asked_for(call: Call, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As `go tool pprof -unit` shows them; one that is none is usage."""
    assert call(path, "--unit", "kB") == 0
    assert "    0.29kB 75.00% 75.00%     0.29kB 75.00%  main.keep\n" in capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        call(path, "--unit", "parsecs")
    assert caught.value.code == 2
    assert "'parsecs' is not a unit" in capsys.readouterr().err


def test_a_wrong_count_is_usage(call: Call, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A count that is none ends with exit code 2 and says why."""
    with pytest.raises(SystemExit) as caught:
        call(path, "-n", "-3")
    assert caught.value.code == 2
    assert "'-3' is not a count" in capsys.readouterr().err


def test_help_has_examples(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` shows how it is used."""
    with pytest.raises(SystemExit):
        call("--help")
    assert "leakdog top heap.pb.gz -n 0 --json" in capsys.readouterr().out


def test_only_what_is_needed_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Further profiles go with --growth alone."""
    with pytest.raises(SystemExit, match="2"):
        cli.main(["top"])
    assert capsys.readouterr().err.endswith("the following arguments are required: FILE|URL|TARGET@TIME|-\n")
