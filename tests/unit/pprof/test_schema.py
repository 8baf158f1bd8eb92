"""The protobuf classes."""

from __future__ import annotations

import os
import subprocess
import sys

from leakdog.pprof.schema import MESSAGES, Shallow


def test_shallow_keeps_records_as_bytes() -> None:
    """The repeated messages come as bytes; all other fields are kept as they are."""
    data = b"\x12\x02\x08\x01" + b"\x60\x07"
    parsed = Shallow.FromString(data)
    assert list(parsed.sample) == [b"\x08\x01"]
    assert data == parsed.SerializeToString()


def test_inner_messages_pack_repeated_numbers() -> None:
    """Unpacked location ids come back packed: the plain form that the columns are read from."""
    parsed = MESSAGES["Sample"].FromString(b"\x08\x01\x08\x02")
    assert parsed.SerializeToString() == b"\x0a\x02\x01\x02"


def test_pure_python_protobuf_is_refused() -> None:
    """Without the C library nothing is decoded, and the error says what to do."""
    done = subprocess.run(
        [sys.executable, "-c", "import leakdog.pprof.schema"],
        env={**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "install a binary wheel" in done.stderr
