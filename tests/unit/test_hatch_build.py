"""What compiles the part in C while leakdog is installed."""

from __future__ import annotations

import ctypes
import importlib.util
import sysconfig
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
WRITE = 'for each; do [ "$before" = -o ] && printf new > "$each"; before=$each; done; :'  # as a linker would


@pytest.fixture(scope="module")
def build() -> Any:
    """The module `hatch_build.py`, which is not installed."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def hook(build: Any, target: str, root: Path = ROOT) -> Any:
    """The hook as hatchling makes it for a target."""
    return build.KernelHook(str(root), {}, None, None, str(root), target)


def compiler(folder: Path, script: str) -> Path:
    """A program that is called like a C compiler and is none."""
    path = folder / "cc"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def tree(tmp_path: Path, build: Any) -> Path:
    """A source tree with kernels of one function."""
    for room in build.ROOMS:
        sources = tmp_path / room / "csrc"
        sources.mkdir(parents=True)
        (sources / "one.c").write_text('__attribute__((visibility("default"))) int one(void) { return 1; }')
    return tmp_path


def test_without_a_c_compiler_one_is_asked_for(build: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It comes as a wheel, for wheels and editable installs alone; a machine that has one downloads nothing."""
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert hook(build, "wheel").dependencies() == [build.ZIG]
    assert hook(build, "sdist").dependencies() == []
    compiler(tmp_path, "")
    assert hook(build, "wheel").dependencies() == []


def test_the_compiler_may_be_named(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`CC` goes before what is found, with its options."""
    monkeypatch.setenv("CC", "my-cc -m32")
    assert build.machine_compiler() == ["my-cc", "-m32"]


def test_a_wheel_is_for_a_platform_and_every_python(build: Any, monkeypatch: pytest.MonkeyPatch, tree: Path) -> None:
    """The shared object is in the wheel although git does not keep it; a source distribution compiles nothing."""
    log = tree / "called"
    monkeypatch.setenv("CC", str(compiler(tree, f'echo "$@" >> {log}; {WRITE}')))
    data: dict[str, Any] = {"artifacts": []}
    hook(build, "sdist", tree).initialize("standard", data)
    assert data == {"artifacts": []}
    assert not log.exists()
    hook(build, "wheel", tree).initialize("standard", data)
    assert data["artifacts"] == ["src/leakdog/pprof/_kernel.so", "src/leakdog/detect/_kernel.so"]
    assert data["tag"] == f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
    assert not data["pure_python"]
    assert all(f"{room}/csrc/one.c" in log.read_text() for room in build.ROOMS)
    assert "native" not in log.read_text()


def test_what_the_compiler_says_is_told(build: Any, monkeypatch: pytest.MonkeyPatch, tree: Path) -> None:
    """With the command, and what to do."""
    monkeypatch.setenv("CC", str(compiler(tree, "echo one.c:1: no >&2; exit 3")))
    with pytest.raises(SystemExit, match=r"(?s)exit status 3.*csrc/one\.c.*one\.c:1: no.*Set CC"):
        build.compile_kernel(tree, build.ROOMS[0])


def test_a_new_library_takes_the_place_of_one_in_use(build: Any, monkeypatch: pytest.MonkeyPatch, tree: Path) -> None:
    """A process that has loaded the old one goes on with it: the file is another one, not the same written anew."""
    monkeypatch.setenv("CC", str(compiler(tree, WRITE)))
    library = tree / build.ROOMS[0] / build.LIBRARY
    library.write_text("old")
    with library.open() as in_use:
        build.compile_kernel(tree, build.ROOMS[0])
        assert (in_use.read(), library.read_text()) == ("old", "new")


def test_the_installed_kernels_are_such(build: Any) -> None:
    """What this environment was installed with can be loaded by any Python."""
    for room in build.ROOMS:
        assert ctypes.CDLL(str(ROOT / room / build.LIBRARY)).leakdog_version() > 0
