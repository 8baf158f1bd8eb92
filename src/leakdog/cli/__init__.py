"""The command line: one file per verb, each with `register(sub)` and `run(args) -> exit code`.

Exit codes: 0 fine, 1 a leak was found (by verbs that judge), 2 usage or configuration, 3 the work could not be done.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Sequence

from leakdog import __version__
from leakdog.cli.help import Help, Parser
from leakdog.config.words import guess, quoted
from leakdog.errors import ConfigError, LeakdogError, UsageError

VERBS = (
    *("run", "demo", "scan", "targets", "sites", "leaks", "show", "ack", "evidence"),
    *("top", "tree", "peek", "list", "traces", "tags", "raw", "diff", "dot", "graph", "flame"),
    *("analyze", "gate", "backtest", "storage", "config", "completion"),
)
JUDGES = ("scan", "analyze", "gate")  # their exit codes are verdicts
USAGE, FAILED, INTERRUPTED = 2, 3, 130
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

EXAMPLES = """examples:
  leakdog demo                         see a leak found in two minutes
  leakdog run --config leakdog.yml     the daemon
  leakdog scan http://127.0.0.1:6060   one target, no daemon, a verdict
  leakdog leaks                        what leaks now
  leakdog show LEAK                    why, since when, and which code

`leakdog VERB --help` tells more and gives examples of its own.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Errors that were foreseen become a sentence on stderr and an exit code."""
    code = 0
    try:
        try:
            code = _run(argv)
        finally:
            sys.stdout.flush()  # at exit Python would complain of it in its own words, and end with 120
    except BrokenPipeError:
        # The reader (head, less) has seen enough; what was found does not change by that.
        _write_no_more()
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        _write_no_more()
        print(f"leakdog: writing the output: {os.strerror(error.errno)}; not all of it is written", file=sys.stderr)
        return FAILED
    return code


def _write_no_more() -> None:
    """Have what is still to be written go nowhere, where that cannot fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(argv: Sequence[str] | None) -> int:
    # Products of small matrices are all that is asked of OpenBLAS: on cores that have other work as well, its threads
    # take seven times as long as one does. It is read as NumPy is loaded, which no module does before this.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = sys.argv[1:] if argv is None else argv
    top = parser()
    if arguments and not arguments[0].startswith("-") and arguments[0] not in VERBS:
        top.error(f"{quoted(arguments[0])} is no verb{guess(arguments[0], VERBS)} `leakdog --help` lists them")
    args = top.parse_args(arguments)
    try:
        return int(args.run(args))
    except BrokenPipeError:
        if args.verb not in JUDGES:
            raise
        _write_no_more()
        return FAILED  # it is not known what it would have been, and 0 would say that nothing leaks
    except ConfigError as error:
        print(error, file=sys.stderr)
        return USAGE
    except LeakdogError as error:
        print(f"leakdog {args.verb}: {error}", file=sys.stderr)
        return USAGE if isinstance(error, UsageError) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """The parser with all verbs. What a verb needs to run is imported only when it runs."""
    top: argparse.ArgumentParser = Parser(
        prog="leakdog",
        description="A memory-leak watchdog: which process leaks, how fast, and which code holds the memory.",
        epilog=EXAMPLES,
        formatter_class=Help,
    )
    top.add_argument("--version", action="version", version=f"leakdog {__version__}")
    sub = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb in VERBS:
        importlib.import_module(f"leakdog.cli.{verb}").register(sub)
    return top
