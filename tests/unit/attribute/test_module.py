"""The main module of a Go program, from its profiles."""

import time
from collections.abc import Callable

import pytest

from leakdog.attribute.module import main_module
from leakdog.model import Frame
from leakdog.pprof import Profile

MakeProfile = Callable[..., Profile]


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("github.com/prometheus/prometheus/cmd/prometheus/main.go", "github.com/prometheus/prometheus"),
        ("go.etcd.io/etcd/main.go", "go.etcd.io/etcd"),
        ("git.acme.example/shop/cmd/shop/main.go", "git.acme.example/shop"),
        ("/home/me/go/pkg/mod/github.com/!acme/shop/v2@v2.1.0/cmd/shop/main.go", "github.com/Acme/shop/v2"),
        ("github.com/acme/shop@v1.2.0/main.go", "github.com/acme/shop"),
        ("C:\\go\\pkg\\mod\\github.com\\acme\\shop@v1.2.0\\main.go", "github.com/acme/shop"),
        ("/home/me/shop/cmd/shop/main.go", ""),
        ("/src/my.app/cmd/shop/main.go", ""),
        ("zoo/leaks/main.go", ""),
        ("command-line-arguments/main.go", ""),
        ("./prog.go", ""),
        ("", ""),
    ],
)
def test_files_of_package_main_tell_the_module(profile: MakeProfile, file: str, module: str) -> None:
    """An import path and a module cache name it; a work tree does not."""
    seen = profile({(Frame("net/http.Serve", "net/http/server.go", 3), Frame("main.main.func2", file, 5)): 1})
    assert main_module(seen) == module


def test_a_gopath_is_known_by_what_else_lies_in_it(profile: MakeProfile) -> None:
    """`/src/` begins import paths only where another package is found below it by its own."""
    main = Frame("main.main", "/build/src/github.com/acme/shop/cmd/shop/main.go", 5)
    there = Frame("github.com/klauspost/zip.Open", "/build/src/github.com/klauspost/zip/open.go", 9)
    elsewhere = Frame("github.com/klauspost/zip.Open", "/home/me/zip/open.go", 9)
    assert main_module(profile({(there, main): 1})) == "github.com/acme/shop"
    assert main_module(profile({(elsewhere, main): 1})) == ""


def test_no_package_main_is_no_module(profile: MakeProfile) -> None:
    """Nothing is guessed from other packages."""
    assert main_module(profile({(Frame("github.com/acme/shop.Put", "github.com/acme/shop/put.go", 1),): 1})) == ""


@pytest.mark.parametrize("piece", ["/src/a.bb", "/pkg/mod/a"])
def test_a_hostile_path_is_looked_at_in_a_moment(profile: MakeProfile, piece: str) -> None:
    """A path of 60 kB costs nothing, and does not hide one that tells the module."""
    hostile, honest = Frame("main.main", piece * 6000, 5), Frame("main.run", "github.com/acme/shop/main.go", 5)
    seen = profile({(hostile, honest): 1})
    began = time.process_time()
    assert main_module(seen) == "github.com/acme/shop"
    assert time.process_time() - began < 1


def test_many_files_of_package_main_are_looked_at_in_a_moment(profile: MakeProfile) -> None:
    """However many there are: some are looked at, and frames are gone through once."""
    folder = "/src/a.bb" * 100
    files = [Frame(f"main.f{number}", f"{folder}/src/git.acme.example/shop/f{number}.go", 1) for number in range(2000)]
    others = [Frame(f"git.acme.example/shop.g{number}", "/home/me/shop/g.go", 1) for number in range(2000)]
    seen = profile({(frame,): 1 for frame in [*files, *others]})
    began = time.process_time()
    assert main_module(seen) == ""
    assert time.process_time() - began < 1
