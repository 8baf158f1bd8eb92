"""`leakdog storage`: what a daemon has stored: how much, whether it is sound, made small, taken out."""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leakdog.errors import LeakdogError, ProfileError, StoreCorrupted

if TYPE_CHECKING:
    from leakdog.model import TargetKey
    from leakdog.store.sqlite.care import Contents

EPILOG = """examples:
  leakdog storage stats /var/lib/leakdog          what is in it, and what takes the room
  leakdog storage verify /var/lib/leakdog         read all of it
  leakdog storage compact /var/lib/leakdog        give free space back; the daemon must be stopped
  leakdog storage export /var/lib/leakdog out/    profiles for `go tool pprof`, numbers for `leakdog backtest`

All but compact may be used while the daemon runs.
"""
NOT_IN_NAMES = re.compile(r"[^\w.-]+")
LISTED = 20
Actions = argparse._SubParsersAction  # argparse has no public name for it


def register(sub: Actions[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "storage",
        help="how much is stored, whether it is sound; compact it, take it out",
        description="Look after what a daemon has stored.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    stats = _action(actions, "stats", "tell what is stored and what takes the room", run_stats)
    stats.add_argument("--json", action="store_true", help="print JSON")
    _action(actions, "verify", "read everything, and tell what is damaged", run_verify)
    _action(actions, "compact", "write the file anew without its free space; the daemon must be stopped", run_compact)
    export = _action(actions, "export", "write profiles and numbers into a folder", run_export)
    export.add_argument("folder", metavar="FOLDER", type=Path, help="folder to write into")


def _action(
    actions: Actions[argparse.ArgumentParser], name: str, text: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    parser = actions.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", metavar="DIR", type=Path, help="storage.path of the daemon")
    parser.set_defaults(run=run)
    return parser


def run_stats(args: argparse.Namespace) -> int:
    """Print what is stored."""
    from leakdog.store.sqlite.care import contents

    found = contents(args.directory)
    print(json.dumps(_as_json(found), indent=2) if args.json else _text(found))
    return 0


def run_verify(args: argparse.Namespace) -> int:
    """Read all; 1 if something is damaged."""
    from leakdog.pprof import parse
    from leakdog.report.words import human_time, plural
    from leakdog.store.sqlite import care

    wrong = [f"the file: {fault}" for fault in care.faults(args.directory)]
    for key, first, last, error in care.damaged_blocks(args.directory):
        wrong.append(f"numbers of {key} from {human_time(first)} to {human_time(last)}: {error}")
    count = 0
    for snapshot, data in care.profiles(args.directory):
        count += 1
        try:
            if isinstance(data, StoreCorrupted):
                raise data
            parse(data)
        except (ProfileError, StoreCorrupted) as error:
            wrong.append(f"snapshot {snapshot.id} ({snapshot.kind.value} of {snapshot.key}): {error}")
    print("\n".join([*wrong, f"{count:,} profiles read, {plural(len(wrong), 'fault') if wrong else 'no faults'}"]))
    return int(bool(wrong))


def run_compact(args: argparse.Namespace) -> int:
    """Compact, and tell what it gave."""
    from leakdog.report.words import human_value
    from leakdog.store.sqlite.care import compact

    before, after = (human_value(size, _bytes()) for size in compact(args.directory))
    print(f"{args.directory}: {before} before, {after} now")
    return 0


def run_export(args: argparse.Namespace) -> int:
    """Write all profiles that are sound, and the numbers of each target as a CSV file.

    Raises:
        LeakdogError: a file cannot be written.

    """
    from leakdog.store.sqlite import care

    count = 0
    try:
        for snapshot, data in care.profiles(args.directory):
            if isinstance(data, StoreCorrupted):
                print(f"snapshot {snapshot.id} ({snapshot.kind.value} of {snapshot.key}): {data}", file=sys.stderr)
                continue
            packed = ".pb.gz" if data[:2] == b"\x1f\x8b" else ".pb"
            _write(args.folder, snapshot.key, f"{snapshot.kind.value}-{snapshot.time:.3f}{packed}", data)
            count += 1
        targets = care.contents(args.directory).targets
        for key in targets:
            _write_numbers(args.directory, args.folder, key)
    except OSError as error:
        raise LeakdogError(f"writing into {args.folder}: {error}; name another folder") from error
    print(f"{count:,} profiles and the numbers of {len(targets):,} targets are in {args.folder}")
    return 0


def _write(folder: Path, key: TargetKey, name: str, data: bytes) -> None:
    place = _place(folder, key)
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(data)


def _place(folder: Path, key: TargetKey) -> Path:
    """A folder of the target's own. A dot alone or two of them would be another one."""
    return folder / "_".join(NOT_IN_NAMES.sub("_", part).strip(".") or "_" for part in key)


def _write_numbers(directory: Path, folder: Path, key: TargetKey) -> None:
    """In the columns that `leakdog backtest` reads."""
    from leakdog.store.sqlite import care

    place = _place(folder, key)
    place.mkdir(parents=True, exist_ok=True)
    with (place / "numbers.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("series", "timestamp", "value", "start_time", "lowest", "mean", "highest"))
        for signal, found in care.readings(directory, key):
            arrays = (found.times, found.values, found.life_starts, found.lows, found.means, found.highs)
            columns = [each.tolist() for each in arrays]
            writer.writerows((signal.value, *row) for row in zip(*columns, strict=True))


def _as_json(found: Contents) -> dict[str, Any]:
    return {
        "bytes": found.bytes,
        "free_bytes": found.free_bytes,
        "points": found.points,
        "first": found.first,
        "last": found.last,
        "packed_bytes": found.packed_bytes,
        "kind_bytes": found.kind_bytes,
        "points_by_seconds": {str(seconds): points for seconds, points in found.folded.items()},
        "bytes_per_point": _per(found.kind_bytes["numbers"], found.points),
        "bytes_per_profile": _per(found.kind_bytes["profiles"], _count(found)),
        "profiles": {kind.value: {"count": count, "bytes": size} for kind, (count, size) in found.profiles.items()},
        "targets": [
            {"job": key.job, "instance": key.instance, "profiles": count, "readings": rows, "profile_bytes": size}
            for key, (count, rows, size) in found.targets.items()
        ],
    }


def _text(found: Contents) -> str:
    from leakdog.report.words import human_time, human_value, plural

    def size(value: int) -> str:
        return human_value(value, _bytes())

    since = "" if found.first is None else f" since {human_time(found.first)}"
    lines = [
        f"{size(found.bytes)} on disk, {size(found.free_bytes)} free; {plural(len(found.targets), 'target')}{since}",
        f"{found.points:>12,} numbers" + _folded(found),
    ]
    lines += [
        f"{count:>12,} {kind.value} profiles, fetched as {size(total)}"
        for kind, (count, total) in found.profiles.items()
    ]
    fetched = sum(total for _, total in found.profiles.values())
    if found.packed_bytes:
        lines.append(
            f"{size(found.packed_bytes):>12} they take, {fetched / found.packed_bytes:.1f} times less than was fetched"
        )
    lines += [f"{size(total):>12} {kind}" + _each(found, kind) for kind, total in found.kind_bytes.items()]
    rest = found.bytes - found.free_bytes - sum(found.kind_bytes.values())
    lines.append(f"{size(max(0, rest)):>12} the rest: names, indexes, and the log of what was written last")
    lines.append("fetched from each target:")
    listed = list(found.targets.items())[:LISTED]
    lines += [f"{size(total):>12} {key}: {count:,} profiles, {rows:,} readings" for key, (count, rows, total) in listed]
    more = len(found.targets) - len(listed)
    return "\n".join([*lines, f"             and {more:,} more"] if more else lines)


def _folded(found: Contents) -> str:
    """How many numbers are what was read, and how many stand for several."""
    spans = {300: "five minutes", 3600: "an hour"}
    told = [f"{points:,} for {spans[seconds]} each" for seconds, points in sorted(found.folded.items()) if seconds]
    return f": {', '.join([f'{found.folded[0]:,} as read', *told])}" if told else ""


def _each(found: Contents, kind: str) -> str:
    """What one of a kind takes."""
    counts = {"numbers": ("number", found.points), "profiles": ("profile", _count(found))}
    name, count = counts.get(kind, ("", 0))
    each = _per(found.kind_bytes[kind], count)
    return "" if each is None else f", {each:,.1f} B a {name}"


def _count(found: Contents) -> int:
    return sum(count for count, _ in found.profiles.values())


def _per(total: int, count: int) -> float | None:
    return round(total / count, 2) if count else None


def _bytes() -> Any:
    from leakdog.model import Unit

    return Unit.BYTES
