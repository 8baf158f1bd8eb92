"""What the tests of this room share: profiles made by hand, and a real Go program's, see `shop/`.

`shop/` holds six heap and six goroutine profiles, one second apart, of the program in `main.go.txt` and
`leaks.go.txt` (Go 1.27, built with `-trimpath`), with its last goroutineleak profile and, shortened to a few
goroutines of each kind, its last dump.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Profile, ValueType, parse
from leakdog.pprof.build import Builder

SHOP = Path(__file__).parent / "shop"
MakeProfile = Callable[..., Profile]


@pytest.fixture
def frame() -> Callable[..., Frame]:
    """A frame from `function` alone, or with a file and a line."""

    def make(function: str, file: str = "", line: int = 0) -> Frame:
        return Frame(function, file, line)

    return make


@pytest.fixture
def profile() -> MakeProfile:
    """A profile from stacks to one value each; `types` of several values take a tuple each."""

    def make(
        values: Mapping[Sequence[Frame], int | tuple[int, ...]],
        types: Sequence[tuple[str, str]] = (("inuse_space", "bytes"),),
        period: int = 1,
    ) -> Profile:
        builder = Builder([ValueType(*each) for each in types], DEFAULT_LIMITS)
        for stack, value in values.items():
            row = (value,) if isinstance(value, int) else value
            builder.sample(row, [builder.location(hash(each) & 0xFFFF, (each,)) for each in stack])
        return builder.build(ValueType("space", "bytes"), period)

    return make


@pytest.fixture(scope="session")
def shop() -> Callable[[str], list[Profile]]:
    """The real program's profiles of one kind, oldest first."""

    def load(kind: str) -> list[Profile]:
        return [parse(path.read_bytes()) for path in sorted(SHOP.glob(f"{kind}.pb.gz"))]

    return load


@pytest.fixture(scope="session")
def shop_dump() -> bytes:
    """The real program's `goroutine?debug=2`."""
    return (SHOP / "dump.txt").read_bytes()
