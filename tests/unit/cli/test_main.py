"""The command line as a whole: exit codes, and errors as sentences."""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from leakdog import __version__, cli
from leakdog.errors import ApiError, ConfigError, Problem, UsageError


def raising(error: BaseException) -> object:
    """A parser whose verb ends with this error."""

    def run(args: argparse.Namespace) -> int:
        raise error

    class Parser:
        def parse_args(self, argv: object) -> argparse.Namespace:
            return argparse.Namespace(run=run, verb="leaks")

    return Parser


@pytest.mark.parametrize(
    ("code", "said", "error"),
    [
        (2, "a.yml:3:1: unknown key\n", ConfigError([Problem("a.yml", 3, 1, "unknown key")])),
        (2, "leakdog leaks: --kind x is none\n", UsageError("--kind x is none")),
        (3, "leakdog leaks: nobody answers\n", ApiError("nobody answers")),
        (130, "", KeyboardInterrupt()),
    ],
)
def test_an_error_becomes_a_sentence_and_an_exit_code(monkeypatch, capsys, code: int, said: str, error) -> None:
    """What was foreseen ends without a traceback, with the exit code of its kind."""
    monkeypatch.setattr(cli, "parser", raising(error))
    assert cli.main([]) == code
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("buffered", [["-u"], []])
@pytest.mark.parametrize("typed", [["completion", "bash"], ["--help"]])
def test_a_reader_that_has_seen_enough_is_no_error(buffered: list[str], typed: list[str]) -> None:
    """Output into a pipe that `head` has closed ends quietly with 0, also where it is written only at the end."""
    code = (
        "import os, sys; from leakdog import cli; read, write = os.pipe(); os.close(read); os.dup2(write, 1); "
        f"sys.exit(cli.main({typed}))"
    )
    done = _python(*buffered, "-c", code)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("buffered", "code"), [(["-u"], 3), ([], 1)])
@pytest.mark.parametrize("verb", ["analyze", "gate", "scan"])
def test_a_leak_stays_one_where_its_reader_has_seen_enough(buffered: list[str], code: int, verb: str) -> None:
    """`leakdog gate … | head` of a shell with `pipefail` does not pass: 0 would say that nothing leaks."""
    program = f"""if True:
        import argparse, os, sys
        from leakdog import cli
        read, write = os.pipe(); os.close(read); os.dup2(write, 1)
        def run(args):
            print("it leaks")
            return 1
        class Parser:
            def parse_args(self, argv):
                return argparse.Namespace(run=run, verb={verb!r})
        cli.parser = Parser
        sys.exit(cli.main([{verb!r}]))
    """
    done = _python(*buffered, "-c", program)
    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.parametrize("buffered", [["-u"], []])
def test_output_that_has_no_room_is_no_leak(buffered: list[str]) -> None:
    """On a full disk the exit code is that of work that could not be done: 1 would say that a leak was found."""
    code = "import sys; from leakdog import cli; sys.exit(cli.main(['completion', 'bash']))"
    with Path("/dev/full").open("w") as full:
        done = _python(*buffered, "-c", code, stdout=full)
    said = "leakdog: writing the output: No space left on device; not all of it is written\n"
    assert (done.returncode, done.stderr) == (3, said)


def _python(*arguments: str, stdout: Any = subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
    """Python, with standard output buffered unless it is told otherwise."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, env=env)


@pytest.mark.parametrize("given", [None, "3"])
def test_products_are_made_by_one_thread(given: str | None) -> None:
    """OpenBLAS is told before NumPy is loaded, which it reads only then; who says otherwise has what was said."""
    code = """if True:
        import os, sys
        from leakdog import cli
        parser = cli.parser
        def first():
            print("numpy" in sys.modules, os.environ["OPENBLAS_NUM_THREADS"])
            return parser()
        cli.parser = first
        sys.exit(cli.main(["completion", "bash"]))
    """
    env = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    env |= {} if given is None else {"OPENBLAS_NUM_THREADS": given}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, env=env, text=True)
    assert done.stdout.partition("\n")[0] == f"False {given or 1}"


def test_every_verb_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    """`leakdog VERB --help` ends with 0, and shows at least one call of the verb."""
    for verb in cli.VERBS:
        with pytest.raises(SystemExit) as end:
            cli.main([verb, "--help"])
        assert end.value.code == 0
        assert f"leakdog {verb}" in capsys.readouterr().out.partition("example")[2]


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints name and version."""
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"leakdog {__version__}\n"


def test_a_wrong_call_is_a_usage_error() -> None:
    """No verb, or one that does not exist, ends with 2."""
    for wrong in ([], ["bark"]):
        with pytest.raises(SystemExit) as end:
            cli.main(wrong)
        assert end.value.code == 2


@pytest.mark.parametrize(
    ("verb", "said"), [("leak", "'leak' is no verb; did you mean leaks? "), ("bark", "'bark' is no verb; ")]
)
def test_a_mistyped_verb_is_guessed_at(verb: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The one that is close is told, and where all are listed, not all of them."""
    with pytest.raises(SystemExit, match="2"):
        cli.main([verb])
    assert capsys.readouterr().err.endswith(f"leakdog: error: {said}`leakdog --help` lists them\n")


@pytest.mark.parametrize(
    ("typed", "verb", "said"),
    [
        (["run", "leakdog.yml"], "run", "'leakdog.yml' is nothing that it takes; `leakdog run --help` tells what is"),
        (["scan", "--preset", "soak", "1"], "scan", "'--preset' is nothing that it takes; `leakdog scan --help`"),
        (
            ["scan", "1", "--recrod", "x"],
            "scan",
            "'--recrod' is nothing that it takes; did you mean --record? `leakdog",
        ),
        (["config", "check", "a", "b"], "config check", "'b' is nothing that it takes; `leakdog config check --help`"),
        (["--verbose"], "", "the following arguments are required: VERB"),
    ],
)
def test_an_argument_that_a_verb_does_not_take(capsys, typed: list[str], verb: str, said: str) -> None:
    """Its own usage is told, and the argument alone: what stands after an unknown option may be its value."""
    with pytest.raises(SystemExit) as ended:
        cli.main(typed)
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert told.startswith(f"usage: leakdog {verb}".rstrip())
    assert said in told
