"""A leak goes on in a new build, in which its lines have moved and its function may be called otherwise."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.zoo, pytest.mark.slow]

ZOO = Path(__file__).parents[1] / "zoo"
LONGEST_SECONDS = 180
MOVED = 10
RENAMED, STAYS = "map", "timers"  # cacheSession gets another name; scheduleExpiry only moves
CODE = {RENAMED: "sessions[id] = make(", STAYS: "order := make("}
Leaks = dict[str, dict[str, Any]]


def line_of(code: str) -> int:
    """Where it stands in the old build."""
    (line,) = (
        number for number, text in enumerate((ZOO / "leaks" / "memory.go").read_text().splitlines(), 1) if code in text
    )
    return line


@pytest.fixture(scope="module")
def new_build(build_zoo: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zoo with ten lines more on top of a file, and one function renamed."""
    source = tmp_path_factory.mktemp("next") / "zoo"
    shutil.copytree(ZOO, source)
    file = source / "leaks" / "memory.go"
    text = file.read_text().replace("cacheSession", "rememberVisitor")
    file.write_text(text.replace("import (", "// More.\n" * MOVED + "import (", 1))
    return build_zoo(source)


@pytest.fixture(scope="module")
def lives(
    start_zoo: Callable[..., Any], start_leakdog: Callable[..., Any], new_build: Path, free_port: Callable[[], int]
) -> tuple[Leaks, Leaks]:
    """Firing leaks by program, of the old build and then of the new one in its place."""
    addresses = {name: f"127.0.0.1:{free_port()}" for name in CODE}
    old = {name: start_zoo(name, address=address) for name, address in addresses.items()}
    jobs = "".join(
        f"  - job_name: {name}\n    static_configs: [{{targets: ['{address}']}}]\n"
        for name, address in addresses.items()
    )
    daemon = start_leakdog(
        "global: {scrape_interval: 1s}\nstorage: {path: '{data}'}\ndetection: {preset: soak}\n"
        f"scrape_configs:\n{jobs}"
    )
    before = watch(daemon, lambda leak: bool(leak["culprits"]))
    for program in old.values():
        program.stop()
    for name, address in addresses.items():
        start_zoo(name, binary=new_build, address=address)
    after = watch(daemon, lambda leak: leak["returned"] == 1 and bool(leak["culprits"]))
    assert daemon.stop() == 0
    return before, after


def watch(daemon: Any, wanted: Callable[[dict[str, Any]], bool]) -> Leaks:
    """The leak of each program, once all fire as wanted."""
    end = time.monotonic() + LONGEST_SECONDS
    while True:
        firing = [leak for leak in daemon.json("/api/v1/leaks?state=firing")["leaks"] if wanted(leak)]
        found = {leak["target"]["job"]: leak for leak in firing}
        if set(found) == set(CODE):
            return found
        assert time.monotonic() < end, json.dumps(daemon.json("/api/v1/leaks"), indent=1)
        time.sleep(1)


@pytest.mark.parametrize("name", CODE)
def test_the_line_is_right_in_both_builds(lives: tuple[Leaks, Leaks], name: str) -> None:
    """Class heap before and after, and the first culprit is where the code stands in the build that runs."""
    for leaks, moved in zip(lives, (0, MOVED), strict=True):
        first = leaks[name]["culprits"][0]
        assert leaks[name]["class"] == "heap"
        assert (Path(first["file"]).name, first["line"]) == ("memory.go", line_of(CODE[name]) + moved)


def test_a_site_that_only_moved_is_known(lives: tuple[Leaks, Leaks]) -> None:
    """The same site, which grew before the restart too."""
    before, after = (leaks[STAYS]["culprits"][0] for leaks in lives)
    assert before["stack_id"] == after["stack_id"]
    assert (before["seen_before_restart"], after["seen_before_restart"]) == (False, True)
    assert after["new_in_build"] is None


def test_a_function_that_was_renamed_is_new_in_its_build(lives: tuple[Leaks, Leaks]) -> None:
    """The build before did not have it; the build is told by the id that Go writes into it."""
    first = lives[1][RENAMED]["culprits"][0]
    assert first["function"].endswith("rememberVisitor")
    assert not first["seen_before_restart"]
    assert re.fullmatch(r"[0-9a-f]{40}", first["new_in_build"])
    assert f"new in build {first['new_in_build'][:12]}" in first["note"]
