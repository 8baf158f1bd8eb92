"""The process that makes large profiles small: what it answers to which request."""

import io
import json
import os
import subprocess
import sys

import pytest

from leakdog.errors import WrongProfile
from leakdog.model import Kind
from leakdog.pipeline.apart import FRAME, small
from leakdog.pprof import DEFAULT_LIMITS, parse


def test_it_answers_until_nobody_asks(heap: bytes) -> None:
    """Two requests make two answers, in order; then it ends by itself."""
    asked = json.dumps({"kind": "heap", "limits": {}}).encode()
    request = FRAME.pack(len(asked), len(heap)) + asked + heap
    broken = FRAME.pack(len(asked), 3) + asked + b"<a>"
    command = [sys.executable, "-m", "leakdog.pipeline.apart", str(256 << 20)]
    done = subprocess.run(command, input=broken + request, capture_output=True, check=True, env={**os.environ})
    out = io.BytesIO(done.stdout)
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
