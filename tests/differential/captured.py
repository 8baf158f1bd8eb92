"""The profiles that are looked at: captured ones that are committed, and made ones."""

from __future__ import annotations

from pathlib import Path

from producers import PRODUCERS, made

CAPTURES = Path(__file__).parent / "captures"
TESTDATA = Path(__file__).parents[1] / "unit" / "pprof" / "testdata"
SEEDS = 4  # profiles that are made of each producer


def groups(folder: Path, seed: int) -> list[list[Path]]:
    """Paths of profiles; those in one group can be compared with each other.

    Args:
        folder: to write the made ones into.
        seed: of them.

    """
    found = [[path] for path in sorted([*TESTDATA.glob("*.pb.gz"), TESTDATA / "gobench.heap"])]
    kinds = {path.name.partition("-")[2] for path in CAPTURES.glob("go*")}
    found += [sorted(CAPTURES.glob(f"go*-{kind}")) for kind in sorted(kinds)]
    for name in PRODUCERS:
        paths = [folder / f"{name}-{seed + i}.pb" for i in range(SEEDS)]
        for i, path in enumerate(paths):
            path.write_bytes(made(name, seed + i))
        found.append(paths)
    return found
