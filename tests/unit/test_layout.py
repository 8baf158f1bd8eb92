"""The house is kept: files of one thing each, a test for each module."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "leakdog"
LINES = 400
# Modules without a twin of their own, and where they are tested instead.
TESTED_ELSEWHERE = {
    **{
        f"detect/{name}.py": "detect/test_engine.py and test_replay.py, by whole series"
        for name in (
            "alerts",
            "conclude",
            "evidence",
            "examine",
            "run",
            "sight",
        )
    },
    **{f"detect/{name}.py": "detect/test_grid.py, as grids show them" for name in ("filled", "history")},
    "demo/healthy.py": "cli/test_demo.py runs it",
    "demo/leaking.py": "cli/test_demo.py runs it",
    "errors.py": "only says what can go wrong; each error is tested where it is raised",
    "model.py": "only nouns",
    "web/document.py": "web/test_html.py, test_overview.py and test_target.py, by whole pages",
    "web/pages.py": "web/test_api.py asks for every page",
}


def modules() -> list[Path]:
    """Every module with code of its own."""
    return [path for path in sorted(SOURCE.rglob("*.py")) if path.name not in ("__init__.py", "__main__.py")]


def test_every_module_has_its_twin() -> None:
    """A module's tests are found by its name, in the room of its name."""
    tests = ROOT / "tests" / "unit"
    alone = set()
    for path in modules():
        name = path.relative_to(SOURCE)
        twins = list((tests / name.parent).glob(f"test_{path.stem.removeprefix('_')}*.py"))
        if not twins and str(name) not in TESTED_ELSEWHERE:
            alone.add(str(name))
    assert alone == set()


def test_the_exceptions_exist() -> None:
    """An exception for a module that is gone is taken off the list."""
    assert {name for name in TESTED_ELSEWHERE if not (SOURCE / name).exists()} == set()


def test_no_file_is_too_long() -> None:
    """A file that needs more lines does more than one thing."""
    assert {str(path.relative_to(SOURCE)) for path in modules() if path.read_text().count("\n") > LINES} == set()
