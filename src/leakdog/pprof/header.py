"""The fields of a profile that are there once: time, period, defaults."""

from __future__ import annotations

from leakdog.errors import MalformedProfile
from leakdog.pprof import wire
from leakdog.pprof.profile import ValueType
from leakdog.pprof.symbols import Strings

(
    DROP_FRAMES,
    KEEP_FRAMES,
    TIME_NANOS,
    DURATION_NANOS,
    PERIOD_TYPE,
    PERIOD,
    COMMENT,
    DEFAULT_SAMPLE_TYPE,
    DOC_URL,
) = range(7, 16)
_REPEATED_MESSAGES = range(1, DROP_FRAMES)  # taken out before; what is left of them is mistyped


class Header:
    """Fields 7 to 15 of a profile, read from its bytes without the repeated messages.

    Attributes:
        numbers: by field number, where written; the last one counts.
        period_type: None where neither type nor unit is told.

    Raises:
        MalformedProfile: a field has a wire type it cannot have, a string is not in the table, or there is
            more than one time, as in two profiles one after the other.

    """

    def __init__(self, data: bytes, strings: Strings) -> None:
        self._strings = strings
        self.numbers: dict[int, int] = {}
        self.period_type: ValueType | None = None
        comments: list[int] = []
        for field in wire.fields(data):
            if field.number in _REPEATED_MESSAGES:
                raise mistyped(field, "profile")
            if field.number == PERIOD_TYPE:
                self.period_type = value_type(_payload(data, field), strings)
            elif field.number == COMMENT and field.wire_type == wire.DELIMITED:
                comments += wire.unpack(_payload(data, field))
            elif DROP_FRAMES <= field.number <= DOC_URL:
                if field.wire_type != wire.VARINT:
                    raise mistyped(field, "profile")
                if field.number == COMMENT:
                    comments.append(field.value)
                elif field.number == TIME_NANOS and self.numbers.get(TIME_NANOS):
                    raise MalformedProfile("two profiles are joined here: there is a second time_nanos")
                else:
                    self.numbers[field.number] = field.value
        self.comments = tuple(lookup(strings, comment, "comment") for comment in comments)
        if self.period_type == ValueType("", ""):
            self.period_type = None

    def text(self, number: int) -> str:
        """A field that is a string index, `""` where it is not written."""
        return lookup(self._strings, self.numbers.get(number, 0), "profile")


def value_type(data: bytes, strings: Strings) -> ValueType:
    """A ValueType message.

    Raises:
        MalformedProfile: broken, or a string is not in the table.

    """
    found = {1: 0, 2: 0}
    for field in wire.fields(data):
        if field.number in found:
            if field.wire_type != wire.VARINT:
                raise mistyped(field, "sample type")
            found[field.number] = field.value
    return ValueType(*(lookup(strings, i, "sample type") for i in found.values()))


def lookup(strings: Strings, i: int, user: str) -> str:
    """An entry of the string table; MalformedProfile names who asked for one that is not there."""
    if not 0 <= i < len(strings):
        raise MalformedProfile(f"a {user} has string {i}, but the string table has {len(strings)} entries")
    return strings[i]


def mistyped(field: wire.Field, message: str) -> MalformedProfile:
    """The error for a known field with a wire type it cannot have."""
    return MalformedProfile(
        f"field {field.number} of a {message} has wire type {field.wire_type}, which it cannot have"
    )


def _payload(data: bytes, field: wire.Field) -> bytes:
    if field.wire_type != wire.DELIMITED:
        raise mistyped(field, "profile")
    return data[field.start : field.stop]
