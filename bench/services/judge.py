"""Replay a recording with `leakdog backtest`: as in production, and as soak runs."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.services import rhythm

SETTLE_SECONDS = 120.0  # a soak run begins after its load did


def judge(folders: Sequence[Path]) -> int:
    """Print each series' verdict and alarms; 1 if there is any alarm, else 0.

    Recordings made one after the other are one history, whose processes have been started anew between them. A soak run
    has an even load by its nature, so what is judged as one is each steady phase of a recording by itself.
    """
    results = []
    seconds = 0.0
    for file, unit in (("bytes.csv", "bytes"), ("counts.csv", "count")):
        with tempfile.TemporaryDirectory() as name:
            whole, phases = Path(name) / file, Path(name) / f"phases-{file}"
            seconds = _join([folder / file for folder in folders], whole)
            results += _replay(whole, unit, "production")
            if _cut([folder / file for folder in folders], phases):
                results += _replay(phases, unit, "soak")
    alarms = sum(len(each["alerts"]) for each in results)
    early = sum(each["verdict"] == "too_early" for each in results)
    print(
        f"{alarms or 'no'} alarms in {len(results)} series over {seconds / 3600:.1f} hours; "
        f"of {early} of them too little was seen for a verdict"
    )
    return min(alarms, 1)


def _join(files: Sequence[Path], whole: Path) -> float:
    """Copy all readings into one file; the seconds for which was recorded."""
    seconds = 0.0
    with whole.open("w", newline="") as out:
        for number, file in enumerate(files):
            with file.open(newline="") as lines:
                rows = csv.reader(lines)
                heading = next(rows)
                at = heading.index("timestamp")
                body = list(rows)
            csv.writer(out).writerows([*([] if number else [heading]), *body])
            seconds += float(body[-1][at]) - float(body[0][at])
    return seconds


def _replay(file: Path, unit: str, preset: str) -> list[dict[str, Any]]:
    """Print what a replay says, and give it."""
    command = [sys.executable, "-m", "leakdog", "backtest", str(file), "--json", "--unit", unit, "--preset", preset]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    results: list[dict[str, Any]] = [json.loads(line) for line in lines]
    for each in results:
        print(f"{preset:10} {each['series']:40} {each['verdict']:12} {'; '.join(each['reasons'])}")
        for alert in each["alerts"]:
            at = datetime.fromtimestamp(alert["from"], UTC)
            print(f"  ALARM {at:%H:%M:%S} growth {alert['growth_per_second']:.4g}/s: {'; '.join(alert['reasons'])}")
    return results


def _cut(files: Sequence[Path], phases: Path) -> bool:
    """Copy the steady phases of recordings, each as a series of its own; whether there is any yet."""
    found = False
    with phases.open("w", newline="") as out:
        for number, file in enumerate(files):
            with file.open(newline="") as lines:
                rows = list(csv.DictReader(lines))
            begin, end = float(rows[0]["timestamp"]), float(rows[-1]["timestamp"])
            services = {row["series"].partition("/")[0] for row in rows}
            spans = {service: rhythm.steady(service, begin, end) for service in services}
            found |= any(spans.values())
            writer = csv.DictWriter(out, rows[0])
            if number == 0:
                writer.writeheader()
            writer.writerows(_in_phases(rows, spans))
    return found


def _in_phases(rows: Iterable[dict[str, str]], spans: dict[str, list[rhythm.Phase]]) -> Iterator[dict[str, str]]:
    for row in rows:
        for phase in spans[row["series"].partition("/")[0]]:
            if phase.begin + SETTLE_SECONDS <= float(row["timestamp"]) < phase.end:
                begun = datetime.fromtimestamp(phase.begin, UTC)
                yield row | {"series": f"{row['series']} {phase.kind} {begun:%d %H:%M}"}
