"""Leaks as JSON text."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.errors import StoreCorrupted
from leakdog.model import Acknowledgement, Culprit, Frame, Leak, LeakClass, LeakState, Signal, TargetKey
from leakdog.store.codec import dump_leak, ended_at, load_leak

TEXT = st.text(st.characters(), max_size=12)  # lone surrogates too: names of processes are bytes
NUMBER = st.floats(allow_nan=False)
FRAME = st.builds(Frame, TEXT, TEXT, st.integers(0, 2**40))
CULPRIT = st.builds(
    Culprit,
    stack_id=TEXT,
    frame=FRAME,
    share=NUMBER,
    growth_per_second=NUMBER,
    stack=st.lists(FRAME, max_size=3).map(tuple),
    created_by=st.none() | FRAME,
    note=TEXT,
    share_interval=st.none() | st.tuples(NUMBER, NUMBER),
)
ACKNOWLEDGEMENT = st.builds(
    Acknowledgement, since=NUMBER, until=st.none() | NUMBER, note=TEXT, configured=st.booleans()
)
LEAK = st.builds(
    Leak,
    id=TEXT,
    key=st.builds(TargetKey, TEXT, TEXT),
    signal=st.sampled_from(Signal),
    leak_class=st.sampled_from(LeakClass),
    state=st.sampled_from(LeakState),
    since=NUMBER,
    updated=NUMBER,
    pending_since=st.none() | NUMBER,
    firing_since=st.none() | NUMBER,
    resolved_since=st.none() | NUMBER,
    growth_per_second=st.none() | NUMBER,
    interval=st.none() | st.tuples(NUMBER, NUMBER),
    time_to_limit_seconds=st.none() | NUMBER,
    reasons=st.lists(TEXT, max_size=3).map(tuple),
    culprits=st.lists(CULPRIT, max_size=3).map(tuple),
    acknowledged=st.none() | ACKNOWLEDGEMENT,
    returned=st.integers(0, 99),
    flat_since=st.none() | NUMBER,
)


@given(LEAK)
def test_any_leak_comes_back_equal(leak: Leak) -> None:
    """A leak and its types survive being written and read."""
    loaded = load_leak(dump_leak(leak))
    assert leak == loaded
    assert repr(leak) == repr(loaded)


@given(LEAK)
def test_text_is_ascii_json(leak: Leak) -> None:
    """What is stored can be read by any JSON tool."""
    text = dump_leak(leak)
    assert text.isascii()
    assert leak.id == json.loads(text)["id"]


def test_other_versions_fields_are_tolerated(make_leak: Callable[..., Leak]) -> None:
    """A field that is not known is left out, and one that is missing takes its default."""
    data = json.loads(dump_leak(make_leak(reasons=("grows",))))
    del data["reasons"]
    assert make_leak() == load_leak(json.dumps(data | {"invented": 1}))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"key": ["a", "b"], "signal": "weight"}'])
def test_broken_text_is_corruption(text: str) -> None:
    """Text that is not a leak raises `StoreCorrupted` and says what to do."""
    with pytest.raises(StoreCorrupted, match=r"a stored leak cannot be read .*verify --repair` takes it out"):
        load_leak(text)


@pytest.mark.parametrize(
    ("state", "resolved_since", "end"),
    [
        (LeakState.PENDING, None, -1.0),
        (LeakState.FIRING, 150.0, -1.0),
        (LeakState.RESOLVED, 150.0, 150.0),
        (LeakState.RESOLVED, None, 200.0),
        (LeakState.INACTIVE, None, 200.0),
    ],
)
def test_leak_ends_when_it_resolves(
    make_leak: Callable[..., Leak], state: LeakState, resolved_since: float | None, end: float
) -> None:
    """An open leak has not ended; another one did when it resolved, else when it was last touched."""
    assert end == ended_at(make_leak(state=state, resolved_since=resolved_since), -1.0)
