"""The main module of a Go program, as far as a profile tells it: by where the files of package `main` are.

A program that was built with `-trimpath`, from a module cache or below a GOPATH names these files by their import
path. There code of other modules is in no folder that would tell (`vendor`, `@v1.2.3`), as distributions build. Built
from a work tree it names no import path, and other modules are told by their folders.
"""

from __future__ import annotations

import re
from itertools import islice

from leakdog.attribute.code import NAME_CHARACTERS, go_package
from leakdog.pprof.profile import Profile

# A module of which the version is in the path: the whole path up to it is its name.
_VERSIONED = re.compile(r"(?:^|/pkg/mod/)((?:[^/@:]+/)*[^/@:]+)@v\d[^/]*/")
# An import path that begins with a host's name, at the start of a path or below a GOPATH.
_IMPORTED = re.compile(r"(?:^|/src/)([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:/[^/@]+)+)/[^/]+\.go$")
# Hosts at which each owner has repositories of their own; elsewhere the first name after the host is one.
_OWNERS = frozenset({"github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "golang.org"})
# Module caches write a capital letter as its small one after this.
_CAPITAL = re.compile(r"!([a-z])")
# Files of package `main` that are looked at: all of them lie in one module.
MOST_FILES = 64


def main_module(profile: Profile) -> str:
    """What all packages of the program's own module begin with; empty where the profile does not tell."""
    strings, table = profile.symbols.strings, profile.symbols.functions
    named = map(strings.__getitem__, dict.fromkeys(table.file[strings.begin("main.")[table.name]].tolist()))
    # The patterns take the square of a path's length, and a program may tell as many paths as it likes, of any length.
    short = (file.replace("\\", "/") for file in dict.fromkeys(named) if len(file) <= NAME_CHARACTERS)
    files = list(islice(short, MOST_FILES))
    gopaths = _gopaths(profile) if any("/src/" in file for file in files) else frozenset()
    return next((module for file in files if (module := _module(file, gopaths))), "")


def _module(file: str, gopaths: frozenset[str]) -> str:
    """The module of a file of package `main`."""
    versioned = _VERSIONED.search(file)
    if versioned:
        return _CAPITAL.sub(lambda letter: letter[1].upper(), versioned[1])
    imported = _IMPORTED.search(file)
    if imported is None or (imported.start(1) and file[: imported.start(1)] not in gopaths):
        return ""
    parts = imported[1].split("/")
    return "/".join(parts[: 3 if parts[0] in _OWNERS else 2])


def _gopaths(profile: Profile) -> frozenset[str]:
    """The folders in which a package lies by its import path: they are none that only look like a host."""
    placed = (
        (frame.file.find(f"/src/{package}/"), frame.file)
        for frames in profile.symbols.frames()
        for frame in frames
        if "." in (package := go_package(frame.function))
    )
    return frozenset(file[: at + len("/src/")] for at, file in placed if at >= 0)
