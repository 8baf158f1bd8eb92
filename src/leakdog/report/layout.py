"""Places for the nodes of a graph, callers above callees, so that edges are short, straight and cross seldom.

Method: layers, then orders within them by the means of neighbours, then places (Sugiyama, Tagawa and Toda, Methods for
visual understanding of hierarchical system structures, IEEE Trans. Systems, Man, and Cybernetics 11, 1981). The places
within a layer are the weighted least squares of where neighbours pull, in order and without overlap, by pooling of
adjacent violators (Barlow et al., Statistical Inference under Order Restrictions, 1972).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

SWEEPS = 12  # down and up, over all layers
BESIDE, BETWEEN = 28.0, 64.0  # pixels between nodes of a layer, and between layers
STRAIGHT = 8.0  # how much more an edge pulls where it passes a layer than where it ends


class Size(NamedTuple):
    """Of a node, pixels."""

    width: float
    height: float


class Point(NamedTuple):
    """A place, pixels from the upper left."""

    x: float
    y: float


class Link(NamedTuple):
    """An edge between nodes by number; the heavier, the straighter."""

    source: int
    target: int
    weight: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is.

    Attributes:
        nodes: middle of each.
        links: for each, the points that it passes, from the bottom of its source to the top of its target.
        size: of it all.

    """

    nodes: tuple[Point, ...]
    links: tuple[tuple[Point, ...], ...]
    size: Size


def layout(sizes: Sequence[Size], links: Sequence[Link]) -> Layout:
    """Places for nodes of these sizes, the more important ones first."""
    if not sizes:
        return Layout((), (), Size(0, 0))
    down = _without_cycles(len(sizes), links)
    depth = _depths(len(sizes), down)
    paths, layers = _chains(depth, down)
    all_sizes = [*sizes, *[Size(2.0, 0.0)] * (sum(map(len, layers)) - len(sizes))]
    near = _neighbours(paths, links, len(all_sizes))
    _order(layers, near)
    x = _across(layers, near, all_sizes)
    return _placed(layers, x, all_sizes, len(sizes), paths, links)


def _without_cycles(count: int, links: Sequence[Link]) -> list[tuple[int, int]]:
    """Each link downwards: one that leads back to where a walk came from is turned round."""
    targets: dict[int, list[int]] = defaultdict(list)
    entered = set()
    for link in sorted(links, key=lambda link: -link.weight):
        targets[link.source].append(link.target)
        entered.add(link.target)
    number: dict[int, int] = {}

    def walk(start: int) -> None:
        """Number nodes when all below them have been numbered, so that callers have higher ones."""
        waiting = [(start, iter(targets[start]))]
        seen.add(start)
        while waiting:
            node, below = waiting[-1]
            following = next((each for each in below if each not in seen), None)
            if following is None:
                number[node] = len(number)
                waiting.pop()
            else:
                seen.add(following)
                waiting.append((following, iter(targets[following])))

    seen: set[int] = set()
    for node in [*(each for each in range(count) if each not in entered), *range(count)]:
        if node not in seen:
            walk(node)
    return [(a, b) if number[a] > number[b] else (b, a) for a, b, _ in links]


def _depths(count: int, down: Sequence[tuple[int, int]]) -> list[int]:
    """Layer of each node: below all its callers; one without any stands close above what it calls."""
    above: dict[int, set[int]] = defaultdict(set)
    below: dict[int, set[int]] = defaultdict(set)
    for a, b in down:
        above[b].add(a)
        below[a].add(b)
    depth = [0] * count
    left = {node: len(above[node]) for node in range(count)}
    ready = [node for node in range(count) if not left[node]]
    while ready:
        node = ready.pop()
        for each in below[node]:
            depth[each] = max(depth[each], depth[node] + 1)
            left[each] -= 1
            if not left[each]:
                ready.append(each)
    return [
        min((depth[each] - 1 for each in below[node]), default=depth[node]) if not above[node] else depth[node]
        for node in range(count)
    ]


def _chains(depth: Sequence[int], down: Sequence[tuple[int, int]]) -> tuple[list[list[int]], list[list[int]]]:
    """The points of each link, one in each layer that it passes, and the points of each layer."""
    layers: list[list[int]] = [[] for _ in range(max(depth) + 1)]
    for node, layer in enumerate(depth):
        layers[layer].append(node)
    count, paths = len(depth), []
    for a, b in down:
        path = [a]
        for layer in range(depth[a] + 1, depth[b]):
            layers[layer].append(count)
            path.append(count)
            count += 1
        paths.append([*path, b])
    return paths, layers


Near = Mapping[int, Sequence[tuple[int, float]]]


