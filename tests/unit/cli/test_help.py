"""Help in the width of a terminal."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pytest

from leakdog import cli
from leakdog.cli.help import BESIDE, Help


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


def test_no_verb_has_help_wider_than_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all verbs, and of theirs."""
    monkeypatch.setenv("COLUMNS", "80")
    every = list(parsers(cli.parser()))
    lines = [line for each in every for line in each.format_help().splitlines()]
    assert len(every) > len(cli.VERBS)
    broad = [line for line in lines if len(line) > 80]
    assert [line for line in broad if not line.startswith("  ") or BESIDE.fullmatch(line)] == []


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (84, ["  leakdog leaks --all                   resolved ones too, and what grows in step"]),
        (
            62,
            ["  leakdog leaks --all                   resolved ones too,", f"{'':40}and what grows in", f"{'':40}step"],
        ),
        (50, ["  leakdog leaks --all", "      resolved ones too, and what grows in step"]),
    ],
)
def test_what_is_said_of_an_example_is_wrapped_and_the_example_is_not(columns: int, told: list[str]) -> None:
    """In its column where that is wide enough, else in the next line; a command alone is left as it is."""
    line = "  leakdog leaks --all                   resolved ones too, and what grows in step"
    command = "  leakdog leaks --json | jq '.leaks[] | select(.state == \"firing\") | .id'"
    formatter = Help("x", width=columns)
    assert formatter._fill_text(f"{line}\n{command}\n", columns - 2, "").splitlines() == [*told, command]
