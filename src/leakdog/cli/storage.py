"""`leakdog storage`: what a daemon has stored: how much, whether it is sound, made small, taken out."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leakdog.cli.help import Help
from leakdog.cli.progress import progress
from leakdog.errors import StoreCorrupted

if TYPE_CHECKING:
    from leakdog.store.sqlite.care import Contents

EPILOG = """examples:
  leakdog storage stats /var/lib/leakdog          what is in it, and what takes the room
  leakdog storage verify /var/lib/leakdog         read all of it; --repair takes out what is damaged
  leakdog storage compact /var/lib/leakdog        give free space back
  leakdog storage export /var/lib/leakdog out/    profiles for `go tool pprof`, numbers for `leakdog backtest`

For compact and verify --repair the daemon must be stopped; the others may be used while it runs.
"""
EXPORTING = ("writing into", "name another folder")
LISTED = 20
Actions = argparse._SubParsersAction  # argparse has no public name for it


def register(sub: Actions[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "storage",
        help="how much is stored, whether it is sound; compact it, take it out",
        description="Look after what a daemon has stored.",
        epilog=EPILOG,
        formatter_class=Help,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    stats = _action(actions, "stats", "tell what is stored and what takes the room", run_stats)
    stats.add_argument("--json", action="store_true", help="print JSON")
    verify = _action(actions, "verify", "read everything, and tell what is damaged", run_verify)
    verify.add_argument("--repair", action="store_true", help="take out what is damaged; the daemon must be stopped")
    _action(actions, "compact", "write the file anew without its free space; the daemon must be stopped", run_compact)
    export = _action(actions, "export", "write profiles, numbers and leaks into a folder", run_export)
    export.add_argument("folder", metavar="FOLDER", type=Path, help="folder to write into")


def _action(
    actions: Actions[argparse.ArgumentParser], name: str, text: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    parser = actions.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=EPILOG,
        formatter_class=Help,
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
    """Read all; 1 if something is damaged, also if it was taken out."""
    from leakdog.cli.damaged import found_damaged
    from leakdog.report.words import inert
    from leakdog.store.sqlite import care, verify

    opened = care.owned(args.directory, "repairing") if args.repair else care.opened(args.directory)
    with opened as connection, progress() as advance:
        advance("the file", None)
        faults = [f"the file: {inert(fault)}" for fault in verify.faults(connection)]
        count, total, damaged = 0, verify.pieces(connection), []
        for count, found in enumerate(verify.examined(connection), 1):
            advance("what is in it", count / max(count, total))
            damaged += [found] if found else []
        deleted = verify.take_out(connection, damaged) if args.repair and not faults else None
    print(
        "\n".join([*faults, *found_damaged(damaged), f"{count:,} pieces read, {_verdict(len(faults) + len(damaged))}"])
    )
    if faults:
        print(
            "the file itself is damaged, so nothing can be taken out of it safely: save what can still be read with "
            f"`leakdog storage export {args.directory} FOLDER`"
        )
    elif deleted is not None and damaged:
        print(f"taken out, with {deleted.points:,} numbers and {deleted.snapshots:,} profiles; all else stays")
    elif damaged:
        repair = f"`leakdog storage verify {args.directory} --repair`"
        print(f"{repair} takes out what is damaged, and nothing else; stop the daemon first")
    return int(bool(faults or damaged))


def _verdict(count: int) -> str:
    from leakdog.report.words import plural

    return plural(count, "fault") if count else "no faults"


def run_compact(args: argparse.Namespace) -> int:
    """Compact, and tell what it gave."""
    from leakdog.report.words import human_value
    from leakdog.store.sqlite.care import compact

    before, after = (human_value(size, _bytes()) for size in compact(args.directory))
    print(f"{args.directory}: {before} before, {after} now")
    return 0


def run_export(args: argparse.Namespace) -> int:
    """Write all that is sound; 1 if something is not.

    Raises:
        LeakdogError: a file cannot be written.

    """
    from leakdog.cli.damaged import left_out
    from leakdog.cli.folders import make_folder, not_writable
    from leakdog.cli.takeout import take_out
    from leakdog.report.words import inert, plural
    from leakdog.store.pack import REMEDY
    from leakdog.store.sqlite import care

    damaged: dict[tuple[str, int | str], str] = {}

    def note(what: str, which: int | str, error: StoreCorrupted) -> None:
        damaged[what, which] = str(error).removesuffix(REMEDY)

    try:
        with care.opened(args.directory) as connection, progress() as advance:
            make_folder(args.folder, *EXPORTING)
            found = take_out(connection, args.folder, note, advance)
    except OSError as error:
        raise not_writable(error, args.folder, *EXPORTING) from error
    print("".join(f"{inert(line)}\n" for line in left_out(damaged)), end="", file=sys.stderr)
    if damaged:
        verify = f"`leakdog storage verify {args.directory}`"
        print(f"{verify} names all that is damaged and, with --repair, takes out what can be", file=sys.stderr)
    left = f"; {len(damaged):,} damaged left out" if damaged else ""
    print(
        f"{plural(found.profiles, 'profile')}, the numbers of {plural(found.targets, 'target')} and "
        f"{plural(found.leaks, 'leak')} are in {args.folder}{left}"
    )
    return int(bool(damaged))


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
    from leakdog.report.words import human_time, human_value, inert, plural

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
            f"{size(found.packed_bytes):>12} they are packed into, {fetched / found.packed_bytes:.1f} times less"
        )
    lines.append("on disk, with the room that each needs in the file:")
    lines += [f"{size(total):>12} {kind}" + _each(found, kind) for kind, total in found.kind_bytes.items()]
    rest = found.bytes - found.free_bytes - sum(found.kind_bytes.values())
    lines.append(f"{size(max(0, rest)):>12} the rest: names, indexes, and the log of what was written last")
    lines.append("fetched from each target:")
    listed = list(found.targets.items())[:LISTED]
    lines += [
        f"{size(total):>12} {inert(str(key))}: {count:,} profiles, {rows:,} readings"
        for key, (count, rows, total) in listed
    ]
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
