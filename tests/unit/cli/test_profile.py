"""How profiles are asked for, and how they are compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leakdog.cli import main
from leakdog.errors import LeakdogError

Call = Callable[..., int]
Serve = Callable[[dict[str, Any]], str]


def test_a_base_is_subtracted(call: Call, path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is left of a profile less itself; shares are of what is left, or of the base."""
    assert call(path, "--base", path, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "sample_type": "inuse_space",
        "unit": "bytes",
        "total": 0,
        "rows": [],
        "two_processes": None,
    }
    assert call(path, "--diff-base", path, "--json") == 0
    assert json.loads(capsys.readouterr().out)["total"] == 400


@pytest.mark.parametrize("verb", ["top", "tree", "traces", "tags", "raw", "dot", "flame", "top --growth"])
def test_filters_that_match_nothing_are_told(
    verb: str, run: Callable[..., int], path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr, as the report of a misspelt one looks like an answer; of those that match nothing is said."""
    word, *more = verb.split()
    before = path if more else None
    filters = [
        "--focus",
        "mian",
        "--ignore",
        "keeep\033",
        "--hide",
        "keep",
        "--tagignore",
        "1kb:",
        "--show-from",
        "main",
    ]
    assert run(word, *more, *filters, first=before) == (3 if more else 0)  # of one profile no growth is told
    assert capsys.readouterr().err.splitlines()[:3] == [
        "nothing matches --focus 'mian'",
        "nothing matches --ignore 'keeep\\x1b'",
        "nothing matches --tagignore '1kb:'",
    ]


def test_what_is_no_profile_is_named(call: Call, tmp_path: Path) -> None:
    """The file, and what is wrong with it."""
    file = tmp_path / "page.html"
    file.write_text("<html></html>")
    with pytest.raises(LeakdogError, match=r"reading .*page\.html: "):
        call(str(file))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--focus", "("), "argument --focus: '(' is not a regular expression"),
        (("--tagfocus", "a=("), "argument --tagfocus: '(' is not a regular expression"),
        (("--kind", "goroutin"), "--kind 'goroutin' is not stored; give one of heap, goroutine, "),
        (("--server", "foo"), "--server 'foo' is no address; give it as HOST:PORT or http"),
    ],
)
def test_what_means_nothing_is_wrong_usage(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends with 2, before a daemon is asked; argparse ends the program itself."""
    try:
        code: object = main(["top", "shop/a:1@latest", *arguments])
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("share", ["-0.1", "1.5", "much", "nan"])
def test_a_wrong_share_is_usage(call: Call, path: str, share: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With how to write one."""
    with pytest.raises(SystemExit):
        call(path, f"--nodefraction={share}")
    assert "write it like 0.005" in capsys.readouterr().err
