"""Arrays back to protobuf."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.pprof import Profile, encode, parse
from leakdog.pprof.decode import decode
from leakdog.pprof.wire import delimited, integer, packed


def contents(profile: Profile) -> dict[str, Any]:
    """All that a profile holds, as plain values; how it was written is no part of it."""
    symbols = profile.symbols
    found = {field.name: getattr(profile, field.name) for field in fields(profile)}
    del found["symbols"], found["written"]
    found |= {"strings": list(symbols.strings.raw), "labels": found.pop("label_table")}
    found |= {"mappings": symbols.mappings, "functions": symbols.functions, "locations": symbols.locations}
    return {name: plain(value) for name, value in found.items()}


def plain(value: Any) -> Any:
    """Arrays as lists, tables as dictionaries of lists."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return value


@pytest.mark.parametrize(
    "name", ["prometheus-heap.pb.gz", "prometheus-goroutine.pb.gz", "etcd-heap.pb.gz", "gobench.heap"]
)
def test_real_profiles_come_back(testdata: Path, name: str) -> None:
    """Decode, encode, decode is the identity."""
    profile = parse((testdata / name).read_bytes())
    encoded = decode(encode(profile))
    # A text form has no string table; names that are no index into it are added when it is written.
    assert encoded.symbols.strings.raw[: len(profile.symbols.strings)] == profile.symbols.strings.raw
    assert contents(encoded) | {"strings": None} == contents(profile) | {"strings": None}


def test_everything_comes_back(made: Any) -> None:
    """So it is for each field that profile.proto has, negative values and unset tables included."""
    made.samples = [
        made.sample([1, 2], [-1, 1 << 62], [made.numbers(8, 5), made.numbers(4, 0, -7, 2)]),
        made.sample([], [0, 0]),
    ]
    made.locations.append(made.numbers(3, 0, (1 << 64) - 1) + delimited(4, made.numbers(1, 5, 9)) + integer(5, 1))
    made.mappings.append(made.numbers(2, 1, 2, 3, 8, 7, 1, 0, 1, 1))
    made.functions[0] = made.numbers(1, 5, 6, 8, 12)
    made.rest = b"".join(
        [
            integer(7, 5),
            integer(8, 6),
            integer(9, 1 << 60),
            integer(10, -5),
            delimited(11, made.numbers(3, 4)),
            integer(12, 99),
            packed(13, [1, 1, 7]),
            integer(14, 1),
            integer(15, 8),
        ]
    )
    profile = decode(made.encode())
    assert contents(decode(encode(profile))) == contents(profile)
    assert profile.comments == ("inuse_objects", "inuse_objects", "main.main")


def test_new_texts_are_added_to_the_table(made: Any) -> None:
    """A profile that was given a comment or a default in memory is written with it."""
    profile = replace(decode(made.encode()), comments=("made by leakdog",), default_sample_type="inuse_space")
    again = decode(encode(profile))
    assert (again.comments, again.default_sample_type) == (("made by leakdog",), "inuse_space")


@given(st.lists(st.tuples(st.lists(st.integers(1, 3), max_size=5), st.integers(-(1 << 63), (1 << 63) - 1))))
def test_any_samples_come_back(samples: list[tuple[list[int], int]]) -> None:
    """Any stacks and any values."""
    parts = [delimited(1, b""), *(delimited(2, packed(1, stack) + packed(2, [value])) for stack, value in samples)]
    parts += [delimited(4, integer(1, i)) for i in (1, 2, 3)] + [delimited(6, b"")]
    profile = decode(b"".join(parts))
    assert profile.values[:, 0].tolist() == [value for _, value in samples]
    assert contents(decode(encode(profile))) == contents(profile)
