"""A store's file as a folder of files that other programs read: profiles, numbers, leaks and what proves them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leakdog.cli.progress import Advance
from leakdog.errors import StoreCorrupted

if TYPE_CHECKING:
    import sqlite3

    from leakdog.model import TargetKey
    from leakdog.store.sqlite.damage import Note

NOT_IN_NAMES = re.compile(r"[^\w.-]+")
HEADING = ("series", "timestamp", "value", "start_time", "lowest", "mean", "highest")
TOLD_EACH = 50


@dataclass(slots=True)
class TakenOut:
    """How much was written."""

    profiles: int = 0
    targets: int = 0
    leaks: int = 0


def take_out(connection: sqlite3.Connection, folder: Path, note: Note, advance: Advance) -> TakenOut:
    """Write everything that is sound into a folder that is there; what is damaged is noted.

    Raises:
        OSError: a file cannot be written.

    """
    from leakdog.store.sqlite import takeout
    from leakdog.store.sqlite.damage import TARGET

    targets = takeout.targets(connection)
    for number, key in targets.items():
        if key == takeout.nameless(number):
            note(TARGET, number, StoreCorrupted("its name cannot be read, and what is of it has its number instead"))
    places = _places(folder, targets.values())
    return TakenOut(
        _profiles(connection, places, note, advance),
        _numbers(connection, {number: places[key] for number, key in targets.items()}, note, advance),
        _leaks(connection, folder, note, advance),
    )


def _profiles(connection: sqlite3.Connection, places: dict[TargetKey, Path], note: Note, advance: Advance) -> int:
    from leakdog.store.sqlite import reads, takeout

    total, count = reads.totals(connection)[0], 0
    for number, (snapshot, data) in enumerate(takeout.profiles(connection, note)):
        if number % TOLD_EACH == 0:
            advance("profiles", number / max(total, number + 1))
        if isinstance(data, StoreCorrupted):
            note(f"{snapshot.kind.value} profile of {snapshot.key}", snapshot.id, data)
        elif snapshot.key in places:  # of a target that was new meanwhile there is the rest next time
            packed = ".pb.gz" if data[:2] == b"\x1f\x8b" else ".pb"
            _write(places[snapshot.key] / f"{snapshot.kind.value}-{snapshot.time:.3f}{packed}", data)
            count += 1
    return count


def _numbers(connection: sqlite3.Connection, places: dict[int, Path], note: Note, advance: Advance) -> int:
    """In the columns that `leakdog backtest` reads; how many targets have any."""
    from leakdog.store.sqlite import takeout

    count = 0
    for number, (target_id, place) in enumerate(places.items()):
        advance("numbers", number / len(places))
        found = list(takeout.numbers(connection, target_id, note))
        if not found:
            continue
        place.mkdir(parents=True, exist_ok=True)
        with (place / "numbers.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADING)
            for signal, each in found:
                arrays = (each.times, each.values, each.life_starts, each.lows, each.means, each.highs)
                rows = zip(*(array.tolist() for array in arrays), strict=True)
                writer.writerows((signal.value, *row) for row in rows)
        count += 1
    return count


def _leaks(connection: sqlite3.Connection, folder: Path, note: Note, advance: Advance) -> int:
    """Leaks as the API has them, but for the replicas, of which a file knows nothing; and the files that prove them."""
    from leakdog.pipeline.state import Fleet
    from leakdog.store.sqlite import takeout
    from leakdog.web.views import leak_view

    advance("leaks", None)
    views = []
    for leak, files in takeout.leaks(connection, note):
        view = leak_view(leak, Fleet())
        del view["replicas"]
        views.append(view)
        for name, file in files.items():
            _write(folder / "evidence" / _safe(leak.id) / _safe(name), file.data)
    if views:
        _write(folder / "leaks.json", json.dumps({"leaks": views}, indent=1).encode())
    return len(views)


def _places(folder: Path, keys: Iterable[TargetKey]) -> dict[TargetKey, Path]:
    """A folder for each target, of which no two are the same."""
    places: dict[TargetKey, Path] = {}
    taken = {"evidence", "leaks.json"}
    for key in keys:
        name = plain = "_".join(map(_safe, key))
        number = 1
        while name.lower() in taken:
            number += 1
            name = f"{plain}-{number}"
        taken.add(name.lower())
        places[key] = folder / name
    return places


def _safe(name: str) -> str:
    """A name for a file in a folder. A dot alone or two of them would be another folder."""
    return NOT_IN_NAMES.sub("_", name).strip(".") or "_"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
