"""Run detectors on corpora, in parts of some kinds each, on many cores; the result does not depend on their number."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from bench.leakbench.corpus import Labelled, fast, fast_kinds, foreign, foreign_kinds, own, own_kinds
from bench.leakbench.score import Tally, table

PART = 560  # series in a part, about: the more at once, the faster a replay; few enough to share out
Results = dict[str, list[dict[str, Tally]]]  # of each detector, for each seed, by row


@dataclass(frozen=True)
class Corpus:
    """Which series: our own, fast leaks, or another generator's; with load or values alone."""

    seeds: tuple[int, ...]
    per_kind: int
    load: bool = True
    fast: bool = False
    generator: Path | None = None
    kinds: tuple[str, ...] = ()

    def names(self) -> list[str]:
        """All kinds of it, or those that were asked for."""
        known = foreign_kinds(self.generator) if self.generator else fast_kinds() if self.fast else own_kinds()
        return [name for name in known if name in self.kinds] if self.kinds else known

    def series(self, seed: int) -> list[Labelled]:
        """All series of a seed."""
        names = self.names()
        if self.generator:
            return foreign(self.generator, seed, self.per_kind, load=self.load, kinds=names)
        make = fast if self.fast else own
        return make(seed, self.per_kind, load=self.load, kinds=names)

    def parts(self) -> Iterator[Corpus]:
        """The same in parts of one seed and some kinds each."""
        names, size = self.names(), max(1, PART // self.per_kind)
        for seed in self.seeds:
            for first in range(0, len(names), size):
                yield replace(self, seeds=(seed,), kinds=tuple(names[first : first + size]))


def compare(corpus: Corpus, detectors: Sequence[str], processes: int) -> Results:
    """Tallies of each detector for each seed."""
    parts = list(corpus.parts())
    results: Results = {name: [{} for _ in corpus.seeds] for name in detectors}
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        tallies = (pool.map if processes > 1 else map)(_judge, parts, [tuple(detectors)] * len(parts))
        for number, (part, found) in enumerate(zip(parts, tallies, strict=True), 1):
            _tell(number, len(parts))
            for name, rows in found.items():
                known = results[name][corpus.seeds.index(part.seeds[0])]
                for row, tally in rows.items():
                    known.setdefault(row, Tally()).add(tally)
    return results


def _judge(part: Corpus, detectors: Sequence[str]) -> dict[str, dict[str, Tally]]:
    series = part.series(part.seeds[0])
    histories = [each.history for each in series]
    modules = {name: importlib.import_module(f"bench.leakbench.detectors.{name}") for name in detectors}
    return {name: table(series, module.detect(histories)) for name, module in modules.items()}


def _tell(done: int, of: int) -> None:
    width = math.ceil(math.log10(of + 1))
    print(f"\r{done:{width}d} of {of} parts", end="\n" if done == of else "", file=sys.stderr, flush=True)
