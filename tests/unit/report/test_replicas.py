"""Equal leaks of one job in one group."""

from typing import Any

from leakdog.report.replicas import grouped


def leak(name: str, function: str | None = "cart.Put", **changes: Any) -> dict[str, Any]:
    """A firing heap leak of an instance of this name."""
    return {
        "id": name,
        "target": {"job": "shop", "instance": name},
        "class": "heap",
        "state": "firing",
        "since": "2026-01-01T00:00:10.000Z",
        "growth_per_second": 1.0,
        "culprits": [{"function": function}] if function else [],
        "replicas": {"up": 5, "leaking": ["a", "b"]},
        **changes,
    }


def names(groups: list[dict[str, Any]]) -> list[list[str]]:
    """Ids of each group."""
    return [[each["id"] for each in group["leaks"]] for group in groups]


def test_equal_leaks_of_a_job_are_one() -> None:
    """The group tells the foremost state, the earliest onset, the largest growth and how many are up."""
    early = "2026-01-01T00:00:05.000Z"
    (group,) = grouped([leak("a", state="pending", since=early), leak("b", growth_per_second=3.0)])
    assert names([group]) == [["b", "a"]]
    told = {name: value for name, value in group.items() if name != "leaks"}
    assert told == {
        "job": "shop",
        "class": "heap",
        "state": "firing",
        "function": "cart.Put",
        "up": 5,
        "since": early,
        "growth_per_second": 3.0,
    }


def test_what_differs_is_apart() -> None:
    """Another job, class or function, and what is resolved."""
    others = [
        leak("b", "cart.Get"),
        leak("c", **{"class": "goroutine"}),
        leak("d", state="resolved"),
        leak("e", target={"job": "till", "instance": "e"}),
    ]
    assert names(grouped([leak("a"), *others])) == [["a"], ["b"], ["c"], ["d"], ["e"]]


def test_unknown_code_goes_with_the_most() -> None:
    """A leak that was found just now is most likely that of most others; without any others it is one of its own."""
    assert names(grouped([leak("a", None), leak("b", "cart.Get"), leak("c"), leak("d")])) == [["b"], ["c", "d", "a"]]
    assert names(grouped([leak("a", None, growth_per_second=None)])) == [["a"]]
    assert grouped([leak("a", None, growth_per_second=None)])[0]["growth_per_second"] is None
