"""`leakdog evidence`: all that proves a leak, in one archive."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from leakdog.cli.arguments import duration
from leakdog.cli.client import Client, add_arguments
from leakdog.cli.help import Help
from leakdog.errors import LeakdogError

EPILOG = """examples:
  leakdog evidence 3f9c2a                        leakdog-3f9c2a71b0.tar.gz in this folder
  leakdog evidence 3f9c2a -o leak.tar.zst
  leakdog evidence 3f9c2a --stored               ask the target nothing: what was kept is enough
  leakdog evidence 3f9c2a --profile 10s --trace 5s --mutex --block

In it: the verdict as text, page and JSON, a chart, all numbers, profiles from before and after with their difference
and the lines to look at them, and a goroutine dump, allocations and the command line. The daemon has kept these since
the leak fired, and the last profiles of a process that has ended; a target that is up is asked anew.
"""
ENDINGS = {".tar.gz": "gz", ".tgz": "gz", ".tar.zst": "zst"}
# To ask a target for its pages one after the other, and to pack what there is, beside the seconds that are wanted.
TIMEOUT_SECONDS = 120.0


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "evidence",
        help="all that proves a leak, in one archive",
        description="Put all that proves a leak into one archive: verdict, numbers, profiles, goroutine dump.",
        epilog=EPILOG,
        formatter_class=Help,
    )
    parser.add_argument("leak", metavar="LEAK", help="a leak's id, or the beginning of it")
    parser.add_argument(
        "-o",
        "--output",
        type=_archive,
        metavar="FILE",
        help="archive to write, .tar.gz, .tgz or .tar.zst (default leakdog-LEAK.tar.gz)",
    )
    parser.add_argument("--stored", action="store_true", help="take only what was kept; ask the target nothing")
    parser.add_argument("--mutex", action="store_true", help="with the mutex profile")
    parser.add_argument("--block", action="store_true", help="with the block profile")
    parser.add_argument("--profile", type=duration, metavar="TIME", help="with a CPU profile of so long, up to 60s")
    parser.add_argument("--trace", type=duration, metavar="TIME", help="with an execution trace of so long, up to 30s")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Have the target asked, write the archive and say what is in it.

    Raises:
        ApiError: no daemon answers, it has no such leak, or it refuses what is wanted.
        LeakdogError: the archive cannot be written, or --stored is given with what only the target can tell.

    """
    from leakdog.report.archive import Packing, sizes

    wanted = _wanted(args)
    if args.stored and wanted:
        raise LeakdogError("--stored asks the target nothing: leave it out, or --mutex, --block, --profile and --trace")
    longest = sum(value for value in wanted.values() if value is not True)
    client = Client(args.server, timeout_seconds=TIMEOUT_SECONDS + longest)
    leak = client.leak(args.leak)
    path = args.output or Path(f"leakdog-{leak['id']}.tar.gz")
    packing = next(packing for ending, packing in ENDINGS.items() if path.name.endswith(ending))
    where = f"/api/v1/leaks/{leak['id']}/evidence"
    missing = {} if args.stored else client.send("POST", where, wanted)["missing"]
    data = client.body(f"{where}.tar.{packing}")
    _write(path, data)
    files = sizes(data, Packing(packing))
    if args.json:
        print(json.dumps({"file": str(path), "files": files, "missing": missing}, indent=2))
        return 0
    print(f"{path}: {len(files)} files; begin with README.md")
    for name, why in missing.items():
        print(f"{'the target was not asked' if name == '*' else f'no new {name}'}: {why}", file=sys.stderr)
    return 0


def _archive(text: str) -> Path:
    """A path whose ending says how it is packed."""
    if not Path(text).name.endswith(tuple(ENDINGS)):
        raise argparse.ArgumentTypeError(
            f"{text!r} must end in one of {', '.join(ENDINGS)}, which says how it is packed"
        )
    return Path(text)


def _wanted(args: argparse.Namespace) -> dict[str, Any]:
    """What the target is asked for beside what it always is, as the API takes it."""
    flags = {name: True for name in ("mutex", "block") if getattr(args, name)}
    return flags | {f"{name}_seconds": round(value) for name in ("profile", "trace") if (value := getattr(args, name))}


def _write(path: Path, data: bytes) -> None:
    """Only this user may read it, and it is there whole or not at all.

    Raises:
        LeakdogError: it cannot be written.

    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.touch(mode=0o600)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise LeakdogError(f"writing {path}: {error.strerror}") from error
