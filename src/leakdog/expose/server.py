"""The HTTP side of `expose`: a small server on a daemon thread."""

from __future__ import annotations

import threading
import tracemalloc
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from urllib.parse import parse_qs, urlsplit

from leakdog.errors import LeakdogError
from leakdog.expose.heap import heap_profile
from leakdog.expose.process import command_line, metrics
from leakdog.expose.turns import Turns

# Frames kept per allocation. Each costs 16 bytes and time on every allocation; fewer than 8 often end inside a
# library, before the caller that is to blame.
FRAMES = 16
_IDLE_SECONDS = 30.0  # a client that says nothing gives its thread back
_POLL_SECONDS = 0.1  # how long closing may take
_TEXT, _BINARY, _HTML = "text/plain; charset=utf-8", "application/octet-stream", "text/html; charset=utf-8"
_INDEX = b"""<!doctype html><title>/debug/pprof/</title><h1>/debug/pprof/</h1>
<p><a href="heap">heap</a> memory of Python objects, for <code>go tool pprof</code>;
<a href="heap?gc=1">heap?gc=1</a> collects garbage first</p>
<p><a href="cmdline">cmdline</a></p><p><a href="/metrics">/metrics</a></p>
"""


class Exposed:
    """A running server. Also a context manager that closes it.

    Attributes:
        url: `http://HOST:PORT`, to be watched by leakdog.

    """

    def __init__(self, server: ThreadingHTTPServer, started_tracing: bool) -> None:
        host, port = server.server_address[:2]
        self.url = f"http://{host!s}:{port}"
        self._server = server
        self._started_tracing = started_tracing
        self._thread = threading.Thread(
            target=server.serve_forever, args=(_POLL_SECONDS,), name="leakdog-expose", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving; stop tracing too if `expose` began it. A second call does nothing."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            if self._started_tracing:
                tracemalloc.stop()

    def __enter__(self) -> Exposed:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def expose(port: int = 0, host: str = "127.0.0.1", nframes: int = FRAMES) -> Exposed:
    """Trace allocations and serve this program's heap over HTTP, on a thread that does not keep it alive.

    Call it as early as possible: what was allocated before is not known.

    Args:
        port: 0 takes a free one; `Exposed.url` tells which.
        host: IPv4 address or name, loopback by default. Whoever can connect learns function names, file names and the
            command line.
        nframes: frames kept per allocation, where tracing is not on yet.

    Raises:
        OSError: the address cannot be listened on.

    """
    started = not tracemalloc.is_tracing()
    server = _Server((host, port))
    if started:
        tracemalloc.start(nframes)
    return Exposed(server, started)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Handler)
        self.profiles = Turns(heap_profile)

    def server_bind(self) -> None:
        """Bind without asking the DNS for our own name, as http.server does: that may take long, and nobody uses it."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay quiet: a client that hangs up is no concern of the program that is watched."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _IDLE_SECONDS
    server_version = "leakdog-expose"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer one request."""
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        path = url.path.rstrip("/")
        if path == "/debug/pprof/heap":
            self._heap(query)
        elif path == "/debug/pprof/cmdline":
            self._answer(200, _TEXT, command_line())
        elif path == "/debug/pprof":
            self._answer(200, _HTML, _INDEX)
        elif path == "/metrics":
            self._answer(200, "text/plain; version=0.0.4; charset=utf-8", metrics().encode())
        else:
            self._answer(404, _TEXT, b"there are /debug/pprof/heap, /debug/pprof/cmdline and /metrics here\n")

    def _heap(self, query: dict[str, list[str]]) -> None:
        if query.get("debug", ["0"]) != ["0"]:
            self._answer(501, _TEXT, b"there is no text form: ask without debug\n")
            return
        try:
            profile = self.server.profiles.take(query.get("gc") == ["1"])
        except LeakdogError as error:  # the program has stopped tracing, or serves profiles elsewhere at this moment
            self._answer(503, _TEXT, f"{error}\n".encode())
        else:
            self._answer(200, _BINARY, profile)

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is http.server's
        """Say nothing: the program's standard error is its own."""
