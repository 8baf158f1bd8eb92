"""Samples by their labels, as `-tagfocus` and `-tagignore` of `go tool pprof` choose them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from leakdog.errors import ProfileError
from leakdog.pprof.profile import Label
from leakdog.report.measure import scale

_NUMBER = r"([+-]?[0-9]+)([A-Za-z]*)"
_RANGE = re.compile(f"(?:(?P<only>{_NUMBER})|(?P<low>{_NUMBER}):(?P<high>{_NUMBER})?|:(?P<most>{_NUMBER}))")
Chooses = Callable[[Sequence[Label]], bool]


def unit_of(label: Label) -> str:
    """Unit of a number: as told, or by its key."""
    return label.unit or ("bytes" if label.key in ("request", "alignment") else label.key)


def tag_filter(text: str, name: str) -> Chooses:
    """A test of a sample's labels.

    Args:
        text: regular expressions with commas between, all of which must match some `key:value`; `KEY=REGEX,...`, one of
            which must match that key's value; or a number with a unit, or a range of such (`1kb:`, `:4mb`, `1kb:4mb`).
        name: of the option, for what is wrong with it.

    Raises:
        ProfileError: a part is no regular expression.

    """
    key, equals, value = text.partition("=")
    key, value = (key, value) if equals else ("", text)
    if (found := _RANGE.fullmatch(value)) is not None:
        return _in_range(key, found)
    patterns = [_compiled(part, name) for part in value.split(",")]
    if not key:
        return lambda labels: all(
            any(isinstance(each.value, str) and pattern.search(f"{each.key}:{each.value}") for each in labels)
            for pattern in patterns
        )
    return lambda labels: any(
        each.key == key and isinstance(each.value, str) and any(pattern.search(each.value) for pattern in patterns)
        for each in labels
    )


def _in_range(key: str, found: re.Match[str]) -> Chooses:
    """A test of numbers; those of another dimension are in no range."""
    low, high = found["only"] or found["low"], found["only"] or found["high"] or found["most"]
    unit = ""
    least = most = None
    if low:
        least, unit = _scaled(low, "")
    if high:
        most, unit = _scaled(high, unit)

    def chooses(labels: Sequence[Label]) -> bool:
        for each in labels:
            if isinstance(each.value, int) and key in ("", each.key):
                value, name = scale(each.value, unit_of(each), unit)
                if name == unit and (least is None or value >= least) and (most is None or value <= most):
                    return True
        return False

    return chooses


def _scaled(text: str, unit: str) -> tuple[float, str]:
    number = re.fullmatch(_NUMBER, text)
    assert number is not None
    return scale(int(number[1]), number[2], unit or number[2])


def _compiled(pattern: str, name: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ProfileError(f"{name}: {pattern!r} is not a regular expression: {error}") from None
