"""`python -m bench` itself."""

from pathlib import Path

import bench
import pytest
from bench.__main__ import BENCHMARKS, LONG, main


def test_help_tells_what_each_benchmark_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Each has a line, those that take long too."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line.strip()]
    told = {words[0]: words[1] for words in lines if len(words) == 2}
    assert set(BENCHMARKS) | set(LONG) <= set(told)
    assert told["growth"].startswith("How cost grows")


def test_what_can_be_run_is_listed() -> None:
    """No module with a command of its own is forgotten, but those that serve a benchmark."""
    folder = Path(bench.__file__).parent
    runnable = {path.stem for path in folder.glob("*.py") if "\nif __name__" in path.read_text()}
    parts = {"__main__", "targets"}
    assert runnable - parts - {"points"} <= {*BENCHMARKS, *LONG}


def test_an_unknown_name_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """It says which there are, and runs none."""
    assert main(["growht"]) == 2
    assert "no benchmark is called growht; there are decode, " in capsys.readouterr().err
