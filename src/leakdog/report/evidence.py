"""The evidence for a leak as files: what it says, what was measured, profiles before and after, and how to look.

Everything is made of what the API gives, so the bundle of a daemon elsewhere is made here. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from leakdog.attribute.ledger import Part
from leakdog.errors import ProfileError
from leakdog.pprof import encode, parse
from leakdog.report.diff import difference
from leakdog.report.leak import headline, leak_text
from leakdog.report.ledger import ledger_of, ledger_text
from leakdog.report.page import Block, Code, Heading, Items, Paragraph, Picture, html_page, markdown

Json = Mapping[str, Any]

# What is in a bundle, in the order in which it is told of; a file that could not be made is not there.
FILES = {
    "README.md": "what leaks, why leakdog says so, and which code",
    "README.html": "the same as a page",
    "verdict.json": "the leak as the API gives it",
    "chart.svg": "the trend of the leaking signal",
    "series.csv": "every number of the target over the leak, with what its memory was made of",
    "heap-baseline.pb.gz": "heap profile from when the growth began",
    "heap-latest.pb.gz": "the last heap profile",
    "heap-diff.pb.gz": "the last heap profile minus the baseline",
    "goroutine-baseline.pb.gz": "goroutines when the growth began",
    "goroutine-latest.pb.gz": "the last goroutine profile",
    "goroutine-diff.pb.gz": "the last goroutine profile minus the baseline",
    "goroutineleak-latest.pb.gz": "goroutines of which the collector has proved that they can never wake",
    "goroutines.txt": "stacks of all goroutines, who started them and how long they wait, when this was made",
    "allocs.pb.gz": "what was allocated since the start, when this was made",
    "threadcreate.pb.gz": "what made the threads of the system, when this was made",
    "cmdline.txt": "the command line of the process",
}
STACKS = 5


def readme(leak: Json, target: Json, names: Sequence[str]) -> dict[str, bytes]:
    """The page that says it all, in both forms.

    Args:
        leak, target: as the API gives them.
        names: of the other files in the bundle.

    """
    page = list(_page(leak, target, names))
    return {"README.md": markdown(page).encode(), "README.html": html_page(page).encode()}


def verdict(leak: Json) -> bytes:
    """The leak as JSON."""
    return (json.dumps(leak, indent=2) + "\n").encode()


def series_csv(series: Sequence[Json]) -> bytes:
    """A line per time: every signal read then, and the parts of memory as far as these tell. Unknown is empty.

    Args:
        series: as the API gives it; signals of a later daemon are kept, but are no part of the ledger.

    """
    rows: dict[str, dict[str, float]] = {}
    for each in series:
        for time, value in each["points"]:
            rows.setdefault(time, {})[each["signal"]] = value
    signals = sorted({name for row in rows.values() for name in row})
    for row in rows.values():
        found = ledger_of(row)
        row.update({f"ledger_{part.value}": size for part, size in found.parts.items()} if found else {})
    parts = [f"ledger_{part.value}" for part in Part if any(f"ledger_{part.value}" in row for row in rows.values())]
    out = io.StringIO()
    writer = csv.DictWriter(out, ["time", *signals, *parts], lineterminator="\n")
    writer.writeheader()
    writer.writerows({"time": time, **rows[time]} for time in sorted(rows))
    return out.getvalue().encode()


def profiles(kind: str, baseline: bytes | None, latest: bytes | None) -> dict[str, bytes]:
    """The profiles of one kind that there are, and their difference where it can be told."""
    files = {}
    if latest is not None:
        files[f"{kind}-latest.pb.gz"] = latest
    if baseline is not None and latest is not None and baseline != latest:
        files[f"{kind}-baseline.pb.gz"] = baseline
        try:
            diff = encode(difference(parse(baseline), parse(latest)))
        except ProfileError:  # of two builds with other sample types: both are there to be looked at
            return files
        files[f"{kind}-diff.pb.gz"] = gzip.compress(diff, mtime=0)
    return files


def commands(names: Sequence[str]) -> str:
    """Lines to type in the unpacked bundle."""
    pairs = [(f"{kind}-baseline.pb.gz", f"{kind}-latest.pb.gz") for kind in ("heap", "goroutine")]
    lines = [f"go tool pprof -diff_base {base} {latest}" for base, latest in pairs if {base, latest} <= set(names)]
    lines += [f"go tool pprof -http : {name}" for name in names if name.endswith("-diff.pb.gz")]
    lines += [f"leakdog top {name}" for name in names if name.endswith("-latest.pb.gz")]
    return "\n".join(lines)


def _page(leak: Json, target: Json, names: Sequence[str]) -> Iterator[Block]:
    yield Heading(headline(leak), 1)
    if "chart.svg" in names:
        yield Picture("chart.svg", f"{leak['signal']} over time")
    yield Heading("Verdict")
    yield Code(leak_text(leak, stacks=STACKS).partition("\n\n")[2])
    found = ledger_of(target.get("signals"))
    if found is not None:
        yield Heading("What its memory is made of")
        yield Code(ledger_text(found))
    if lines := commands(names):
        yield Heading("To look further")
        yield Code(lines)
    yield Heading("Files")
    yield Items([(name, text) for name, text in FILES.items() if name in names and not name.startswith("README")])
    yield Paragraph("Profiles and dumps hold names, paths and arguments of your program: share them with care.")
