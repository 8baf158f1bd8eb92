"""`--growth` of `top`, `list` and `traces`."""

import gzip
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leakdog.cli import main
from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, encode
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType

Serve = Callable[[dict[str, Any]], str]
Capture = pytest.CaptureFixture[str]
SPACE = ValueType("inuse_space", "bytes")
NEW_YEAR = 1_767_225_600  # 2026, unix seconds


def heap(kept: int, minute: int, file: str = "a.go") -> bytes:
    """`main` calls `keep`, which holds so many bytes, at this minute of an hour."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    frames = (Frame("keep", file, 2), Frame("main", "a.go", 4))
    builder.sample([kept], [builder.location(number, (frame,)) for number, frame in enumerate(frames, 1)])
    made = replace(builder.build(SPACE, 1), time_nanos=(NEW_YEAR + 60 * minute) * 10**9)
    return gzip.compress(encode(made))


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Five profiles, a minute apart: 60 bytes more in each."""
    (tmp_path / "run").mkdir()
    for minute in range(5):
        (tmp_path / "run" / f"{minute}.pb.gz").write_bytes(heap(60 * minute, minute))
    return str(tmp_path / "run")


def test_functions_that_grow(folder: str, capsys: Capture) -> None:
    """Text, and JSON with rates per second and raw numbers."""
    assert main(["top", folder, "--growth"]) == 0
    assert "   3.52kB        ±0 100.0%    3.52kB      240B  keep\n" in capsys.readouterr().out
    assert main(["top", folder, "--growth", "-n", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {key: value for key, value in found.items() if key != "rows"} == {
        "sample_type": "inuse_space",
        "unit": "bytes",
        "profiles": 5,
        "from": "2026-01-01T00:00:00.000Z",
        "to": "2026-01-01T00:04:00.000Z",
        "total": 240,
        "growth_per_second": 1.0,
        "interval": [1.0, 1.0],
    }
    rate = {"growth_per_second": 1.0, "interval": [1.0, 1.0], "share": 1.0}
    assert found["rows"] == [
        {"name": "keep", "flat": 240, "cum": 240, **rate, **{f"cum_{name}": each for name, each in rate.items()}}
    ]


@pytest.mark.parametrize("verb", ["top", "traces"])
def test_a_terminal_is_not_overrun(capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verb: str) -> None:
    """Names are cut to its width there, and nowhere else."""
    deep = tmp_path / ("very" * 20)
    for minute in range(2):
        (tmp_path / f"{minute}.pb.gz").write_bytes(heap(60 * minute, minute, file=f"{deep}/a.go"))
    arguments = [verb, *(str(tmp_path / f"{minute}.pb.gz") for minute in range(2)), "--growth", "--granularity=lines"]
    assert main(arguments) == 0
    assert f"  keep {deep}/a.go:2\n" in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [len(line) for line in lines if line.endswith("/a.go:2")] == [80]


def test_stacks_that_grow(folder: str, capsys: Capture) -> None:
    """Text and JSON."""
    assert main(["traces", folder, "--growth"]) == 0
    assert "100.0%      240B   keep\n" in capsys.readouterr().out
    assert main(["traces", folder, "--growth", "--json", "--granularity", "lines"]) == 0
    (trace,) = json.loads(capsys.readouterr().out)["traces"]
    assert (trace["stack"], trace["growth_per_second"]) == (["keep a.go:2", "main a.go:4"], 1.0)


def test_lines_that_grow(folder: str, capsys: Capture, tmp_path: Path) -> None:
    """Text and JSON, with their source; lines that hold nothing have no trend."""
    (tmp_path / "a.go").write_text("one\ntwo\nthree\n")
    assert main(["list", "keep", folder, "--growth", "--source-path", str(tmp_path)]) == 0
    assert " 100.0%      2:two\n" in capsys.readouterr().out
    assert main(["list", "keep", folder, "--growth", "--source-path", str(tmp_path), "--json"]) == 0
    (routine,) = json.loads(capsys.readouterr().out)["routines"]
    assert routine["lines"][0] == {"line": 1, "source": "one"}
    assert routine["lines"][1]["cum_growth_per_second"] == 1.0


def test_what_the_daemon_stored_grows(serve: Serve, capsys: Capture) -> None:
    """One TARGET@TIME stands for all until then, of which forty are fetched, the first and the last among them."""
    times = [f"2026-01-01T00:{minute:02d}:00.000Z" for minute in range(60)]
    answers: dict[str, Any] = {
        "/api/v1/snapshots": {"snapshots": [{"id": i, "time": times[i]} for i in reversed(range(60))]},
        **{f"/api/v1/snapshots/{i}/profile.pb.gz": (200, heap(60 * i, i)) for i in range(60)},
    }
    server = serve(answers)
    where = "shop/10.0.0.7:6060@2026-01-01T01:00:00Z"
    assert main(["top", where, "--growth", "--json", "--server", server]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["profiles"], found["from"], found["to"]) == (40, times[0], times[-1])
    assert found["growth_per_second"] == pytest.approx(1.0)
    assert "to=2026-01-01T01%3A00%3A00Z" in answers["asked"][0]


def test_what_grew_before_a_restart_is_no_growth_of_the_life_that_the_store_knows(
    serve: Serve, capsys: Capture
) -> None:
    """Profiles that do not tell of a restart by themselves are of the life that the daemon stored them with."""
    times = [f"2026-01-01T00:{minute:02d}:00.000Z" for minute in range(60)]
    kept = [*range(0, 40 * 60, 60), *range(0, 20 * 120, 120)]  # started anew at minute 40, and twice as fast since
    listed = [{"id": i, "time": times[i], "life_start": times[0 if i < 40 else 40]} for i in reversed(range(60))]
    bodies = {f"/api/v1/snapshots/{i}/profile.pb.gz": (200, heap(kept[i], i)) for i in range(60)}
    server = serve({"/api/v1/snapshots": {"snapshots": listed}, **bodies})
    assert main(["top", "shop/10.0.0.7:6060@latest", "--growth", "--json", "--server", server]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["profiles"], found["from"], found["to"]) == (20, times[40], times[-1])
    assert found["growth_per_second"] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["top", "FOLDER", "FOLDER"], 2, "one profile is shown at a time; add --growth"),
        (["top", "FOLDER", "--growth", "--base", "b"], 2, "not allowed with argument --growth"),
        (["traces", "http://127.0.0.1:1", "--growth"], 3, "http://127.0.0.1:1 gives one profile; growth needs files"),
        (["top", "FOLDER/0.pb.gz", "--growth"], 3, "growth is told by two profiles of inuse_space or more"),
    ],
)
def test_what_tells_no_growth_is_an_error(
    folder: str, capsys: Capture, arguments: list[str], code: int, why: str
) -> None:
    """Wrong usage ends with 2, profiles that do not do with 3; either says why."""
    try:
        ended = main([argument.replace("FOLDER", folder) for argument in arguments])
    except SystemExit as exit_:
        ended = int(exit_.code or 0)
    assert ended == code
    assert why in capsys.readouterr().err
