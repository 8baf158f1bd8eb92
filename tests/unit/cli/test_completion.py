"""Completion scripts for the shells."""

import subprocess

import pytest

from leakdog import cli


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_a_script_knows_all_verbs(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The script names every verb."""
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert [verb for verb in cli.VERBS if verb not in script] == []


def test_bash_takes_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    """bash reads the script without a complaint and completes `leakdog` by it."""
    cli.main(["completion", "bash"])
    script = capsys.readouterr().out + "\ncomplete -p leakdog\n"
    done = subprocess.run(["bash"], input=script, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    assert "leakdog" in done.stdout
