"""`leakdog completion`: a completion script for the shell."""

from __future__ import annotations

import argparse
import re

from leakdog.cli.help import Help

EPILOG = """examples:
  leakdog completion bash > ~/.local/share/bash-completion/completions/leakdog
  leakdog completion zsh > ~/.zfunc/_leakdog
  leakdog completion fish > ~/.config/fish/completions/leakdog.fish
"""
FILES = re.compile("FILE|BEFORE")  # in the name of an argument
FOLDERS = re.compile("DIR|FOLDER")


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "completion",
        help="print a completion script for bash, zsh, fish or tcsh",
        description="Print a completion script for a shell.",
        epilog=EPILOG,
        formatter_class=Help,
    )
    parser.add_argument("shell", choices=["bash", "zsh", "fish", "tcsh"])
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    from leakdog.cli import parser

    top = parser()
    _complete_files(top)
    print(shtab.complete(top, shell=args.shell))
    return 0


def _complete_files(parser: argparse.ArgumentParser) -> None:
    """Have names of files and folders completed where an argument is one: zsh and fish do not do so by themselves."""
    import shtab

    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                _complete_files(each)
        elif FILES.search(str(action.metavar)):
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif FOLDERS.search(str(action.metavar)):
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
