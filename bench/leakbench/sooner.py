"""Go on learning a network, with `torch`, for what is asked of it: leaks told soon, at few false alarms, by series.

The plain loss weighs every block by itself. But one block above what is asked is a false alarm, however the others are,
and a leak has been told from the first such block on. So here a healthy series counts by its highest block, and a leak
by the share of its early blocks that pass before one is high enough: that of each block is the chance that none before
it was (as in survival models). How much a false alarm costs is found while learning, so that healthy series exceed what
is asked as seldom as is wanted. Some of the plain loss is kept: what is said stays log odds.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.leakbench.recurrent import BATCH, DECAY, Net, exported, made, put, says
from bench.leakbench.told import Told

ASKED, ABOVE = 4.5, 0.6  # log odds at which a leak is told; by so much is a soft maximum above the highest block
WANTED = 0.004  # share of healthy series that may exceed it
RATE, LEAST_RATE, WARM = 1e-3, 1e-5, 200  # of learning; steps until it is reached
PLAIN = 0.3  # of the plain loss
SHARP = 1.5  # of a soft maximum
STEEP = 2.0  # of the chance that a block is high enough, and of what is too high
COST, DEAREST, SLOWLY = 1.0, 20.0, 0.02  # of false alarms at first and at most, and how fast it follows
FORGETS = 0.005  # of the share that exceeds
NEVER = -60.0


def go_on(told: Sequence[Told], weights: dict[str, Any], passes: int) -> dict[str, Any]:
    """The weights after so many more passes over all series."""
    import torch

    torch.manual_seed(1)
    net = made(told[0].inputs.shape[2], len(weights["first"]))
    put(net, weights)
    every = Told.of(told)
    learned, drawn = [each for part in net for each in part.parameters()], np.random.default_rng(1)
    order = torch.optim.AdamW(learned, RATE, weight_decay=DECAY)
    cost, exceed, steps = COST, WANTED, passes * (len(every.inputs) // BATCH)
    for number in range(steps):
        for group in order.param_groups:
            falls = 0.5 * (1 + np.cos(np.pi * number / steps))
            group["lr"] = RATE * min(1.0, number / WARM) * falls + LEAST_RATE
        plain, late, high, above = _losses(net, every, drawn.integers(0, len(every.inputs), BATCH))
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


def _losses(net: Net, told: Told, rows: np.ndarray) -> tuple[Any, Any, Any, float]:
    """The plain loss, how late leaks are told, how high healthy series come, and the share that is too high."""
    import torch

    said = says(net, told.inputs[rows])
    leaks, worth = torch.from_numpy(told.leaks[rows]), torch.from_numpy(told.worth[rows])
    counts = torch.from_numpy(told.counts[rows])
    off = torch.nn.functional.binary_cross_entropy_with_logits(said, leaks.float(), reduction="none")
    plain = (off * worth).sum() / len(rows)
    missed = torch.exp(torch.cumsum(torch.nn.functional.logsigmoid(-STEEP * (said - ASKED)) * leaks, 1))
    late = (missed * worth * leaks).sum() / leaks.any(1).sum().clamp(min=1)
    healthy = (worth > 0) & ~leaks
    some = healthy.any(1).float()
    top = torch.logsumexp(torch.where(healthy, SHARP * said, torch.tensor(NEVER)), 1) / SHARP
    high = torch.nn.functional.softplus(STEEP * (top - ASKED)) * some @ counts / some.sum()
    above = float(((top > ASKED + ABOVE).float() * some).sum() / some.sum())
    return plain, late, high, above
