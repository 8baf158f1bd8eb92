"""The help of a verb: prose is wrapped to the terminal, examples are left as they are written."""

from __future__ import annotations

import argparse
import textwrap


class Help(argparse.RawDescriptionHelpFormatter):
    """Paragraphs are wrapped; lines that are indented are examples, to be copied."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines, prose = list[str](), list[str]()
        for line in [*text.splitlines(), ""]:
            if line and not line.startswith(" "):
                prose.append(line)
                continue
            lines += textwrap.wrap(" ".join(prose), width, break_long_words=False, break_on_hyphens=False)
            lines.append(line)
            prose = []
        return "\n".join(f"{indent}{line}" for line in lines[:-1])
