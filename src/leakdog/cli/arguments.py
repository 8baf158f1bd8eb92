"""Types of arguments that several verbs take."""

from __future__ import annotations

import argparse


def duration(text: str) -> float:
    """Seconds of `90s` or `2m`, written as in the configuration; more than none."""
    from leakdog.config.scalars import parse_duration

    try:
        if seconds := parse_duration(text):
            return seconds
        raise ValueError("it must be longer than nothing; give at least 1s")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
