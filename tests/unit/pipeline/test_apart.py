"""The process that makes large profiles small: what it answers to which request."""

import io
import json
import os
import subprocess
import sys

import pytest

from leakdog.attribute.blocked import most_blocked
from leakdog.errors import WrongProfile
from leakdog.model import Frame, Kind
from leakdog.pipeline.apart import FRAME, READY, small
from leakdog.pprof import DEFAULT_LIMITS, encode, parse
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType


def test_it_answers_until_nobody_asks(heap: bytes) -> None:
    """Two requests make two answers, in order; then it ends by itself."""
    asked = json.dumps({"kind": "heap", "limits": {}, "own": [], "sites": 256}).encode()
    request = FRAME.pack(len(asked), len(heap)) + asked + heap
    broken = FRAME.pack(len(asked), 3) + asked + b"<a>"
    command = [sys.executable, "-m", "leakdog.pipeline.apart", str(256 << 20)]
    done = subprocess.run(command, input=broken + request, capture_output=True, check=True, env={**os.environ})
    out = io.BytesIO(done.stdout)
    assert out.read(len(READY)) == READY
    answers = []
    while head := out.read(FRAME.size):
        said, made = FRAME.unpack(head)
        answers.append((json.loads(out.read(said)), out.read(made)))
    assert [said.get("reason") for said, _ in answers] == ["wrong_type", None]
    assert parse(answers[1][1]).values.sum() == parse(heap).values.sum()


def test_what_is_no_profile_of_the_kind_is_refused(goroutine: bytes) -> None:
    """A profile of goroutines is none of the heap."""
    with pytest.raises(WrongProfile):
        small(Kind.HEAP, goroutine, DEFAULT_LIMITS)


def test_goroutines_blocked_at_two_lines_of_a_function_are_counted_apart() -> None:
    """The rule for one line says the same of a large profile as of a small one."""
    park = Frame("runtime.gopark", "/go/src/runtime/proc.go", 460)
    builder = Builder([ValueType("goroutine", "count")], DEFAULT_LIMITS)
    for line, count in ((10, 6000), (20, 5000)):
        stack = (park, Frame("shop.attend", "/src/shop/pool.go", line))
        builder.sample((count,), [builder.location(hash(frame) & 0xFFFF, (frame,)) for frame in stack])
    whole = builder.build(ValueType("goroutine", "count"), 1)
    told = most_blocked(parse(small(Kind.GOROUTINE, encode(whole), DEFAULT_LIMITS)))
    assert told == most_blocked(whole)
    assert told is not None
    assert told.count == 6000
