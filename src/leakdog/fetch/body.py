"""The body of an answer, whole and within its limit, with HTTP's content encoding taken off as it comes in."""

from __future__ import annotations

import asyncio
import io
import zlib
from collections.abc import Iterator

import aiohttp

from leakdog.errors import FetchError, Reason

# As many concatenated gzip streams as HTTP clients commonly accept; each may be empty, so bytes do not bound them.
MAX_GZIP_MEMBERS = 1024
# Unpacked at a time: 64 kB of gzip can hold 64 MB, which in one piece would hold up every other target.
PIECE_BYTES = 256 << 10
GZIP = 16 + zlib.MAX_WBITS


async def read_body(response: aiohttp.ClientResponse, page: str, limit_bytes: int, *, cut: bool = False) -> bytes:
    """The body of an answer. Its memory is about its size: nothing beyond the limit is read or unpacked.

    Args:
        response: with the body not yet read, and not decompressed by aiohttp.
        page: name of the page for messages.
        limit_bytes: of the body, both as it comes and with HTTP's content encoding taken off.
        cut: take a larger body up to its limit, instead of refusing it.

    Raises:
        FetchError: `body_too_large`, or `decode` where the body breaks off, is garbled, or is in an encoding that was
            not asked for.

    """
    gunzip = _decoder(response, page)
    body, received = io.BytesIO(), 0
    if (response.content_length or 0) > limit_bytes and not cut:
        raise _too_large(page, limit_bytes)
    try:
        async for chunk in response.content.iter_any():
            received += len(chunk)
            for piece in gunzip.feed(chunk) if gunzip else (chunk,):
                body.write(piece)
                if max(received, body.tell()) > limit_bytes:
                    if cut:
                        return body.getvalue()[:limit_bytes]
                    raise _too_large(page, limit_bytes)
                await asyncio.sleep(0)
        if gunzip:
            gunzip.finish()
    except (aiohttp.ClientError, OSError) as error:
        raise FetchError(Reason.DECODE, f"the answer of {page} breaks off after {received:,} bytes") from error
    except zlib.error as error:
        raise FetchError(Reason.DECODE, f"the gzip encoding of {page} is broken: {error}") from error
    return body.getvalue()


def _decoder(response: aiohttp.ClientResponse, page: str) -> Gunzip | None:
    """What takes the content encoding off; None where there is none."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return None
    if encoding in ("gzip", "x-gzip"):
        return Gunzip()
    raise FetchError(Reason.DECODE, f"{page} is sent with content encoding {encoding[:40]!r}; only gzip was asked for")


def _too_large(page: str, limit_bytes: int) -> FetchError:
    return FetchError(Reason.BODY_TOO_LARGE, f"the answer of {page} is over body_size_limit ({limit_bytes:,} bytes)")


class Gunzip:
    """Takes gzip off a stream of bytes, in pieces of bounded size. Members that follow each other are joined."""

    def __init__(self) -> None:
        self._members = 1
        self._inflater = zlib.decompressobj(GZIP)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the next bytes of the stream stand for, at most `PIECE_BYTES` at a time.

        Raises:
            zlib.error: they are not gzip, or there are too many members.

        """
        while data:
            if self._inflater.eof:
                self._next_member()
            yield self._inflater.decompress(data, PIECE_BYTES)
            data = self._inflater.unused_data or self._inflater.unconsumed_tail

    def finish(self) -> None:
        """Check that the last member has come to its end.

        Raises:
            zlib.error: it has not.

        """
        if not self._inflater.eof:
            raise zlib.error("it breaks off before its end")

    def _next_member(self) -> None:
        self._members += 1
        if self._members > MAX_GZIP_MEMBERS:
            raise zlib.error(f"it has more than {MAX_GZIP_MEMBERS} members")
        self._inflater = zlib.decompressobj(GZIP)
