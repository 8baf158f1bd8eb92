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
    results = []
    for file, unit in (("bytes.csv", "bytes"), ("counts.csv", "count")):
        results += _replay(folder / file, unit, "production")
        with tempfile.TemporaryDirectory() as name:
            phases = Path(name) / file
            if _cut(folder / file, phases):
                results += _replay(phases, unit, "soak")
    alarms = sum(len(each["alerts"]) for each in results)
    early = sum(each["verdict"] == "too_early" for each in results)
    print(f"{alarms or 'no'} alarms in {len(results)} series; of {early} of them too little was seen for a verdict")
    return min(alarms, 1)


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


def _cut(whole: Path, phases: Path) -> bool:
    """Copy the steady phases of a recording, each as a series of its own; whether there is any yet."""
    with whole.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    begin, end = float(rows[0]["timestamp"]), float(rows[-1]["timestamp"])
    services = {row["series"].partition("/")[0] for row in rows}
    spans = {service: rhythm.steady(service, begin, end) for service in services}
    with phases.open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        for row in rows:
            for phase in spans[row["series"].partition("/")[0]]:
                if phase.begin + SETTLE_SECONDS <= float(row["timestamp"]) < phase.end:
                    begun = datetime.fromtimestamp(phase.begin, UTC)
                    writer.writerow(row | {"series": f"{row['series']} {phase.kind} {begun:%H:%M}"})
    return any(spans.values())
