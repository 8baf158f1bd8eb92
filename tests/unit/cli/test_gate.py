"""`leakdog gate`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from leakdog.cli import main
from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, encode
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType

SPACE = ValueType("inuse_space", "bytes")
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def runs(tmp_path: Path) -> dict[str, str]:
    """Soak runs of builds that leak not at all, by 0.3 MB a second, and by 0.6."""
    for name, growth in (("steady", 0), ("slow", 300_000), ("fast", 600_000)):
        (tmp_path / name).mkdir()
        for i in range(40):
            builder = Builder([SPACE], DEFAULT_LIMITS)
            size = 5_000_000 + growth * i + 20_000 * (i * 7 % 5)
            builder.sample([size], [builder.location(1, (Frame("cart.Put", "/src/cart.go", 8),))])
            file = tmp_path / name / f"heap-{i:03}.pb.gz"
            file.write_bytes(encode(builder.build(SPACE, 1)))
            os.utime(file, (1.7e9 + i, 1.7e9 + i))
    return {name: str(tmp_path / name) for name in ("steady", "slow", "fast")}


@pytest.mark.parametrize(
    ("baseline", "candidate", "code", "told"),
    [
        ("steady", "steady", 0, "no leak in the candidate"),
        ("steady", "slow", 1, "a new leak, or a faster one: inuse_space"),
        ("slow", "slow", 0, "no new leak; the baseline leaks alike: inuse_space"),
        ("slow", "fast", 1, "a new leak, or a faster one: inuse_space"),
        ("fast", "slow", 0, "no new leak; the baseline leaks alike: inuse_space"),
        ("slow", "steady", 0, "no leak in the candidate"),
    ],
)
def test_only_what_is_worse_stops_a_change(
    runs: dict[str, str], capsys: Capture, baseline: str, candidate: str, code: int, told: str
) -> None:
    """A new leak, or one that surely grows faster."""
    assert main(["gate", "--baseline", runs[baseline], "--candidate", runs[candidate]]) == code
    assert capsys.readouterr().out.endswith(f"{told}\n")


def soak(tmp_path: Path, name: str, rate: float, seed: int) -> str:
    """A soak run of 60 profiles, of which each has so many samples of what leaks more, beside a cache of 30."""
    (tmp_path / name).mkdir()
    leaked = np.cumsum(np.random.default_rng(seed).poisson(rate, 60))
    for i, samples in enumerate(leaked.tolist()):
        builder = Builder([ValueType("inuse_objects", "count"), SPACE], DEFAULT_LIMITS)
        for line, count in ((8, samples), (9, 30)):
            place = builder.location(line, (Frame(f"cart.f{line}", "/src/cart.go", line),))
            builder.sample([26 * count, 535_000 * count], [place])
        file = tmp_path / name / f"heap-{i:03}.pb.gz"
        file.write_bytes(encode(builder.build(ValueType("space", "bytes"), 512 << 10)))
        os.utime(file, (1.7e9 + 60 * i, 1.7e9 + 60 * i))
    return str(tmp_path / name)


@pytest.mark.parametrize(
    ("baseline", "candidate", "told"),
    [
        ((4.0, 1), (4.0, 0), "no new leak; the baseline leaks alike: inuse_space"),
        ((4.0, 1), (8.0, 0), "a new leak, or a faster one: inuse_space"),
        ((0.2, 0), (0.3, 6), "no new leak; the baseline leaks alike: inuse_space"),
    ],
)
def test_what_sampling_makes_of_a_rate_is_no_faster_leak(
    tmp_path: Path, capsys: Capture, baseline: tuple[float, int], candidate: tuple[float, int], told: str
) -> None:
    """The same build is not stopped as other objects were sampled; nor where its leak was not sure in the baseline."""
    runs = [soak(tmp_path, *run) for run in (("main", *baseline), ("change", *candidate))]
    main(["gate", "--baseline", runs[0], "--candidate", runs[1]])
    assert capsys.readouterr().out.endswith(f"{told}\n")


def test_a_candidate_of_too_few_profiles_does_not_pass(runs: dict[str, str], capsys: Capture) -> None:
    """A soak that was cut short is no green light, on a terminal and in a comment."""
    few = sorted(map(str, Path(runs["fast"]).glob("heap-00*")))
    assert main(["gate", "--baseline", runs["steady"], "--candidate", *few]) == 3
    assert capsys.readouterr().out.endswith(
        "too early to say: the candidate has too few profiles, so it does not pass\n"
    )
    assert main(["gate", "--baseline", runs["steady"], "--candidate", *few, "--markdown"]) == 3
    assert capsys.readouterr().out.startswith("**too early to say")


def test_a_comment_begins_with_the_conclusion(runs: dict[str, str], capsys: Capture) -> None:
    """As Markdown, a leak that passes is said to pass before it is described."""
    assert main(["gate", "--baseline", runs["slow"], "--candidate", runs["slow"], "--markdown"]) == 0
    assert capsys.readouterr().out.startswith("**no new leak; the baseline leaks alike: inuse_space**\n\n## heap leak")


def test_json_tells_both_runs(runs: dict[str, str], capsys: Capture) -> None:
    """And which signals are worse."""
    assert main(["gate", "--baseline", runs["steady"], "--candidate", runs["slow"], "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["new"] == ["inuse_space"]
    assert found["baseline"]["leaks"] == []
    assert found["candidate"]["leaks"][0]["culprits"][0]["function"] == "cart.Put"


def test_a_folder_that_is_not_there_is_told(runs: dict[str, str], capsys: Capture) -> None:
    """With its name."""
    assert main(["gate", "--baseline", runs["steady"], "--candidate", "nowhere"]) == 3
    assert "nowhere" in capsys.readouterr().err
