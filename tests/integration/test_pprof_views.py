"""Every report on a profile, text for text what `go tool pprof` prints, for looks that are drawn from a seed.

`make views` draws many more.
"""

from __future__ import annotations

import os
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "differential"))

from captured import groups
from comparing import ours, same, theirs
from draws import FILTERS, GRANULARITIES, GRAPHS, VERBS, draw

PROGRAMS = ("map", "subslice", "chansend", "select", "body", "lru", "churn", "warmup", "pool", "idle", "batch")
KINDS = ("heap", "goroutine", "allocs", "threadcreate")
BUSY, RECORDED = "churn", ("profile", "allocs")  # over a second, which the heading tells
LOOKS = 700  # one takes a twentieth of a second


@pytest.fixture(scope="module")
def profiles(start_zoo: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> list[list[Path]]:
    """Profiles of real programs (captured ones, and those that the zoo writes now) and made ones, by what compares."""
    folder = tmp_path_factory.mktemp("profiles")
    zoo = []
    for name in PROGRAMS:
        program = start_zoo(name)
        pages = [*KINDS, *(f"{kind}?seconds=1" for kind in RECORDED if name == BUSY)]
        for page in pages:
            path = folder / f"{name}-{page.replace('?', '-')}.pb.gz"
            with urllib.request.urlopen(f"http://{program.address}/debug/pprof/{page}") as answer:
                path.write_bytes(answer.read())
            zoo.append(path)
    spaces = [path for path in zoo if "heap" in path.name or "allocs" in path.name]
    others = [[path] for path in zoo if path not in spaces]
    return [*groups(folder, seed=0), spaces, *others]


def test_every_report_is_that_of_pprof(profiles: list[list[Path]]) -> None:
    """Text for text, for each verb and any of the options that both have, compared with a base or not."""
    choices = Random(2)
    looks = [draw(choices, profiles) for _ in range(LOOKS)]
    assert len({look.profile for look in looks}) >= 40
    verbs = Counter(look.verb for look in looks)
    assert min(verbs[verb] for verb in set(VERBS)) >= 30
    assert {name for look in looks for name in look.options} >= {
        *FILTERS,
        "sample-index",
        "n",
        "unit",
        "sort",
        "normalize",
    }
    assert {look.options.get("granularity") for look in looks} >= {*GRANULARITIES, None}
    assert sum(look.verb in GRAPHS and look.options.get("granularity") == "files" for look in looks) >= 15
    assert {(look.compared, bool(look.base)) for look in looks} >= {
        ("base", True),
        ("diff-base", True),
        ("base", False),
    }
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        told = pool.map(theirs, looks)
        doubtful = [look for look, wanted in zip(looks, told, strict=True) if not same(ours(look), wanted)]
    # What pprof itself tells in another order each time is asked for again.
    assert [str(look) for look in doubtful if not any(same(ours(look), theirs(look)) for _ in range(6))] == []
    listed = [ours(look) or "" for look in looks if look.verb == "list"]
    # How many depends on what the programs of this run call their functions.
    assert sum("Error:" not in text and "ROUTINE" in text for text in listed) >= 3
