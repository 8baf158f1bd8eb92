"""The schema as a table of keys: what loading, showing, the JSON Schema and the documentation walk over."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Key:
    """One key of one section.

    Attributes:
        name: as written in YAML.
        attribute: of the dataclass.
        form: how a value is written: `section`, `labels`, `params`, `choice` or a name of `formats.FORMATS`.
        many: whether it is a list of such values.
        type: the section's dataclass, the choices' enumeration, or a builtin.
        optional: whether None, which no text says, stands for having been left out.
        choices: the only texts allowed, for the form `choice`.
        zero: whether a number may be 0.

    """

    name: str
    attribute: str
    form: str
    many: bool
    type: type
    optional: bool
    default: Any
    required: bool
    choices: tuple[str, ...]
    zero: bool
    help: str
    example: str


@cache
def keys_of(section: type) -> Mapping[str, Key]:
    """The keys of one section's dataclass, by their names in YAML, in the order of the schema."""
    hints = typing.get_type_hints(section)
    keys = (_key(field, hints[field.name]) for field in fields(section))
    return types.MappingProxyType({key.name: key for key in keys})


def _key(field: Field[Any], hint: Any) -> Key:
    meta = field.metadata
    optional = isinstance(hint, types.UnionType)
    if optional:
        hint = next(part for part in typing.get_args(hint) if part is not types.NoneType)
    many = typing.get_origin(hint) is tuple
    inner = typing.get_args(hint)[0] if many else hint
    kind = typing.get_origin(inner) or inner
    choices = tuple(kind) if issubclass(kind, StrEnum) else meta.get("choices", ())
    return Key(
        name=meta.get("key", field.name),
        attribute=field.name,
        form=_form(kind, choices, meta),
        many=many,
        type=kind,
        optional=optional,
        default=field.default if field.default_factory is MISSING else field.default_factory(),
        required=meta.get("required", False),
        choices=tuple(map(str, choices)),
        zero=meta.get("zero", False),
        help=meta["help"],
        example=meta["example"],
    )


def _form(kind: type, choices: tuple[str, ...], meta: Mapping[str, Any]) -> str:
    if is_dataclass(kind):
        return "section"
    return "choice" if choices else meta.get("kind", "text")
