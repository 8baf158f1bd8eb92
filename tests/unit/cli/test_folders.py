"""Folders that a verb writes into."""

from pathlib import Path

import pytest

from leakdog.cli.folders import make_folder
from leakdog.errors import LeakdogError


def test_a_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    """With those above it; one that is there is taken as it is."""
    for _ in range(2):
        make_folder(tmp_path / "a" / "b", "recording into", "name another")
    assert list((tmp_path / "a" / "b").iterdir()) == []


@pytest.mark.parametrize(
    ("place", "why"),
    [("file", "a file is in the way"), ("file/below", "a file is in the way"), ("/proc/x", "No such file")],
)
def test_what_cannot_be_written_is_told(place: str, why: str, tmp_path: Path) -> None:
    """What was being done, where, why it cannot be, and what to do."""
    (tmp_path / "file").touch()
    folder = tmp_path / place
    with pytest.raises(LeakdogError, match=f"^recording into {folder}: {why}.*; name another$"):
        make_folder(folder, "recording into", "name another")


def test_a_folder_that_takes_no_file_is_told() -> None:
    """It is there, and nothing can be written into it."""
    with pytest.raises(LeakdogError, match=r"recording into /proc: .*; name another"):
        make_folder(Path("/proc"), "recording into", "name another")
