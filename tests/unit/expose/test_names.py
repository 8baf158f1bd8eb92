"""Function names for files and lines."""

from __future__ import annotations

import importlib.util
import json.decoder
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from leakdog.expose import names
from leakdog.expose.names import FunctionNames

SOURCE = """\
import functools

class Cache:
    limit = 10

    def put(self, key):
        rows = [
            bytearray(n)
            for n in range(key)
        ]
        def later():
            return rows
        return later

@functools.cache
def load(
    name,
):
    return lambda: (
        bytearray(name)
    )

kept = Cache().put(3)
"""
WANTED = {
    1: "<module>",
    4: "Cache",
    7: "Cache.put",
    8: "Cache.put",  # in a comprehension
    12: "Cache.put.<locals>.later",
    13: "Cache.put",
    18: "load",
    19: "load",  # in a lambda
    22: "<module>",
}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A file that no module was loaded from."""
    path = tmp_path / "service.py"
    path.write_text(SOURCE)
    return path


@pytest.fixture
def module(script: Path) -> Iterator[str]:
    """The same, loaded as the module `shop.service`."""
    spec = importlib.util.spec_from_file_location("shop.service", script)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules["shop.service"] = loaded
    spec.loader.exec_module(loaded)
    yield str(script)
    del sys.modules["shop.service"]


@pytest.mark.parametrize("line", WANTED)
def test_a_line_of_a_script_has_its_function(script: Path, line: int) -> None:
    """The innermost function around a line; comprehensions and lambdas belong to the one around them."""
    assert FunctionNames()(str(script), line) == f"service.{WANTED[line]}"


@pytest.mark.parametrize("line", WANTED)
def test_a_line_of_a_module_has_its_function(module: str, line: int) -> None:
    """A module's functions are named as they are imported."""
    assert FunctionNames()(module, line) == f"shop.service.{WANTED[line]}"


def test_a_module_that_is_loaded_later_is_found(script: Path, request: pytest.FixtureRequest) -> None:
    """A miss looks again at what is loaded."""
    found = FunctionNames()
    assert found("/nowhere.py", 1) == "nowhere.py:1"
    assert found(request.getfixturevalue("module"), 7) == "shop.service.Cache.put"


def test_the_standard_library_has_names() -> None:
    """Modules that came from Python's cache of compiled code are read from it."""
    code = json.decoder.JSONDecoder.decode.__code__
    assert FunctionNames()(code.co_filename, code.co_firstlineno + 1) == "json.decoder.JSONDecoder.decode"


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("/no/such/file.py", "file.py:7"),
        ("<string>", "<string>:7"),
        ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap>:7"),
    ],
)
def test_without_source_the_line_is_the_name(file: str, wanted: str) -> None:
    """What cannot be read is named by file and line."""
    assert FunctionNames()(file, 7) == wanted


@pytest.mark.parametrize("content", [b"def broken(:\n", b"\xff\xfe\x00", b"x = 1\0"])
def test_broken_source_is_no_matter(tmp_path: Path, content: bytes) -> None:
    """A file that does not compile has lines too."""
    path = tmp_path / "broken.py"
    path.write_bytes(content)
    assert FunctionNames()(str(path), 1) == "broken.py:1"


def test_a_huge_file_is_not_compiled(tmp_path: Path) -> None:
    """Data that looks like source is left alone."""
    path = tmp_path / "data.py"
    path.write_bytes(b"x = 1\n" * (names.SOURCE_BYTES // 6 + 1))
    assert FunctionNames()(str(path), 1) == "data.py:1"


def test_code_is_not_run(tmp_path: Path) -> None:
    """Names come from compiled code that is never executed."""
    path = tmp_path / "dangerous.py"
    path.write_text("raise SystemExit\n")
    assert FunctionNames()(str(path), 1) == "dangerous.<module>"


def test_few_files_are_remembered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The files used last are kept, the others are forgotten."""
    monkeypatch.setattr(names, "FILES", 2)
    found = FunctionNames()
    paths = [tmp_path / f"{name}.py" for name in "abc"]
    for path in paths:
        path.write_text("x = 1\n")
    for i in (0, 1, 0, 2):
        found(str(paths[i]), 1)
    paths[0].write_text("def f():\n  x = 1\n")
    paths[1].write_text("def f():\n  x = 1\n")
    assert found(str(paths[0]), 2) == "a.<module>"
    assert found(str(paths[1]), 2) == "b.f"
