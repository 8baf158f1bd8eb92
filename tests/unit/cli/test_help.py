"""Help in the width of a terminal."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pytest

from leakdog import cli
from leakdog.cli.help import Help


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and those of its verbs."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from parsers(each)


def test_prose_is_wrapped_and_examples_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A paragraph is one, however it was written; what is indented is to be copied as it stands."""
    monkeypatch.setenv("COLUMNS", "22")
    example = "  leakdog top heap.pb.gz --growth"
    text = f"examples:\n{example}\n\nOne two three\nfour five six.\n"
    formatter = argparse.ArgumentParser(prog="x", usage="x", description=text, add_help=False, formatter_class=Help)
    told = formatter.format_help().partition("\n\n")[2]
    assert told == f"examples:\n{example}\n\nOne two three four\nfive six.\n"


def test_no_verb_has_prose_wider_than_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all verbs, and of theirs."""
    monkeypatch.setenv("COLUMNS", "80")
    every = list(parsers(cli.parser()))
    lines = [line for each in every for line in each.format_help().splitlines()]
    assert len(every) > len(cli.VERBS)
    assert [line for line in lines if len(line) > 80 and not line.startswith(" ")] == []
