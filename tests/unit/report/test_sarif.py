"""Leaks as SARIF."""

from leakdog.report.sarif import sarif

LEAK = {
    "id": "3f9c",
    "target": {"job": "", "instance": "profiles"},
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
    assert result["message"]["text"] == "profiles: heap leak, by shop.Put (put.go:8). it grew"
    (place,) = result["locations"]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "src/put.go"}, "region": {"startLine": 8}}
    assert place["logicalLocations"] == [{"fullyQualifiedName": "shop.Put"}]


def test_a_file_is_told_as_a_uri() -> None:
    """What a URI may not hold is escaped (RFC 3986), and rules are pointed to by place, too (SARIF 2.1.0, 3.27.6)."""
    culprit = {"function": "run", "file": "C:\\my app\\[a] größe#1.py", "line": 0, "share": 1.0}
    (run,) = sarif([{**LEAK, "class": "goroutine", "culprits": [culprit]}])["runs"]
    (result,) = run["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "C:/my%20app/%5Ba%5D%20gr%C3%B6%C3%9Fe%231.py"
    assert place["region"]["startLine"] == 1
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_without_leaks_there_are_no_results() -> None:
    """Which is what tells a code host that an old one is gone."""
    assert sarif([])["runs"][0]["results"] == []
