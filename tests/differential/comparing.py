"""What leakdog and `go tool pprof` print for one look, and whether it is the same."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

from draws import Draw

from leakdog.cli import main

# No C compiler is needed to build pprof, and no time zone is that of the machine.
ENVIRONMENT = {**os.environ, "TZ": "UTC", "CGO_ENABLED": "0", "PPROF_BINARY_PATH": "/nowhere"}
NO_LABELS = "no sample of this profile has a label"


@cache
def tool() -> str:
    """The path of pprof itself, which `go tool` builds when it is first asked for."""
    go = str(Path(sys.executable).parent / "go")
    subprocess.run([go, "tool", "pprof", "-h"], env=ENVIRONMENT, capture_output=True, timeout=300)
    found = subprocess.run([go, "tool", "-n", "pprof"], env=ENVIRONMENT, capture_output=True, check=True, text=True)
    return found.stdout.strip()


def theirs(draw: Draw) -> str | None:
    """What pprof prints; None where it fails."""
    done = subprocess.run(
        [tool(), "-symbolize=none", *draw.theirs()], env=ENVIRONMENT, capture_output=True, text=True, timeout=60
    )
    return None if done.returncode else _plain(draw, done.stdout)


def ours(draw: Draw) -> str | None:
    """What leakdog prints; None where it fails."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = main(draw.ours())
    return None if code else _plain(draw, out.getvalue())


def differ(draw: Draw) -> tuple[str | None, str | None] | None:
    """What both print, where it is not the same. Where pprof's own output is another each time, any of them will do."""
    mine = ours(draw)
    for _ in range(6):
        wanted = theirs(draw)
        if same(mine, wanted):
            return None
    return mine, wanted


def same(mine: str | None, wanted: str | None) -> bool:
    """Whether two texts are equal; lines may be in another order where numbers are below zero.

    pprof has no order for a number below zero and an equal one above it.
    """
    if mine is None or wanted is None:
        return mine == wanted
    return mine == wanted or (_below_zero(mine) and sorted(mine.splitlines()) == sorted(wanted.splitlines()))


def _below_zero(text: str) -> bool:
    """Whether there are such numbers in it."""
    return re.search(r" -\d", text) is not None


def _plain(draw: Draw, text: str) -> str:
    """Without the look of a graph, the words on why there is no source, and what times a difference is of."""
    text = text.replace(NO_LABELS, "").rstrip("\n")
    if draw.verb == "dot":
        text = _drawn(text)
    if draw.verb == "raw":  # pprof makes up a binary where a profile has none
        text = re.sub(r"^1: 0x0/0x0/0x0   ?$", "", text, flags=re.MULTILINE).rstrip("\n")
        text = text if re.search(r"Mappings\n.", text) else text.replace(" M=1 ", " ")
    if draw.verb == "list":
        text = re.sub(r"^ Error: .*", " Error", text, flags=re.MULTILINE)
    if draw.base:
        text = re.sub(r"(?:(?<=\\l)|^)(?:Time|Duration): .*?(?:\n|\\l)", "", text, flags=re.MULTILINE)
    return text


def _drawn(text: str) -> str:
    text = re.sub(r' (?:id|color|fillcolor|labeltooltip)="[^"]*"| (?:weight|penwidth)=1(?=[\] ])', "", text)
    text = re.sub(r"\\l\\lSee http[^\\]*", "", text.replace("label = ", "label="))
    text = re.sub(r'subgraph cluster_\w* { ".*?" \[shape=box fontsize=16 label="(.*?)".*\] }', r"\1", text)
    text = re.sub(r"Dropped \d+ edges? [^\\]*\\l", "", text)  # which pprof forgets where no node is cut off
    return "\n".join(text.splitlines()[2:])
