"""Every report on a profile, text for text what `go tool pprof` prints, for a generated list of options."""

from __future__ import annotations

import itertools
import os
import random
import re
import subprocess
import sys
import sysconfig
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from leakdog.cli.sources import Files
from leakdog.errors import ProfileError
from leakdog.pprof import Profile, parse
from leakdog.report import dot, raw, tags, top, traces, tree
from leakdog.report.callgraph import callgraph
from leakdog.report.diff import difference, normalized
from leakdog.report.frames import Granularity
from leakdog.report.graph import View, build, total_of
from leakdog.report.listing import render, routines
from leakdog.report.select import Selection

ZOO = Path(__file__).parents[1] / "zoo"
CAPTURED = Path(__file__).parents[1] / "unit" / "pprof" / "testdata"
PROGRAMS = ("map", "subslice", "chansend", "select", "body", "lru", "churn", "warmup", "pool", "idle", "batch")
KINDS = ("heap", "goroutine", "allocs", "threadcreate")
BUSY, RECORDED = "churn", ("profile", "allocs")  # over a second, which the heading tells
SELECTIONS = (
    {},
    {"focus": "http|json|Put|tsdb"},
    {"ignore": "runtime|json"},
    {"focus": "main|net", "ignore": "bufio", "hide": "http"},
    {"hide": r"runtime\.|net/http"},
    {"show": "main|leaks|tsdb|storage|raft"},
    {"show_from": "main|Run|Serve"},
    {"tagfocus": "1kb:"},
    {"tagignore": "bytes=:512b"},
)
SHAPES = (("flat", 0, 0.0), ("cum", 0, 0.0), ("flat", 5, 0.0), ("flat", 0, 0.02))  # order, rows, node fraction
DRAWN = (("flat", 80, 0.005), ("flat", 12, 0.0), ("flat", 25, 0.02), ("flat", 0, 0.0))
GRAPHS = ("top", "tree", "peek")
# A file is one row here. In pprof it is one for each of its functions, all of one name.
PPROFS = [granularity for granularity in Granularity if granularity is not Granularity.PACKAGES]
GRAPHED = [granularity for granularity in PPROFS if granularity is not Granularity.FILES]
STACKS = ("traces", "tags")
LISTED = (".", r"main\.|leaks\.|tsdb", r"runtime\.m|net/http", "Put|read|append")
GOROOT = Path(sysconfig.get_path("purelib")) / "go"
SOURCES = (("", ""), (str(GOROOT / "src"), ""), (str(ZOO), str(ZOO.parents[1])), (f"{ZOO}:{GOROOT}", "/nowhere:/usr"))
UNITS = ("minimum", "auto", "kB", "mb", "s")
PEEK = "a"
ENVIRONMENT = {**os.environ, "TZ": "UTC", "CGO_ENABLED": "0"}  # no C compiler is needed to build pprof
RUNS = 600  # of all combinations; one takes a tenth of a second


class Case(NamedTuple):
    """One profile looked at in one way."""

    path: Path
    report: str
    sample_type: str
    granularity: Granularity = Granularity.FUNCTIONS
    selection: dict[str, str] = {}  # noqa: RUF012  # never changed
    shape: tuple[Any, int, float] = SHAPES[0]
    unit: str = "minimum"


def cases(paths: list[Path]) -> Iterator[Case]:
    """Every combination."""
    for path in paths:
        types = [kind.type for kind in parse(path.read_bytes()).sample_types]
        for report in GRAPHS:
            for rest in itertools.product(types, GRAPHED, SELECTIONS, SHAPES, UNITS):
                yield Case(path, report, *rest)
        for report in STACKS:
            for rest in itertools.product(types, PPROFS, SELECTIONS, SHAPES[:1], UNITS):
                yield Case(path, report, *rest)


