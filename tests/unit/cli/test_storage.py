"""`leakdog storage`."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from pathlib import Path

import pytest

from leakdog.cli import main
from leakdog.config.schema import StorageConfig
from leakdog.model import Kind, Life, RawProfile, Scrape, Signal, TargetKey
from leakdog.store import open_store
from leakdog.store.pack import closed, opened

Capture = pytest.CaptureFixture[str]
GOOD = (Path(__file__).parents[1] / "pprof" / "testdata" / "etcd-heap.pb.gz").read_bytes()
START = 1.7e9


async def _fill(directory: Path) -> None:
    store = open_store(StorageConfig(path=str(directory)))
    for i in range(60):
        await store.append(
            Scrape(
                key=TargetKey("shop", "../a:1"),
                slot=START + i,
                time=START + i,
                life=Life(START, START),
                values={Signal.RSS: 5e6 + 5e5 * i},
                profiles=(RawProfile(Kind.HEAP, START + i, GOOD),) if i < 2 else (),
            )
        )
    await store.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A store with a minute of numbers and two profiles."""
    asyncio.run(_fill(tmp_path / "data"))
    return tmp_path / "data"


def test_stats_tell_what_takes_the_room(directory: Path, capsys: Capture) -> None:
    """As text and as JSON."""
    assert main(["storage", "stats", str(directory)]) == 0
    out = capsys.readouterr().out
    assert "60 numbers" in out
    assert f"2 heap profiles, fetched as {2 * len(GOOD) / 1024:.1f} KiB" in out
    assert "the rest: names, indexes" in out
    assert re.search(
        r"they are packed into, 2\.\d times less\non disk, with the room that each needs in the file:\n", out
    )
    assert "shop/../a:1: 2 profiles, 60 readings" in out
    assert main(["storage", "stats", str(directory), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["points"], found["first"], found["last"]) == (60, START, START + 59)
    assert found["profiles"] == {"heap": {"count": 2, "bytes": 2 * len(GOOD)}}
    assert 0.3 * len(GOOD) < found["packed_bytes"] < 0.8 * len(GOOD)


async def _age(directory: Path) -> None:
    store = open_store(StorageConfig(path=str(directory)))
    await store.retain(START + 86400)
    await store.put_evidence("9f1c", {"dump": bytes(range(256)) * 16}, START)
    await store.close()


def test_sealed_numbers_are_counted_verified_and_taken_out(directory: Path, tmp_path: Path, capsys: Capture) -> None:
    """As those that were not; one that is damaged is told with its target and span."""
    asyncio.run(_age(directory))
    assert main(["storage", "stats", str(directory), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["points"], found["points_by_seconds"], found["first"]) == (60, {"0": 60}, START)
    assert 1 < found["bytes_per_point"] < 9
    assert found["kind_bytes"]["profiles"] / 2 == found["bytes_per_profile"]
    assert main(["storage", "stats", str(directory)]) == 0
    out = capsys.readouterr().out
    assert "B a number" in out
    assert " evidence" in out
    assert found["kind_bytes"]["evidence"] > 0
    assert main(["storage", "export", str(directory), str(tmp_path / "out")]) == 0
    lines = next((tmp_path / "out").rglob("numbers.csv")).read_text().splitlines()
    assert lines[0] == "series,timestamp,value,start_time,lowest,mean,highest"
    assert (len(lines), lines[1]) == (61, f"rss,{START},5000000.0,{START},5000000.0,5000000.0,5000000.0")
    connection = sqlite3.connect(directory / "leakdog.db")
    connection.execute("UPDATE blocks SET data = x'0102'")
    connection.commit()
    connection.close()
    capsys.readouterr()
    assert main(["storage", "verify", str(directory)]) == 1
    out = capsys.readouterr().out
    assert "block of numbers of shop/../a:1 from 2023-11-14" in out
    assert (
        f"\n`leakdog storage verify {directory} --repair` takes out what is damaged, and nothing else; stop the" in out
    )
    assert main(["storage", "export", str(directory), str(tmp_path / "rest")]) == 1
    told = capsys.readouterr()
    assert "block of numbers 1: a block of numbers is damaged" in told.err
    assert (
        f"\n`leakdog storage verify {directory}` names all that is damaged and, with --repair, takes out what"
        in told.err
    )
    assert "; 1 damaged left out" in told.out
    assert main(["storage", "verify", str(directory), "--repair"]) == 1
    assert "taken out, with 60 numbers and 0 profiles; all else stays" in capsys.readouterr().out
    assert main(["storage", "verify", str(directory)]) == 0


def test_a_file_that_cannot_be_read_whole_is_told_and_the_rest_taken_out(
    directory: Path, tmp_path: Path, capsys: Capture
) -> None:
    """Where SQLite finds a page broken, verify names what is on it, reads the rest, and says how to save that."""
    asyncio.run(_age(directory))
    connection = sqlite3.connect(directory / "leakdog.db")
    (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'blocks'").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    with (directory / "leakdog.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    assert main(["storage", "verify", str(directory)]) == 1
    out = capsys.readouterr().out
    assert "the file: database disk image is malformed\n" in out
    assert "block of numbers of shop/../a:1 of 2023-11-14 22:14:19" in out
    assert "\n4 pieces read, 2 faults\n" in out
    assert f"save what can still be read with `leakdog storage export {directory} FOLDER`" in out
    assert main(["storage", "verify", str(directory), "--repair"]) == 3
    assert f"with `leakdog storage export {directory} FOLDER`" in capsys.readouterr().err
    assert main(["storage", "export", str(directory), str(tmp_path / "out")]) == 1
    assert "2 profiles" in capsys.readouterr().out


def test_names_of_targets_are_shown_inert(directory: Path, tmp_path: Path, capsys: Capture) -> None:
    """A name that moves the cursor is told by its codes, also where what is damaged is named."""
    asyncio.run(_age(directory))
    connection = sqlite3.connect(directory / "leakdog.db")
    connection.execute("UPDATE targets SET instance = char(27) || '[2J'")
    connection.execute("UPDATE blocks SET data = x'0102'")
    connection.execute("UPDATE profiles SET data = x'01ff'")
    connection.commit()
    connection.close()
    for action in (["stats"], ["verify"], ["export", str(tmp_path / "out")]):
        main(["storage", action[0], str(directory), *action[1:]])
        told = capsys.readouterr()
        assert "\x1b" not in told.out + told.err
        assert r"shop/\u001b[2J" in told.out + told.err


def test_a_sound_store_is_verified(directory: Path, capsys: Capture) -> None:
    """Exit code 0; 1 with what is damaged where a profile is."""
    assert main(["storage", "verify", str(directory)]) == 0
    assert capsys.readouterr().out == "2 pieces read, no faults\n"


async def _add_broken(directory: Path) -> None:
    store = open_store(StorageConfig(path=str(directory)))
    profile = RawProfile(Kind.HEAP, START + 99, GOOD[:100])
    await store.append(Scrape(TargetKey("shop", "b"), START + 99, START + 99, Life(START, START), {}, (profile,)))
    await store.close()


def test_a_broken_profile_is_told(directory: Path, capsys: Capture) -> None:
    """With its number and its target."""
    asyncio.run(_add_broken(directory))
    assert main(["storage", "verify", str(directory)]) == 1
    out = capsys.readouterr().out
    assert "(heap) of shop/b of 2023-11-14 " in out
    assert "\n3 pieces read, 1 fault\n" in out


def test_a_store_that_a_daemon_has_is_not_changed(directory: Path, capsys: Capture) -> None:
    """Compact and repair say so; the others read it."""

    async def held() -> list[int]:
        store = open_store(StorageConfig(path=str(directory)))
        found = [main(["storage", *words, str(directory)]) for words in (["compact"], ["verify", "--repair"])]
        found += [main(["storage", *words, str(directory)]) for words in (["stats"], ["verify"])]
        await store.close()
        return found

    assert asyncio.run(held()) == [3, 3, 0, 0]
    assert capsys.readouterr().err.count("a daemon has it open: stop it first, nothing was changed") == 2


def test_a_store_is_compacted(directory: Path, capsys: Capture) -> None:
    """What it was and what it is."""
    assert main(["storage", "compact", str(directory)]) == 0
    assert " before, " in capsys.readouterr().out


def test_all_can_be_taken_out(directory: Path, tmp_path: Path, capsys: Capture) -> None:
    """Profiles of the same content, numbers as `leakdog backtest` reads them; no name leads out of the folder."""
    out = tmp_path / "out"
    assert main(["storage", "export", str(directory), str(out)]) == 0
    (place,) = out.iterdir()
    assert place.parent == out
    assert capsys.readouterr().err == ""
    assert sorted(file.name for file in place.iterdir()) == [
        f"heap-{START:.3f}.pb.gz",
        f"heap-{START + 1:.3f}.pb.gz",
        "numbers.csv",
    ]
    assert closed(opened((place / f"heap-{START:.3f}.pb.gz").read_bytes())) == closed(opened(GOOD))
    capsys.readouterr()
    assert main(["backtest", str(place / "numbers.csv"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["series"] == "rss"


def test_a_folder_that_cannot_be_written_is_told(directory: Path, tmp_path: Path, capsys: Capture) -> None:
    """With what to do."""
    (tmp_path / "file").write_text("")
    assert main(["storage", "export", str(directory), str(tmp_path / "file")]) == 3
    assert "name another folder" in capsys.readouterr().err


def test_a_folder_without_a_store_is_told(tmp_path: Path, capsys: Capture) -> None:
    """With what to give instead."""
    assert main(["storage", "stats", str(tmp_path)]) == 3
    assert "holds no store" in capsys.readouterr().err
