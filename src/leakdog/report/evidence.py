"""The evidence for a leak as files: what it says, what was measured, profiles before and after, and how to look.

Pure: bytes in, bytes out.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leakdog.attribute.ledger import Part
from leakdog.model import Unit
from leakdog.report.leak import headline, leak_text, unix_time
from leakdog.report.ledger import ledger_of, ledger_text
from leakdog.report.page import Block, Code, Heading, Items, Paragraph, Picture, html_page, markdown
from leakdog.report.svg import Growth, standalone, trend
from leakdog.report.words import human_time

Json = Mapping[str, Any]

# What is in a bundle, in the order in which it is told of; a file that could not be had is not there.
FILES = {
    "README.md": "what leaks, why leakdog says so, and which code",
    "README.html": "the same as a page",
    "verdict.json": "the leak as the API gives it",
    "chart.svg": "the trend of the leaking signal",
    "series.csv": "every number of the target over the leak, with what its memory was made of",
    "heap-baseline.pb.gz": "heap profile from when the growth began",
    "heap-latest.pb.gz": "the last heap profile",
    "heap-diff.pb.gz": "the last heap profile minus the baseline",
    "heap-exit.pb.gz": "the last heap profile of a process before this one that grew in the same way and ended",
    "goroutine-baseline.pb.gz": "goroutines when the growth began",
    "goroutine-latest.pb.gz": "the last goroutine profile",
    "goroutine-diff.pb.gz": "the last goroutine profile minus the baseline",
    "goroutine-exit.pb.gz": "the last goroutine profile of a process before this one that ended",
    "goroutineleak-latest.pb.gz": "goroutines of which the collector has proved that they can never wake",
    "goroutines.txt": "stacks of all goroutines, who started them and how long they wait",
    "allocs.pb.gz": "what was allocated since the start",
    "threadcreate.pb.gz": "what made the threads of the system",
    "cmdline.txt": "the command line of the process",
    "mutex.pb.gz": "who holds locks that others wait for; empty unless the program calls SetMutexProfileFraction",
    "block.pb.gz": "where goroutines wait; empty unless the program calls SetBlockProfileRate",
    "profile.pb.gz": "where its processor time goes",
    "trace.out": "an execution trace, for go tool trace",
}
STACKS = 5
# A month of readings each minute is less; of more, every second, third, ... line is left out.
MOST_ROWS = 50_000

Columns = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Exhibits:
    """What a bundle is made of.

    Attributes:
        leak: as the API gives it.
        series: times (n,) in unix seconds, rising, and values (n,), by the name of the signal.
        pairs: of each kind, a profile from before the growth and the last one; None where there is none.
        differences: of each kind, the last less the one before, gzipped; a kind is left out where it is not known.
        kept: files that were collected, by name.
        collected: when each of these was, unix seconds.

    """

    leak: Json
    series: Mapping[str, Columns]
    pairs: Mapping[str, tuple[bytes | None, bytes | None]]
    differences: Mapping[str, bytes]
    kept: Mapping[str, bytes]
    collected: Mapping[str, float]


def bundle(exhibits: Exhibits) -> dict[str, bytes]:
    """All files, in the order of `FILES`."""
    leak = exhibits.leak
    found = {name: data for name, data in exhibits.kept.items() if name in FILES}
    found |= {"verdict.json": verdict(leak), "series.csv": series_csv(exhibits.series)}
    for kind, pair in exhibits.pairs.items():
        found |= profiles(kind, *pair, exhibits.differences.get(kind))
    picture = chart(leak, exhibits.series)
    found |= {"chart.svg": picture.encode()} if picture else {}
    page = list(_page(exhibits, [name for name in FILES if name in found], picture))
    found |= {"README.md": markdown(page).encode(), "README.html": html_page(page).encode()}
    return {name: found[name] for name in FILES if name in found}


def verdict(leak: Json) -> bytes:
    """The leak as JSON."""
    return (json.dumps(leak, indent=2) + "\n").encode()


def chart(leak: Json, series: Mapping[str, Columns]) -> str:
    """The trend of the leaking signal as a picture of its own; empty where there are too few points."""
    times, values = series.get(leak["signal"], (np.empty(0), np.empty(0)))
    if len(times) < 2 or times[-1] <= times[0]:
        return ""
    fired = leak.get("firing_since")
    growth = Growth(unix_time(leak["since"]), leak.get("growth_per_second"), unix_time(fired) if fired else None)
    return standalone(trend(times, values, leak["signal"], Unit(leak["unit"]), [growth]))


def series_csv(series: Mapping[str, Columns]) -> bytes:
    """A line per time: every signal read then, and the parts of memory as far as these tell. Unknown is empty."""
    rows: dict[float, dict[str, float]] = {}
    for name, (times, values) in series.items():
        for time, value in zip(times.tolist(), values.tolist(), strict=True):
            rows.setdefault(time, {})[name] = value
    order = sorted(rows)
    order = order[:: -(-len(order) // MOST_ROWS) or 1]
    for time in order:
        found = ledger_of(rows[time])
        rows[time].update({f"ledger_{part.value}": size for part, size in found.parts.items()} if found else {})
    told = {name for time in order for name in rows[time]}
    parts = [f"ledger_{part.value}" for part in Part if f"ledger_{part.value}" in told]
    out = io.StringIO()
    writer = csv.DictWriter(out, ["time", *sorted(told - set(parts)), *parts], lineterminator="\n")
    writer.writeheader()
    writer.writerows({"time": _rfc3339(time), **rows[time]} for time in order)
    return out.getvalue().encode()


def profiles(
    kind: str, baseline: bytes | None, latest: bytes | None, difference: bytes | None = None
) -> dict[str, bytes]:
    """The profiles of one kind that there are, and their difference where it is known."""
    files = {}
    if latest is not None:
        files[f"{kind}-latest.pb.gz"] = latest
    if baseline is not None and latest is not None and baseline != latest:
        files[f"{kind}-baseline.pb.gz"] = baseline
        files |= {f"{kind}-diff.pb.gz": difference} if difference is not None else {}
    return files


def commands(names: Sequence[str]) -> str:
    """Lines to type in the unpacked bundle."""
    pairs = [(f"{kind}-baseline.pb.gz", f"{kind}-latest.pb.gz") for kind in ("heap", "goroutine")]
    lines = [f"go tool pprof -diff_base {base} {latest}" for base, latest in pairs if {base, latest} <= set(names)]
    lines += [f"go tool pprof -http : {name}" for name in names if name.endswith("-diff.pb.gz")]
    lines += [f"go tool pprof -http : {name}" for name in names if name == "profile.pb.gz"]
    lines += [f"go tool trace {name}" for name in names if name == "trace.out"]
    lines += [f"leakdog top {name}" for name in names if name.endswith("-latest.pb.gz")]
    return "\n".join(lines)


def _page(exhibits: Exhibits, names: Sequence[str], picture: str) -> Iterator[Block]:
    leak = exhibits.leak
    yield Heading(headline(leak), 1)
    if picture:
        yield Picture("chart.svg", f"{leak['signal']} over time", picture)
    yield Heading("Verdict")
    yield Code(leak_text(leak, stacks=STACKS).partition("\n\n")[2])
    found = ledger_of({name: float(values[-1]) for name, (_, values) in exhibits.series.items() if len(values)})
    if found is not None:
        yield Heading("What its memory was made of when it was last read")
        yield Code(ledger_text(found))
    if lines := commands(names):
        yield Heading("To look further")
        yield Code(lines)
    yield Heading("Files")
    yield Items([(name, _about(name, exhibits)) for name in names if not name.startswith("README")])
    yield Paragraph("Profiles and dumps hold names, paths and arguments of your program: share them with care.")


def _about(name: str, exhibits: Exhibits) -> str:
    """What a file is, and when it was collected if it tells of one moment only."""
    collected = exhibits.collected.get(name)
    fresh = name.partition("-")[0] in exhibits.pairs and not name.endswith("-exit.pb.gz")
    return FILES[name] if collected is None or fresh else f"{FILES[name]} ({human_time(collected)})"


def _rfc3339(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
