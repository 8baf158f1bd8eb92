"""Labels of what each node of a call graph holds: texts, and sizes of objects within each text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from leakdog.pprof.profile import Label, Profile
from leakdog.pprof.ragged import ranges
from leakdog.report import base
from leakdog.report.frames import Ints
from leakdog.report.graph import Tally
from leakdog.report.measure import label, scale
from leakdog.report.tag_filter import unit_of

SIZE = "bytes"  # the one numeric label that is drawn: how large the objects are


class Tag(NamedTuple):
    """What a node holds of one label: `name` as it is shown; `value` and `unit` where it is a number."""

    name: str
    flat: int
    cum: int
    value: int = 0
    unit: str = ""


@dataclass(frozen=True, slots=True)
class NodeTags:
    """Labels of one node: by text, and numbers by the text that they come with, `""` for none."""

    texts: tuple[Tag, ...] = ()
    numbers: dict[str, tuple[Tag, ...]] = field(default_factory=dict)

    def held(self) -> int:
        """How many there are of what the node's own code holds."""
        return sum(tag.flat != 0 for tags in (self.texts, *self.numbers.values()) for tag in tags)


class _Key(NamedTuple):
    """A label: a text alone, or a number that comes with a text."""

    text: str
    value: int | None = None
    unit: str = ""


def tags_of(profile: Profile, found: Tally, unit: str, least: int) -> dict[int, NodeTags]:
    """Labels by node.

    Args:
        profile: the one that was tallied.
        unit: that the sizes of objects are shown in.
        least: what is held of a label that is worth showing.

    """
    keys, offsets, tags = _by_sample(profile)
    frames, names = found.frames, max(len(found.names), 1)

    def sums(samples: Ints, nodes: Ints) -> dict[tuple[int, int], int]:
        """What each node holds of each label, in the order in which they come."""
        sizes = np.diff(offsets)[samples]
        tag, weights = tags[ranges(offsets[samples], sizes)], np.repeat(found.weights[samples], sizes)
        pairs, first, pair = np.unique(
            np.repeat(nodes, sizes) * len(keys) + tag, return_index=True, return_inverse=True
        )
        totals = np.zeros(len(pairs), weights.dtype)
        np.add.at(totals, pair, weights)
        order = np.argsort(first)
        rows = zip(pairs[order].tolist(), totals[order].tolist(), strict=True)
        return {divmod(key, len(keys)): total for key, total in rows}

    leaf = np.flatnonzero(np.diff(frames.owner, prepend=-1))
    cum = sums(*np.divmod(np.unique(frames.owner * names + frames.name), names))
    flat = sums(frames.owner[leaf], frames.name[leaf])
    by_node: dict[int, list[tuple[_Key, int, int]]] = {i: [] for i in range(names)}
    for (node, tag), total in cum.items():
        by_node[node].append((keys[tag], flat.get((node, tag), 0), total))
    return {node: _grouped(held, unit, least) for node, held in by_node.items()}


def _by_sample(profile: Profile) -> tuple[list[_Key], Ints, Ints]:
    """All labels, and which of them each sample has: sample `i` has `tags[offsets[i]:offsets[i + 1]]`."""
    rows: dict[_Key, int] = {}
    offsets, tags = [0], []
    for i in range(len(profile.values)):
        tags += [rows.setdefault(key, len(rows)) for key in _keys(profile.labels(i))]
        offsets.append(len(tags))
    return list(rows), np.array(offsets, np.int64), np.array(tags, np.int64)


def _keys(labels: Sequence[Label]) -> Iterator[_Key]:
    """The texts together, as they come in one sample, and the sizes of its objects."""
    texts = (each for each in labels if isinstance(each.value, str) and each.key != base.KEY)
    text = "\n".join(sorted(f"{each.key}:{each.value}" for each in texts))
    if text:
        yield _Key(text)
    for each in labels:
        if isinstance(each.value, int) and each.key == SIZE:
            yield _Key(text, each.value, unit_of(each))


def _grouped(held: Sequence[tuple[_Key, int, int]], unit: str, least: int) -> NodeTags:
    """Labels that are shown alike are one."""
    found: dict[str | None, dict[str, Tag]] = {}
    for key, flat, cum in held:
        text, name = (None, key.text) if key.value is None else (key.text, label(key.value, key.unit, unit))
        group = found.setdefault(text, {})
        before = group.get(name, Tag(name, 0, 0, key.value or 0, key.unit))
        group[name] = before._replace(flat=before.flat + flat, cum=before.cum + cum)
    kept = {
        text: tuple(tag for tag in group.values() if max(abs(tag.flat), abs(tag.cum)) >= least)
        for text, group in found.items()
    }
    return NodeTags(kept.pop(None, ()), {text: tags for text, tags in kept.items() if text is not None})


def ranked(tags: Sequence[Tag], *, flat: bool) -> list[Tag]:
    """Those that hold most first, in what the node's own code holds or in all."""
    return sorted(tags, key=lambda tag: (0 if flat else -abs(tag.cum), -abs(tag.flat), tag.name))


def collapsed(tags: Sequence[Tag], most: int, *, flat: bool) -> list[Tag]:
    """No more than so many: each that holds less is put to the one of the largest that it is nearest to."""
    tags = ranked(tags, flat=flat)
    if len(tags) <= most:
        return tags
    groups = [[tag] for tag in tags[:most]]
    for tag in tags[most:]:
        min(groups, key=lambda group: _distance(tag, group[0])).append(tag)
    return ranked([_joined(group) for group in groups], flat=flat)


def _distance(tag: Tag, other: Tag) -> float:
    return abs(scale(other.value, other.unit, tag.unit)[0] - tag.value)


def _joined(group: Sequence[Tag]) -> Tag:
    """One for all, named by the smallest and the largest."""
    low, high = (pick(group, key=lambda tag: tag.value) for pick in (min, max))
    name = "..".join(label(end.value, end.unit) for end in ((low, high) if len(group) > 1 else (low,)))
    return Tag(name, sum(tag.flat for tag in group), sum(tag.cum for tag in group))