def _neighbours(paths: Sequence[Sequence[int]], links: Sequence[Link], count: int) -> tuple[Near, Near]:
    """Who pulls each point from above and from below, and how much."""
    above: dict[int, list[tuple[int, float]]] = {i: [] for i in range(count)}
    below: dict[int, list[tuple[int, float]]] = {i: [] for i in range(count)}
    for path, link in zip(paths, links, strict=True):
        for k, (a, b) in enumerate(pairwise(path)):
            inner = (k > 0) + (k < len(path) - 2)
            pull = (1.0 + link.weight) * STRAIGHT**inner
            above[b].append((a, pull))
            below[a].append((b, pull))
    return above, below


def _order(layers: list[list[int]], near: tuple[Near, Near]) -> None:
    """Put each layer in order by the mean place of its neighbours; of all sweeps that with fewest crossings counts."""
    best, least = [list(layer) for layer in layers], _crossings(layers, near[1])
    for sweep in range(2 * SWEEPS):
        upwards = sweep % 2
        pulls = near[upwards]
        place = {node: i / max(len(layer) - 1, 1) for layer in layers for i, node in enumerate(layer)}
        for layer in layers[::-1] if upwards else layers:
            mean = {node: _mean(pulls[node], place, place[node]) for node in layer}
            layer.sort(key=mean.__getitem__)
            place.update({node: i / max(len(layer) - 1, 1) for i, node in enumerate(layer)})
        count = _crossings(layers, near[1])
        if count < least:
            best, least = [list(layer) for layer in layers], count
    layers[:] = best


def _mean(pulls: Sequence[tuple[int, float]], place: Mapping[int, float], default: float) -> float:
    total = sum(pull for _, pull in pulls)
    return sum(place[node] * pull for node, pull in pulls) / total if total else default


def _crossings(layers: Sequence[Sequence[int]], below: Near) -> int:
    """How many pairs of edges cross."""
    count = 0
    for upper, lower in pairwise(layers):
        place = {node: i for i, node in enumerate(lower)}
        ends: list[int] = []
        for end in (end for node in upper for end in sorted(place[each] for each, _ in below[node])):
            at = bisect_right(ends, end)
            count += len(ends) - at
            ends.insert(at, end)
    return count


def _across(layers: Sequence[Sequence[int]], near: tuple[Near, Near], sizes: Sequence[Size]) -> dict[int, float]:
    """Middle of each point from the left."""
    x: dict[int, float] = {}
    for layer in layers:
        x.update(zip(layer, _apart([0.0] * len(layer), [1.0] * len(layer), layer, sizes), strict=True))
    for sweep in range(2 * SWEEPS):
        upwards = sweep % 2
        for layer in layers[::-1] if upwards else layers:
            pulls = [near[upwards][node] or near[1 - upwards][node] for node in layer]
            wanted = [_mean(each, x, x[node]) for node, each in zip(layer, pulls, strict=True)]
            weights = [1.0 + sum(pull for _, pull in each) for each in pulls]
            x.update(zip(layer, _apart(wanted, weights, layer, sizes), strict=True))
    left = min(x[node] - sizes[node].width / 2 for node in x)
    return {node: each - left for node, each in x.items()}


def _apart(
    wanted: Sequence[float], weights: Sequence[float], layer: Sequence[int], sizes: Sequence[Size]
) -> list[float]:
    """The places nearest to the wanted ones, in this order, that do not overlap."""
    offsets, offset = [], 0.0
    for i, node in enumerate(layer):
        if i:
            offset += (sizes[layer[i - 1]].width + sizes[node].width) / 2 + BESIDE
        offsets.append(offset)
    blocks: list[tuple[float, float, int]] = []  # mean, weight, how many
    for place, pull, offset in zip(wanted, weights, offsets, strict=True):
        mean, weight, count = place - offset, pull, 1
        while blocks and blocks[-1][0] > mean:
            before, heavy, more = blocks.pop()
            mean, weight, count = (before * heavy + mean * weight) / (heavy + weight), heavy + weight, count + more
        blocks.append((mean, weight, count))
    means = [mean for mean, _, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _placed(
    layers: Sequence[Sequence[int]],
    x: Mapping[int, float],
    sizes: Sequence[Size],
    nodes: int,
    paths: Sequence[Sequence[int]],
    links: Sequence[Link],
) -> Layout:
    middle: dict[int, float] = {}
    y = 0.0
    for layer in layers:
        height = max(sizes[node].height for node in layer)
        middle.update(dict.fromkeys(layer, y + height / 2))
        y += height + BETWEEN
    at = {node: Point(x[node], middle[node]) for node in x}

    def points(path: Sequence[int], link: Link) -> tuple[Point, ...]:
        first, *inner, last = path
        start = Point(at[first].x, at[first].y + sizes[first].height / 2)
        end = Point(at[last].x, at[last].y - sizes[last].height / 2)
        line = (start, *(at[each] for each in inner), end)
        return line if first == link.source else line[::-1]

    width = max(x[node] + sizes[node].width / 2 for node in x)
    routes = tuple(points(path, link) for path, link in zip(paths, links, strict=True))
    return Layout(tuple(at[i] for i in range(nodes)), routes, Size(width, y - BETWEEN))
