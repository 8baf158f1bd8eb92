"""How long a heap profile takes from bytes to arrays, beside google/pprof on the same bytes, and how much memory.

    python -m bench decode

The profiles are written by a real Go program that is made here: six hundred functions that call each other along
random paths, every allocation sampled. `parse` is cold: each run starts from the bytes, gunzip included, and keeps
nothing of the run before. `Go` is `profile.ParseData` of google/pprof in the same run of the benchmark, its ratio how
many times as long that takes. `stacks` makes a frame of every line of every stack. `peak` is the memory that NumPy and
Python take at most while parsing, over the decompressed size.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from leakdog.pprof import parse

# (name, stacks): the gzipped sizes come out near the names
SIZES = (("6 kB", 110), ("60 kB", 1100), ("500 kB", 10_000), ("3 MB", 60_000))
RUNS = 15
GO = Path(sys.executable).parent / "go"
GOPARSE = Path(__file__).with_name("goparse")
FUNCTIONS = 600
VERBS = ("read", "write", "open", "handle", "parse", "encode", "lookup", "merge", "flush", "serve")
NOUNS = ("Request", "Session", "Index", "Block", "Chunk", "Label", "Series", "Route", "Cache", "Lease")
PROGRAM = """package main

import (
	"math/rand"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
)

var (
	calls [{functions}]func(path []int, size int)
	kept  [][]byte
)

func next(path []int, size int) {{
	if len(path) == 0 {{
		kept = append(kept, make([]byte, size))
		return
	}}
	calls[path[0]](path[1:], size)
}}

func main() {{
	runtime.MemProfileRate = 1
	stacks, _ := strconv.Atoi(os.Args[1])
	rng := rand.New(rand.NewSource(7))
	for range stacks {{
		path := make([]int, 2+rng.Intn(30))
		for i := range path {{
			path[i] = rng.Intn({functions})
		}}
		calls[path[0]](path[1:], 16<<rng.Intn(12))
	}}
	file, _ := os.Create(os.Args[2])
	if err := pprof.Lookup("heap").WriteTo(file, 0); err != nil {{
		panic(err)
	}}
	file.Close()
	runtime.KeepAlive(kept)
}}
"""


def program() -> str:
    """The source of a program whose heap profile has as many stacks as it is told to make."""
    source = [PROGRAM.format(functions=FUNCTIONS)]
    for i in range(FUNCTIONS):
        noun, verb = NOUNS[i % 10], VERBS[i // 10 % 10]
        if i < len(NOUNS):
            source.append(f"type {noun} struct{{}}\n")
        source.append(
            f"//go:noinline\nfunc (each *{noun}) {verb}{i}(path []int, size int) {{ next(path, size) }}\n"
            f"func init() {{ calls[{i}] = (&{noun}{{}}).{verb}{i} }}\n"
        )
    return "\n".join(source)


def profiles(folder: Path) -> list[Path]:
    """A profile of each size."""
    (folder / "main.go").write_text(program())
    (folder / "go.mod").write_text("module example.com/service\n\ngo 1.24\n")
    go("build", "-o", "service", ".", folder=folder)
    found = []
    for name, stacks in SIZES:
        found.append(folder / f"{name}.pb.gz")
        subprocess.run([folder / "service", str(stacks), found[-1]], check=True)
    return found


def go(*arguments: str, folder: Path) -> None:
    """Run the Go command."""
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"}
    subprocess.run([GO, *arguments], cwd=folder, env=environment, check=True)


def theirs(files: Sequence[Path], folder: Path) -> list[float]:
    """Milliseconds of google/pprof's fastest run on each file."""
    go("build", "-o", str(folder / "goparse"), ".", folder=GOPARSE)
    done = subprocess.run([folder / "goparse", str(RUNS), *files], check=True, capture_output=True, text=True)
    return [int(line) / 1e6 for line in done.stdout.split()]


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
    columns = ("", "gzip kB", "raw kB", "samples", "parse ms", "Go ms", "ratio", "gunzip ms", "stacks ms", "peak")
    widths = (8, 8, 8, 8, 9, 8, 6, 10, 10, 6)
    print(" ".join(f"{column:>{width}}" for column, width in zip(columns, widths, strict=True)))
    with tempfile.TemporaryDirectory() as name:
        files = profiles(Path(name))
        for (size, _), file, go_ms in zip(SIZES, files, theirs(files, Path(name)), strict=True):
            data = file.read_bytes()
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
                f"{size:>8} {len(data) / 1e3:8.1f} {len(raw) / 1e3:8.0f} {len(parsed.values):8} {parse_ms:9.2f} "
                f"{go_ms:8.2f} {go_ms / parse_ms:5.1f}x {gunzip_ms:10.2f} {stacks_ms:10.1f} {peak / len(raw):5.1f}x"
            )


if __name__ == "__main__":
    main()
