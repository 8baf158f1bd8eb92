"""`leakdog run`: the daemon."""

from __future__ import annotations

import argparse
import logging
import os
import pwd
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from leakdog.cli.help import Help

if TYPE_CHECKING:
    from leakdog.config.schema import Config

DEFAULT_ADDRESS = "127.0.0.1:5325"
LOG_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"

EPILOG = """examples:
  leakdog run --config /etc/leakdog/leakdog.yml
  leakdog run --config leakdog.yml --web.listen-address 0.0.0.0:5325
  leakdog run                     no file: watch your own processes on this machine by their resident memory

SIGHUP reads the configuration again; SIGTERM stops in order. `leakdog config check FILE` tells beforehand
what is wrong with a file.
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "run",
        help="run the daemon",
        description="Run the daemon: watch the configured targets, serve pages, API and metrics.",
        epilog=EPILOG,
        formatter_class=Help,
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="configuration file (YAML); without it your own processes on this machine are watched by their "
        "resident memory",
    )
    parser.add_argument(
        "--web.listen-address",
        dest="listen",
        metavar="HOST:PORT",
        type=listen_address,
        default=listen_address(DEFAULT_ADDRESS),
        help=f"where to serve pages, API and metrics (default {DEFAULT_ADDRESS}; port 0 takes a free one)",
    )
    parser.add_argument(
        "--web.enable-pprof",
        dest="expose_heap",
        action="store_true",
        help="serve leakdog's own heap on /debug/pprof/heap; tracing it costs memory and time",
    )
    parser.add_argument(
        "--log.level",
        dest="level",
        choices=["debug", "info", "warning", "error"],
        default="info",
        help="least severity that is logged (default info)",
    )
    parser.set_defaults(run=run)


def listen_address(text: str) -> tuple[str, int]:
    """`HOST:PORT`, `[V6]:PORT` or `:PORT` (all addresses)."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT with a port from 0 to 65535")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104  # asked for by writing no host


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop.

    Raises:
        NotCompiled: it could neither read nor judge, and would only seem to watch.

    """
    import asyncio

    from leakdog.daemon import Daemon, Options
    from leakdog.daemon.malloc import collect_seldom, hold_little
    from leakdog.detect import kernel as judging
    from leakdog.pprof import kernel as reading

    logging.basicConfig(level=args.level.upper(), format=LOG_FORMAT, stream=sys.stderr)
    reading.library()
    judging.load()
    hold_little()
    collect_seldom()
    host, port = args.listen
    daemon = Daemon(config_loader(args.config), Options(host, port, args.expose_heap))
    asyncio.run(daemon.run())
    return 0


def config_loader(path: str | None) -> Callable[[], Config]:
    """What reads the configuration at start and at each reload."""
    from leakdog.config.load import default_config, load

    if path is not None:
        return lambda: load(path)
    user = pwd.getpwuid(os.getuid()).pw_name
    return lambda: default_config(user, str(state_directory()))


def state_directory() -> Path:
    """Where a daemon without a configuration file keeps its data."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "leakdog"
