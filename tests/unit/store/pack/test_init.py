"""Bodies in, bodies out."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from leakdog.errors import ProfileError, ProfileTooLarge, StoreCorrupted
from leakdog.store.pack import Chain, closed, opened, replayed


def raw(path: Path) -> str:
    """What `go tool pprof -raw` prints."""
    go = Path(sys.executable).parent / "go"
    done = subprocess.run(
        [go, "tool", "pprof", "-raw", path],
        env=os.environ | {"CGO_ENABLED": "0", "PPROF_BINARY_PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_go_prints_the_same(body: bytes, tmp_path: Path) -> None:
    """`go tool pprof -raw` tells no difference between a profile before and after."""
    chain = Chain()
    chain.append(opened(body))
    links = [Chain().append(opened(body)).dump(), chain.append(opened(body)).dump()]
    (tmp_path / "before").write_bytes(body)
    (tmp_path / "after").write_bytes(closed(replayed(links).profile()))
    printed = raw(tmp_path / "before")
    assert printed.count("\n") > 100
    assert printed == raw(tmp_path / "after")


def test_a_body_may_be_compressed_or_not(body: bytes) -> None:
    """The parts are the same, and what comes back is compressed."""
    assert closed(opened(body)) == closed(opened(gzip.decompress(body)))
    assert closed(opened(body)).startswith(b"\x1f\x8b")


@pytest.mark.parametrize("junk", [b"", b"heap", b"\x1f\x8bbroken", b"<html>", bytes(range(256))])
def test_what_is_no_profile_is_refused(junk: bytes) -> None:
    """It is left to the store to keep it as it is."""
    with pytest.raises(ProfileError):
        opened(junk)


@pytest.mark.parametrize("damage", [b"", b"\0", b"\1junk", b"\0\x05\1\1\1"])
def test_damage_is_told(body: bytes, damage: bytes) -> None:
    """A link that cannot be read, or that is not the next one, and what it costs."""
    link = Chain().append(opened(body)).dump()
    with pytest.raises(StoreCorrupted, match=r"a chain of profiles is damaged .* lost"):
        replayed([link, damage])


def test_a_profile_that_unpacks_to_very_much_is_not_taken_apart() -> None:
    """A valid profile of 5 kB of gzip and 5 MB of strings is refused by its size, before it costs memory."""
    bomb = b"\x0a\x00" + b"\x32\x00" * (5 << 19)
    with pytest.raises(ProfileTooLarge):
        opened(gzip.compress(bomb))
