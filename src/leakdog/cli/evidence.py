"""`leakdog evidence`: all that proves a leak, in one archive."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from leakdog.cli.client import Client, add_arguments
from leakdog.errors import LeakdogError
from leakdog.model import Kind
from leakdog.report.leak import target_name, unix_time

EPILOG = """examples:
  leakdog evidence 3f9c2a                        leakdog-3f9c2a71b0.tar.gz in this folder
  leakdog evidence 3f9c2a -o leak.tar.zst
  leakdog evidence 3f9c2a --stored               ask the target nothing: what the daemon has is enough

In it: the verdict as text, page and JSON, a chart, all numbers, profiles from before and after with their difference
and the lines to look at them, and what the target tells now: a goroutine dump, allocations, its command line.
"""
STORED = (Kind.HEAP, Kind.GOROUTINE, Kind.GOROUTINELEAK)
# What the target is asked, by the file that it becomes.
LIVE = {
    "goroutines.txt": "goroutine?debug=2",
    "allocs.pb.gz": "allocs",
    "threadcreate.pb.gz": "threadcreate",
    "cmdline.txt": "cmdline",
}
PPROF_PATH = "/debug/pprof"
MOST_SNAPSHOTS = 10_000

Json = Mapping[str, Any]


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "evidence",
        help="all that proves a leak, in one archive",
        description="Put all that proves a leak into one archive: verdict, numbers, profiles, goroutine dump.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("leak", metavar="LEAK", help="a leak's id, or the beginning of it")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="archive to write, .tar.gz or .tar.zst (default leakdog-LEAK.tar.gz)",
    )
    parser.add_argument(
        "--stored", action="store_true", help="take only what the daemon has stored; ask the target nothing"
    )
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the archive and say what is in it.

    Raises:
        ApiError: no daemon answers, or it has no such leak.
        LeakdogError: the archive cannot be written.

    """
    from leakdog.cli.archive import write_archive

    client = Client(args.server)
    leak = client.leak(args.leak)
    path = args.output or Path(f"leakdog-{leak['id']}.tar.gz")
    files = gather(client, leak, ask_target=not args.stored)
    write_archive(path, files, f"leakdog-{leak['id']}", time.time())
    if args.json:
        print(json.dumps({"file": str(path), "files": {name: len(data) for name, data in files.items()}}, indent=2))
    else:
        print(f"{path}: {len(files)} files; begin with README.md")
    return 0


def gather(client: Client, leak: Json, *, ask_target: bool) -> dict[str, bytes]:
    """The files of a leak's bundle, as far as they can be had."""
    from leakdog.report.evidence import FILES, profiles, readme, series_csv, verdict

    name = target_name(leak)
    target = next(
        (each for each in client.listing("/api/v1/targets", "targets") if f"{each['job']}/{each['instance']}" == name),
        {},
    )
    since = unix_time(leak["since"])
    start = max(since - (unix_time(leak.get("updated") or leak["since"]) - since), _life_start(target))
    series = client.listing("/api/v1/series", "series", target=name, **{"from": str(start)})
    found = {"verdict.json": verdict(leak), "series.csv": series_csv(series), **_chart(leak, series)}
    for kind in STORED:
        found |= profiles(kind.value, *_pair(client, name, kind, _life_start(target), since))
    if ask_target and target.get("up") and target.get("url"):
        found |= _live(str(target["url"]))
    found = {name: found[name] for name in FILES if name in found}
    return readme(leak, target, list(found)) | found


def _life_start(target: Json) -> float:
    """When the process started, from when its profiles can be compared; 0 where that is not known."""
    return unix_time(target["life_start"]) if target.get("life_start") else 0.0


def _pair(client: Client, name: str, kind: Kind, life_start: float, since: float) -> tuple[bytes | None, bytes | None]:
    """The last profile before the growth began, else the first of this life, and the last one."""

    def listed(**bounds: Any) -> list[dict[str, Any]]:
        query = {key: str(value) for key, value in bounds.items()}
        return client.listing("/api/v1/snapshots", "snapshots", target=name, kind=kind.value, **query)

    latest = listed(limit=1, **{"from": life_start})
    before = listed(limit=1, to=since, **{"from": life_start})
    baseline = before or listed(limit=MOST_SNAPSHOTS, **{"from": life_start})[-1:]
    bodies = [
        client.body(f"/api/v1/snapshots/{each[0]['id']}/profile.pb.gz") if each else None for each in (baseline, latest)
    ]
    return bodies[0], bodies[1]


def _chart(leak: Json, series: Sequence[Json]) -> dict[str, bytes]:
    """The trend of the leaking signal as a picture of its own, where there are points enough."""
    import numpy as np

    from leakdog.model import Signal
    from leakdog.report.svg import Growth, standalone, trend

    points: list[tuple[str, float]] = next((each["points"] for each in series if each["signal"] == leak["signal"]), [])
    if len(points) < 2:
        return {}
    times = np.array([unix_time(at) for at, _ in points])
    values = np.array([value for _, value in points], float)
    growth = Growth(unix_time(leak["since"]), leak.get("growth_per_second"))
    picture = trend(times, values, leak["signal"], Signal(leak["signal"]).unit, [growth])
    return {"chart.svg": standalone(picture).encode()}


def _live(url: str) -> dict[str, bytes]:
    """What the target tells now; what it does not is left out."""
    from leakdog.cli.profile import read

    found = {}
    for name, page in LIVE.items():
        try:
            found[name] = read(f"{url}{PPROF_PATH}/{page}", "", "")
        except LeakdogError:
            continue
    if "cmdline.txt" in found:
        found["cmdline.txt"] = found["cmdline.txt"].replace(b"\0", b" ") + b"\n"
    return found
