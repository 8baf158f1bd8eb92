"""What the kernel finds wrong, in words. Codes and their order are those of csrc/kernel.h."""

from __future__ import annotations

from collections.abc import Sequence

from leakdog.errors import MalformedProfile, ProfileError, ProfileTooLarge
from leakdog.pprof.limits import Limits

# Limits by the place that the kernel has them at.
LIMITS = (
    "sample_types",
    "samples",
    "mappings",
    "locations",
    "functions",
    "strings",
    "frames",
    "lines",
    "labels",
    "message_bytes",
    "fields",
    "depth",
)
_MESSAGES = ("profile", "sample type", "Sample", "Label", "Mapping", "Location", "Line", "Function", "comment")
_CUT, _BROKEN, _MISTYPED, _OVER_LIMIT, _NO_STRINGS, _FIRST_STRING, _NO_STRING, _NO_ROW, _VALUES, _TWO = range(1, 11)


def error(trouble: Sequence[int], limits: Limits) -> ProfileError:
    """The error for what is wrong (code, message, two numbers that tell more)."""
    code, message, first, second = trouble
    if code == _VALUES:  # here `message` are the sample types
        if not message and not second:
            return MalformedProfile("the profile has samples, but no sample types")
        return MalformedProfile(f"sample {first} has {second} values, but there are {message} sample types")
    name = _MESSAGES[message]
    user = "line of a location" if name == "Line" else name.lower()
    if code == _OVER_LIMIT:
        limit = LIMITS[first]
        whole = f"a {name}" if message else "the profile"
        return ProfileTooLarge(
            f"{whole} has more than {getattr(limits, limit)} {limit.replace('_', ' ')} (limit {limit})"
        )
    if code == _NO_ROW:
        return MalformedProfile(f"a {user} refers to {_MESSAGES[second].lower()} {first}, which is not in the profile")
    return MalformedProfile(
        {
            _CUT: f"this is not protobuf, or it is cut off (at byte {first})",
            _BROKEN: f"a {name} is not valid protobuf (at byte {first})",
            _MISTYPED: f"field {first} of a {name} has wire type {second}, which it cannot have",
            _NO_STRINGS: "the profile has no string table",
            _FIRST_STRING: "the first entry of the string table is not empty",
            _NO_STRING: f"a {user} has string {first}, but the string table has {second} entries",
            _TWO: "two profiles are joined here: there is a second time_nanos",
        }[code]
    )
