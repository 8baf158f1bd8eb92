"""Types of arguments."""

import argparse

import pytest

from leakdog.cli.arguments import duration, regex


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90.0), ("2m", 120.0), ("1h30m", 5400.0), ("500ms", 0.5)])
def test_a_duration_is_written_as_in_the_configuration(text: str, seconds: float) -> None:
    """Units from long to short."""
    assert seconds == duration(text)


@pytest.mark.parametrize("text", ["", "0s", "soon", "5", "-1m"])
def test_what_is_no_duration_is_refused_in_words(text: str) -> None:
    """With how to write one."""
    with pytest.raises(argparse.ArgumentTypeError, match=r"15s|1s"):
        duration(text)


def test_a_regular_expression_is_checked_where_it_is_given() -> None:
    """One that is none is told with what is wrong with it."""
    assert regex("^main") == "^main"
    with pytest.raises(argparse.ArgumentTypeError, match=r"'\(' is not a regular expression: missing \)"):
        regex("(")
