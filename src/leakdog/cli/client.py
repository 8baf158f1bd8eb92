"""A daemon's HTTP API, as the command line asks it."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from leakdog.errors import ApiError, UsageError

DEFAULT_SERVER = "http://127.0.0.1:5325"
SERVER_VARIABLE = "LEAKDOG_SERVER"
SERVER_HELP = f"where the daemon listens (default: ${SERVER_VARIABLE}, else {DEFAULT_SERVER})"
TIMEOUT_SECONDS = 30.0
# A thousand targets with all their verdicts take 5 MB.
ANSWER_BYTES = 256 << 20


class Client:
    """Asks one daemon. Proxies of the environment are not used: what is asked is mostly this machine."""

    def __init__(self, server: str = DEFAULT_SERVER, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """Take the address of a daemon, a URL or HOST:PORT; nothing is sent yet.

        Raises:
            UsageError: `server` is not an address of a web server.

        """
        self._server = _url(server)
        self._timeout_seconds = timeout_seconds
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str, **query: str) -> Any:
        """The JSON value at `path`, such as `/api/v1/leaks`.

        Raises:
            ApiError: no daemon answers, or it answers with an error or with something else than JSON.

        """
        body = self.body(path, **query)
        try:
            return json.loads(body)
        except ValueError:
            raise ApiError(f"asking {self._server}{path}: the answer is not JSON; is this a leakdog daemon?") from None

    def body(self, path: str, **query: str) -> bytes:
        """The bytes at `path`, such as `/api/v1/snapshots/7/profile.pb.gz`.

        Raises:
            ApiError: no daemon answers, or it answers with an error.

        """
        return self._answer(f"{path}{'?' if query else ''}{urlencode(query)}")

    def leak(self, wanted: str) -> dict[str, Any]:
        """The leak whose id begins like this.

        Raises:
            ApiError: as for `get`, or there is none, or more than one.

        """
        found = [leak for leak in self.listing("/api/v1/leaks", "leaks") if str(leak["id"]).startswith(wanted)]
        if len(found) != 1:
            begins = "no leak begins" if not found else f"{len(found)} leaks begin"
            raise ApiError(f"{begins} with {wanted!r}; `leakdog leaks --all` lists what there is")
        return found[0]

    def send(self, method: str, path: str, value: Any = None) -> Any:
        """The JSON answer to a `POST` of a JSON value, or to a `DELETE`.

        Raises:
            ApiError: no daemon answers, or it answers with an error.

        """
        body = None if value is None else json.dumps(value).encode()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        return json.loads(self._answer(path, body, headers, method))

    def _answer(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None, method: str = "GET"
    ) -> bytes:
        url = f"{self._server}{path}"
        request = urllib.request.Request(url, body, dict(headers or {}), method=method)  # noqa: S310  # checked at first
        try:
            with self._opener.open(request, timeout=self._timeout_seconds) as response:
                return bytes(response.read(ANSWER_BYTES))
        except urllib.error.HTTPError as error:
            with error:
                raise ApiError(f"asking {self._told(url, error)}") from None
        except (OSError, http.client.HTTPException) as error:
            raise ApiError(self._nobody(error)) from None

    def listing(self, path: str, name: str, **query: str) -> list[dict[str, Any]]:
        """The list called `name` in the answer from `path`.

        Raises:
            ApiError: as for `get`, or the answer has no such list.

        """
        found: list[dict[str, Any]] = self.answer(path, name, **query)[name]
        return found

    def answer(self, path: str, name: str, **query: str) -> dict[str, Any]:
        """The whole answer from `path`, which has a list called `name`; raises as `listing`."""
        answer = self.get(path, **query)
        if not isinstance(answer, dict) or not isinstance(answer.get(name), list):
            raise ApiError(f"asking {self._server}{path}: the answer has no {name}; is this a leakdog daemon?")
        return answer

    def _told(self, url: str, error: urllib.error.HTTPError) -> str:
        """What the daemon says in its JSON body, else the status and where it came from."""
        try:
            return f"the daemon at {self._server}: {json.loads(error.read(ANSWER_BYTES))['error']}"
        except (ValueError, TypeError, KeyError):
            return f"{url}: it answers {error.code} {error.reason}; is this a leakdog daemon?"

    def _nobody(self, error: Exception) -> str:
        cause = getattr(error, "reason", error)
        why = getattr(cause, "strerror", None) or cause or type(error).__name__
        return (
            f"asking the daemon at {self._server}: {why}. Is it running (`leakdog run`)? "
            f"For one elsewhere use --server URL or {SERVER_VARIABLE}"
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--server` and `--json`, which every verb that asks a daemon takes."""
    parser.add_argument("--server", metavar="URL", default=default_server(), help=SERVER_HELP)
    parser.add_argument("--json", action="store_true", help="print JSON as the API gives it")


def default_server() -> str:
    """Where the daemon listens, unless it is said."""
    return os.environ.get(SERVER_VARIABLE) or DEFAULT_SERVER


def _url(server: str) -> str:
    """The URL that is meant by one, or by HOST:PORT."""
    from leakdog.config.addresses import parse_host_port

    try:
        if "://" not in server:
            parse_host_port(server.partition("/")[0])
            server = f"http://{server}"
        url = urlsplit(server)
    except ValueError:
        url = urlsplit("")
    if url.scheme not in ("http", "https") or not url.netloc:
        raise UsageError(f"--server {server!r} is no address; give it as HOST:PORT or {DEFAULT_SERVER}")
    return server.rstrip("/")
