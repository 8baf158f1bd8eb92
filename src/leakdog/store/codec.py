"""Leaks as this room keeps them: JSON text, and when they ended. The API renders another shape."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any, TypeVar

from leakdog.errors import StoreCorrupted
from leakdog.model import Acknowledgement, Culprit, Frame, Leak, LeakClass, LeakState, Signal, TargetKey

T = TypeVar("T")


def dump_leak(leak: Leak) -> str:
    """ASCII JSON of a leak; `load_leak` gives an equal leak back."""
    return json.dumps(asdict(leak), separators=(",", ":"))


def load_leak(text: str) -> Leak:
    """The leak that `dump_leak` wrote. Fields it does not know are left out, missing ones take their default.

    Raises:
        StoreCorrupted: the text is not a stored leak.

    """
    try:
        return _leak(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        message = f"a stored leak cannot be read ({error!r}): `leakdog storage verify --repair` takes it out"
        raise StoreCorrupted(message) from error


def ended_at(leak: Leak, otherwise: T) -> float | T:
    """When a leak ended, from when its age counts; `otherwise` while it is pending, also once more, or firing."""
    if leak.state in (LeakState.PENDING, LeakState.FIRING) or leak.pending_since is not None:
        return otherwise
    return leak.updated if leak.resolved_since is None else leak.resolved_since


def _leak(data: dict[str, Any]) -> Leak:
    interval = data.get("interval")
    return _build(
        Leak,
        data,
        key=TargetKey(*data["key"]),
        signal=Signal(data["signal"]),
        leak_class=LeakClass(data["leak_class"]),
        state=LeakState(data["state"]),
        interval=None if interval is None else tuple(interval),
        reasons=tuple(data.get("reasons", ())),
        culprits=tuple(map(_culprit, data.get("culprits", ()))),
        acknowledged=_acknowledgement(data.get("acknowledged")),
    )


def _acknowledgement(data: dict[str, Any] | None) -> Acknowledgement | None:
    return None if data is None else _build(Acknowledgement, data)


def _culprit(data: dict[str, Any]) -> Culprit:
    created_by, interval = data.get("created_by"), data.get("share_interval")
    return _build(
        Culprit,
        data,
        frame=Frame(*data["frame"]),
        stack=tuple(Frame(*frame) for frame in data["stack"]),
        created_by=None if created_by is None else Frame(*created_by),
        share_interval=None if interval is None else tuple(interval),
    )


def _build(kind: type[T], data: dict[str, Any], **typed: Any) -> T:
    """A dataclass from the fields it knows, `typed` in place of what JSON has flattened."""
    known = {item.name for item in fields(kind)}  # type: ignore[arg-type]  # T is a dataclass in both uses
    return kind(**{name: value for name, value in data.items() if name in known} | typed)
