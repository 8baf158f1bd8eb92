"""`leakdog config` checks, explains and shows, for people and for programs."""

import argparse
import json
from pathlib import Path

import pytest

from leakdog.cli import config
from leakdog.config.load import loads
from leakdog.errors import ConfigError

GOOD = "scrape_configs: [{job_name: a, params: {token: x}, static_configs: [{targets: ['a:1', 'b:1']}]}]\n"
BAD = "globals: {}\nscrape_configs: [{}]\n"


def run(*argv: str) -> int:
    """The exit code of `leakdog config ARGV`."""
    parser = argparse.ArgumentParser()
    config.register(parser.add_subparsers())
    args = parser.parse_args(["config", *argv])
    code: int = args.run(args)
    return code


@pytest.fixture
def good(tmp_path: Path) -> str:
    """A file that is fine."""
    path = tmp_path / "good.yml"
    path.write_text(GOOD)
    return str(path)


@pytest.fixture
def bad(tmp_path: Path) -> str:
    """A file with two problems."""
    path = tmp_path / "bad.yml"
    path.write_text(BAD)
    return str(path)


def test_a_good_file_is_summed_up(good: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says what is in it."""
    assert run("check", good) == 0
    assert capsys.readouterr().out == f"{good}: fine: 1 job, 2 static targets\n"


@pytest.mark.parametrize(("every", "first"), [("1s", "44s"), ("10s", "3m40s")])
def test_a_soak_tells_when_it_judges(
    every: str, first: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Targets that are read more seldom are judged later."""
    path = tmp_path / "soak.yml"
    path.write_text(f"global: {{scrape_interval: {every}}}\ndetection: {{preset: soak}}\n{GOOD}")
    assert run("check", str(path)) == 0
    said = f"; preset soak, read every {every}: the first verdict comes after {first}\n"
    assert capsys.readouterr().out.endswith(said)


def test_a_job_that_all_others_wait_for_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that is read seldom stretches the spans of a whole soak: for people, and for programs."""
    path = tmp_path / "soak.yml"
    slow = "{job_name: batch, scrape_interval: 30s, metrics_path: '', static_configs: [{targets: ['c:1']}]}"
    path.write_text(f"detection: {{preset: soak}}\n{GOOD.rstrip()[:-1]}, {slow}]\n")
    assert run("check", str(path)) == 0
    said = "; preset soak, read every 30s by heap of job batch, for which all others wait: the first verdict comes "
    assert said in capsys.readouterr().out
    assert run("check", str(path), "--json") == 0
    assert json.loads(capsys.readouterr().out)["soak"] == {
        "interval_seconds": 30.0,
        "first_verdict_seconds": 660.0,
        "job": "batch",
        "source": "heap",
    }


def test_all_problems_of_a_bad_file_are_printed(bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each on a line as compilers print it, their count last, exit code 2."""
    assert run("check", bad) == 2
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{bad}:1:1: unknown key 'globals'; did you mean global? allowed here: global, ")
    assert second.startswith(f"{bad}:2:18: scrape_configs[0]: the key job_name is missing")
    assert last == f"{bad}: 2 problems"


def test_a_missing_file_is_one_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It counts as configuration, not as work that failed."""
    assert run("check", str(tmp_path / "none.yml")) == 2
    assert capsys.readouterr().out.splitlines()[-1] == f"{tmp_path / 'none.yml'}: 1 problem"


def test_programs_get_json(good: str, bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same facts, with the same exit codes."""
    assert run("check", good, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"valid": True, "problems": [], "soak": None}
    assert run("check", bad, "--json") == 2
    told = json.loads(capsys.readouterr().out)
    assert told["valid"] is False
    assert [("globals" in one["message"], one["file"], one["line"], one["column"]) for one in told["problems"]] == [
        (True, bad, 1, 1),
        (False, bad, 2, 18),
    ]


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """It can be saved for an editor as it comes."""
    assert run("schema") == 0
    assert json.loads(capsys.readouterr().out)["title"] == "leakdog configuration"


def test_the_schema_can_be_read_as_tables(capsys: pytest.CaptureFixture[str]) -> None:
    """The tables of the documentation."""
    assert run("schema", "--markdown") == 0
    assert "| `scrape_interval` | duration | `1m` |" in capsys.readouterr().out


def test_what_applies_is_shown_without_secrets(good: str, capsys: pytest.CaptureFixture[str]) -> None:
    """YAML that loads, with defaults filled in."""
    assert run("show", good) == 0
    shown = capsys.readouterr().out
    assert loads(shown, "shown").scrape_configs[0].params == {"token": ("<secret>",)}
    assert "scrape_interval: 1m" in shown
    assert "  # hold_time: 1h until it fires, 12h until it resolves\n" in shown


def test_what_applies_can_be_had_as_json(good: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same values under the same names, also of keys that follow others; as a configuration it does the same."""
    assert run("show", good, "--json") == 0
    printed = capsys.readouterr().out
    shown = json.loads(printed)
    (job,) = shown["scrape_configs"]
    assert (shown["global"]["scrape_interval"], job["scrape_interval"], job["intervals"]["heap"]) == ("1m", "1m", "5m")
    assert (shown["detection"]["min_growth_ratio"], shown["dense"]["interval"]) == (0.05, "1m")
    Path(good).write_text(printed)
    assert run("show", good, "--json") == 0
    assert capsys.readouterr().out == printed


def test_without_a_file_the_default_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """What `leakdog run` does without a file: one job over one's own processes."""
    assert run("show") == 0
    (job,) = loads(capsys.readouterr().out, "shown").scrape_configs
    assert job.process is not None
    assert job.process.user


def test_showing_a_bad_file_raises_its_problems(bad: str) -> None:
    """The command line's main prints them and exits with 2."""
    with pytest.raises(ConfigError) as error:
        run("show", bad)
    assert len(error.value.problems) == 2


def test_an_action_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    """`leakdog config` alone is a mistake of usage."""
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2
    assert "ACTION" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [("--help",), ("check", "--help"), ("schema", "--help"), ("show", "--help")])
def test_help_has_examples(argv: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Each action shows how it is used."""
    with pytest.raises(SystemExit):
        run(*argv)
    assert "examples:\n  leakdog config " in capsys.readouterr().out


def test_a_job_without_anything_to_watch_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It may be meant so, and mostly is not."""
    path = tmp_path / "idle.yml"
    path.write_text("scrape_configs: [{job_name: a}, {job_name: b, process: {name: x}}]")
    assert run("check", str(path)) == 0
    told = "fine: 2 jobs, 0 static targets; nothing to watch in a: no targets and no process"
    assert told in capsys.readouterr().out
