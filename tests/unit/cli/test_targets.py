"""`leakdog targets`."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from leakdog.cli.targets import condition

Serve = Callable[[dict[str, Any]], str]
Make = Callable[..., dict[str, Any]]
Capture = pytest.CaptureFixture[str]
Run = Callable[..., int]


def test_table(serve: Serve, target: Make, leak: Make, leakdog: Run, capsys: Capture) -> None:
    """Each target is listed with its numbers and its condition, within 80 columns; errors stand below."""
    targets = [target(), target(instance="10.0.0.9:6060", up=False, last_error="connect: refused", signals={})]
    url = serve({"/api/v1/targets": {"targets": targets}, "/api/v1/leaks": {"leaks": [leak()]}})
    assert leakdog("targets", "--server", url) == 0
    text = capsys.readouterr().out
    for part in ("shop/127.0.0.1:6060", "40.0 MiB", "5.00 MiB", "12", "leaks: heap"):
        assert part in text
    assert text.endswith("1 target down:\n  shop/10.0.0.9:6060: connect: refused\n")
    assert max(map(len, text.splitlines())) <= 80


def test_none(serve: Serve, leakdog: Run, capsys: Capture) -> None:
    """That there are none is said with what the reason may be."""
    assert leakdog("targets", "--server", serve({"/api/v1/targets": {"targets": []}})) == 0
    assert capsys.readouterr().out == "no targets: `scrape_configs` is empty, or nothing was found for it\n"


def test_json(serve: Serve, target: Make, leakdog: Run, capsys: Capture) -> None:
    """--json prints the targets in the shape of the API."""
    assert leakdog("targets", "--json", "--server", serve({"/api/v1/targets": {"targets": [target()]}})) == 0
    assert json.loads(capsys.readouterr().out) == {"targets": [target()]}


@pytest.mark.parametrize(
    ("changes", "classes", "words"),
    [
        ({"up": None}, [], "not read yet"),
        ({"up": False}, ["heap"], "down"),
        ({}, ["heap", "files"], "leaks: heap, files"),
        ({"verdicts": {}}, [], "too early to say"),
        ({"verdicts": {"rss": {"verdict": "too_early"}}}, [], "too early to say"),
        ({"verdicts": {"rss": {"verdict": "steady"}, "threads": {"verdict": "leak"}}}, [], "growing"),
        ({"verdicts": {"rss": {"verdict": "settling"}, "threads": {"verdict": "too_early"}}}, [], "settling"),
        ({"verdicts": {"rss": {"verdict": "load"}}}, [], "grows with load"),
        ({}, [], "steady"),
    ],
)
def test_condition(target: Make, changes: dict[str, Any], classes: list[str], words: str) -> None:
    """A target's condition is the worst that is said of any of its signals."""
    assert condition(target(**changes), classes) == words
