"""`leakdog config`: what is wrong with a configuration, what may be in one, what applies in the end."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from leakdog.cli.help import Help
from leakdog.errors import ConfigError

if TYPE_CHECKING:
    from leakdog.config.schema import Config, ScrapeConfig
    from leakdog.report.soak import Soak

FINE, WRONG = 0, 2

EPILOG = """examples:
  leakdog config check leakdog.yml         every problem, each as file:line:column
  leakdog config schema > leakdog.json     JSON Schema, for an editor
  leakdog config show leakdog.yml          what applies, with all defaults
"""
CHECK_EPILOG = """examples:
  leakdog config check /etc/leakdog/leakdog.yml && systemctl reload leakdog
  leakdog config check leakdog.yml --json

exit codes: 0 fine, 2 something is wrong
"""
SCHEMA_EPILOG = """examples:
  leakdog config schema > leakdog.schema.json
  # yaml-language-server: $schema=leakdog.schema.json     (then as the first line of leakdog.yml)
  leakdog config schema --markdown         the same as tables, to read
"""
SHOW_EPILOG = """examples:
  leakdog config show leakdog.yml          with all defaults filled in
  leakdog config show                      what `leakdog run` does without a file
  leakdog config show leakdog.yml --json | jq .global

A key that is left out follows another key, the preset or the process. Comments tell what applies in its place, so that
what is printed reads back to the same configuration. JSON has no comments: it has the value that applies, where there
is one.
Values of URL parameters whose names look secret (token, key, password, ...) are shown as <secret>.
"""

Actions = argparse._SubParsersAction  # argparse has no public name for it


def register(sub: Actions[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "config",
        help="check, explain and show configurations",
        description="Check a configuration file, print the schema of such files, or show what applies.",
        epilog=EPILOG,
        formatter_class=Help,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = _action(actions, "check", "print every problem of a file, each with its place", CHECK_EPILOG, run)
    check.add_argument("file", metavar="FILE", help="configuration file (YAML or JSON)")
    check.add_argument("--json", action="store_true", help="print the result as JSON")
    schema = _action(actions, "schema", "print the JSON Schema of configuration files", SCHEMA_EPILOG, run_schema)
    schema.add_argument("--markdown", action="store_true", help="print tables of all keys instead")
    show = _action(actions, "show", "print what applies, with all defaults and no secrets", SHOW_EPILOG, run_show)
    show.add_argument("file", metavar="FILE", nargs="?", help="configuration file; without it, what applies then")
    show.add_argument("--json", action="store_true", help="print JSON instead of YAML")


def _action(
    actions: Actions[argparse.ArgumentParser],
    name: str,
    text: str,
    epilog: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser = actions.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=epilog,
        formatter_class=Help,
    )
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """`config check`: print all problems and their count, or one line that says what the file holds."""
    from leakdog.config.load import load
    from leakdog.report.soak import soak_of

    soak = None
    try:
        config = load(args.file)
    except ConfigError as error:
        problems = error.problems
        text = "\n".join([*map(str, problems), f"{args.file}: {_counted(len(problems), 'problem')}"])
    else:
        problems, soak = (), soak_of(config)
        text = f"{args.file}: fine: {_summary(config, soak)}"
    if args.json:
        told = {"valid": not problems, "problems": [asdict(one) for one in problems], "soak": soak and asdict(soak)}
        text = json.dumps(told, indent=2)
    print(text)
    return WRONG if problems else FINE


def run_schema(args: argparse.Namespace) -> int:
    """`config schema`: JSON Schema, or tables of the same."""
    from leakdog.config.json_schema import json_schema
    from leakdog.config.reference import reference

    print(reference() if args.markdown else json.dumps(json_schema(), indent=2))
    return FINE


def run_show(args: argparse.Namespace) -> int:
    """`config show`: the effective configuration.

    Raises:
        ConfigError: there is none.

    """
    from leakdog.cli.effective import effective, idle, words
    from leakdog.cli.run import config_loader
    from leakdog.config.show import plain, show

    config = config_loader(args.file)()
    applies, never = effective(config), idle(config)
    if args.json:
        print(json.dumps(plain(applies, never), indent=2))
    else:
        print(show(config, applies, words(config), never).rstrip())
    return FINE


def _summary(config: Config, soak: Soak | None) -> str:
    targets = sum(map(_targets, config.scrape_configs))
    text = f"{_counted(len(config.scrape_configs), 'job')}, {_counted(targets, 'static target')}"
    idle = [job.job_name for job in config.scrape_configs if job.process is None and not _targets(job)]
    text += f"; nothing to watch in {', '.join(idle)}: no targets and no process" if idle else ""
    return f"{text}; {soak}" if soak else text


def _targets(job: ScrapeConfig) -> int:
    return sum(len(static.targets) for static in job.static_configs)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
