"""profile.proto for the protobuf library, as far as it is wanted here.

Walking ten thousand message objects in Python costs ten times what parsing them in C does. So `Shallow`
declares the repeated messages of `Profile` as bytes: the library finds their borders, and `columns.py` reads
what is inside with NumPy. All other fields of `Profile` are unknown to `Shallow`, which keeps them as they
are, for `wire.py` to walk. `MESSAGES` holds the inner messages in full, for the few that use protobuf in a
way that `columns.py` does not.

Schema: https://github.com/google/pprof/blob/main/proto/profile.proto
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.internal import api_implementation

from leakdog.errors import LeakdogError

_FIELD = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "leakdog.pprof"

# Fields by number, from 1. A `*` marks repeated fields; what follows the colon is a type other than int64.
_SCHEMA = {
    "Label": "key str num num_unit",
    "Sample": "location_id* value* label*:Label",
    "Line": "function_id line column",
    "Location": "id mapping_id address line*:Line is_folded",
    "Function": "id name system_name filename start_line",
    "Mapping": "id memory_start memory_limit file_offset filename build_id "
    "has_functions has_filenames has_line_numbers has_inline_frames",
    "Shallow": "sample_type*:bytes sample*:bytes mapping*:bytes location*:bytes function*:bytes string_table*:bytes",
}


def require_fast_protobuf() -> None:
    """Refuse to go on with protobuf's pure Python form, which is 278 times slower.

    Raises:
        LeakdogError: the C library of protobuf is not there.

    """
    if api_implementation.Type() == "python":
        raise LeakdogError(
            "protobuf runs without its C library here and would be 278 times slower: install a binary wheel "
            "for this Python, and unset PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"
        )


def _message_classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="leakdog/profile.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _SCHEMA.items():
        message = file.message_type.add(name=name)
        for number, text in enumerate(fields.split(), 1):
            _add_field(message, number, text)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _SCHEMA}


def _add_field(message: Any, number: int, text: str) -> None:
    name, _, kind = text.partition(":")
    field = message.field.add(name=name.rstrip("*"), number=number)
    field.label = _FIELD.LABEL_REPEATED if name.endswith("*") else _FIELD.LABEL_OPTIONAL
    field.type = {"": _FIELD.TYPE_INT64, "bytes": _FIELD.TYPE_BYTES}.get(kind, _FIELD.TYPE_MESSAGE)
    if field.type == _FIELD.TYPE_MESSAGE:
        field.type_name = f".{_PACKAGE}.{kind}"


require_fast_protobuf()
MESSAGES = _message_classes()
Shallow = MESSAGES["Shallow"]
