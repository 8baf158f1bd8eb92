"""How long a heap profile takes from bytes to arrays, and how much memory.

    python -m bench decode

The profiles are made here: stacks of a program with deep and shallow call paths, written as the Go runtime writes them
(ids counted from 1, repeated numbers packed from three on, gzip at its fastest). `parse` is cold: each run starts from
the bytes, gunzip included, and keeps nothing of the run before. `stacks` makes a frame of every line of every stack.
`peak` is the memory that NumPy and Python take at most while parsing, over the decompressed size.
"""

from __future__ import annotations

import random
import time
import tracemalloc
import zlib
from collections.abc import Callable

from leakdog.pprof import parse
from leakdog.pprof.wire import delimited, integer, packed

# (name, samples): the gzipped sizes come out near the names
SIZES = (("6 kB", 120), ("60 kB", 1700), ("500 kB", 15_000), ("3 MB", 92_000))
RUNS = 15
VERBS = ("read", "write", "open", "handle", "parse", "encode", "lookup", "merge", "flush", "serve")
NOUNS = ("Request", "Session", "Index", "Block", "Chunk", "Label", "Series", "Route", "Cache", "Lease")


def profile(samples: int, seed: int = 7) -> bytes:
    """A gzipped heap profile with so many samples."""
    rng = random.Random(seed)
    functions = 60 + samples // 5
    locations = functions * 2
    strings = ["", "alloc_objects", "count", "alloc_space", "bytes", "inuse_objects", "inuse_space", "space"]
    first = len(strings)
    for i in range(functions):
        package = f"github.com/example/{rng.choice(NOUNS).lower()}s/internal/{rng.choice(VERBS)}{i % 97}"
        strings += [
            f"{package}.(*{rng.choice(NOUNS)}).{rng.choice(VERBS)}{i}",
            f"/go/src/{package}/{rng.choice(NOUNS)}.go",
        ]
    parts = [delimited(1, numbers(a, b)) for a, b in ((1, 2), (3, 4), (5, 2), (6, 4))]
    parts += [sample(rng, locations, len(strings)) for _ in range(samples)]
    parts.append(delimited(3, numbers(1, 0x400000, 0x4000000)))
    for i in range(1, locations + 1):
        inlined = [rng.randrange(functions) + 1 for _ in range(1 if rng.random() < 0.7 else 2)]
        lines = b"".join(delimited(4, numbers(function, rng.randrange(1, 900))) for function in inlined)
        parts.append(delimited(4, numbers(i, 1, 0x400000 + rng.randrange(1 << 25)) + lines))
    parts += [delimited(5, numbers(i + 1, first + 2 * i, first + 2 * i, first + 2 * i + 1)) for i in range(functions)]
    parts += [delimited(6, text.encode()) for text in [*strings, "bytes"]]
    parts += [integer(9, 1_700_000_000_000_000_000), delimited(11, numbers(7, 4)), integer(12, 524288)]
    deflater = zlib.compressobj(1, zlib.DEFLATED, 31)
    return deflater.compress(b"".join(parts)) + deflater.flush()


def sample(rng: random.Random, locations: int, bytes_label: int) -> bytes:
    """One sample: a path from a root that many share to a leaf of its own."""
    root = rng.randrange(20)
    depth = rng.randrange(2, 45)
    stack = [rng.randrange(locations) + 1 for _ in range(3)]
    stack += [(root * 131 + i * 17) % locations + 1 for i in range(depth, 0, -1)]
    size = 1 << rng.randrange(4, 18)
    allocated = rng.randrange(1, 5000)
    kept = rng.randrange(allocated) if rng.random() < 0.3 else 0
    values = (allocated, allocated * size, kept, kept * size)
    return delimited(2, packed(1, stack) + packed(2, values) + delimited(3, numbers(bytes_label, 0, size)))


def numbers(*values: int) -> bytes:
    """A message whose fields 1, 2, 3, … are these numbers."""
    return b"".join(integer(number, value) for number, value in enumerate(values, 1))


def best(work: Callable[[], object]) -> float:
    """Milliseconds of the fastest run."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times) * 1e3


def main() -> None:
    """Print a row per size."""
    columns = ("", "gzip kB", "raw kB", "samples", "parse ms", "gunzip ms", "stacks ms", "peak")
    print(" ".join(f"{column:>{width}}" for column, width in zip(columns, (8, 8, 8, 8, 9, 10, 10, 6), strict=True)))
    for name, samples in SIZES:
        data = profile(samples)
        raw = zlib.decompress(data, 31)
        parsed = parse(data)
        tracemalloc.start()
        parse(data)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        parse_ms = best(lambda data=data: parse(data))
        gunzip_ms = best(lambda data=data: zlib.decompress(data, 31))
        start = time.perf_counter()
        parsed.stacks()
        stacks_ms = (time.perf_counter() - start) * 1e3
        print(
            f"{name:>8} {len(data) / 1e3:8.1f} {len(raw) / 1e3:8.0f} {samples:8} {parse_ms:9.2f} {gunzip_ms:10.2f} "
            f"{stacks_ms:10.1f} {peak / len(raw):5.1f}x"
        )


if __name__ == "__main__":
    main()
