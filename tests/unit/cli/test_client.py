"""Asking a daemon: every way it can fail is a sentence to act on."""

import argparse
import socket
from collections.abc import Callable
from typing import Any

import pytest

from leakdog.cli.client import DEFAULT_SERVER, Client, add_arguments
from leakdog.errors import ApiError, UsageError

Serve = Callable[[dict[str, Any]], str]


def test_get(serve: Serve) -> None:
    """The JSON at a path comes back as a value; the query is escaped."""
    answers: dict[str, Any] = {"/api/v1/series": {"series": [1]}}
    client = Client(serve(answers) + "/")
    assert client.get("/api/v1/series", target="a b/c&d") == {"series": [1]}
    assert answers["asked"] == ["/api/v1/series?target=a+b%2Fc%26d"]


def test_listing(serve: Serve) -> None:
    """A list is taken out of the answer by its name."""
    assert Client(serve({"/api/v1/leaks": {"leaks": [{"id": "x"}]}})).listing("/api/v1/leaks", "leaks") == [{"id": "x"}]


@pytest.mark.parametrize("answer", [{"status": "success", "data": []}, [], {"leaks": None}])
def test_another_server(serve: Serve, answer: Any) -> None:
    """A server that answers with something else, as Prometheus does, is not taken for a daemon."""
    with pytest.raises(ApiError, match=r"has no leaks; is this a leakdog daemon\?"):
        Client(serve({"/api/v1/leaks": answer})).listing("/api/v1/leaks", "leaks")


def test_no_daemon() -> None:
    """Where nobody listens the error says what to start or to set."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(ApiError, match=r"Is it running \(`leakdog run`\)\? .* --server URL or LEAKDOG_SERVER"):
        Client(f"http://127.0.0.1:{port}").get("/api/v1/leaks")


def test_silence() -> None:
    """A server that takes the connection and says nothing is given up on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = Client(f"http://127.0.0.1:{server.getsockname()[1]}", timeout_seconds=0.05)
        with pytest.raises(ApiError, match="timed out"):
            client.get("/api/v1/leaks")


def test_the_daemon_complains(serve: Serve) -> None:
    """What the daemon says of a bad request is passed on."""
    url = serve({"/api/v1/leaks": (400, b'{"error": "state: \'x\' is not one of pending, firing, resolved"}')})
    with pytest.raises(
        ApiError, match=f"^asking the daemon at {url}: state: 'x' is not one of pending, firing, resolved$"
    ):
        Client(url).get("/api/v1/leaks", state="x/y")


def test_an_error_page(serve: Serve) -> None:
    """An error page of some other server is told by its status."""
    with pytest.raises(ApiError, match="answers 503 Service Unavailable"):
        Client(serve({"/x": (503, b"<html>busy</html>")})).get("/x")


def test_no_json(serve: Serve) -> None:
    """A page is not an answer."""
    with pytest.raises(ApiError, match="the answer is not JSON"):
        Client(serve({"/x": (200, b"<html>sign in</html>")})).get("/x")


@pytest.mark.parametrize("server", ["foo", "127.0.0.1:x", "file:///etc/passwd", "http://", "http://[", ""])
def test_bad_address(server: str) -> None:
    """What is no web address is refused before anything is sent, with an example of a good one."""
    with pytest.raises(UsageError, match=r"give it as HOST:PORT or http://127\.0\.0\.1:5325"):
        Client(server)


def test_host_and_port_are_an_address(serve: Serve) -> None:
    """As `scan` and `top` take them."""
    server = serve({"/x": 1})
    assert Client(server.removeprefix("http://")).get("/x") == 1


def test_which_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The option comes before the environment, the environment before the default."""

    def server(*args: str) -> str:
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        return str(parser.parse_args(args).server)

    assert server() == DEFAULT_SERVER
    monkeypatch.setenv("LEAKDOG_SERVER", "http://10.0.0.5:5325")
    assert server() == "http://10.0.0.5:5325"
    assert server("--server", "http://10.0.0.6:5325") == "http://10.0.0.6:5325"


def test_proxies_are_not_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment is not asked for a daemon on this machine."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert Client(serve({"/x": 1})).get("/x") == 1
