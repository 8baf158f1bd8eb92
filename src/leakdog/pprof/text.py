"""What Go's text forms (`debug=1`) have in common: a header, numbers and addresses, and frames in comments.

    1: 4096 [2: 8192] @ 0x46a5f3 0x46a0f1
    #	0x46a5f2	main.keep+0x52	/src/main.go:17

Sources: runtime/pprof/pprof.go (`printStackRecord`), google/pprof profile/legacy_profile.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from leakdog.errors import MalformedProfile, ProfileTooLarge
from leakdog.model import Frame
from leakdog.pprof.build import Builder
from leakdog.pprof.limits import Limits

_FRAME = re.compile(r"#\t(0x[0-9a-f]{1,16})(?:\t+([^\t]+)\t+([^\t]+))?\Z")
_FUNCTION = re.compile(r"(\S.*)\+0x[0-9a-f]+\Z")
_PLACE = re.compile(r"(.*):(\d{1,18})\Z")
_ADDRESS = re.compile(r"0x[0-9a-f]{1,16}\Z")


def lines(body: bytes, limits: Limits) -> Iterator[tuple[int, str]]:
    """Numbered lines of a text, one at a time, so that a long text does not become a long list.

    Raises:
        MalformedProfile: the last line has no end, so the text is cut off.
        ProfileTooLarge: a line over `line_length`.

    """
    if not body.endswith(b"\n"):
        raise MalformedProfile("the text is cut off in mid-line")
    start, number = 0, 0
    while start < len(body):
        stop = body.index(b"\n", start)
        number += 1
        if stop - start > limits.line_length:
            raise ProfileTooLarge(f"line {number} has more than {limits.line_length} characters (limit line_length)")
        yield number, body[start:stop].decode("utf-8", "backslashreplace").rstrip("\r")
        start = stop + 1


def frame(line: str, number: int) -> tuple[int, Frame | None] | None:
    """Address and frame of a comment line; the frame is None where the program does not know it.

    Comments that are no frames give None.

    Raises:
        MalformedProfile: it begins like a frame, but does not go on like one.

    """
    if not line.startswith("#\t0x"):
        return None
    match = _FRAME.match(line)
    if match and not match[2]:
        return int(match[1], 16), None
    function, place = (_FUNCTION.match(match[2]), _PLACE.match(match[3])) if match else (None, None)
    if not match or not function or not place:
        raise MalformedProfile(f"line {number} is no frame: {line[:80]!r}")
    return int(match[1], 16), Frame(function[1], place[1], int(place[2]))


def addresses(text: str, number: int) -> list[int]:
    """Return addresses of a sample line, moved by one so that they lie on the call.

    Raises:
        MalformedProfile: something else than addresses of 64 bits.

    """
    words = text.split()
    if not all(map(_ADDRESS.match, words)):
        raise MalformedProfile(f"line {number} has something else than addresses after the @: {text[:80]!r}")
    return [on_call(int(word, 16)) for word in words]


def on_call(address: int) -> int:
    """A return address moved onto the call before it; 0 wraps around."""
    return (address - 1) & (1 << 64) - 1


def stack(builder: Builder, bare: list[int], frames: list[tuple[int, Frame | None]]) -> list[int]:
    """Rows of a sample's locations: from its frames where the text tells them, else from the bare addresses.

    Lines of one address follow each other: they are the calls that were inlined there.
    """
    if not frames:
        return [builder.location(address) for address in bare]
    return [
        builder.location(address, tuple(each for _, each in group if each))
        for address, group in groupby(frames, itemgetter(0))
    ]
