"""What a profile holds, and real profiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leakdog.pprof.decode import decode

TESTDATA = Path(__file__).parents[2] / "pprof" / "testdata"


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return value


@pytest.fixture(scope="session")
def contents() -> Callable[[bytes], dict[str, Any]]:
    """All that an uncompressed profile holds, as plain values, read by the decoder that the daemon uses."""

    def read(data: bytes) -> dict[str, Any]:
        profile = decode(data)
        found = {field.name: _plain(getattr(profile, field.name)) for field in fields(profile)}
        symbols = profile.symbols
        tables = (symbols.mappings, symbols.functions, symbols.locations)
        return found | {"symbols": [list(symbols.strings.raw), *map(_plain, tables)]}

    return read


@pytest.fixture(scope="session", params=["etcd-heap.pb.gz", "prometheus-heap.pb.gz", "prometheus-goroutine.pb.gz"])
def body(request: pytest.FixtureRequest) -> bytes:
    """The body of each real profile in turn."""
    return (TESTDATA / request.param).read_bytes()
