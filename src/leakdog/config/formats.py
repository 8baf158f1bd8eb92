"""How single values are written. `FORMATS` is the one table of it.

Loading reads by it, `show` writes by it, the JSON Schema and the documentation take their words from it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from leakdog.config import addresses, scalars
from leakdog.config.marks import Scalar
from leakdog.config.words import printable, quoted

LARGEST_COUNT = 2**63 - 1
LARGEST_RATIO = 1e9
METRIC = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_WHOLE = re.compile("(0|[1-9][0-9]{0,18})")
_FLOAT = re.compile("(0|[1-9][0-9]{0,18})(\\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?")
# What YAML 1.2 takes for a number or a truth value where there are no quotes.
_NUMBER = re.compile(
    "[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+"
    "|[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)"
)
_TRUTH = re.compile("true|True|TRUE|false|False|FALSE")


@dataclass(frozen=True, slots=True)
class Format:
    """How one kind of scalar is written.

    Attributes:
        name: for people.
        read: from what stands in the file; raises ValueError with what is wrong and what is allowed.
        write: to what stands in YAML or JSON, so that reading gives the same value.
        schema: the same rule in JSON Schema.

    """

    name: str
    read: Callable[[Scalar], Any]
    write: Callable[[Any], str | int | float]
    schema: Mapping[str, Any]


def needs_quotes(text: str) -> str | None:
    """What YAML 1.2 takes a text without quotes for, where not for a text: `a number`, `nothing`, ..."""
    if Scalar.says_nothing(text):
        return "nothing"
    if _TRUTH.fullmatch(text):
        return "a truth value"
    return "a number" if _NUMBER.fullmatch(text) else None


def _text(scalar: Scalar) -> str:
    """A text that says something. A bare number or truth value is refused: its quotes were forgotten."""
    if scalar.plain and (taken_for := needs_quotes(scalar.text)):
        raise ValueError(f"{quoted(scalar.text)} is {taken_for}, a text is wanted; put it in quotes")
    if not scalar.text.strip():
        raise ValueError("the text is empty; write one or leave the key out")
    return printable(scalar.text)


def _count(scalar: Scalar) -> int:
    if not scalar.plain or not _WHOLE.fullmatch(scalar.text) or int(scalar.text) > LARGEST_COUNT:
        raise ValueError(f"{quoted(scalar.text)} is not a whole number; write it like 64, without quotes")
    return int(scalar.text)


def _ratio(scalar: Scalar) -> float:
    if not scalar.plain or not _FLOAT.fullmatch(scalar.text) or float(scalar.text) > LARGEST_RATIO:
        raise ValueError(f"{quoted(scalar.text)} is not a share; write it like 0.05 for five percent")
    return float(scalar.text)


def _positive(scalar: Scalar) -> float:
    if not scalar.plain or not _FLOAT.fullmatch(scalar.text) or not 0 < float(scalar.text) <= LARGEST_RATIO:
        raise ValueError(f"{quoted(scalar.text)} is not a number above 0; write it like 0.5, without quotes")
    return float(scalar.text)


def _port(scalar: Scalar) -> int:
    if not scalar.plain or not addresses.is_port(scalar.text):
        raise ValueError(f"{quoted(scalar.text)} is not a port; ports go from 1 to {addresses.LARGEST_PORT}")
    return int(scalar.text)


def _regex(scalar: Scalar) -> str:
    """Python's syntax. An empty one would match every process of the machine."""
    if not scalar.text:
        raise ValueError("the regular expression is empty and would match all; write one or leave the key out")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(scalar.text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{quoted(scalar.text)} is not a regular expression: {error}") from None
    return scalar.text


def _metric(text: str) -> str:
    if not METRIC.fullmatch(text):
        raise ValueError(f"{quoted(text)} is no metric name; write it like http_requests_total, without labels")
    return text


def _of_text(read: Callable[[str], Any]) -> Callable[[Scalar], Any]:
    """A reader to which quotes make no difference."""
    return lambda scalar: read(scalar.text)


def _string(**rules: Any) -> Mapping[str, Any]:
    return {"type": "string", **rules}


_PATH = _string(pattern=addresses.PATH_PATTERN)
FORMATS: Mapping[str, Format] = {
    "duration": Format(
        "duration",
        _of_text(scalars.parse_duration),
        scalars.write_duration,
        _string(pattern=scalars.DURATION_PATTERN),
    ),
    "size": Format(
        "size",
        _of_text(scalars.parse_size),
        scalars.write_size,
        {"type": ["string", "integer"], "minimum": 0, "pattern": scalars.SIZE_PATTERN},
    ),
    "count": Format("whole number", _count, int, {"type": "integer", "minimum": 0}),
    "ratio": Format("share", _ratio, float, {"type": "number", "minimum": 0}),
    "positive": Format("number", _positive, float, {"type": "number", "exclusiveMinimum": 0}),
    "port": Format("port", _port, int, {"type": "integer", "minimum": 1, "maximum": addresses.LARGEST_PORT}),
    "text": Format("text", _text, str, _string(minLength=1)),
    "regex": Format("regular expression", _regex, str, _string(minLength=1, format="regex")),
    "metric": Format("metric name", _of_text(_metric), str, _string(pattern=f"^{METRIC.pattern}$")),
    "code": Format("beginning of a name", _of_text(scalars.parse_code), str, _string(pattern=scalars.CODE_PATTERN)),
    "path": Format("URL path", _of_text(addresses.parse_path), str, _PATH),
    "base_path": Format("URL path", _of_text(addresses.parse_base_path), str, _PATH),
    "host_port": Format(
        "host:port", _of_text(addresses.parse_host_port), str, _string(pattern=addresses.HOST_PORT_PATTERN)
    ),
}
