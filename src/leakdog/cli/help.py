"""The help of a verb: prose is wrapped to the terminal, and so is what is said beside an example, never the example.

And what is said of arguments that a verb does not take.
"""

from __future__ import annotations

import argparse
import re
import textwrap
from typing import Any

from leakdog.config.words import guess, quoted

BESIDE = re.compile(r"(  .*?\S {2,})(\S.*)")  # an example or a name, and what is said of it
LEAST = 20  # columns in which that can be read


class Parser(argparse.ArgumentParser):
    """One that tells the usage of the verb of which an argument is not known, not that of all verbs."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Take all arguments, or end with a sentence on the first that is none of this verb."""
        told, rest = super().parse_known_args(args, namespace)
        if rest:
            # An option that is not known may have a value, which looks like the next argument: only the first is sure.
            options = [each for action in self._actions for each in action.option_strings]
            near = guess(rest[0], options) if rest[0].startswith("-") else ";"
            self.error(f"{quoted(rest[0])} is nothing that it takes{near} `{self.prog} --help` tells what is")
        return told, rest


class Help(argparse.RawDescriptionHelpFormatter):
    """Paragraphs are wrapped; lines that are indented are examples, to be copied, with what they do beside or below."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines, prose = list[str](), list[str]()
        for line in [*text.splitlines(), ""]:
            if line and not line.startswith(" "):
                prose.append(line)
                continue
            lines += textwrap.wrap(" ".join(prose), width, break_long_words=False, break_on_hyphens=False)
            lines += _example(line, width)
            prose = []
        return "\n".join(f"{indent}{line}" for line in lines[:-1])


def _example(line: str, width: int) -> list[str]:
    """An example as it is written, with what is said of it in its column, or in the next line where it has no room."""
    found = BESIDE.fullmatch(line)
    if len(line) <= width or not found:
        return [line]
    example, said = found.groups()
    column = len(example)
    if width - column >= LEAST:
        first, *more = textwrap.wrap(said, width - column)
        return [f"{example}{first}", *(f"{'':{column}}{each}" for each in more)]
    return [example.rstrip(), *(f"      {each}" for each in textwrap.wrap(said, width - 6))]
