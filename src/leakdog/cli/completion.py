"""`leakdog completion`: a completion script for the shell."""

from __future__ import annotations

import argparse

from leakdog.cli.help import Help

EPILOG = """examples:
  leakdog completion bash > ~/.local/share/bash-completion/completions/leakdog
  leakdog completion zsh > ~/.zfunc/_leakdog
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "completion",
        help="print a completion script for bash, zsh or tcsh",
        description="Print a completion script for a shell.",
        epilog=EPILOG,
        formatter_class=Help,
    )
    parser.add_argument("shell", choices=["bash", "zsh", "tcsh"])
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    from leakdog.cli import parser

    print(shtab.complete(parser(), shell=args.shell))
    return 0