def theirs(case: Case) -> str:
    """What Go prints."""
    order, rows, fraction = case.shape
    options = [f"-{name}={pattern}" for name, pattern in case.selection.items()]
    report = f"-peek={PEEK}" if case.report == "peek" else f"-{case.report}"
    options += [report, f"-sample_index={case.sample_type}", f"-{case.granularity.value}", f"-{order}"]
    options += [f"-unit={case.unit}", f"-nodecount={rows}", f"-nodefraction={fraction}"]
    options.append(f"-edgefraction={fraction / 2 if case.report == 'dot' else 0}")
    return pprof(*options, str(case.path))


def pprof(*arguments: str) -> str:
    """What `go tool pprof` prints; what it has to complain of comes after it."""
    command = [str(Path(sys.executable).parent / "go"), "tool", "pprof", "-symbolize=none", *arguments]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    return done.stdout


def ours(case: Case, profile: Profile) -> str:
    """What leakdog prints."""
    order, rows, fraction = case.shape
    if case.report == "peek":  # which is never cut short
        rows, fraction = 0, 0.0
    view = View(case.sample_type, case.granularity, order, rows, fraction, 0.0, Selection(**case.selection), case.unit)
    match case.report:
        case "top":
            return top.render(build(profile, view))
        case "tree":
            return tree.render(build(profile, view))
        case "peek":
            graph = build(profile, view)
            known = any(PEEK in node.name for node in graph.nodes)
            return tree.render(graph, PEEK) if known else ""
        case "traces":
            return traces.render(profile, view)
        case _:
            return tags.render(profile, view)


