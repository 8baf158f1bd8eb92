"""YAML to nodes that know where they stand, strictly: no duplicate key, no tag, one document, bounded.

Nodes are composed from PyYAML's events rather than by its composer, which recurses, keeps the last of two
equal keys and loads an alias bomb by reference, only for the reader to walk it. Here everything is counted as
it comes, aliases by what they stand for. Scalars stay text: what a text means is said by the key that holds
it, so `1:30` is no number and `on` no truth value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from leakdog.config.words import quoted
from leakdog.errors import ConfigError, Problem

# Nodes of one file after expansion of its aliases: a hundred thousand targets fit, an alias bomb does not.
MAX_NODES = 500_000
# The schema is five levels deep; what nests deeper than this is no configuration.
MAX_DEPTH = 50

MERGE_KEY = "<<"
# C where PyYAML was built with it: ten times faster, same events.
_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOT_YAML = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """One text. `plain` tells that it stood without quotes, so that `5` may be a number and `"5"` may not."""

    mark: Mark
    text: str
    plain: bool

    @property
    def is_null(self) -> bool:
        """Whether it says that there is no value."""
        return self.plain and self.says_nothing(self.text)

    @staticmethod
    def says_nothing(text: str) -> bool:
        """Whether YAML takes the text for no value where there are no quotes."""
        return text in {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    mark: Mark
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values, with merge keys already followed."""

    mark: Mark
    entries: dict[str, Entry]


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping: where the key stands, and its value."""

    mark: Mark
    value: Node


Node = Scalar | Sequence | Mapping


def compose(text: str, file: str) -> tuple[Node | None, list[Problem]]:
    """Read one YAML document.

    Returns:
        the root (None for an empty document), and the problems that do not keep the rest from being read.

    Raises:
        ConfigError: the text is not YAML, is more than one document, or passes a limit.

    """
    composer = _Composer(file)
    try:
        _refuse_control_characters(text)
        for event in yaml.parse(text, Loader=_LOADER):
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        composer.report(_mark(error.problem_mark or error.context_mark), _said(error))
        raise ConfigError(composer.problems) from error
    except _Refused as refused:
        composer.report(refused.mark, refused.message)
        raise ConfigError(composer.problems) from refused
    return composer.root, composer.problems


class _Refused(Exception):
    """Reading cannot go on from here."""

    def __init__(self, mark: Mark, message: str) -> None:
        self.mark = mark
        self.message = message


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come. `before` is the count of nodes at its start."""

    mark: Mark
    anchor: str | None
    before: int
    children: list[Node] = field(default_factory=list)
    height: int = 0


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an alias stands for, and what using it costs."""

    node: Node
    nodes: int
    height: int


class _Composer:
    """Takes events in order; `root` is complete when the last one was taken."""

    def __init__(self, file: str) -> None:
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._file = file
        self._documents = 0
        self._nodes = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchored] = {}

    def report(self, mark: Mark, message: str) -> None:
        self.problems.append(Problem(self._file, mark.line, mark.column, message))

    def take(self, event: yaml.Event) -> None:
        """Add one event.

        Raises:
            _Refused: nothing after it can be read.

        """
        mark = _mark(event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _Refused(mark, "a second document starts here; a configuration is one document")
        elif isinstance(event, yaml.AliasEvent):
            self._alias(mark, event.anchor)
        elif isinstance(event, yaml.ScalarEvent):
            self._refuse_tag(mark, event.tag)
            self._count(mark, 1)
            node = Scalar(mark, event.value, plain=not event.style)
            self._add(node, event.anchor, nodes=1, height=0)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(mark, event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end(isinstance(event, yaml.MappingEndEvent))

    def _start(self, mark: Mark, event: yaml.CollectionStartEvent) -> None:
        self._refuse_tag(mark, event.tag)
        self._check_depth(mark, len(self._open) + 1)
        self._open.append(_Open(mark, event.anchor, self._nodes))
        self._count(mark, 1)
        if event.anchor:
            self._anchors.pop(event.anchor, None)  # until it is complete, the name stands for nothing

    def _end(self, is_mapping: bool) -> None:
        done = self._open.pop()
        node: Node
        if is_mapping:
            node = Mapping(done.mark, self._entries(done.children))
        else:
            node = Sequence(done.mark, tuple(done.children))
        self._add(node, done.anchor, self._nodes - done.before, done.height)

    def _alias(self, mark: Mark, name: Any) -> None:
        known = self._anchors.get(name)
        if known is None:
            inside = any(one.anchor == name for one in self._open)
            why = "stands inside the value that it names" if inside else "names nothing above it"
            raise _Refused(mark, f"the alias *{name} {why}; put &{name} before a complete value first")
        self._count(mark, known.nodes)
        self._check_depth(mark, len(self._open) + known.height)
        self._add(known.node, None, known.nodes, known.height)

    def _add(self, node: Node, anchor: str | None, nodes: int, height: int) -> None:
        if anchor:
            self._anchors[anchor] = _Anchored(node, nodes, height)
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.children.append(node)
        parent.height = max(parent.height, height + 1)

    def _entries(self, children: list[Node]) -> dict[str, Entry]:
        own: dict[str, Entry] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.report(key.mark, "a list or a mapping cannot be a key; keys are plain words")
            elif (first := own.get(key.text)) is not None:
                self.report(
                    key.mark,
                    f"the key {quoted(key.text)} is already given at line {first.mark.line}; remove one",
                )
            else:
                own[key.text] = Entry(key.mark, value)
        merge = own.pop(MERGE_KEY, None)
        return own if merge is None else {**self._merged(merge.value), **own}

    def _merged(self, value: Node) -> dict[str, Entry]:
        """The entries that `<<` brings; of two that bring the same key, the earlier counts."""
        merged: dict[str, Entry] = {}
        for source in value.items if isinstance(value, Sequence) else (value,):
            if not isinstance(source, Mapping):
                self.report(source.mark, f"{MERGE_KEY} takes a mapping or a list of mappings")
                continue
            for name, entry in source.entries.items():
                merged.setdefault(name, entry)
        return merged

    def _count(self, mark: Mark, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            message = f"the file grows past {MAX_NODES} values here, aliases counted by what they stand for"
            raise _Refused(mark, f"{message}; split the configuration")

    def _check_depth(self, mark: Mark, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise _Refused(mark, f"values nest deeper than {MAX_DEPTH} levels; no key of a configuration does")

    def _refuse_tag(self, mark: Mark, tag: str | None) -> None:
        if tag and tag != "!":
            self.report(mark, "tags such as !!str have no meaning here; write the value alone, or in quotes")


def _refuse_control_characters(text: str) -> None:
    found = _NOT_YAML.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        code = f"U+{ord(found.group()):04X}"
        raise _Refused(Mark(line, column), f"the character {code} is not allowed in YAML; remove it")


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)


def _said(error: yaml.MarkedYAMLError) -> str:
    start = error.context_mark
    since = f" that starts at line {start.line + 1}" if start else ""
    reading = f", {error.context}{since}" if error.context else ""
    return f"not valid YAML: {error.problem}{reading}"
