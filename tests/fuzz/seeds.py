"""What the coverage-guided search starts from, by reader: small inputs that reach far."""

from __future__ import annotations

from pathlib import Path
from random import Random

from made import broken, valid

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LARGEST = 16 << 10  # a change in a long input mostly changes nothing

HEAP = b"""heap profile: 2: 8192 [3: 12288] @ heap/1048576
2: 8192 [3: 12288] @ 0x46a5f3 0x46a0f1
#\t0x46a5f2\tmain.keep+0x52\t/src/main.go:31
#\t0x46a0f0\tmain.main+0x30\t/src/main.go:40

"""
MEMSTATS = b"""
# runtime.MemStats
# Alloc = 1
# TotalAlloc = 2
# Sys = 3
# HeapAlloc = 4
# HeapSys = 5
# HeapIdle = 6
# HeapInuse = 7
# HeapReleased = 8
# HeapObjects = 9
# Stack = 10 / 11
# PauseNs = [1 2 3]
# GCCPUFraction = 0.001
# DebugGC = false
"""
GOROUTINES = b"""goroutine profile: total 3
2 @ 0x43a0d6 0x44bb5e
# labels: {"job":"import", "\\x1b":"\\u00e4"}
#\t0x44bb5d\tmain.wait+0x1d\t/src/main.go:31

1 @ 0x43a0d6

"""
JEMALLOC = b"""heap_v2/524288
  t*: 2: 10496 [0: 0]
  t0: 1: 10240 [0: 0]
  t1: 1: 256 [2: 512] worker 7
@ 0x55d0000c0101 0x55d0000c0201
  t*: 1: 10240 [0: 0]
@ 0x55d0000c0301
  t*: 1: 256 [2: 512]

MAPPED_LIBRARIES:
55d0000c0000-55d0000d0000 r-xp 00000000 08:01 131      /srv/shop
"""
DUMP = b"""goroutine 18 [chan send, 3 minutes]:
main.(*Bus).publish(0xc000012345, {0x1, 0x2}, ...)
\t/src/app/bus.go:21 +0x1d
created by main.start in goroutine 1
\t/src/app/main.go:12 +0x4a

goroutine 1 [running, locked to thread]:
main.main()
\t/src/app/main.go:9
"""
PAGE = b"""# HELP go_goroutines Number of goroutines.
# TYPE go_goroutines gauge
go_goroutines 34
go_memstats_heap_alloc_bytes 2.5e+07
go_memory_classes_heap_objects_bytes{a="b\\"\\n"} NaN 1395066363000
process_resident_memory_bytes 7.6e+07 # {trace_id="KOO5S4vxi0o"} 0.67
process_start_time_seconds 1.79e+09
"""
TEXTS = (".heap", ".growth", ".contention", ".thread", ".all", ".none")
MADE = 40  # profiles of each kind


def seeds() -> dict[str, list[bytes]]:
    """Inputs by reader; none is larger than `LARGEST`."""
    random = Random(1)
    found = {
        "protobuf": [*(valid(random).data for _ in range(MADE)), *(broken(random) for _ in range(MADE))],
        "text": [HEAP, HEAP + MEMSTATS, GOROUTINES, JEMALLOC],
        "dump": [DUMP],
        "memstats": [HEAP + MEMSTATS, HEAP],
        "exposition": [PAGE],
        "configuration": [path.read_bytes() for path in sorted((ROOT / "config").glob("*.yml"))],
    }
    data = ROOT / "tests" / "unit"
    found["configuration"] += [path.read_bytes() for path in sorted((data / "config" / "testdata").glob("*.yml"))]
    captured = sorted((data / "pprof" / "testdata").iterdir())
    found["text"] += [path.read_bytes() for path in captured if path.suffix in TEXTS]
    return {name: [each for each in inputs if len(each) <= LARGEST] for name, inputs in found.items()}


def once_broke() -> list[tuple[str, Path]]:
    """Inputs that a reader once failed on, with the reader's name: `found/READER-WHAT`."""
    return [(path.name.partition("-")[0], path) for path in sorted((HERE / "found").iterdir())]
