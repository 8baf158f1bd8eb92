"""Reads made profiles with a kernel that was compiled with sanitizers: `python ... LIBRARY HOW_MANY`.

Any read or write beyond what was allocated, and any overflow, ends the process with a report.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

sys.path.append(str(Path(__file__).parents[1] / "fuzz"))

import numpy as np
from made import broken, valid

from leakdog.attribute.tally import sample_keys
from leakdog.errors import LeakdogError, ProfileError
from leakdog.pprof import DEFAULT_LIMITS, Decoder, Limits, kernel
from leakdog.pprof.gunzip import MAGIC, gunzip
from leakdog.store.pack import Chain, replayed
from leakdog.store.pack.link import Link
from leakdog.store.pack.parts import take_apart
from leakdog.store.pack.tables import Tables

SHALLOW = Limits(depth=3, labels=9, frames=40)


def main(library: str, count: int) -> None:
    """Cold, warm, with small limits, and as the store does it; then a write out of bounds, which must be noticed."""
    kernel.LIBRARY = Path(library)
    random, read, chain = Random(11), 0, Chain()
    for number in range(count):
        made = valid(random).data
        decoder = Decoder()
        decoder.decode(made)
        for data in (broken(random), damaged(made, random), made[: random.randrange(len(made) + 1)]):
            for use in (by_site(decoder), by_site(Decoder(SHALLOW)), take_apart):
                with contextlib.suppress(ProfileError):
                    use(gunzip(data, DEFAULT_LIMITS) if data.startswith(MAGIC) else data)
                    read += 1
        if number % 64 == 0:
            chain, links = Chain(), []
        with contextlib.suppress(LeakdogError):
            links.append(chain.append(take_apart(gunzip(made, DEFAULT_LIMITS) if made.startswith(MAGIC) else made)))
            chain = Chain.unpacked(chain.packed()) if random.random() < 1 / 4 else chain
            unfold(chain, random)
            follow([link.dump() for link in links[-4:]] if len(links) < 5 else [links[0].dump()], random)
    sys.stdout.write(f"read {read}\n")
    sys.stdout.flush()
    room = np.empty(1024, np.int64)
    kernel.library().leakdog_varints(b"\1" * 1025, 1025, room.ctypes.data)
    sys.stdout.write("nothing was noticed\n")


def by_site(decoder: Decoder) -> Callable[[bytes], object]:
    """Decode, and sum up what is on each stack."""
    return lambda data: sample_keys(decoder.decode(data))


def follow(links: list[bytes], random: Random) -> None:
    """Read a chain back as it was written, and with a number of one of its links changed."""
    replayed(links).profile()
    loaded = Link.load(links)
    lists = [*loaded[-1].orders, loaded[-1].lead, *(rows.numbers for rows in loaded[-1].rows)]
    some = random.choice([each for each in lists if len(each)] or lists)
    if len(some):
        some[random.randrange(len(some))] = random.choice((-1, 0, 1, 1 << 40, -(1 << 63), random.randrange(99)))
    with contextlib.suppress(LeakdogError, IndexError, ValueError):
        chain = Chain()
        chain.follow(loaded)
        chain.profile()
        chain.append(chain.profile())


def unfold(chain: Chain, random: Random) -> None:
    """Tables of a chain that were folded, and of which a byte is another then, or the end is missing."""
    folded = damaged(chain._tables.folded().tobytes(), random)
    with contextlib.suppress(ValueError):
        cut = folded[: random.choice((len(folded), random.randrange(len(folded))))]
        Tables.unfolded(np.frombuffer(cut, np.uint8)).folded()


def damaged(data: bytes, random: Random) -> bytes:
    """A profile with one byte changed: mostly still a profile, of which a number or a length is another one."""
    out = bytearray(data)
    out[random.randrange(len(out))] = random.randrange(256)
    return bytes(out)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
