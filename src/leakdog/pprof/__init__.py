"""Profiles in and out: bytes to arrays, arrays to bytes, every limit named. No files, no network, no clock.

The names below are loaded on first use, so that `leakdog.expose` can borrow `leakdog.pprof.wire` inside any
program without loading NumPy or protobuf there.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leakdog.pprof.decode import Decoder as Decoder
    from leakdog.pprof.limits import DEFAULT_LIMITS as DEFAULT_LIMITS
    from leakdog.pprof.limits import Limits as Limits
    from leakdog.pprof.profile import Label as Label
    from leakdog.pprof.profile import Profile as Profile
    from leakdog.pprof.profile import ValueType as ValueType
    from leakdog.pprof.reader import expect as expect
    from leakdog.pprof.reader import parse as parse
    from leakdog.pprof.text_memstats import memstats as memstats
    from leakdog.pprof.writer import encode as encode

_HOMES = {
    "DEFAULT_LIMITS": "limits",
    "Decoder": "decode",
    "Label": "profile",
    "Limits": "limits",
    "Profile": "profile",
    "ValueType": "profile",
    "encode": "writer",
    "expect": "reader",
    "memstats": "text_memstats",
    "parse": "reader",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its module when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
