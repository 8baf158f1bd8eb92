"""Completion scripts for the shells."""

import shlex
import subprocess
from pathlib import Path

import pytest

from leakdog import cli


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "tcsh"])
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


def test_files_and_folders_are_completed(capsys: pytest.CaptureFixture[str]) -> None:
    """Where an argument is one; zsh would offer none by itself."""
    cli.main(["completion", "zsh"])
    options = capsys.readouterr().out.partition("_shtab_leakdog_top_options=(")[2].partition("\n)")[0].splitlines()
    assert next(line for line in options if "--base" in line).endswith(':_files"')
    assert next(line for line in options if "standard input" in line).endswith(':_files"')
    assert not next(line for line in options if "--unit" in line).endswith(':_files"')


@pytest.mark.parametrize(
    ("argument", "offered"),
    [
        ("diff; and test $_shtab_leakdog_npos -eq 1' ", "__fish_complete_path "),
        ("storage export; and test $_shtab_leakdog_npos -eq 0' ", "__fish_complete_directories"),
        ("top' -l base ", "__fish_complete_path "),
        ("top' -l sort ", '-xka "flat cum"'),
        ("top' -l focus ", "-x -d"),
    ],
)
def test_fish_is_told_what_to_offer(argument: str, offered: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Files, folders or choices, for the verb that is typed, and nothing where anything may stand."""
    cli.main(["completion", "fish"])
    begins = f"complete -c leakdog -n '_shtab_leakdog_using {argument}"
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith(begins)]
    assert offered in line
    assert len(shlex.split(line)) >= 7


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["diff", "he"], {"heap.pb", "heaps"}),
        (["storage", "export", "he"], {"heaps"}),
        (["run", "--config", "he"], {"heap.pb", "heaps"}),
    ],
)
def test_bash_offers_them(
    typed: list[str], offered: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Folders too where a file is wanted, as it may be in one, and folders alone where one is."""
    (tmp_path / "heap.pb").touch()
    (tmp_path / "heaps").mkdir()
    cli.main(["completion", "bash"])
    words = " ".join(["leakdog", *typed])
    script = f"""{capsys.readouterr().out}
        COMP_WORDS=({words}) COMP_CWORD={len(typed)} COMP_LINE='{words}'
        _shtab_leakdog leakdog {typed[-1]} ''; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash"], input=script, capture_output=True, text=True, timeout=30, cwd=tmp_path)
    assert {line.rstrip("/") for line in done.stdout.split()} == offered
