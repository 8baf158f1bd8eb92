"""Learn the network of courses: `python -m bench.leakbench.learn_course --out src/leakdog/detect/course.json`.

Draws labelled series, reduces them to blocks as the detector does, and learns to tell after each block whether a series
leaks. The trees of `bench.leakbench.learn` weigh what it says, so they are to be learned from other seeds. Needs
`torch`, which nothing else does.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.leakbench.corpus import T0, Labelled, named
from bench.leakbench.disturbed import disturbed
from bench.leakbench.seen import TRUE
from leakdog.detect.course import INPUTS, NOTES, taken_in
from leakdog.detect.filled import Filled
from leakdog.detect.settings import PRODUCTION

GREW, EARLY = 0.03, 0.4  # leaked shares: a leak; worth less to be found
LATE_WORTH, HEALTHY_WORTH = 0.25, 1 / 6
WIDTH, READ = 64, 32  # numbers that are remembered, and of the layer that reads them
BATCH, RATE, DECAY = 128, 3e-3, 1e-4
DIGITS = 4  # of a weight
BLOCKS_ALONE = replace(PRODUCTION, false_alarms=None)  # a course is not weighed while it is learned


@dataclass
class Told:
    """What the network is told of a corpus, (N, blocks, ...): the blocks that have a reading, one after the other."""

    inputs: np.ndarray
    leaks: np.ndarray
    worth: np.ndarray


def main(arguments: Sequence[str]) -> int:
    """Learn and write."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.leakbench.learn_course", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[*range(541, 553)], help="odd ones with load")
    parser.add_argument(
        "--disturbed", type=int, nargs="+", default=[*range(553, 565)], help="the same, of which most are disturbed"
    )
    parser.add_argument("--per-kind", type=int, default=50, help="of ours; of another generator twice as many")
    parser.add_argument("--mixed", type=int, default=1500, help="series of random mixtures, for each seed")
    parser.add_argument("--generator", type=Path, help="directory with a generator.py whose kinds are learned from too")
    parser.add_argument("--passes", type=int, default=12, help="over all series")
    args = parser.parse_args(arguments)
    names = ("own", "mixed", *(("foreign",) if args.generator else ()))
    seeds = [*args.seeds, *args.disturbed]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        told = list(pool.map(partial(_told, args), [(seed, name) for seed in seeds for name in names]))
    weights = learn(told, args.passes)
    text = json.dumps(weights, separators=(",", ":")).replace('"', '\n"')
    args.out.write_text(text.replace('\n":', '":') + "\n")
    return 0


def _told(args: argparse.Namespace, job: tuple[int, str]) -> Told:
    seed, name = job
    counts = {"own": args.per_kind, "mixed": args.mixed, "foreign": 2 * args.per_kind}
    corpus = named(name, seed, counts[name], load=seed % 2 == 1, generator=args.generator)
    return tell(disturbed(corpus, seed) if seed in args.disturbed else corpus)


def tell(corpus: Sequence[Labelled]) -> Told:
    """What the network is told of these series, and what it should say."""
    filled = Filled([each.history for each in corpus], BLOCKS_ALONE)
    seconds = PRODUCTION.levels[-1].block_seconds
    blocks = list(filled.coarsest())
    shape = len(corpus), len(blocks)
    told = Told(np.zeros((*shape, INPUTS), np.float16), np.zeros(shape, bool), np.zeros(shape, np.float32))
    notes, count = np.zeros((len(corpus), NOTES), np.float32), np.zeros(len(corpus), int)
    leaked = np.zeros(shape, np.float32)
    ends = np.zeros(shape)
    for block, low, high, load, age in blocks:
        rows, inputs = taken_in(notes, low, high, load, block, age)
        told.inputs[rows, count[rows]] = inputs
        end = (block + 1) * seconds - T0
        ends[rows, count[rows]] = end
        leaked[rows, count[rows]] = [corpus[row].leaked[_place(corpus[row], end)] for row in rows.tolist()]
        count[rows] += 1
    seen = np.arange(len(blocks)) < count[:, None]
    _label(told, corpus, leaked, ends, seen)
    return told


def _place(each: Labelled, end: float) -> int:
    """Of the last reading before a time."""
    return min(max(int(end / each.step) - 1, 0), len(each.leaked) - 1)


def _label(told: Told, corpus: Sequence[Labelled], leaked: np.ndarray, ends: np.ndarray, seen: np.ndarray) -> None:
    """Each leak is worth the same, however long it goes on, and less once much has leaked."""
    leaks, hard = (np.array([getattr(each, name) for each in corpus])[:, None] for name in ("leaks", "hard"))
    over = np.array([each.over * each.step for each in corpus])[:, None]
    told.leaks[:] = seen & leaks & (leaked >= GREW) & (ends <= over)
    healthy = seen & ((~leaks & ~hard) | (leaks & (leaked < TRUE)))
    early = np.where(leaked < EARLY, 1.0, LATE_WORTH) * told.leaks
    told.worth[:] = early / np.maximum(early.sum(1, keepdims=True), 1e-9)
    told.worth[healthy] = (HEALTHY_WORTH / np.sqrt(np.maximum(healthy.sum(1, keepdims=True), 1)) * healthy)[healthy]


def learn(told: Sequence[Told], passes: int) -> dict[str, Any]:
    """The weights of `leakdog.detect.course.Network`."""
    import torch

    torch.manual_seed(1)
    inputs, leaks, worth = (np.concatenate([getattr(each, name) for each in told]) for name in vars(told[0]))
    first = torch.nn.Sequential(torch.nn.Linear(INPUTS, WIDTH), torch.nn.ReLU())
    unit = torch.nn.GRU(WIDTH, WIDTH, batch_first=True)
    read = torch.nn.Sequential(torch.nn.Linear(WIDTH, READ), torch.nn.ReLU(), torch.nn.Linear(READ, 1))
    weights = [*first.parameters(), *unit.parameters(), *read.parameters()]
    order = torch.optim.AdamW(weights, RATE, weight_decay=DECAY)
    steps = passes * (len(inputs) // BATCH)
    rate = torch.optim.lr_scheduler.OneCycleLR(order, RATE, total_steps=steps, pct_start=0.05)
    drawn, losses = np.random.default_rng(1), []
    for number in range(steps):
        rows = drawn.integers(0, len(inputs), BATCH)
        said = read(unit(first(torch.from_numpy(inputs[rows].astype(np.float32))))[0])[:, :, 0]
        truth, each = torch.from_numpy(leaks[rows].astype(np.float32)), torch.from_numpy(worth[rows])
        off = torch.nn.functional.binary_cross_entropy_with_logits(said, truth, reduction="none")
        loss = (off * each).sum() / BATCH
        order.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        order.step()
        rate.step()
        losses.append(loss.item())
        if number % 500 == 499:
            print(f"step {number + 1} of {steps}: {np.mean(losses[-500:]):.4f}", file=sys.stderr, flush=True)
    return exported(first, unit, read)


def exported(first: Any, unit: Any, read: Any) -> dict[str, Any]:
    """The weights by the names of `Network`, whose order of gates is that of `torch`."""
    named = {
        "first": first[0].weight,
        "first_bias": first[0].bias,
        "taken": unit.weight_ih_l0,
        "kept": unit.weight_hh_l0,
        "taken_bias": unit.bias_ih_l0,
        "kept_bias": unit.bias_hh_l0,
        "inner": read[0].weight,
        "inner_bias": read[0].bias,
        "outer": read[2].weight[0],
        "outer_bias": read[2].bias[0],
    }
    return {name: np.round(each.detach().numpy().astype(float), DIGITS).tolist() for name, each in named.items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
