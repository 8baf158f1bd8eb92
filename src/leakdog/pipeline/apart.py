"""What runs in a process of its own: large profiles in, small ones with the same totals and sites out, or differences.

`python -m leakdog.pipeline.apart BYTES` says that it is ready, then reads requests from its standard input until that
ends, and answers each. BYTES is how much memory it may take for one profile. Started by `pipeline.worker`.
"""

from __future__ import annotations

import gzip
import json
import resource
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from leakdog.attribute.code import Own
from leakdog.attribute.gist import SITES, gist
from leakdog.errors import ProfileError, Reason
from leakdog.model import Kind, Signal
from leakdog.pprof.limits import Limits
from leakdog.pprof.reader import expect, parse
from leakdog.pprof.writer import encode
from leakdog.report.diff import difference

# Of a request: the bytes of its JSON and of the profile. Of an answer: the bytes of its JSON and of the small profile.
FRAME = struct.Struct("<QQ")
# What is said first: that requests are read from now on.
READY = b"!"
OUT_OF_MEMORY = "it takes more than {:,} bytes of memory to decode"


def main() -> None:
    """Answer until nobody asks any more, or memory has run out."""
    allowed = int(sys.argv[1])
    _bound(allowed)
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    while (head := sys.stdin.buffer.read(FRAME.size)) and _answer(head, sys.stdin.buffer, sys.stdout.buffer, allowed):
        pass


def small(kind: Kind, data: bytes, limits: Limits, own: Own = (), sites: int = SITES) -> bytes:
    """The gist, with so many sites, of a profile of a program whose own code is called `own`, as protobuf.

    Raises:
        ProfileError: it is not a profile of this kind, or over a limit.

    """
    profile = parse(data, limits)
    expect(profile, kind)
    sample_type = Signal.INUSE_SPACE.value if kind is Kind.HEAP else ""
    return encode(gist(profile, sample_type, sites, blocked=kind is Kind.GOROUTINE, own=own))


def less(kind: Kind, baseline: bytes, latest: bytes, limits: Limits) -> bytes:
    """What is more, or less, in the latest than in the baseline, as gzipped protobuf.

    Raises:
        ProfileError: one of them is no profile of this kind or over a limit, or they cannot be compared.

    """
    both = [parse(data, limits) for data in (baseline, latest)]
    for profile in both:
        expect(profile, kind)
    return gzip.compress(encode(difference(*both)), mtime=0)


def _made(asked: dict[str, Any], data: bytes) -> bytes:
    """What is asked for: a difference where the first bytes of the data are a baseline, else a gist."""
    kind, limits = Kind(asked["kind"]), Limits(**asked["limits"])
    if baseline := asked.get("baseline_bytes"):
        return less(kind, data[:baseline], data[baseline:], limits)
    return small(kind, data, limits, tuple(asked["own"]), asked["sites"])


def _answer(head: bytes, source: BinaryIO, sink: BinaryIO, allowed: int) -> bool:
    """Answer one request; False where the process is not to be used any more."""
    asked_bytes, data_bytes = FRAME.unpack(head)
    asked = json.loads(source.read(asked_bytes))
    said: dict[str, str] = {}
    made, goes_on = b"", True
    try:
        made = _made(asked, source.read(data_bytes))
    except ProfileError as error:
        said = {"reason": error.reason.value, "detail": str(error)}
    except MemoryError:
        said = {"reason": Reason.BODY_TOO_LARGE.value, "detail": OUT_OF_MEMORY.format(allowed), "last": "yes"}
        goes_on = False
    text = json.dumps(said).encode()
    sink.write(FRAME.pack(len(text), len(made)) + text + made)
    sink.flush()
    return goes_on


def _bound(allowed: int) -> None:
    """Take no more memory than this beyond what is taken now, and be the first that the kernel kills for want of it."""
    pages = int(Path("/proc/self/statm").read_text().split()[5])
    most = pages * resource.getpagesize() + allowed
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":
    main()
