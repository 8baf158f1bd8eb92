"""Say in words what a body is that is no profile, for people who pointed leakdog at the wrong address."""

from __future__ import annotations

import re

_LOOKED_AT = 2048
_TITLE = re.compile(rb"<title[^>]*>\s*([^<]{1,80})", re.IGNORECASE)
_BINARY = {
    b"\x28\xb5\x2f\xfd": "Zstandard data",
    b"PK\x03\x04": "a zip archive",
    b"\x7fELF": "an ELF program",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ": "xz data",
    b"\x89PNG": "a PNG picture",
    b"\x1f\x8b": "gzip data inside gzip data",
    b"go 1.": "a Go execution trace",
}
# gperftools CPU profiles begin with the words 0, 3, 0, in 32 or 64 bits of either byte order.
_CPU_HEADERS = tuple(
    b"".join(word.to_bytes(size, order) for word in (0, 3, 0)) for size in (4, 8) for order in ("little", "big")
)
_TEXTS = (
    (
        re.compile(rb"\Agoroutine \d+ [^\n]*\[[^\]\n]+\]:"),
        "a goroutine dump (debug=2); ask without debug, or debug=1",
    ),
    (re.compile(rb"\A--- (mutex|contention)"), "a contention profile in text form"),
    (
        re.compile(rb"\Aheap profile:[^\n]*@ *heap[_a-z]"),
        "a heap profile in the text form of a C or C++ allocator",
    ),
    (re.compile(rb"\A--- threadz"), "a thread profile in gperftools' text form"),
    (
        re.compile(rb"\Aheap profile:[^\n]*@ *(growth|fragmentation)"),
        "a growth profile in gperftools' text form",
    ),
    (re.compile(rb"\A# (HELP|TYPE) "), "a metrics page"),
    (re.compile(rb"\A[\[{]"), "JSON"),
    (re.compile(rb"\A<\?xml"), "XML"),
)
_HTML = re.compile(rb"\A(<!doctype html|<html|<head|<body|<!--|<h1|<pre|<title)", re.IGNORECASE)


def describe(data: bytes) -> str | None:
    """What a body is, if it is something known that is no protobuf, or text of any kind; else None."""
    start = data[:_LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        return "an empty body" if not data else "nothing but white space"
    if data.startswith(_CPU_HEADERS):
        return "a CPU profile in gperftools' binary form"
    for magic, words in _BINARY.items():
        if data.startswith(magic):
            return words
    if not is_text(data):
        return None
    if _HTML.match(start):
        title = _TITLE.search(start)
        return f"an HTML page titled {_quoted(title[1])}" if title else "an HTML page"
    return next(
        (words for pattern, words in _TEXTS if pattern.match(start)),
        f"text that begins {_quoted(start[:60])}",
    )


def is_text(data: bytes) -> bool:
    """Whether the beginning of a body has only characters that text files have."""
    return not any(byte < 32 and byte not in b"\t\n\r" for byte in data[:_LOOKED_AT])


def _quoted(raw: bytes) -> str:
    return ascii(raw.decode("utf-8", "replace").strip())
