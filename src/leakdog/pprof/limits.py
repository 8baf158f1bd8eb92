"""How much of a profile is read. Targets are untrusted: limits are checked before the work is done."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds; passing one is `ProfileTooLarge`, except where the text says that the excess is cut off.

    Attributes:
        compressed_bytes: body as it came. The largest Go services seen send 3 MB.
        decompressed_bytes: body after gunzip. gzip turns 64 kB into 64 MB, so the first limit alone stops
            nothing.
        gzip_members: streams in one gzip file; each may be empty, so bytes do not bound them.
        samples: distinct stacks. A message of 2 bytes costs 30 times that in memory, so bytes do not bound
            them either.
        locations: distinct call sites.
        functions: distinct functions.
        mappings: mapped binaries; a process has tens.
        frames: locations of all stacks together, those cut off not counted; large services have 2 million.
        lines: functions of all locations together, inlined ones counted.
        labels: labels of all samples together.
        strings: entries of the string table.
        sample_types: columns of values; known producers write up to 4.
        message_bytes: one sample, location, function or mapping; a stack of 10,000 frames takes 40 kB.
        fields: parts of one message: labels of a sample, inlined lines of a location.
        depth: frames kept per stack; callers beyond it are cut off. Runaway recursion needs no more to be
            seen.
        name_length: characters kept of a name; the rest is cut off.
        line_length: characters of one line of a text profile; 128 return addresses take 2,000.

    """

    compressed_bytes: int = 32 * MIB
    decompressed_bytes: int = 128 * MIB
    gzip_members: int = 1024
    samples: int = 250_000
    locations: int = 500_000
    functions: int = 250_000
    mappings: int = 10_000
    frames: int = 16_000_000
    lines: int = 2_000_000
    labels: int = 2_000_000
    strings: int = 500_000
    sample_types: int = 64
    message_bytes: int = 256 << 10
    fields: int = 250
    depth: int = 1000
    name_length: int = 65_535
    line_length: int = 256 << 10


DEFAULT_LIMITS = Limits()
