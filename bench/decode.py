"""How long a heap profile takes from bytes to arrays, beside google/pprof on the same bytes, and how much memory.

    python -m bench decode

The profiles are written by a real Go program that is made here: up to six hundred functions that call each other along
random paths, every allocation sampled. `cold`: each run starts from the bytes, gunzip included, and keeps nothing of
the run before. `warm`: the profile before it, of the same process, has been read; a tenth of the stacks have allocated
since, and none is new. `Go` is `profile.ParseData` of google/pprof in the same run of the benchmark, which keeps
nothing; the ratios are how many times as long that takes. `stacks` makes a frame of every line of every stack. `peak`
is the memory that NumPy and Python take at most while parsing, over the decompressed size.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

from leakdog.pprof import DEFAULT_LIMITS, Decoder, parse
from leakdog.pprof.gunzip import gunzip

# (functions, stacks)
SIZES = ((80, 80), (600, 900), (600, 14_500), (600, 90_000))
RUNS = 40
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
	"runtime/debug"
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
	functions, _ := strconv.Atoi(os.Args[1])
	stacks, _ := strconv.Atoi(os.Args[2])
	rng := rand.New(rand.NewSource(7))
	paths, sizes := make([][]int, stacks), make([]int, stacks)
	for i := range paths {{
		paths[i] = make([]int, 2+rng.Intn(30))
		for j := range paths[i] {{
			paths[i][j] = rng.Intn(functions)
		}}
		sizes[i] = 16 << rng.Intn(12)
	}}
	kept = make([][]byte, 0, 3*stacks)
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1) // only these calls are sampled, not what the runtime and the profiler allocate
	for round, name := range []string{{os.Args[3], os.Args[3], os.Args[3], os.Args[4]}} {{
		runtime.MemProfileRate = 1
		for i := range paths[:len(paths)/(1+3*round)] {{
			calls[paths[i][0]](paths[i][1:], sizes[i])
		}}
		runtime.MemProfileRate = 0
		next(nil, 16) // the last that is sampled: the new rate is looked at after it
		write(name)
	}}
	runtime.KeepAlive(kept)
}}

func write(name string) {{
	runtime.GC() // a heap profile is as of the last collection
	file, _ := os.Create(name)
	if err := pprof.Lookup("heap").WriteTo(file, 0); err != nil {{
		panic(err)
	}}
	file.Close()
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


def profiles(folder: Path) -> list[tuple[Path, Path]]:
    """Two profiles of one process of each size, the later one second."""
    build_service(folder)
    found = []
    for functions, stacks in SIZES:
        pair = folder / f"{functions}-{stacks}.pb.gz", folder / f"{functions}-{stacks}-later.pb.gz"
        subprocess.run([folder / "service", str(functions), str(stacks), *pair], check=True)
        found.append(pair)
    return found


def build_service(folder: Path) -> None:
    """Make `service` in the folder: the program, which is told functions, stacks, and two files to write to."""
    (folder / "main.go").write_text(program())
    (folder / "go.mod").write_text("module example.com/service\n\ngo 1.24\n")
    go("build", "-o", "service", ".", folder=folder)


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


def warm(before: bytes, data: bytes) -> float:
    """Milliseconds of the fastest run on a profile, each with a decoder that has read the one before it."""
    decoders = []
    for _ in range(RUNS):
        decoders.append(Decoder())
        parse(before, decoder=decoders[-1])
    return best(lambda: parse(data, decoder=decoders.pop()))


def peak(data: bytes) -> int:
    """The most bytes that Python and NumPy hold while parsing."""
    tracemalloc.start()
    parse(data)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def main() -> None:
    """Print a row per size."""
    columns = (
        "gzip kB",
        "raw kB",
        "samples",
        "Go ms",
        "cold ms",
        "ratio",
        "warm ms",
        "ratio",
        "gunzip ms",
        "stacks ms",
    )
    widths = (8, 8, 8, 8, 8, 6, 8, 6, 10, 10)
    print(" ".join(f"{column:>{width}}" for column, width in zip(columns, widths, strict=True)), "  peak")
    with tempfile.TemporaryDirectory() as name:
        pairs = profiles(Path(name))
        for (before, file), go_ms in zip(pairs, theirs([file for _, file in pairs], Path(name)), strict=True):
            data = file.read_bytes()
            raw = gunzip(data, DEFAULT_LIMITS)
            parsed = parse(data)
            cold_ms, warm_ms = best(lambda data=data: parse(data)), warm(before.read_bytes(), data)
            gunzip_ms = best(lambda data=data: gunzip(data, DEFAULT_LIMITS))
            start = time.perf_counter()
            parsed.stacks()
            stacks_ms = (time.perf_counter() - start) * 1e3
            print(
                f"{len(data) / 1e3:8.1f} {len(raw) / 1e3:8.0f} {len(parsed.values):8} {go_ms:8.2f} "
                f"{cold_ms:8.2f} {go_ms / cold_ms:5.1f}x {warm_ms:8.2f} {go_ms / warm_ms:5.1f}x "
                f"{gunzip_ms:10.2f} {stacks_ms:10.1f} {peak(data) / len(raw):5.1f}x"
            )


if __name__ == "__main__":
    main()
