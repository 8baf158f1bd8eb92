"""Leaks as SARIF."""

from leakdog.report.sarif import sarif

LEAK = {
    "id": "3f9c",
    "target": {"job": "analyze", "instance": "files"},
    "class": "heap",
    "state": "firing",
    "signal": "inuse_space",
    "unit": "bytes",
    "reasons": ["it grew"],
    "culprits": [
        {"function": "shop.Put", "file": "/src/put.go", "line": 8, "share": 0.9},
        {"function": "shop.Get", "file": "", "line": 0, "share": 0.1},
    ],
}


def test_a_leak_is_a_result_at_its_line() -> None:
    """With the reasons in its message; code without a file has no place to be shown."""
    log = sarif([LEAK])
    (run,) = log["runs"]
    (result,) = run["results"]
    assert log["version"] == "2.1.0"
    assert result["ruleId"] in {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert result["message"]["text"] == "analyze/files: heap leak, by shop.Put (put.go:8). it grew"
    (place,) = result["locations"]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "src/put.go"}, "region": {"startLine": 8}}
    assert place["logicalLocations"] == [{"fullyQualifiedName": "shop.Put"}]


def test_without_leaks_there_are_no_results() -> None:
    """Which is what tells a code host that an old one is gone."""
    assert sarif([])["runs"][0]["results"] == []
