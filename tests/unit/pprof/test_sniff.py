"""Words for what is no profile."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.pprof.sniff import describe, is_text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "an empty body"),
        (b" \r\n", "nothing but white space"),
        (b"<!DOCTYPE html>\n<head><title>\n Sign in </title>", "an HTML page titled 'Sign in'"),
        (b"<html><body>no title", "an HTML page"),
        (b"\xef\xbb\xbf<html>", "an HTML page"),
        (b'{"error": "not found"}', "JSON"),
        (b"[1, 2]", "JSON"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"404 page not found\n", "text that begins '404 page not found'"),
        (b"# HELP go_goroutines Number\n", "a metrics page"),
        (b"goroutine 1 [running]:\nmain.main()\n", "a goroutine dump"),
        (b"goroutine 7 gp=0xc000 m=1 [select, 5 minutes]:\n", "a goroutine dump"),
        (b"--- mutex:\ncycles/second=1\n", "a contention profile"),
        (b"--- threadz 1 ---\n", "a thread profile"),
        (b"heap profile: 1: 2 [3: 4] @ growthz\n", "a growth profile"),
        (b"heap profile: 1: 2 [3: 4] @ heap_v2/524288\n", "a heap profile in the text form of a C"),
        (struct.pack("<5Q", 0, 3, 0, 10000, 0), "a CPU profile"),
        (struct.pack(">5I", 0, 3, 0, 10000, 0), "a CPU profile"),
        (b"\x28\xb5\x2f\xfdxyz\x00", "Zstandard data"),
        (b"\x7fELF\x02", "an ELF program"),
        (b"\x1f\x8b\x08\x00", "gzip data inside gzip data"),
        (b"go 1.26 trace\x00\x00\x00", "a Go execution trace"),
    ],
)
def test_known_bodies_are_named(data: bytes, words: str) -> None:
    """What people get from a wrong address is told in words."""
    assert (describe(data) or "").startswith(words)


@pytest.mark.parametrize("data", [b"\x0a\x04\x08\x01\x10\x02", b"\x00\x01\x02", b"\xff" * 9 + b"\x01"])
def test_binary_data_is_left_to_the_decoder(data: bytes) -> None:
    """What may be protobuf is not judged here."""
    assert describe(data) is None


def test_control_characters_make_no_text() -> None:
    """Line ends and tabs are text, other control characters are not."""
    assert is_text(b"a\tb\r\n")
    assert not is_text(b"a\x00b")


@given(st.binary())
def test_words_are_printable(data: bytes) -> None:
    """Whatever the body, its description is safe to print."""
    assert (describe(data) or "").isprintable()
