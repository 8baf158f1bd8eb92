"""`leakdog analyze`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leakdog.cli import main
from leakdog.cli.analyze import called, load
from leakdog.detect.state import leak_id
from leakdog.model import Frame, LeakClass
from leakdog.pprof import DEFAULT_LIMITS, encode
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType
from leakdog.report.offline import SAME

SPACE = ValueType("inuse_space", "bytes")
Capture = pytest.CaptureFixture[str]


def record(folder: Path, growth: int, count: int = 40) -> Path:
    """Profiles of a program that keeps so many bytes each second, without times of their own."""
    import os

    folder.mkdir()
    for i in range(count):
        builder = Builder([SPACE], DEFAULT_LIMITS)
        builder.sample([5_000_000 + growth * i], [builder.location(1, (Frame("cart.Put", "/src/cart.go", 8),))])
        file = folder / f"heap-{i:03}.pb.gz"
        file.write_bytes(encode(builder.build(SPACE, 1)))
        os.utime(file, (1.7e9 + i, 1.7e9 + i))
    return folder


@pytest.fixture
def leaking(tmp_path: Path) -> str:
    """A folder of a program that leaks; what is no profile lies there, too."""
    folder = record(tmp_path / "leaking", 500_000)
    (folder / "notes.txt").write_text("made on a Tuesday")
    return str(folder)


@pytest.fixture
def steady(tmp_path: Path) -> str:
    """A folder of one that does not."""
    return str(record(tmp_path / "steady", 0))


def test_a_leak_is_told_with_its_code(leaking: str, capsys: Capture) -> None:
    """Exit code 1, and the words of `leakdog show`."""
    assert main(["analyze", leaking]) == 1
    out = capsys.readouterr().out
    assert "heap leak, 488 KiB/s,\n  by cart.Put (cart.go:8)" in out
    assert "Why leakdog says so:" in out


def test_no_leak_is_told_with_the_reason(steady: str, capsys: Capture) -> None:
    """Exit code 0."""
    assert main(["analyze", steady]) == 0
    assert capsys.readouterr().out.startswith("inuse_space: steady (40 profiles)\n  - changed by 0 B")


def test_json_has_signals_and_leaks(leaking: str, capsys: Capture) -> None:
    """In the shapes of the API."""
    assert main(["analyze", leaking, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["signals"]["inuse_space"]["profiles"] == 40
    assert found["signals"]["inuse_space"]["verdict"] == "leak"
    assert found["leaks"][0]["culprits"][0]["function"] == "cart.Put"


def test_markdown_is_for_a_comment(leaking: str, capsys: Capture) -> None:
    """A heading, the code, and the reasons."""
    assert main(["analyze", leaking, "--markdown"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("## heap leak")
    assert "cart" in out


def test_sarif_names_the_line(leaking: str, steady: str, capsys: Capture) -> None:
    """One result for a leak, none without."""
    results: list[Any] = []
    for folder, code in ((leaking, 1), (steady, 0)):
        assert main(["analyze", folder, "--sarif"]) == code
        results.append(json.loads(capsys.readouterr().out)["runs"][0]["results"])
    assert results[0][0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 8}
    assert results[1] == []


def test_files_may_be_named(leaking: str, capsys: Capture) -> None:
    """A few of them are too few, which is no verdict that there is no leak."""
    files = sorted(map(str, Path(leaking).glob("heap-00*")))
    assert main(["analyze", *files]) == 3
    assert "too early to say: 10 profiles over 9 s" in capsys.readouterr().out
    assert main(["analyze", files[0]]) == 3
    assert "(1 profile)\n  - too early to say: 1 profile over 0 s" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "why"),
    [("notes.txt", "notes.txt: "), ("nothing.pb.gz", "No such file"), ("empty", "no profile in ")],
)
def test_what_cannot_be_read_is_told(leaking: str, name: str, why: str, capsys: Capture) -> None:
    """A file that was named must be a profile; a folder must hold one."""
    (Path(leaking) / "empty").mkdir()
    assert main(["analyze", f"{leaking}/{name}"]) == 3
    assert why in capsys.readouterr().err


def test_own_code_may_be_told(tmp_path: Path, capsys: Capture) -> None:
    """Where folders do not tell, the leak is shown at its caller in the program's own module; a pattern is refused."""
    import os

    stack = (Frame("github.com/klauspost/zip.Open", "zip/open.go", 9), Frame("shop/cart.Load", "cart/load.go", 7))
    for i in range(40):
        builder = Builder([SPACE], DEFAULT_LIMITS)
        builder.sample([5_000_000 + 500_000 * i], [builder.location(n, (frame,)) for n, frame in enumerate(stack, 1)])
        (tmp_path / f"{i:03}.pb.gz").write_bytes(encode(builder.build(SPACE, 1)))
        os.utime(tmp_path / f"{i:03}.pb.gz", (1.7e9 + i, 1.7e9 + i))
    assert main(["analyze", str(tmp_path)]) == 1
    assert "by github.com/klauspost/zip.Open (open.go:9)" in capsys.readouterr().out
    assert main(["analyze", str(tmp_path), "--own-code", "shop"]) == 1
    assert "by shop/cart.Load (load.go:7)" in capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        main(["analyze", str(tmp_path), "--own-code", "shop.*"])
    assert caught.value.code == 2
    assert "'shop.*' is no beginning of a name" in capsys.readouterr().err


