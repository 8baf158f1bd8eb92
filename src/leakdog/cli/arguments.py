"""Types of arguments that several verbs take."""

from __future__ import annotations

import argparse
import re


def duration(text: str) -> float:
    """Seconds of `90s` or `2m`, written as in the configuration; more than none."""
    from leakdog.config.scalars import parse_duration

    try:
        if seconds := parse_duration(text):
            return seconds
        raise ValueError("it must be longer than nothing; give at least 1s")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def regex(text: str) -> str:
    """A regular expression, as it is written."""
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a regular expression: {error}") from None
    return text


def add_own_code(parser: argparse.ArgumentParser) -> None:
    """Add what the program's own code is called."""
    parser.add_argument(
        "--own-code",
        metavar="NAME",
        type=own_code,
        action="append",
        default=[],
        help="what names of the program's own modules, packages or folders begin with; repeat it for several "
        "(default: its main module, where the program tells it)",
    )


def own_code(text: str) -> str:
    """The beginning of a name."""
    from leakdog.config.scalars import parse_code

    try:
        return parse_code(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
