"""What reads bytes of others, each with all that is done to what was read. Only an error of ours may come out."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np

from leakdog.attribute.dump import parse_dump
from leakdog.config import load, show
from leakdog.errors import LeakdogError
from leakdog.fetch.exposition import read_metrics
from leakdog.pprof import Decoder, Limits, Profile, encode, memstats, parse
from leakdog.report import diff, dot, flame, graph, graph_svg, prune, raw, tags, top, traces, tree
from leakdog.report.callgraph import callgraph

HANG_SECONDS = 1.0
# So small that a few kilobytes reach them.
SMALL = Limits(
    decompressed_bytes=1 << 20, samples=2000, locations=2000, functions=2000, strings=2000, depth=60, lines=4000
)
VIEWS = tuple(graph.View(granularity=each) for each in graph.Granularity)


def contents(profile: Profile) -> dict[str, Any]:
    """All that a profile holds, as plain values; how it was written is no part of it."""
    symbols = profile.symbols
    names = {field.name for field in fields(profile)} - {"symbols", "written"}
    found = {name: plain(getattr(profile, name)) for name in names}
    tables = {name: plain(getattr(symbols, name)) for name in ("mappings", "functions", "locations")}
    return found | tables


def plain(value: Any) -> Any:
    """Arrays as lists, tables as dictionaries of lists."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return value


def use(profile: Profile) -> None:
    """Every view of a profile; the way out and in again, which changes nothing; and the profile after it."""
    assert len(profile.stacks()) == len(profile.values)
    profile.runs("main.")
    raw.render(profile)
    data = encode(profile)
    decoder = Decoder()
    again = decoder.decode(data)
    assert contents(again) == contents(profile)
    later = replace(profile, values=np.where(np.arange(len(profile.values))[:, None] % 3, profile.values, 7))
    assert contents(decoder.decode(encode(later))) == contents(later)
    with contextlib.suppress(LeakdogError):
        for view in VIEWS:
            tree.render(graph.build(profile, view))
        top.render(graph.build(profile, VIEWS[0]))
        drawn = callgraph(profile, VIEWS[0])
        dot.render(drawn)
        graph_svg.render(drawn)
        for render in (traces.render, tags.render, flame.render):
            render(profile, VIEWS[0])
        assert not diff.difference(profile, again).values.any()
        raw.as_json(prune.pruned(diff.difference(later, profile, of_base=True)))


def profile(data: bytes) -> None:
    """A profile in protobuf or text, gzip or not."""
    use(parse(data, SMALL))


def memory_statistics(data: bytes) -> None:
    """Go's MemStats below a heap profile in text."""
    memstats(data, SMALL)


def goroutine_dump(data: bytes) -> None:
    """Go's dump of all goroutines, `debug=2`."""
    parse_dump(data)


def exposition(data: bytes) -> None:
    """A metrics page."""
    read_metrics(data, 0.0)


def configuration(data: bytes) -> None:
    """A configuration file, which is shown as it was understood."""
    show.show(load.loads(data.decode("utf-8", "replace"), "leakdog.yml"))


READERS: dict[str, Callable[[bytes], None]] = {
    "protobuf": profile,
    "text": profile,
    "memstats": memory_statistics,
    "dump": goroutine_dump,
    "exposition": exposition,
    "configuration": configuration,
}


def survive(name: str, data: bytes) -> None:
    """Read; whatever comes out of here is a fault: another error than ours, or more than a second of work."""
    start = time.process_time()
    with contextlib.suppress(LeakdogError):
        READERS[name](data)
    taken = time.process_time() - start
    assert taken < HANG_SECONDS, f"reading {len(data)} bytes took {taken:.1f} s"