@pytest.mark.parametrize("many", [False, True])
def test_profiles_are_called_as_they_were_named(leaking: str, capsys: Capture, many: bool) -> None:
    """No job is made up for files: a folder, or the first and the last of many files; the id is the same for all."""
    files = sorted(map(str, Path(leaking).glob("*.pb.gz")))
    name = f"{files[0]} … {files[-1]}" if many else leaking
    assert main(["analyze", *(files if many else [leaking])]) == 1
    assert f"{name}: heap leak" in capsys.readouterr().out
    assert main(["analyze", *(files if many else [leaking]), "--json"]) == 1
    (leak,) = json.loads(capsys.readouterr().out)["leaks"]
    assert (leak["target"], leak["id"]) == ({"job": "", "instance": name}, leak_id(SAME, LeakClass.HEAP))


def test_profiles_of_one_process_share_what_they_have_in_common(leaking: str) -> None:
    """Forty profiles that differ in their values take the symbols of one, and each keeps its own values."""
    profiles = [taken.profile for taken in load([Path(leaking)])]
    assert len({id(profile.symbols) for profile in profiles}) == 1
    assert [profile.values.tolist() for profile in profiles[:2]] == [[[5_000_000]], [[5_500_000]]]


def test_two_files_are_both_named() -> None:
    """There is room for that."""
    assert called([Path("a.pb.gz"), Path("b.pb.gz")]) == "a.pb.gz, b.pb.gz"


def test_each_folder_is_judged_by_itself(leaking: str, steady: str, tmp_path: Path, capsys: Capture) -> None:
    """Processes whose folders lie in one are not one series, and each is told by its name."""
    assert main(["analyze", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert f"{leaking}: heap leak, 488 KiB/s,\n  by cart.Put (cart.go:8)" in out
    assert f"{steady}:\ninuse_space: steady (40 profiles)\n" in out
    assert main(["analyze", str(tmp_path), "--markdown"]) == 1
    assert "/steady\n\n## inuse\\_space: steady" in capsys.readouterr().out
    assert main(["analyze", leaking, steady, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {name: told["signals"]["inuse_space"]["verdict"] for name, told in found["folders"].items()} == {
        leaking: "leak",
        steady: "steady",
    }
    assert [leak["target"]["instance"] for leak in found["leaks"]] == [leaking]


def test_leaks_of_two_folders_are_two(leaking: str, tmp_path: Path, capsys: Capture) -> None:
    """A code host knows them apart."""
    record(tmp_path / "other", 400_000)
    assert main(["analyze", str(tmp_path), "--sarif"]) == 1
    results = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert len({each["partialFingerprints"]["leak"] for each in results}) == 2
