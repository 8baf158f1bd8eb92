"""A store's file as a folder of files."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from leakdog.cli import main
from leakdog.config.schema import StorageConfig
from leakdog.model import Leak, LeakClass, LeakState, Life, Scrape, Signal, TargetKey
from leakdog.store import open_store

START = 1.7e9


async def _leaking(directory: Path) -> None:
    store = open_store(StorageConfig(path=str(directory)))
    leak = Leak("9f1c", TargetKey("shop", "../a:1"), Signal.RSS, LeakClass.NATIVE, LeakState.FIRING, START, START + 60)
    await store.put_leaks([leak])
    await store.put_evidence("9f1c", {"cmdline.txt": b"shop -v"}, START)
    for instance in ("../a:1", "a:1", "a_1", "A:1"):
        await store.append(Scrape(TargetKey("shop", instance), START, START, Life(START, START), {Signal.RSS: 1.0}))
    await store.close()


def test_leaks_and_all_targets_are_taken_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what proves them; targets whose names give the same folder have one each."""
    directory = tmp_path / "data"
    asyncio.run(_leaking(directory))
    out = tmp_path / "out"
    assert main(["storage", "export", str(directory), str(out)]) == 0
    assert capsys.readouterr().out == f"no profiles, the numbers of 4 targets and 1 leak are in {out}\n"
    assert sorted(each.name for each in out.iterdir()) == [
        "evidence",
        "leaks.json",
        "shop_A_1-3",
        "shop__a_1",
        "shop_a_1",
        "shop_a_1-2",
    ]
    assert (out / "evidence" / "9f1c" / "cmdline.txt").read_bytes() == b"shop -v"
    (leak,) = json.loads((out / "leaks.json").read_text())["leaks"]
    assert (leak["id"], leak["target"]) == ("9f1c", {"job": "shop", "instance": "../a:1"})


def test_what_is_of_targets_without_names_is_taken_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each under its number, and it is told, where neither their table nor its index can be read."""
    directory, out = tmp_path / "data", tmp_path / "out"
    asyncio.run(_leaking(directory))
    connection = sqlite3.connect(directory / "leakdog.db")
    query = "SELECT rootpage FROM sqlite_master WHERE tbl_name = 'targets'"
    roots = [root for (root,) in connection.execute(query)]
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    with (directory / "leakdog.db").open("r+b") as file:
        for root in roots:
            file.seek((root - 1) * size)
            file.write(b"\xff" * size)
    assert main(["storage", "export", str(directory), str(out)]) == 1
    told = capsys.readouterr()
    assert "target 1, 2, 3, 4: its name cannot be read, and what is of it has its number instead" in told.err
    assert "the numbers of 4 targets and 1 leak" in told.out
    assert sorted(each.name for each in out.iterdir()) == [
        "evidence",
        "leaks.json",
        *(f"target_{number}" for number in range(1, 5)),
    ]
