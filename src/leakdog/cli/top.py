"""`leakdog top`: which functions hold the most in one profile."""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from leakdog.cli.client import Client, add_arguments
from leakdog.errors import ApiError, FetchError, LeakdogError, ProfileError, Reason

_TIMEOUT_SECONDS = 60.0
_LIMIT_BYTES = 64 << 20

EXAMPLES = """examples:
  leakdog top heap.pb.gz
  leakdog top http://127.0.0.1:6060 --sample-index inuse_objects   its /debug/pprof/heap
  curl -s http://127.0.0.1:6060/debug/pprof/goroutine | leakdog top -
  leakdog top heap.pb.gz -n 0 --json
  leakdog top shop/10.0.0.7:6060@2026-03-01T10:00:00Z   the last one that the daemon stored until then
  leakdog top shop/10.0.0.7:6060@latest --kind goroutine
"""
LATEST = "latest"


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "top",
        help="which functions hold the most in a profile",
        description="Show which functions hold the most in a profile, as `go tool pprof -top` does.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "profile",
        metavar="FILE|URL|TARGET@TIME|-",
        help=f"a profile; TARGET@TIME is one that the daemon stored (JOB/INSTANCE, and RFC 3339 or {LATEST}); "
        "- reads standard input",
    )
    parser.add_argument("--kind", default="heap", help="of a TARGET@TIME, or of a URL without a path (default heap)")
    parser.add_argument("--sample-index", default="", metavar="NAME", help="inuse_space, alloc_objects, … or a number")
    parser.add_argument("-n", type=_count, default=20, metavar="N", help="rows to show, 0 for all (default 20)")
    parser.add_argument("--sort", choices=("flat", "cum"), default="flat", help="column to sort by (default flat)")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 if there is one."""
    from leakdog.pprof import parse
    from leakdog.report.top import render, top

    try:
        profile = parse(read(args.profile, args.kind, args.server))
    except ProfileError as error:
        raise LeakdogError(f"reading {args.profile}: {error}") from None
    table = top(profile, args.sample_index, args.n, args.sort)
    if args.json:
        rows = [{"name": row.name, "flat": row.flat, "cum": row.cum} for row in table.rows]
        shape = {"sample_type": table.sample_type, "unit": table.unit, "total": table.total, "rows": rows}
        print(json.dumps(shape, indent=2))
    else:
        print(render(table), end="")
    return 0


def read(where: str, kind: str, server: str) -> bytes:
    """The bytes of a profile: from a URL, from standard input (`-`), from a file, or from a daemon's store.

    Raises:
        ApiError: the daemon gave no stored profile.
        FetchError: the URL gave no profile.
        LeakdogError: the file cannot be read.

    """
    if where.startswith(("http://", "https://")):
        bare = not urlsplit(where).path.strip("/")
        return _fetch(f"{where.rstrip('/')}/debug/pprof/{kind}" if bare else where)
    if where == "-":
        return sys.stdin.buffer.read()
    target, at, time = where.rpartition("@")
    if at and not Path(where).exists():
        return _stored(Client(server), target, time, kind)
    try:
        return Path(where).read_bytes()
    except OSError as error:
        hint = "" if Path(where).exists() else "; an address begins with http:// or https://"
        raise LeakdogError(f"reading {where}: {error.strerror}{hint}") from error


def _stored(client: Client, target: str, time: str, kind: str) -> bytes:
    """The last profile of a target that the daemon stored until `time`."""
    until = {} if time == LATEST else {"to": time}
    found = client.listing("/api/v1/snapshots", "snapshots", target=target, kind=kind, limit="1", **until)
    if not found:
        raise ApiError(f"looking for a {kind} profile of {target} until {time}: the daemon has stored none")
    return client.body(f"/api/v1/snapshots/{found[0]['id']}/profile.pb.gz")


def _fetch(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310  # read() checked the scheme
            data: bytes = response.read(_LIMIT_BYTES + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise FetchError(
            Reason.HTTP_STATUS, f"{url} answered {error.code} {error.reason}", status=error.code
        ) from error
    except TimeoutError as error:
        raise FetchError(Reason.TIMEOUT, f"{url} did not answer within {_TIMEOUT_SECONDS:g} s") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchError(Reason.CONNECT, f"{url}: {getattr(error, 'reason', error)}") from error
    if len(data) > _LIMIT_BYTES:
        raise FetchError(Reason.BODY_TOO_LARGE, f"{url} sent more than {_LIMIT_BYTES >> 20} MiB")
    return data


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a count")
    return int(text)
