"""What proves leaks, in memory: files of each leak, compressed, within a size of each and of all."""

from __future__ import annotations

import math
import zlib
from collections.abc import Container, Mapping

from leakdog.config.schema import EvidenceConfig
from leakdog.model import Leak
from leakdog.store.codec import ended_at
from leakdog.store.contract import EvidenceFile


class Bundles:
    """Files by leak and name. `limits` bounds what they take once compressed."""

    def __init__(self, limits: EvidenceConfig) -> None:
        self._limits = limits
        self._files: dict[str, dict[str, tuple[float, bytes]]] = {}

    @property
    def size_bytes(self) -> int:
        """What all of them take."""
        return sum(map(_taken, self._files.values()))

    def put(self, leak_id: str, files: Mapping[str, bytes], time: float, leaks: Mapping[str, Leak]) -> list[str]:
        """See `Store.put_evidence`. `leaks` are all that are known, of which those that ended make room."""
        refused = []
        for name, data in files.items():
            packed, own = zlib.compress(data), self._files.get(leak_id, {})
            more = len(packed) - len(own.get(name, (0, b""))[1])
            if _taken(own) + more <= self._limits.leak_size and self._make_room(leak_id, more, leaks):
                self._files.setdefault(leak_id, {})[name] = (time, packed)
            else:
                refused.append(name)
        return refused

    def of(self, leak_id: str) -> dict[str, EvidenceFile]:
        """See `Store.evidence`."""
        files = self._files.get(leak_id, {})
        return {name: EvidenceFile(time, zlib.decompress(packed)) for name, (time, packed) in files.items()}

    def keep(self, leaks: Container[str]) -> None:
        """Delete those of all other leaks."""
        self._files = {name: files for name, files in self._files.items() if name in leaks}

    def _make_room(self, leak_id: str, more: int, leaks: Mapping[str, Leak]) -> bool:
        """Delete evidence of other leaks that have ended until so many more bytes fit; whether they do.

        Where they would not even then, nothing is deleted.
        """
        excess = self.size_bytes + more - self._limits.size
        ended = [
            (ended_at(leak, math.inf), name)
            for name in self._files
            if name != leak_id and (leak := leaks.get(name)) and ended_at(leak, None) is not None
        ]
        if excess > sum(_taken(self._files[name]) for _, name in ended):
            return excess <= 0
        for _, name in sorted(ended):
            if excess > 0:
                excess -= _taken(self._files.pop(name))
        return True


def _taken(files: Mapping[str, tuple[float, bytes]]) -> int:
    """Bytes that the evidence of a leak takes."""
    return sum(len(packed) for _, packed in files.values())
