"""Go on learning a network, with `torch`, for what is asked of it: leaks told soon, at few false alarms, by series.

The plain loss weighs every block by itself. But one block above what is asked is a false alarm, however the others are,
and a leak has been told from the first such block on. So here a healthy series counts by its highest block, and a leak
by the share of its early blocks that pass before one is high enough: that of each block is the chance that none before
it was (as in survival models). How much a false alarm costs is found while learning, so that healthy series exceed what
is asked as seldom as is wanted. Some of the plain loss is kept: what is said stays log odds.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.leakbench.recurrent import BATCH, DECAY, Net, exported, made, put, says
from bench.leakbench.told import Told

ASKED, ABOVE = 4.5, 0.6  # log odds at which a leak is told; by so much is a soft maximum above the highest block
WANTED = 0.0035  # share of healthy series that may exceed it
RATE, LEAST_RATE, WARM = 1.2e-3, 1e-5, 200  # of learning; steps until it is reached
PLAIN = 0.3  # of the plain loss
SHARP = 1.5  # of a soft maximum
STEEP = 2.0  # of the chance that a block is high enough, and of what is too high
COST, DEAREST, SLOWLY = 1.0, 20.0, 0.02  # of false alarms at first and at most, and how fast it follows
FORGETS = 0.005  # of the share that exceeds
FAR, NEAR = (0.0, 0.2), (2.0, 0.5)  # healthy series whose highest block is below are drawn so much more seldom
NEVER = -60.0


def go_on(told: Sequence[Told], weights: dict[str, Any], passes: int) -> dict[str, Any]:
    """The weights after so many more passes over all series."""
    import torch

    torch.manual_seed(1)
    net = made(told[0].inputs.shape[2], len(weights["first"]))
    put(net, weights)
    every = Told.of(told)
    chance, learned = _chance(net, every), [each for part in net for each in part.parameters()]
    order = torch.optim.AdamW(learned, RATE, weight_decay=DECAY)
    cost, exceed, steps = COST, WANTED, int(passes * chance.sum() // BATCH)
    for number, rows in enumerate(_drawn(chance, steps)):
        for group in order.param_groups:
            falls = 0.5 * (1 + np.cos(np.pi * number / steps))
            group["lr"] = RATE * min(1.0, number / WARM) * falls + LEAST_RATE
        weight = torch.from_numpy(chance.mean() / chance[rows]).float()
        plain, late, high, above = _losses(net, every, rows, weight)
        exceed += FORGETS * (above - exceed)
        cost = min(max(cost * np.exp(SLOWLY * (exceed - WANTED) / WANTED), 0.1), DEAREST)
        loss = PLAIN * plain + late + cost * high
        order.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        order.step()
        if number % 200 == 199:
            print(f"step {number + 1} of {steps}: late {late:.3f}, {exceed:.4f} exceed", file=sys.stderr, flush=True)
    return exported(*net)


def _drawn(chance: np.ndarray, steps: int) -> Iterator[np.ndarray]:
    """Rows of each step, drawn as often as their chance says."""
    sums, drawn = np.cumsum(chance) / chance.sum(), np.random.default_rng(1)
    for _ in range(steps):
        yield np.searchsorted(sums, drawn.random(BATCH))


def _chance(net: Net, told: Told) -> np.ndarray:
    """How often each series is drawn, (n,): healthy ones that come nowhere near a leak teach little."""
    import torch

    out = np.ones(len(told.inputs))
    with torch.no_grad():
        for first in range(0, len(out), 4 * BATCH):
            rows = np.arange(first, min(first + 4 * BATCH, len(out)))
            said = says(net, told.inputs[rows]).numpy()
            healthy = (told.worth[rows] > 0) & ~told.leaks[rows]
            top = np.where(healthy, said, NEVER).max(1)
            drawn = np.where(top < FAR[0], FAR[1], np.where(top < NEAR[0], NEAR[1], 1.0))
            out[rows] = np.where(told.leaks[rows].any(1), 1.0, drawn)
    return out


def _losses(net: Net, told: Told, rows: np.ndarray, weight: Any) -> tuple[Any, Any, Any, float]:
    """The plain loss, how late leaks are told, how high healthy series come, and the share that is too high."""
    import torch

    said = says(net, told.inputs[rows])
    leaks, worth = torch.from_numpy(told.leaks[rows]), torch.from_numpy(told.worth[rows])
    counts = torch.from_numpy(told.counts[rows]) * weight
    off = torch.nn.functional.binary_cross_entropy_with_logits(said, leaks.float(), reduction="none")
    plain = (off * worth).sum(1) @ weight / len(rows)
    missed = torch.exp(torch.cumsum(torch.nn.functional.logsigmoid(-STEEP * (said - ASKED)) * leaks, 1))
    late = (missed * worth * leaks).sum(1) @ weight / (leaks.any(1).float() @ weight).clamp(min=1e-6)
    healthy = (worth > 0) & ~leaks
    some = healthy.any(1).float()
    top = torch.logsumexp(torch.where(healthy, SHARP * said, torch.tensor(NEVER)), 1) / SHARP
    high = torch.nn.functional.softplus(STEEP * (top - ASKED)) * some @ counts / (some @ weight)
    above = float((top > ASKED + ABOVE).float() * some @ weight / (some @ weight))
    return plain, late, high, above
