"""Nodes to the schema's values: one walk, driven by the table of keys. Problems are noted; none stops it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from leakdog.config import marks
from leakdog.config.formats import FORMATS
from leakdog.config.keys import Key, keys_of
from leakdog.config.marks import Entry, Mark, Node, Scalar, Sequence
from leakdog.config.words import guess, listed, printable, quoted
from leakdog.errors import Problem

Path = tuple[str | int, ...]

LABEL_NAME_PATTERN = "^[a-zA-Z_][a-zA-Z0-9_]*$"
RESERVED_LABELS = frozenset({"job", "instance"})
# Stands where a value could not be read. It never gets out: there is a problem, so loading fails.
BAD: Final[Any] = object()


def path_text(path: Path) -> str:
    """`scrape_configs[0].job_name`; names that are no plain words, as labels and parameters may have, in quotes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part if re.fullmatch('[A-Za-z0-9_-]+', part) else quoted(part)}"
    return text.removeprefix(".")


@dataclass(slots=True)
class Places:
    """Where each value stands that could be read, and which ones could not, in whole or in part."""

    marks: dict[Path, Mark] = field(default_factory=dict)
    bad: set[Path] = field(default_factory=set)

    def spoil(self, path: Path) -> None:
        """Note that a value could not be read, nor so all that holds it."""
        self.bad.update(path[:length] for length in range(1, len(path) + 1))

    def given(self, path: Path) -> bool:
        """Whether the file says something for this key, right or wrong."""
        return path in self.marks or path in self.bad


class Reader:
    """Reads one file's nodes. `problems` and `places` grow with each call."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self.places = Places()
        self._file = file

    def report(self, mark: Mark, path: Path, message: str) -> None:
        """Note a problem at a place, in front of it the path of its key."""
        where = f"{path_text(path)}: " if path else ""
        self.problems.append(Problem(self._file, mark.line, mark.column, where + message))

    def section(self, node: Node, section: type, path: Path) -> Any:
        """One dataclass of the schema; what is wrong in it is left at its default."""
        keys = keys_of(section)
        entries = self._entries(node, path, f"a mapping with the keys {listed(keys)}")
        if entries is None:
            return section()
        for name in entries.keys() - keys.keys():
            message = f"unknown key {quoted(name)}{guess(name, keys)} allowed here: {listed(keys)}"
            self.report(entries[name].mark, path, message)
            self.places.spoil((*path, name))
        for name in (name for name, key in keys.items() if key.required and name not in entries):
            self.report(node.mark, path, f"the key {name} is missing; it is needed: {keys[name].help}")
        values = {
            keys[name].attribute: self._value(entry.value, keys[name], (*path, name))
            for name, entry in entries.items()
            if name in keys
        }
        return section(**{name: value for name, value in values.items() if value is not BAD})

    def _value(self, node: Node, key: Key, path: Path) -> Any:
        if not key.many:
            return self._one(node, key, path)
        if isinstance(node, Scalar) and node.is_null:
            return ()
        if not isinstance(node, Sequence):
            return self._bad(node, path, f"{_given(node)}, a list is wanted; put '- ' before each item")
        self.places.marks[path] = node.mark
        values = (self._one(item, key, (*path, index)) for index, item in enumerate(node.items))
        return tuple(_stand_in(key) if value is BAD else value for value in values)

    def _one(self, node: Node, key: Key, path: Path) -> Any:
        if key.form == "section":
            return self.section(node, key.type, path)
        if key.form in _MAPPINGS:
            entries = self._entries(node, path, "a mapping")
            return {} if entries is None else _MAPPINGS[key.form](self, entries, path)
        try:
            value = _scalar(node, key)
        except ValueError as error:
            return self._bad(node, path, str(error))
        self.places.marks[path] = node.mark
        return value

    def _entries(self, node: Node, path: Path, wanted: str) -> dict[str, Entry] | None:
        """A mapping's entries; a key without a value has none."""
        if isinstance(node, Scalar) and node.is_null:
            self.places.marks[path] = node.mark
            return {}
        if not isinstance(node, marks.Mapping):
            self._bad(node, path, f"{_given(node)}, {wanted} is wanted")
            return None
        self.places.marks[path] = node.mark
        return node.entries

    def _bad(self, node: Node, path: Path, message: str) -> Any:
        self.places.spoil(path)
        self.report(node.mark, path, message)
        return BAD

    def _labels(self, entries: dict[str, Entry], path: Path) -> dict[str, str]:
        for name, entry in entries.items():
            if name in RESERVED_LABELS or name.startswith("__"):
                self.report(entry.mark, path, f"the label {quoted(name)} is leakdog's own; choose another name")
            elif not re.fullmatch(LABEL_NAME_PATTERN, name):
                rule = "letters, digits and _ are allowed, no digit first"
                self.report(entry.mark, path, f"{quoted(name)} is not a label name; {rule}")
        return {name: self._verbatim(entry.value, (*path, name)) for name, entry in entries.items()}

    def _params(self, entries: dict[str, Entry], path: Path) -> dict[str, tuple[str, ...]]:
        if seconds := entries.get("seconds"):
            why = "with it a target sends differences, from which no memory in use can be told"
            self.report(seconds.mark, path, f"'seconds' cannot be sent; {why}")
        return {name: self._texts(entry.value, (*path, name)) for name, entry in entries.items()}

    def _texts(self, node: Node, path: Path) -> tuple[str, ...]:
        """One text, or a list of them."""
        if not isinstance(node, Sequence):
            return (self._verbatim(node, path),)
        return tuple(self._verbatim(item, (*path, index)) for index, item in enumerate(node.items))

    def _verbatim(self, node: Node, path: Path) -> str:
        """A text exactly as it stands, a number or not. Never shown in messages: it may be a secret."""
        if not isinstance(node, Scalar) or node.is_null:
            given = "there is no value" if isinstance(node, Scalar) else _given(node)
            return str(self._bad(node, path, f"{given}, a text is wanted"))
        try:
            return printable(node.text)
        except ValueError:
            return str(self._bad(node, path, "a control character is in the text; remove it"))


_MAPPINGS: Mapping[str, Callable[[Reader, dict[str, Entry], Path], Any]] = {
    "labels": Reader._labels,
    "params": Reader._params,
}


def _stand_in(key: Key) -> Any:
    """Something of the right type for an item that could not be read: those after it keep their index."""
    return key.type(*key.choices[:1])


def _scalar(node: Node, key: Key) -> Any:
    wanted = f"one of {listed(key.choices)}" if key.form == "choice" else f"a {FORMATS[key.form].name}"
    if not isinstance(node, Scalar):
        raise ValueError(f"{_given(node)}, {wanted} is wanted")
    if node.is_null:
        raise ValueError(f"there is no value, {wanted} is wanted; without one leave the key out")
    if key.form == "choice":
        if node.text not in key.choices:
            hint = guess(node.text, key.choices)
            raise ValueError(f"{quoted(node.text)} is not possible{hint} allowed: {listed(key.choices)}")
        return key.type(node.text)
    value = FORMATS[key.form].read(node)
    if value == 0 and not key.zero:
        raise ValueError(f"{quoted(node.text)} is not possible; it must be more than 0")
    return value


def _given(node: Node) -> str:
    if isinstance(node, Scalar):
        return f"{quoted(node.text)} is given"
    return "a list is given" if isinstance(node, Sequence) else "a mapping is given"
