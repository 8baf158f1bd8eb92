"""One reader under atheris: `python guided.py READER [option of libFuzzer or folder...]`. Does not come back."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import atheris

sys.path.append(str(Path(__file__).parent))
# leakdog is imported here and nowhere before: only what is imported inside reports which branches it takes
with atheris.instrument_imports(include=["leakdog"], enable_loader_override=False):
    from readers import survive

from made import broken
from seeds import seeds

FRESH = 16  # one input of so many is a made profile instead of a changed one


def mutate(data: bytes, most: int, seed: int) -> bytes:
    """Another protobuf profile: a few bytes changed, as libFuzzer does it, or a wholly new one."""
    random = Random(seed)
    if random.randrange(FRESH):
        return bytes(atheris.Mutate(data, most))
    return broken(random)[:most]


def main(name: str, options: list[str]) -> None:
    """Search until libFuzzer's own time is over, or something breaks."""
    for data in seeds()[name]:  # what is loaded on first use is loaded before anything is timed
        survive(name, data)
    mutator = {"custom_mutator": mutate} if name == "protobuf" else {}
    atheris.Setup([name, *options], lambda data: survive(name, data), **mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
