"""Where a profile comes from: a file, a URL, standard input, or a daemon's store."""

from __future__ import annotations

import http.client
import sys
import urllib.error
import urllib.request
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from leakdog.cli.client import Client
from leakdog.errors import ApiError, FetchError, LeakdogError, Reason, UsageError

_TIMEOUT_SECONDS = 60.0
_LIMIT_BYTES = 64 << 20
LATEST = "latest"
UNUSUAL = "; it is read only of jobs under whose `profiles` it stands in the configuration"


class Read(NamedTuple):
    """The bytes of a profile; of one that a daemon has stored also its target, and when that process was started."""

    data: bytes
    target: str = ""
    life_start: str = ""


def read(where: str, kind: str, server: str) -> Read:
    """A profile: from a URL, from standard input (`-`), from a file, or from a daemon's store.

    Raises:
        ApiError: the daemon gave no stored profile.
        FetchError: the URL gave no profile.
        LeakdogError: the file cannot be read.

    """
    if url := url_of(where):
        bare = not urlsplit(url).path.strip("/")
        return Read(_fetch_kind(url, kind) if bare else _fetch(url))
    if where == "-":
        return Read(sys.stdin.buffer.read())
    if is_stored(where):
        return _read_stored(where, kind, server)
    try:
        return Read(Path(where).read_bytes())
    except OSError as error:
        hint = "" if Path(where).exists() else _meant(where)
        hint = "; with --growth, `top`, `list` and `traces` take a folder" if Path(where).is_dir() else hint
        raise LeakdogError(f"reading {where}: {error.strerror}{hint}") from error


def _read_stored(where: str, kind: str, server: str) -> Read:
    client = Client(server)
    (found,) = stored_until(client, where, kind)[:1]
    data = client.body(f"/api/v1/snapshots/{found['id']}/profile.pb.gz")
    target = f"{found['job']}/{found['instance']}"  # its instance alone may have been given
    return Read(data, target, found.get("life_start", ""))  # an older daemon tells none


def url_of(where: str) -> str:
    """The URL that is meant: as it is given, or of HOST:PORT with or without a path. Empty: it is no address."""
    from leakdog.config.addresses import parse_host_port

    if where.startswith(("http://", "https://")):
        return where
    address = where.partition("/")[0]
    try:
        parse_host_port(address)
    except ValueError:
        return ""
    return "" if Path(where).exists() or "@" in where else f"http://{where}"


def _meant(where: str) -> str:
    """What may have been meant where there is no such file: a stored profile of JOB/INSTANCE, or an address."""
    job, slash, instance = where.partition("/")
    if slash and job and url_of(instance) == f"http://{instance}" and "/" not in instance:
        return f"; did you mean {where}@{LATEST}?"
    return "; an address is HOST:PORT or begins with http:// or https://"


def is_stored(where: str) -> bool:
    """Whether it is a TARGET@TIME, a profile that a daemon has stored."""
    return "@" in where and not where.startswith(("http://", "https://")) and not Path(where).exists()


def stored_until(client: Client, where: str, kind: str, limit: int = 1) -> list[dict[str, Any]]:
    """The last profiles of a TARGET@TIME that the daemon stored until then, the newest first.

    Raises:
        ApiError: the daemon does not answer, or has stored none.
        UsageError: the time or the kind is none.

    """
    target, _, time = where.rpartition("@")
    _check(where, time, kind)
    until = {} if time == LATEST else {"to": time}
    found = client.listing("/api/v1/snapshots", "snapshots", target=target, kind=kind, limit=str(limit), **until)
    if not found:
        from leakdog.config.schema import DEFAULT_PROFILES

        article = "an" if kind.startswith("a") else "a"
        none = f"looking for {article} {kind} profile of {target} until {time}: the daemon has stored none"
        why = _unprofiled(client, target) or ("" if kind in DEFAULT_PROFILES else UNUSUAL)
        raise ApiError(f"{none}{why}")
    return found


def _unprofiled(client: Client, target: str) -> str:
    """Why no profiles of a target are stored at all, as the end of a sentence; empty where some may be."""
    try:
        why = client.get("/api/v1/sites", target=target).get("unprofiled")
    except ApiError:  # one that is watched no more; that it has none stored is told all the same
        return ""
    return f"; {why}" if why else ""


def _check(where: str, time: str, kind: str) -> None:
    from leakdog.model import Kind

    if kind not in list(Kind):
        raise UsageError(f"--kind {kind!r} is not stored; give one of {', '.join(Kind)}")
    if time != LATEST and not time.replace(".", "", 1).isdecimal() and not _has_zone(time):
        raise UsageError(f"{where}: {time!r} is no time; give {LATEST}, or one such as 2026-01-31T12:00:00Z")


def _has_zone(time: str) -> bool:
    """Whether it is a time in the form of RFC 3339."""
    try:
        return datetime.fromisoformat(time).tzinfo is not None
    except ValueError:
        return False


def _fetch_kind(url: str, kind: str) -> bytes:
    """A profile of a URL without a path."""
    try:
        return _fetch(f"{url.rstrip('/')}/debug/pprof/{kind}")
    except FetchError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        hint = "give the path as well, where it is another; a leakdog daemon needs --web.enable-pprof"
        raise FetchError(error.reason, f"{error.detail}; {hint}", status=error.status) from None


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
        hint = "see whether it runs, and whether it listens at this address"
        raise FetchError(Reason.CONNECT, f"{url}: {_said(error)}; {hint}") from error
    if len(data) > _LIMIT_BYTES:
        raise FetchError(Reason.BODY_TOO_LARGE, f"{url} sent more than {_LIMIT_BYTES >> 20} MiB")
    return data


def _said(error: Exception) -> object:
    """The system's words for what kept a connection from being made."""
    cause = getattr(error, "reason", error)
    return getattr(cause, "strerror", None) or cause
