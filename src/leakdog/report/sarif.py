"""Leaks as SARIF 2.1.0, which code hosts show beside the lines (OASIS, Static Analysis Results Interchange Format)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from leakdog import __version__
from leakdog.report.leak import CLASS_WORDS, headline

Json = Mapping[str, Any]
# What stands for itself in the path of a URI (RFC 3986, section 3.3).
PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:")
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def sarif(leaks: Iterable[Json]) -> dict[str, Any]:
    """A log with one result for each leak, at the lines of its culprits, the largest first.

    Args:
        leaks: in the shape of the API.

    """
    rules = [{"id": str(name), "shortDescription": {"text": text}} for name, text in CLASS_WORDS.items()]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "leakdog", "version": __version__, "rules": rules}},
                "results": [_result(leak) for leak in leaks],
            }
        ],
    }


def _result(leak: Json) -> dict[str, Any]:
    return {
        "ruleId": leak["class"],
        "ruleIndex": list(map(str, CLASS_WORDS)).index(leak["class"]),
        "level": "error",
        "message": {"text": ". ".join([headline(leak), *leak["reasons"]])},
        "partialFingerprints": {"leak": leak["id"]},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(culprit["file"].replace("\\", "/").lstrip("/"))},
                    "region": {"startLine": max(1, culprit["line"])},
                },
                "logicalLocations": [{"fullyQualifiedName": culprit["function"]}],
            }
            for culprit in leak["culprits"]
            if culprit["file"]
        ],
    }


def _uri(path: str) -> str:
    return "".join(chr(byte) if byte in PLAIN else f"%{byte:02X}" for byte in path.encode())
