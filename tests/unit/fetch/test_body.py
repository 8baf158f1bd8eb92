"""Bodies: within their limit before and after HTTP's content encoding, and never half of one."""

from __future__ import annotations

import asyncio
import gzip
import random
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.errors import FetchError, Reason
from leakdog.fetch.body import MAX_GZIP_MEMBERS, PIECE_BYTES, Gunzip

Answer = Callable[..., bytes]
MIB = 1 << 20


async def failure(get: Any, url: str, **options: Any) -> FetchError:
    """The error that getting a page ends with."""
    with pytest.raises(FetchError) as caught:
        await get(url, **options)
    return caught.value


def bomb(size_bytes: int) -> bytes:
    """Zeros, packed a thousand to one."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(size_bytes // MIB)) + packer.flush()


@pytest.fixture
def serve_gzip(serve: Any, answer: Answer) -> Callable[[bytes], Any]:
    """Starts a server that sends bytes and says that they are gzip."""
    return lambda data: serve(answer(data, Content_Encoding="gzip"))


async def test_a_gzip_encoding_is_taken_off(serve_gzip: Any, get: Any) -> None:
    """The page is what was packed."""
    served = await serve_gzip(gzip.compress(b"page " * 1000))
    assert (await get(served.url)).data == b"page " * 1000


async def test_only_the_encoding_of_the_transfer_is_taken_off(serve_gzip: Any, get: Any) -> None:
    """A profile is gzip by itself, and stays so, byte for byte."""
    profile = gzip.compress(b"profile")
    served = await serve_gzip(gzip.compress(profile))
    assert (await get(served.url)).data == profile


async def test_members_that_follow_each_other_are_one_page(serve_gzip: Any, get: Any) -> None:
    """As gzip tools have it."""
    served = await serve_gzip(gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two"))
    assert (await get(served.url)).data == b"one two"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (gzip.compress(b"page" * 100)[:-12], "breaks off before its end"),
        (b"", "breaks off before its end"),
        (b"not gzip at all", "incorrect header check"),
        (gzip.compress(b"page") + b"garbage", "incorrect header check"),
        (gzip.compress(b"page") + b"\x1f\x8b", "breaks off before its end"),
        (gzip.compress(b"page")[:-8] + bytes(8), "incorrect data check"),
        (gzip.compress(b"") * (MAX_GZIP_MEMBERS + 1), "more than 1024 members"),
    ],
    ids=["half", "nothing", "plain text", "garbage behind", "half a member behind", "bad checksum", "many members"],
)
async def test_broken_gzip_fails_as_decode(serve_gzip: Any, get: Any, data: bytes, said: str) -> None:
    """The detail says what is wrong with it."""
    served = await serve_gzip(data)
    error = await failure(get, f"{served.url}/heap")
    assert error.reason is Reason.DECODE
    assert error.detail.startswith(f"the gzip encoding of {served.url}/heap is broken: ")
    assert said in error.detail


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "nonsense"])
async def test_an_encoding_that_was_not_asked_for_fails_as_decode(
    serve: Any, get: Any, answer: Answer, encoding: str
) -> None:
    """The detail names it."""
    served = await serve(answer(b"x", Content_Encoding=encoding))
    error = await failure(get, f"{served.url}/heap")
    assert error.reason is Reason.DECODE
    assert error.detail == f"{served.url}/heap is sent with content encoding {encoding!r}; only gzip was asked for"


@pytest.mark.parametrize("encoding", ["identity", "x-gzip", "GZIP", ""])
async def test_other_words_for_gzip_and_for_nothing_are_known(
    serve: Any, get: Any, answer: Answer, encoding: str
) -> None:
    """Old names, capital letters and an empty header are not errors."""
    data = gzip.compress(b"page") if "gzip" in encoding.lower() else b"page"
    served = await serve(answer(data, Content_Encoding=encoding))
    assert (await get(served.url)).data == b"page"


async def test_a_body_of_exactly_the_limit_passes(serve: Any, get: Any, answer: Answer) -> None:
    """One byte more does not."""
    served = await serve(answer(bytes(1000)))
    assert len((await get(served.url, limit_bytes=1000)).data) == 1000
    assert (await failure(get, served.url, limit_bytes=999)).reason is Reason.BODY_TOO_LARGE


@pytest.mark.parametrize("encoded", [False, True])
async def test_a_longer_body_is_cut_where_that_is_wanted(
    serve: Any, serve_gzip: Any, get: Any, answer: Answer, encoded: bool
) -> None:
    """Its beginning is taken up to the limit, also of what it unpacks to; a shorter one is whole."""
    body = random.Random(1).randbytes(100_000)
    served = await (serve_gzip(gzip.compress(body)) if encoded else serve(answer(body)))
    assert (await get(served.url, limit_bytes=999, cut=True)).data == body[:999]
    assert (await get(served.url, limit_bytes=100_000, cut=True)).data == body


async def test_a_length_over_the_limit_is_not_waited_for(serve: Any, get: Any) -> None:
    """The header alone ends it."""

    async def promise(peer: Any) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
        await asyncio.Event().wait()

    served = await serve(promise)
    error = await failure(get, f"{served.url}/heap")
    assert error.reason is Reason.BODY_TOO_LARGE
    assert error.detail == f"the answer of {served.url}/heap is over body_size_limit (1,048,576 bytes)"


async def test_the_limit_holds_for_what_a_body_unpacks_to(serve_gzip: Any, get: Any) -> None:
    """Exactly the limit passes, one byte more does not."""
    served = await serve_gzip(gzip.compress(bytes(1000)))
    assert len((await get(served.url, limit_bytes=1000)).data) == 1000
    assert (await failure(get, served.url, limit_bytes=999)).reason is Reason.BODY_TOO_LARGE


async def test_a_bomb_takes_no_more_memory_than_the_limit_allows(serve_gzip: Any, get: Any) -> None:
    """A quarter of a gigabyte in 256 kB stops at the limit, with less than twice that in memory."""
    limit = 8 * MIB
    served = await serve_gzip(bomb(256 * MIB))
    tracemalloc.start()
    try:
        error = await failure(get, served.url, limit_bytes=limit)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert error.reason is Reason.BODY_TOO_LARGE
    assert peak < 2 * limit


async def test_a_large_page_is_held_in_memory_once(serve_gzip: Any, get: Any) -> None:
    """It comes back without a copy of the whole."""
    size = 8 * MIB
    served = await serve_gzip(bomb(size))
    tracemalloc.start()
    try:
        response = await get(served.url, limit_bytes=size)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(response.data) == size
    assert peak < 1.5 * size


async def test_unpacking_holds_nobody_up(serve_gzip: Any, get: Any) -> None:
    """Between two pieces of a large page the event loop serves others."""
    size = 16 * MIB
    served = await serve_gzip(bomb(size))
    task = asyncio.create_task(get(served.url, limit_bytes=size))
    turns = 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns >= size // PIECE_BYTES


async def test_a_large_page_of_a_server_that_then_closes_comes_whole(serve: Any, get: Any, answer: Answer) -> None:
    """The end of the connection, seen while pieces are still read, cuts nothing off."""
    body = bytes(range(256)) * 4096 * 16
    served = await serve(answer(body, Connection="close"))
    assert (await get(served.url, limit_bytes=len(body))).data == body


@given(
    pages=st.lists(st.binary(max_size=2000), min_size=1, max_size=4),
    cuts=st.lists(st.integers(1, 200), min_size=1),
)
def test_gzip_comes_off_whatever_the_parts_it_comes_in(pages: list[bytes], cuts: list[int]) -> None:
    """Unpacking part by part gives what unpacking at once gives."""
    stream = b"".join(map(gzip.compress, pages))
    gunzip, out, at = Gunzip(), b"", 0
    for turn in range(len(stream)):
        step = cuts[turn % len(cuts)]
        out += b"".join(gunzip.feed(stream[at : at + step]))
        at += step
    gunzip.finish()
    assert out == b"".join(pages)


@given(page=st.binary(min_size=1, max_size=500), data=st.data())
def test_no_part_of_a_gzip_stream_passes_for_the_whole(page: bytes, data: st.DataObject) -> None:
    """Cut off anywhere, the end is missed."""
    stream = gzip.compress(page)
    cut = data.draw(st.integers(0, len(stream) - 1))
    gunzip = Gunzip()
    b"".join(gunzip.feed(stream[:cut]))
    with pytest.raises(zlib.error, match="breaks off"):
        gunzip.finish()
