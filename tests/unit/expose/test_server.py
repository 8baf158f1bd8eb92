"""The server."""

from __future__ import annotations

import socket
import threading
import tracemalloc
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import Message

import pytest

from leakdog.expose import Exposed, expose, heap
from leakdog.model import Kind, Signal
from leakdog.pprof import expect, memstats, parse


@pytest.fixture
def exposed() -> Iterator[Exposed]:
    """A running server."""
    with expose() as server:
        yield server


def get(url: str) -> tuple[int, Message, bytes]:
    """Status, headers and body, whatever the status."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


@pytest.mark.parametrize("query", ["", "?gc=1", "?debug=0"])
def test_the_heap_is_served(exposed: Exposed, query: str) -> None:
    """A profile, gzipped inside as Go's are, that passes for a heap profile."""
    status, headers, body = get(f"{exposed.url}/debug/pprof/heap{query}")
    assert (status, headers["Content-Type"], body[:2]) == (200, "application/octet-stream", b"\x1f\x8b")
    expect(parse(body), Kind.HEAP)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/debug/pprof/", 200, b'<a href="heap">'),
        ("/debug/pprof", 200, b'<a href="heap">'),
        ("/metrics", 200, b"\nprocess_resident_memory_bytes "),
        ("/debug/pprof/cmdline", 200, b"python"),
        ("/debug/pprof/heap?debug=1", 501, b"no text form"),
        ("/debug/pprof/goroutine", 404, b"there are /debug/pprof/heap"),
        ("/", 404, b"there are /debug/pprof/heap"),
    ],
)
def test_pages_are_served(exposed: Exposed, path: str, status: int, words: bytes) -> None:
    """Each page, and a hint where there is none."""
    found, headers, body = get(exposed.url + path)
    assert found == status
    assert words in body
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_python_program_has_no_memstats(exposed: Exposed) -> None:
    """The text form, where Go tells its memory figures, is refused by its status."""
    assert get(f"{exposed.url}/debug/pprof/heap?debug=1")[0] == 501
    assert Signal.HEAP_ALLOC in memstats(
        b"heap profile: 0: 0 [0: 1] @ heap/2\n\n# runtime.MemStats\n# HeapAlloc = 1\n# DebugGC = false\n"
    )


def test_closing_ends_what_was_started() -> None:
    """After close nobody listens, and tracing is off again; a second close does nothing."""
    server = expose()
    assert tracemalloc.is_tracing()
    server.close()
    server.close()
    assert not tracemalloc.is_tracing()
    with pytest.raises(urllib.error.URLError):
        get(server.url)


@pytest.mark.usefixtures("tracing")
def test_tracing_that_was_on_stays_as_it_is() -> None:
    """Whoever started tracing has chosen its frames and its end."""
    with expose(nframes=3):
        assert tracemalloc.get_traceback_limit() == 16
    assert tracemalloc.is_tracing()


def test_frames_are_kept_as_asked() -> None:
    """`nframes` is how many frames tracemalloc keeps."""
    with expose(nframes=3):
        assert tracemalloc.get_traceback_limit() == 3


def test_tracing_stopped_by_the_program_is_told(exposed: Exposed) -> None:
    """The program may turn tracing off; the heap is then not available."""
    tracemalloc.stop()
    status, _, body = get(f"{exposed.url}/debug/pprof/heap")
    assert (status, b"the heap is not traced" in body) == (503, True)


def test_two_readers_at_a_time_are_both_answered(exposed: Exposed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second gets the profile that is made for the first: a daemon would call a target that refuses it down."""
    begun, let, made = threading.Event(), threading.Event(), []

    def slow(stacks: int) -> bytes:
        made.append(stacks)
        begun.set()
        assert let.wait(10)
        return b"profile"

    monkeypatch.setattr(heap, "_made", slow)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(get, f"{exposed.url}/debug/pprof/heap")
        assert begun.wait(10)
        second = pool.submit(get, f"{exposed.url}/debug/pprof/heap")
        with pytest.raises(TimeoutError):
            second.result(0.3)
        let.set()
        assert [(status, body) for status, _, body in (first.result(10), second.result(10))] == [(200, b"profile")] * 2
    assert len(made) == 1


def test_a_reader_beside_the_programs_own_is_sent_away(exposed: Exposed) -> None:
    """While the program makes a profile by `heap_profile` the answer is 503 with a sentence, at once."""
    with heap._lock:
        status, _, body = get(f"{exposed.url}/debug/pprof/heap")
    assert (status, b"in the making: ask again" in body) == (503, True)
    assert get(f"{exposed.url}/debug/pprof/heap")[0] == 200


def test_a_taken_port_is_an_error(exposed: Exposed) -> None:
    """The caller is told, and tracing is not left on."""
    port = int(exposed.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        expose(port=port)


def test_a_client_that_hangs_up_is_no_matter(exposed: Exposed, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is written to the program's standard error, and the server goes on."""
    port = int(exposed.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /debug/pprof/heap HTTP/1.1\r\n")
    assert get(f"{exposed.url}/metrics")[0] == 200
    assert capfd.readouterr().err == ""
