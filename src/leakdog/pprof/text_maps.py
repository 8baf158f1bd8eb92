"""Memory maps at the end of text profiles: as `/proc/PID/maps` has them, or shorter.

MAPPED_LIBRARIES:
build=/srv
  00400000-00fcb000: $build/server
  7f47a4b73000-7f47a4d21000 r-xp 00000000 08:01 131 /lib/libc-2.15.so
"""

from __future__ import annotations

import re

from leakdog.errors import ProfileTooLarge
from leakdog.pprof import text
from leakdog.pprof.check import check_count
from leakdog.pprof.limits import Limits
from leakdog.pprof.maps import Mapping

_HEADING = re.compile(rb"--- Memory map: ---|MAPPED_LIBRARIES:")
_HEX = "[0-9a-fA-F]"
_RANGE = rf"\s*(?:0x)?({_HEX}{{1,16}})[\s-]\s*(?:0x)?({_HEX}{{1,16}}):?(?:\s+([-rwxp]+))?"
_PROC = re.compile(rf"{_RANGE}(?:\s+({_HEX}{{1,16}}))?\s+{_HEX}+:{_HEX}+\s+\d+(?:\s+(\S+))?", re.ASCII)
_BRIEF = re.compile(rf"{_RANGE}(?:\s+(\S+))?(?:\s+\(@({_HEX}{{1,16}})\))?(?:\s+({_HEX}+))?", re.ASCII)
_LOG_PREFIX = re.compile(r"[^\[\]]{1,4096}:[0-9]{1,9}\]\s")
_USE = re.compile(r"\$(\w+)")


def split(body: bytes) -> tuple[bytes, bytes | None]:
    """What comes before the heading of a memory map, and what comes after it, None without one."""
    heading = _HEADING.search(body)
    if not heading:
        return body, None
    stop = body.find(b"\n", heading.end())
    return body[: body.rfind(b"\n", 0, heading.start()) + 1], body[stop + 1 :] if stop >= 0 else b""


def read(body: bytes | None, limits: Limits) -> list[Mapping]:
    """Mappings of code in a memory map; lines that are none are skipped, as every reader does.

    Raises:
        MalformedProfile: the text is cut off.
        ProfileTooLarge: too many mappings, or a line that is too long, or becomes so by its attributes.

    """
    attributes: dict[str, str] = {}
    found: list[Mapping] = []
    for _, raw in text.lines(body, limits) if body else ():
        line = _with(attributes, raw[prefix.end() :] if (prefix := _LOG_PREFIX.match(raw)) else raw)
        if len(line) > limits.line_length:
            raise ProfileTooLarge(
                f"a line of the memory map has more than {limits.line_length} characters (limit line_length)"
            )
        mapping, code = _entry(line)
        if mapping and code:
            found.append(mapping)
            check_count("mappings", len(found), limits.mappings)
        elif not mapping and "=" in line:
            name, _, value = line.partition("=")
            attributes[name.strip()] = value.strip()
    return found


def _with(attributes: dict[str, str], line: str) -> str:
    """The line with the values of `$name`s that are known."""
    return _USE.sub(lambda match: attributes.get(match[1], match[0]), line) if attributes else line


def _entry(line: str) -> tuple[Mapping | None, bool]:
    """The mapping that a line tells, if it does, and whether it is one of code."""
    if match := _PROC.match(line):
        start, limit, permissions, offset, file = match.groups()
        build_id = None
    elif match := _BRIEF.match(line):
        start, limit, permissions, file, offset, build_id = match.groups()
    else:
        return None, False
    mapping = Mapping(int(start, 16), int(limit, 16), int(offset or "0", 16), file or "", build_id or "")
    return mapping, not permissions or "x" in permissions
