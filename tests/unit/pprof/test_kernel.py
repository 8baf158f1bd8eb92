"""The compiled part, beside the protobuf library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from leakdog.errors import MalformedProfile, ProfileTooLarge
from leakdog.pprof import kernel, wire
from leakdog.pprof.decode import Decoder, decode
from leakdog.pprof.kernel import Body, varints
from leakdog.pprof.limits import DEFAULT_LIMITS
from leakdog.pprof.profile import Profile

SCHEMA = {
    "Label": "key str num num_unit",
    "Sample": "location_id* value* label*:Label",
    "Line": "function_id line column",
    "Location": "id mapping_id address line*:Line is_folded",
    "Function": "id name system_name filename start_line",
    "ValueType": "type unit",
    "Mapping": "id memory_start memory_limit file_offset filename build_id "
    "has_functions has_filenames has_line_numbers has_inline_frames",
    "Profile": "sample_type*:ValueType sample*:Sample mapping*:Mapping location*:Location function*:Function "
    "string_table*:bytes drop_frames keep_frames time_nanos duration_nanos period_type:ValueType period comment* "
    "default_sample_type doc_url",
}
# as likely of one byte as of ten
numbers = st.integers(0, 63).flatmap(lambda bits: st.integers(-(1 << bits), (1 << bits) - 1))


def _message_classes() -> dict[str, Any]:
    field_kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="leakdog/profile.proto", package="p", syntax="proto3")
    for name, fields in SCHEMA.items():
        message = file.message_type.add(name=name)
        for number, text in enumerate(fields.split(), 1):
            field_name, _, kind = text.partition(":")
            field = message.field.add(name=field_name.rstrip("*"), number=number)
            field.label = field_kinds.LABEL_REPEATED if field_name.endswith("*") else field_kinds.LABEL_OPTIONAL
            plain = {"": field_kinds.TYPE_INT64, "bytes": field_kinds.TYPE_BYTES}
            field.type = plain.get(kind, field_kinds.TYPE_MESSAGE)
            if kind not in plain:
                field.type_name = f".p.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"p.{name}")) for name in SCHEMA}


MESSAGES = _message_classes()


def contents(profile: Profile) -> list[Any]:
    """What the protobuf library can be asked for too."""
    table, places, labels = profile.symbols, profile.symbols.locations, profile.label_table
    return [
        profile.values.tolist(),
        profile.stack_offsets.tolist(),
        profile.stack_locations.tolist(),
        *(column.tolist() for column in (labels.offsets, labels.key, labels.text, labels.number, labels.unit)),
        table.strings.raw,
        [places.address.tolist(), places.mapping.tolist(), places.folded.tolist()],
        [places.line_offsets.tolist(), places.line_function.tolist(), places.line_number.tolist()],
        [table.functions.name.tolist(), table.functions.file.tolist(), table.functions.start_line.tolist()],
        [table.mappings.start.tolist(), table.mappings.build_id.tolist(), table.mappings.flags.tolist()],
        [profile.time_nanos, profile.duration_nanos, profile.period, len(profile.comments)],
    ]


def borders(sizes: list[int]) -> list[int]:
    """Where each begins and the last one ends."""
    return [sum(sizes[:i]) for i in range(len(sizes) + 1)]


def theirs(p: Any) -> list[Any]:
    """The same of a message of the protobuf library. KeyError where something refers to what is not there."""
    places, functions, mappings = (
        {each.id: row for row, each in enumerate(table)} for table in (p.location, p.function, p.mapping)
    )
    mappings[0] = -1
    depth = DEFAULT_LIMITS.depth
    labels = [label for sample in p.sample for label in sample.label]
    lines = [line for place in p.location for line in place.line]
    flags = ("has_functions", "has_filenames", "has_line_numbers", "has_inline_frames")
    return [
        [list(sample.value) for sample in p.sample],
        borders([min(depth, len(sample.location_id)) for sample in p.sample]),
        [places[number] for sample in p.sample for number in sample.location_id[:depth]],
        borders([len(sample.label) for sample in p.sample]),
        *([getattr(label, name) for label in labels] for name in ("key", "str", "num", "num_unit")),
        list(p.string_table),
        [
            [place.address for place in p.location],
            [mappings[place.mapping_id] for place in p.location],
            [int(place.is_folded != 0) for place in p.location],
        ],
        [
            borders([len(place.line) for place in p.location]),
            [functions[line.function_id] for line in lines],
            [line.line for line in lines],
        ],
        [[getattr(each, name) for each in p.function] for name in ("name", "filename", "start_line")],
        [
            [each.memory_start for each in p.mapping],
            [each.build_id for each in p.mapping],
            [[int(getattr(each, flag) != 0) for flag in flags] for each in p.mapping],
        ],
        [p.time_nanos, p.duration_nanos, p.period, len(p.comment)],
    ]


def same(data: bytes) -> bool:
    """Whether a profile was read, and then with what the protobuf library reads of it."""
    try:
        found = decode(data)
    except (MalformedProfile, ProfileTooLarge):
        return False
    assert contents(found) == theirs(MESSAGES["Profile"].FromString(data))
    return True


def damaged(data: bytes, random: Random) -> bytes:
    """A profile with some bytes changed, cut out or put in twice."""
    out = bytearray(data)
    for _ in range(random.randrange(1, 4)):
        at, width = random.randrange(len(out) + 1), random.randrange(1, 4)
        out[at : at + random.choice((0, 1, width))] = random.choice(
            (b"", random.randbytes(width), out[at // 2 : at // 2 + 9 * width])
        )
    return bytes(out)


@given(st.lists(st.tuples(st.lists(st.integers(1, 2), max_size=9), numbers, numbers, st.booleans()), max_size=9))
def test_samples_are_what_protobuf_says(wanted: list[tuple[list[int], int, int, bool]]) -> None:
    """Numbers of every length come out as the protobuf library reads them."""
    message = MESSAGES["Profile"](string_table=[b"", b"x"])
    message.sample_type.add()
    message.sample_type.add(type=1)
    for i in (1, 2):
        message.location.add(id=i, address=-i)
    for stack, first, second, labelled in wanted:
        sample = message.sample.add(location_id=stack, value=[first, second])
        if labelled:
            sample.label.add(key=1, num=second)
    assert same(message.SerializeToString())


def test_damage_is_refused_or_read_as_protobuf_does(made: Any, testdata: Path) -> None:
    """What is taken of thousands of damaged profiles is what the protobuf library reads, and it takes none of those
    that are no protobuf."""
    random = Random(5)
    made.samples[0] = made.sample([1, 2], [3, 300], [made.numbers(4, 0, 16)])
    data = made.encode()
    assert same(data)
    taken = sum(same(damaged(data, random)) for _ in range(3000))
    assert 100 < taken < 2500


@pytest.mark.parametrize("name", ["etcd-heap", "prometheus-heap", "prometheus-goroutine"])
def test_profiles_of_real_servers_are_what_protobuf_says(testdata: Path, name: str) -> None:
    """Field by field."""
    from leakdog.pprof.gunzip import gunzip

    assert same(gunzip((testdata / f"{name}.pb.gz").read_bytes(), DEFAULT_LIMITS))


def test_what_protobuf_refuses_is_refused(made: Any) -> None:
    """Nor is a profile that is cut off anywhere taken, unless that is between two fields."""
    data = made.encode()
    for stop in range(len(data)):
        try:
            MESSAGES["Profile"].FromString(data[:stop])
        except DecodeError:
            with pytest.raises(MalformedProfile):
                decode(data[:stop])


def test_the_next_profile_is_read_as_if_it_was_the_first(made: Any) -> None:
    """Whatever changed since the one before, a decoder that has read that gives the same, or refuses the same."""
    random = Random(6)
    made.samples[0] = made.sample([1, 2], [3, 300], [made.numbers(4, 0, 16)])
    before, shared = made.encode(), 0
    values = [made.sample([2], [i, -i]) for i in (0, 1, 1 << 20, 1 << 40)]
    for i in range(2000):
        made.samples[1], made.rest = random.choice(values), wire.integer(9, random.randrange(1 << 30))
        data = made.encode() if i % 3 else damaged(made.encode(), random)
        decoder = Decoder()
        first = decoder.decode(before)
        try:
            alone = decode(data)
        except (MalformedProfile, ProfileTooLarge) as error:
            with pytest.raises(type(error)):
                decoder.decode(data)
            continue
        after = decoder.decode(data)
        assert contents(after) == contents(alone)
        shared += after.symbols is first.symbols
    assert shared > 1000


@given(st.lists(numbers))
def test_varints_are_read(wanted: list[int]) -> None:
    """Any numbers written one after the other come out again."""
    assert varints(b"".join(map(wire.varint, wanted)), len(wanted)).tolist() == wanted


@pytest.mark.parametrize("padding", range(9))
def test_a_number_may_be_longer_than_it_need_be(made: Any, padding: int) -> None:
    """Bytes that add nothing are as good, up to ten in all; of an eleventh it is malformed."""
    for number, place in ((b"\x82" + b"\x80" * padding + b"\x00", 1), (b"\x81" + b"\x80" * padding + b"\x00", 0)):
        made.samples = [wire.delimited(1, number) + wire.packed(2, [1, 1])]
        assert decode(made.encode()).stack_locations.tolist() == [place]
    assert varints(number, 1).tolist() == [1]
    made.samples = [wire.delimited(1, b"\x81" + b"\x80" * 9 + b"\x00") + wire.packed(2, [1, 1])]
    with pytest.raises(MalformedProfile, match="a Sample is not valid protobuf"):
        decode(made.encode())


def test_a_number_cut_off_is_malformed() -> None:
    """The last one has to end."""
    with pytest.raises(MalformedProfile, match="cut off"):
        varints(b"\x01\x80", 1)


def test_what_is_there_once_is_kept_as_written(made: Any) -> None:
    """Fields of a later version too, in their order."""
    made.rest = wire.integer(99, 7) + made.rest + wire.delimited(98, b"later")
    assert Body(made.encode(), DEFAULT_LIMITS).rest() == made.rest


@pytest.mark.parametrize("content", [None, b"no library"])
def test_what_is_not_compiled_is_told(tmp_path: Path, content: bytes | None) -> None:
    """The error says what is missing, where, and what to do about it."""
    path = tmp_path / "_kernel.so"
    if content:
        path.write_bytes(content)
    with pytest.raises(ImportError, match=r"cannot be loaded .*install leakdog again") as told:
        kernel.load(path)
    assert told.value.path == str(path)


def test_an_old_library_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was compiled for another version of the Python side is refused."""
    monkeypatch.setattr(kernel, "VERSION", kernel.VERSION + 1)
    with pytest.raises(ImportError, match="another version"):
        kernel.load(kernel.LIBRARY)


def test_a_reader_needs_no_protobuf_library(captured: bytes, tmp_path: Path) -> None:
    """It is only there for the tests."""
    (tmp_path / "profile").write_bytes(captured)
    code = "import sys; from leakdog.pprof import parse; parse(open('profile', 'rb').read()); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=os.environ)
    assert "leakdog.pprof.kernel" in done.stdout.split()
    assert "google.protobuf" not in done.stdout.split()