@pytest.fixture(scope="module")
def paths(start_zoo: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Profiles of real programs: captured ones, and those that the zoo writes now."""
    folder = tmp_path_factory.mktemp("profiles")
    found = [*sorted(CAPTURED.glob("*.pb.gz")), CAPTURED / "gobench.heap"]
    for name in PROGRAMS:
        program = start_zoo(name)
        for kind in KINDS:
            with urllib.request.urlopen(f"http://{program.address}/debug/pprof/{kind}") as answer:
                found.append(folder / f"{name}-{kind}.pb.gz")
                found[-1].write_bytes(answer.read())
        if name == BUSY:
            for kind in RECORDED:
                with urllib.request.urlopen(f"http://{program.address}/debug/pprof/{kind}?seconds=1") as answer:
                    found.append(folder / f"{name}-{kind}-recorded.pb.gz")
                    found[-1].write_bytes(answer.read())
    assert len(found) >= 40
    return found


@pytest.fixture(scope="module")
def profiles(paths: list[Path]) -> dict[Path, Profile]:
    """The same, decoded."""
    return {path: parse(path.read_bytes()) for path in paths}


def test_every_report_is_that_of_pprof(paths: list[Path], profiles: dict[Path, Profile]) -> None:
    """Text for text, for each kind of report, sample type, granularity, selection, order and cut."""
    every = list(cases(paths))
    chosen = random.Random(1).sample(every, RUNS)
    for field in range(1, len(Case._fields)):
        assert {str(case[field]) for case in chosen} == {str(case[field]) for case in every}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        differing = [
            case
            for case, text in zip(chosen, pool.map(theirs, chosen), strict=True)
            if text.rstrip("\n") != ours(case, profiles[case.path]).rstrip("\n")
        ]
    assert len(chosen) > 500
    assert differing == []


def test_source_lines_are_those_of_pprof(paths: list[Path], profiles: dict[Path, Profile]) -> None:
    """Text for text, wherever the source lies; why it is not there is told in our own words."""
    every = [
        case
        for path in paths
        for case in itertools.product(
            [path], [kind.type for kind in profiles[path].sample_types], LISTED, SELECTIONS, UNITS, SOURCES
        )
    ]
    chosen = random.Random(2).sample(every, RUNS // 4)

    def listed(case: tuple[Any, ...]) -> str:
        path, kind, pattern, selection, unit, (source, trim) = case
        options = [f"-{name}={value}" for name, value in selection.items()]
        options += [f"-sample_index={kind}", f"-unit={unit}", f"-source_path={source}", f"-trim_path={trim}"]
        return pprof(f"-list={pattern}", *options, str(path))

    sourced = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for case, text in zip(chosen, pool.map(listed, chosen), strict=True):
            path, kind, pattern, selection, unit, (source, trim) = case
            view = View(kind, selection=Selection(**selection), unit=unit)
            try:
                found = routines(profiles[path], view, pattern, Files(source, trim, str(Path.cwd())))
            except ProfileError:
                assert text == "", case
                continue
            assert without_errors(render(found, profiles[path], view)) == without_errors(text), case
            sourced += any(each.lines and not each.error for each in found)
    assert sourced > len(chosen) // 4


def without_errors(listing: str) -> list[str]:
    """Lines, without the words on why there is no source."""
    return [" Error" if line.startswith(" Error: ") else line for line in listing.splitlines()]


def test_call_graphs_are_those_of_pprof(paths: list[Path], profiles: dict[Path, Profile]) -> None:
    """The same nodes, labels, edges and figures; only their look is our own."""
    every = [
        Case(path, "dot", *rest)
        for path in paths
        for rest in itertools.product(
            [kind.type for kind in profiles[path].sample_types], GRAPHED, SELECTIONS, DRAWN, UNITS
        )
    ]
    chosen = random.Random(3).sample(every, RUNS // 2)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for case, text in zip(chosen, pool.map(theirs, chosen), strict=True):
            _, rows, fraction = case.shape
            selection = Selection(**case.selection)
            view = View(case.sample_type, case.granularity, "flat", rows, fraction, fraction / 2, selection, case.unit)
            told = drawn(dot.render(callgraph(profiles[case.path], view)))
            wanted = drawn(text)
            if "Dropped" not in wanted or " edge" not in wanted:  # pprof forgets them where no node is cut off
                told = re.sub(r"Dropped \d+ edges? [^\\]*\\l", "", told)
            assert told == wanted, case


def drawn(text: str) -> str:
    """A graph in the language of Graphviz without its look."""
    text = re.sub(r' (?:id|color|fillcolor|labeltooltip)="[^"]*"| (?:weight|penwidth)=1(?=[\] ])', "", text)
    text = re.sub(r"\\l\\lSee http[^\\]*", "", text.replace("label = ", "label="))
    text = re.sub(r'subgraph cluster_\w* { ".*?" \[shape=box fontsize=16 label="(.*?)".*\] }', r"\1", text)
    return "\n".join(text.splitlines()[2:])


def test_raw_is_that_of_pprof(paths: list[Path], profiles: dict[Path, Profile]) -> None:
    """All that a profile holds. A text profile has no mapping; pprof makes one up."""
    binary = [path for path in paths if path.suffix == ".gz"]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, text in zip(binary, pool.map(lambda path: pprof("-raw", str(path)), binary), strict=True):
            assert text == raw.render(profiles[path]), path.name


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("option", ["base", "diff_base"])
@pytest.mark.parametrize("report", ["top", "tree"])
def test_a_difference_is_that_of_pprof(
    paths: list[Path], profiles: dict[Path, Profile], option: str, report: str, normalize: bool
) -> None:
    """What a program's allocations were before is subtracted; the heading tells of times, which may differ."""
    folder = paths[-1].parent
    before, after = folder / "map-heap.pb.gz", folder / "map-allocs.pb.gz"
    base = profiles[before]
    latest = normalized(profiles[after], base) if normalize else profiles[after]
    for kind in ("alloc_space", "inuse_objects"):
        flags = (f"-{report}", f"-sample_index={kind}", "-nodefraction=0", "-edgefraction=0", "-nodecount=0")
        text = pprof(*flags, f"-normalize={normalize}", f"-{option}={before}", str(after))
        total = total_of(base, View(kind)) if option == "diff_base" else None
        graph = build(difference(base, latest), View(kind), total)
        render = top.render if report == "top" else tree.render
        assert text.partition("Showing")[2] == render(graph).partition("Showing")[2]
