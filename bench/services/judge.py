"""Replay a recording with `leakdog backtest`: as in production, and as soak runs."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.services import rhythm

SETTLE_SECONDS = 120.0  # a soak run begins after its load did


def judge(folder: Path) -> int:
    """Print each series' verdict and alarms; 1 if there is any alarm, else 0.

    A soak run has an even load by its nature, so what is judged as one is each steady phase of the recording by itself.
    """
    alarms = 0
    for file, unit in (("bytes.csv", "bytes"), ("counts.csv", "count")):
        alarms += _replay(folder / file, unit, "production")
        with tempfile.TemporaryDirectory() as name:
            phases = Path(name) / file
            _cut(folder / file, phases)
            alarms += _replay(phases, unit, "soak")
    print(f"{alarms or 'no'} alarms")
    return min(alarms, 1)


def _replay(file: Path, unit: str, preset: str) -> int:
    """Print what a replay says, and give its alarms."""
    command = [sys.executable, "-m", "leakdog", "backtest", str(file), "--json", "--unit", unit, "--preset", preset]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    results: list[dict[str, Any]] = [json.loads(line) for line in lines]
    for each in results:
        print(f"{preset:10} {each['series']:36} {each['verdict']:12} {'; '.join(each['reasons'])[:90]}")
        for alert in each["alerts"]:
            at = datetime.fromtimestamp(alert["from"], UTC)
            print(f"  ALARM {at:%H:%M:%S} growth {alert['growth_per_second']:.4g}/s: {'; '.join(alert['reasons'])}")
    return sum(len(each["alerts"]) for each in results)


def _cut(whole: Path, phases: Path) -> None:
    """Copy the steady phases of a recording, each as a series of its own."""
    with whole.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    times = [float(row["timestamp"]) for row in rows]
    spans = {
        service: rhythm.steady(service, times[0], times[-1])
        for service in {row["series"].partition("/")[0] for row in rows}
    }
    with phases.open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        for row, time in zip(rows, times, strict=True):
            for phase in spans[row["series"].partition("/")[0]]:
                if phase.begin + SETTLE_SECONDS <= time < phase.end:
                    begun = datetime.fromtimestamp(phase.begin, UTC)
                    writer.writerow(row | {"series": f"{row['series']} {phase.kind} {begun:%H:%M}"})
