"""Make a profile from samples one by one: for text forms, which are read line by line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from leakdog.errors import MalformedProfile
from leakdog.model import Frame
from leakdog.pprof.check import check_count
from leakdog.pprof.legacy import NONE, Uninteresting
from leakdog.pprof.limits import Limits
from leakdog.pprof.maps import Mapping, assign
from leakdog.pprof.profile import Label, LabelTable, Profile, ValueType
from leakdog.pprof.symbols import Functions, Locations, Mappings, Strings, Symbols


class Builder:
    """Collects samples; equal strings, functions and locations are kept once.

    Methods raise ProfileTooLarge when there is more of something than its limit.
    """

    def __init__(self, sample_types: Sequence[ValueType], limits: Limits) -> None:
        self._types = tuple(sample_types)
        self._limits = limits
        self._strings: dict[str, int] = {"": 0}
        self._functions: dict[tuple[int, int], int] = {}
        self._locations: dict[tuple[int, tuple[Frame, ...]], int] = {}
        self._values: list[Sequence[int]] = []
        self._stacks: list[list[int]] = []
        self._labels: list[tuple[int, int, int, int]] = []
        self._label_counts: list[int] = []

    def location(self, address: int, frames: tuple[Frame, ...] = ()) -> int:
        """The row of a location with these frames, innermost first."""
        row = self._locations.setdefault((address, frames), len(self._locations))
        check_count("locations", len(self._locations), self._limits.locations)
        return row

    def sample(self, values: Sequence[int], stack: Iterable[int], labels: Iterable[Label] = ()) -> None:
        """Add a sample: one value per sample type, rows of locations leaf first."""
        self._values.append(values)
        self._stacks.append(list(stack)[: self._limits.depth])
        before = len(self._labels)
        for key, value, unit in labels:
            text = self._string(value) if isinstance(value, str) else 0
            number = value if isinstance(value, int) else 0
            self._labels.append((self._string(key), text, number, self._string(unit)))
        self._label_counts.append(len(self._labels) - before)
        check_count("samples", len(self._values), self._limits.samples)

    def build(
        self,
        period_type: ValueType,
        period: int,
        *,
        mappings: Sequence[Mapping] | None = None,
        uninteresting: Uninteresting = NONE,
        duration_nanos: int = 0,
    ) -> Profile:
        """The profile of all that was added. With mappings, even none, each location gets the one it lies in.

        Raises:
            MalformedProfile: a number takes more than 64 bits.

        """
        symbols = self._symbols(mappings)
        try:
            values = np.array(self._values, np.int64).reshape(-1, len(self._types))
            labels = np.array(self._labels, np.int64).reshape(-1, 4).T
            duration = int(np.int64(duration_nanos))
        except OverflowError:
            raise MalformedProfile("the profile has a number that takes more than 64 bits") from None
        return Profile(
            sample_types=self._types,
            default_sample_type="",
            values=values,
            stack_offsets=_offsets(map(len, self._stacks)),
            stack_locations=np.array([row for stack in self._stacks for row in stack], np.int32),
            label_table=LabelTable(_offsets(self._label_counts), *labels),
            symbols=symbols,
            period_type=period_type,
            period=period,
            duration_nanos=duration,
            **uninteresting._asdict(),
        )

    def _symbols(self, mappings: Sequence[Mapping] | None) -> Symbols:
        lines = [frame for _, frames in self._locations for frame in frames]
        owners = np.array([self._function(frame) for frame in lines], np.int64)
        addresses = np.array([address for address, _ in self._locations], np.uint64)
        used, mapped = ([], np.full(len(addresses), -1)) if mappings is None else assign(addresses, mappings)
        maps = self._mappings(used)
        locations = Locations(
            mapping=mapped,
            address=addresses.view(np.int64),
            folded=np.zeros(len(addresses), np.int64),
            line_offsets=_offsets(len(frames) for _, frames in self._locations),
            line_function=owners,
            line_number=np.array([frame.line for frame in lines], np.int64),
            line_column=np.zeros(len(lines), np.int64),
        )
        table = np.array(list(self._functions), np.int64).reshape(-1, 2)
        start_line = np.zeros(len(table), np.int64)
        strings = Strings.of(
            [text.encode(errors="backslashreplace") for text in self._strings], self._limits.name_length
        )
        functions = Functions(table[:, 0], table[:, 0], table[:, 1], start_line)
        return Symbols(strings, maps, functions, locations)

    def _mappings(self, used: Sequence[Mapping]) -> Mappings:
        start, limit, offset = np.array([each[:3] for each in used], np.uint64).reshape(-1, 3).view(np.int64).T
        texts = [(self._string(each.file), self._string(each.build_id)) for each in used]
        file, build_id = np.array(texts, np.int64).reshape(-1, 2).T
        return Mappings(start, limit, offset, file, build_id, np.zeros((len(used), 4), np.int64))

    def _function(self, frame: Frame) -> int:
        key = (self._string(frame.function), self._string(frame.file))
        return self._functions.setdefault(key, len(self._functions))

    def _string(self, text: str) -> int:
        row = self._strings.setdefault(text, len(self._strings))
        check_count("strings", len(self._strings), self._limits.strings)
        return row


def _offsets(counts: Iterable[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.concatenate([[0], np.cumsum(np.fromiter(counts, np.int64))]).astype(np.int64)
