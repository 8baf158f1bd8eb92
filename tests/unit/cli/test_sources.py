"""Where source code is found."""

from pathlib import Path

import pytest

from leakdog.cli.sources import Files, Links
from leakdog.errors import LeakdogError


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder `shop` with `cart/cart.go` of three lines."""
    (tmp_path / "shop" / "cart").mkdir(parents=True)
    (tmp_path / "shop" / "cart" / "cart.go").write_bytes(b"one\r\ntwo\nthree\n")
    return tmp_path / "shop"


def read(files: Files, file: str) -> list[str | None]:
    """Its first nine lines."""
    return list(files.lines(file, range(1, 10), [1]).values())


@pytest.mark.parametrize("file", ["cart/cart.go", "/build/shop/cart/cart.go", "/proc/self/cwd/cart/cart.go"])
def test_a_file_is_found_by_what_follows_the_folder(shop: Path, file: str) -> None:
    """Below the folder itself, after its name, or after what sandboxes call it."""
    assert read(Files(str(shop), "", "/"), file) == ["one", "two", "three"]


def test_parents_are_searched_too(shop: Path) -> None:
    """As a name may begin further up."""
    assert read(Files(str(shop / "cart"), "/nowhere", "/"), "shop/cart/cart.go") == ["one", "two", "three"]


def test_what_is_trimmed_is_what_was_said(shop: Path) -> None:
    """Of several prefixes the first that is there, and no part of a folder's name."""
    files = Files(str(shop), "/go:/home/ci/", "/")
    assert read(files, "/home/ci/cart/cart.go") == ["one", "two", "three"]
    assert files.name("/gopher/cart.go") == "/gopher/cart.go"
    assert files.name("/go/cart.go") == "cart.go"


def test_only_the_lines_asked_for_are_given(shop: Path) -> None:
    """By their numbers."""
    assert Files("", "", str(shop)).lines("cart/cart.go", range(2, 3), [2]) == {2: "two"}


@pytest.mark.parametrize(
    ("file", "why"), [("a.go", "a.go is not there below"), ("/a.go", "/a.go is not there; say with --source-path")]
)
def test_a_file_that_is_not_there_is_told(shop: Path, file: str, why: str) -> None:
    """With where it was looked for, and what to do."""
    with pytest.raises(LeakdogError, match=why):
        read(Files(str(shop), "", "/"), file)


def test_a_huge_file_is_no_source(shop: Path) -> None:
    """A profile may name any file; of one that is too large nothing is kept."""
    (shop / "big.go").write_bytes(b"x" * ((16 << 20) + 1))
    with pytest.raises(LeakdogError, match="more than 16 MiB"):
        read(Files(str(shop), "", "/"), "big.go")


def test_a_link_is_filled_in(shop: Path) -> None:
    """For the lines that hold something, with what a URL cannot have written as it must be."""
    links = Links("https://host/{file}#L{line}", Files(str(shop), "", "/"))
    assert links.name("/build/shop/a b.go") == "a b.go"
    assert links.lines("/a b.go", range(1, 10), [3, 5]) == {
        3: "https://host/a%20b.go#L3",
        5: "https://host/a%20b.go#L5",
    }
