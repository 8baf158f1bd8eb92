"""What is read, shown and written here, held against `go tool pprof` on the same bytes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leakdog.pprof import Label, Profile, encode, parse

Go = Callable[..., str]
WRITTEN = ("heap.pb.gz", "allocs.pb.gz", "goroutine.pb.gz", "threadcreate.pb.gz")
CAPTURED = ("prometheus-heap.pb.gz", "prometheus-goroutine.pb.gz", "etcd-heap.pb.gz", "gobench.heap")


@pytest.fixture(params=[*WRITTEN, *CAPTURED])
def path(request: pytest.FixtureRequest, written: Path, testdata: Path) -> Path:
    """Each profile in turn."""
    return (written if request.param in WRITTEN else testdata) / request.param


def raw_samples(text: str) -> Counter[tuple[Any, ...]]:
    """Samples of `go tool pprof -raw` with their number: values, addresses and lines of the stack, and labels."""
    head, _, rest = text.partition("\nLocations\n")
    locations: dict[int, list[str]] = {}
    current = 0
    for line in rest.partition("Mappings\n")[0].splitlines():
        match = re.match(r" *(\d+): (0x[0-9a-f]+) (?:M=\d+ )?(?:\[F\] )?(.*)", line)
        if match:
            current = int(match[1])
            locations[current] = [match[2]]
        text_of_line = match[3] if match else line.strip()
        if text_of_line:
            locations[current].append(re.sub(r":\d+ s=\d+(\(.*\))?$", "", text_of_line))
    samples: Counter[tuple[Any, ...]] = Counter()
    values, stack, labels = "", (), ""
    for line in [*head.partition("Samples:\n")[2].splitlines()[1:], " : "]:
        if line.startswith(" " * 16) and not re.match(r" +-?\d+(?: +-?\d+)*: ", line):
            labels += line.strip() + " "
            continue
        if values:
            samples[values, stack, labels.strip()] += 1
        values, _, ids = (part.strip() for part in line.partition(":"))
        stack, labels = tuple(tuple(locations[int(each)]) for each in ids.split()), ""
    return samples


def our_samples(profile: Profile) -> Counter[tuple[Any, ...]]:
    """The same of a profile of ours."""
    table, frames = profile.symbols.locations, profile.symbols.frames()
    locations = [
        (f"{address % (1 << 64):#x}", *(f"{f.function} {f.file}:{f.line}" for f in frames[i] if has_lines))
        for i, (address, has_lines) in enumerate(zip(table.address.tolist(), np.diff(table.line_offsets), strict=True))
    ]
    stacks = np.split(profile.stack_locations, profile.stack_offsets[1:-1])
    return Counter(
        (" ".join(map(str, row)), tuple(locations[each] for each in stack), shown_labels(profile.labels(i)))
        for i, (row, stack) in enumerate(zip(profile.values.tolist(), stacks, strict=True))
    )


def shown_labels(labels: Iterable[Label]) -> str:
    """Labels as `-raw` prints them: texts first, each part sorted."""
    shown = sorted(
        (isinstance(label.value, int), f"{label.key}:[{label.value}{label.unit and ' '}{label.unit}]")
        for label in labels
    )
    return " ".join(text for _, text in shown)


def plain(samples: Counter[tuple[Any, ...]]) -> Counter[str]:
    """Samples without what differs for no reason: white space, and the name that stands for none."""
    return Counter({re.sub(r"\s+", " ", repr(key)).replace("<unknown> :0", " :0"): n for key, n in samples.items()})


def test_samples_agree(go: Go, path: Path) -> None:
    """Values, stacks with inlined lines, addresses and labels are those of `go tool pprof -raw`."""
    theirs = raw_samples(go("tool", "pprof", "-symbolize=none", "-raw", str(path)))
    assert sum(theirs.values()) > 0
    assert plain(theirs) == plain(our_samples(parse(path.read_bytes())))


def test_go_opens_what_is_encoded(go: Go, path: Path, tmp_path: Path) -> None:
    """`go tool pprof` finds in our encoding what it finds in the original."""
    copy = tmp_path / "copy.pb"
    copy.write_bytes(encode(parse(path.read_bytes())))
    original = raw_samples(go("tool", "pprof", "-symbolize=none", "-raw", str(path)))
    assert original == raw_samples(go("tool", "pprof", "-symbolize=none", "-raw", str(copy)))


@pytest.mark.parametrize("kind", ["heap", "allocs"])
def test_text_heap_has_the_numbers_of_the_binary_form(written: Path, kind: str) -> None:
    """The text form, corrected for sampling, has value by value what the program wrote in binary at the same time."""
    binary = parse((written / f"{kind}.pb.gz").read_bytes())
    text = parse((written / f"{kind}.txt").read_bytes())
    assert (binary.sample_types, binary.period) == (text.sample_types, text.period)

    def rows(profile: Profile) -> Counter[tuple[Any, ...]]:
        return Counter((*row, profile.labels(i)) for i, row in enumerate(profile.values.tolist()) if any(row))

    assert len(rows(binary)) > 5
    assert rows(binary) == rows(text)


@pytest.mark.parametrize("kind", ["heap", "allocs"])
def test_text_heap_has_the_stacks_of_the_binary_form(written: Path, kind: str) -> None:
    """Frames come out of the comments of the text form, inlined ones too; both forms hide the allocator."""

    def stacks(suffix: str) -> set[Any]:
        profile = parse((written / f"{kind}{suffix}").read_bytes())
        # Since Go 1.21 type arguments are spelt out in one form only.
        return {
            tuple((re.sub(r"\[.*\]", "[]", f.function), f.file, f.line) for f in stack)
            for stack, row in zip(profile.stacks(), profile.values.tolist(), strict=True)
            if any(row)
        }

    assert stacks(".pb.gz") == stacks(".txt")


def test_text_goroutines_have_the_counts_and_labels_of_the_binary_form(written: Path) -> None:
    """The goroutine profile in text has the same counts and labels; the runtime's own frames it does not name."""

    def rows(suffix: str) -> Counter[tuple[Any, ...]]:
        profile = parse((written / f"goroutine{suffix}").read_bytes())
        return Counter((*row, tuple(sorted(profile.labels(i)))) for i, row in enumerate(profile.values.tolist()))

    assert rows(".pb.gz") == rows(".txt")
    stacks = parse((written / "goroutine.txt").read_bytes()).stacks()
    assert "main.wait" in {stack[0].function for stack in stacks}


EXPOSED = """
import sys
from leakdog.expose import expose
kept = []
def keep(n):
    kept.append(bytearray(n))
with expose() as exposed:
    for i in range(50):
        keep(10_000)
    print(exposed.url, flush=True)
    sys.stdin.read()
"""


def test_go_opens_what_python_exposes(go: Go, tmp_path: Path) -> None:
    """`go tool pprof` reads the heap of a Python program from its URL, by function name, count and bytes."""
    script = tmp_path / "service.py"
    script.write_text(EXPOSED)
    with subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        url = f"{program.stdout.readline().strip()}/debug/pprof/heap?gc=1"
        space = go("tool", "pprof", "-symbolize=none", "-top", "-unit=b", url)
        objects = go("tool", "pprof", "-symbolize=none", "-top", "-sample_index=inuse_objects", url)
        program.stdin.close()
    assert program.returncode == 0
    assert re.search(r"^ +50\d{4}B .*service\.keep$", space, re.MULTILINE)
    assert re.search(r"^ +10\d .*service\.keep$", objects, re.MULTILINE)
