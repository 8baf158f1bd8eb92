"""Learn a recurrent network from what it would have been told of labelled series, with `torch`, block by block."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.leakbench.told import Told

READ = 32  # numbers of the layer that reads what is remembered
BATCH, RATE, DECAY = 128, 3e-3, 1e-4
WHOLE = 0.35  # of batches that are gone through from their first block to their last, where others are windows
SOONEST = 6  # blocks of a window before what is to be found
DIGITS = 4  # of a weight
Net = tuple[Any, Any, Any]


def learn(told: Sequence[Told], passes: int, width: int, window: int | None = None) -> dict[str, Any]:
    """The weights of `leakdog.detect.network.Network`.

    Args:
        passes: over all series.
        width: numbers that are remembered.
        window: blocks of a series that are gone through at once, but now and then; None: always all.

    """
    import torch

    torch.manual_seed(1)
    every = Told.of(told)
    inputs, leaks, worth = every.inputs, every.leaks, every.worth
    net = first, unit, read = made(inputs.shape[2], width)
    weights = [*first.parameters(), *unit.parameters(), *read.parameters()]
    order = torch.optim.AdamW(weights, RATE, weight_decay=DECAY)
    steps = passes * (len(inputs) // BATCH)
    rate = torch.optim.lr_scheduler.OneCycleLR(order, RATE, total_steps=steps, pct_start=0.05)
    drawn, losses = np.random.default_rng(1), []
    for number in range(steps):
        rows = drawn.integers(0, len(inputs), BATCH)
        some = Told(inputs[rows], leaks[rows], worth[rows], every.counts[rows])
        if window is not None and drawn.random() > WHOLE:
            some = windows(some, window, drawn)
        said = says(net, some.inputs)
        truth, each = torch.from_numpy(some.leaks.astype(np.float32)), torch.from_numpy(some.worth)
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


def made(inputs: int, width: int) -> Net:
    """A network that has learned nothing: what reads inputs, what goes on, and what reads a score off it."""
    import torch

    first = torch.nn.Sequential(torch.nn.Linear(inputs, width), torch.nn.ReLU())
    unit = torch.nn.GRU(width, width, batch_first=True)
    return first, unit, torch.nn.Sequential(torch.nn.Linear(width, READ), torch.nn.ReLU(), torch.nn.Linear(READ, 1))


def says(net: Net, inputs: np.ndarray) -> Any:
    """Log odds after each block, (n, blocks)."""
    import torch

    first, unit, read = net
    return read(unit(first(torch.from_numpy(inputs.astype(np.float32))))[0])[:, :, 0]


def windows(told: Told, length: int, rng: np.random.Generator) -> Told:
    """Of each series so many blocks, which begin anywhere before a leak does: nothing tells when that will be.

    What is beyond the end of a series is worth nothing; blocks of a healthy one are worth more, as it has several such.
    """
    blocks = told.inputs.shape[1]
    seen, leaks = told.inputs.any(2).sum(1), told.leaks.any(1)
    latest = np.where(leaks, told.leaks.argmax(1) - SOONEST, seen - length)
    begins = (rng.random(len(seen)) * (np.maximum(latest, 0) + 1)).astype(int)
    place = begins[:, None] + np.arange(length)
    part = np.arange(len(seen))[:, None], np.minimum(place, blocks - 1)
    more = np.where(leaks, 1.0, np.sqrt(np.maximum(seen / length, 1)))[:, None] * (place < blocks)
    worth = (told.worth[part] * more).astype(np.float32)
    return Told(told.inputs[part], told.leaks[part], worth, told.counts)


def exported(first: Any, unit: Any, read: Any) -> dict[str, Any]:
    """The weights by the names of `Network`, whose order of gates is that of `torch`."""
    named = _named(first, unit, read) | {"outer": read[2].weight[0], "outer_bias": read[2].bias[0]}
    return {name: np.round(each.detach().numpy().astype(float), DIGITS).tolist() for name, each in named.items()}


def put(net: Net, weights: dict[str, Any]) -> None:
    """Have a network go on from such weights."""
    import torch

    with torch.no_grad():
        for name, each in _named(*net).items():
            each.copy_(torch.tensor(weights[name]).reshape(each.shape))


def _named(first: Any, unit: Any, read: Any) -> dict[str, Any]:
    return {
        "first": first[0].weight,
        "first_bias": first[0].bias,
        "taken": unit.weight_ih_l0,
        "kept": unit.weight_hh_l0,
        "taken_bias": unit.bias_ih_l0,
        "kept_bias": unit.bias_hh_l0,
        "inner": read[0].weight,
        "inner_bias": read[0].bias,
        "outer": read[2].weight,
        "outer_bias": read[2].bias,
    }
