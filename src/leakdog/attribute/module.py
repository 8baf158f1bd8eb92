"""The main module of a Go program, as far as a profile tells it: by where the files of package `main` are.

A program that was built with `-trimpath`, from a module cache or below a GOPATH names these files by their import
path. There code of other modules is in no folder that would tell (`vendor`, `@v1.2.3`), as distributions build. Built
from a work tree it names no import path, and other modules are told by their folders.
"""

from __future__ import annotations

import re

from leakdog.attribute.code import go_package
from leakdog.pprof.profile import Profile

# A module of which the version is in the path: the whole path up to it is its name.
_VERSIONED = re.compile(r"(?:^|/pkg/mod/)((?:[^/@:]+/)*[^/@:]+)@v\d[^/]*/")
# An import path that begins with a host's name, at the start of a path or below a GOPATH.
_IMPORTED = re.compile(r"(?:^|/src/)([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:/[^/@]+)+)/[^/]+\.go$")
# Hosts at which each owner has repositories of their own; elsewhere the first name after the host is one.
_OWNERS = frozenset({"github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "golang.org"})
# Module caches write a capital letter as its small one after this.
_CAPITAL = re.compile(r"!([a-z])")


def main_module(profile: Profile) -> str:
    """What all packages of the program's own module begin with; empty where the profile does not tell."""
    strings, table = profile.symbols.strings, profile.symbols.functions
    heads = strings.heads
    files = (
        strings[file]
        for name, file in zip(table.name.tolist(), table.file.tolist(), strict=True)
        if heads[name].startswith(b"main.")
    )
    return next((module for file in dict.fromkeys(files) if (module := _module(file.replace("\\", "/"), profile))), "")


def _module(file: str, profile: Profile) -> str:
    """The module of a file of package `main`."""
    versioned = _VERSIONED.search(file)
    if versioned:
        return _CAPITAL.sub(lambda letter: letter[1].upper(), versioned[1])
    imported = _IMPORTED.search(file)
    if imported is None or (imported.start() and not _is_gopath(file[: imported.start(1)], profile)):
        return ""
    parts = imported[1].split("/")
    return "/".join(parts[: 3 if parts[0] in _OWNERS else 2])


def _is_gopath(folder: str, profile: Profile) -> bool:
    """Whether another package lies in this folder by its import path: it is no folder that only looks like a host."""
    return any(
        frame.file.startswith(f"{folder}{package}/")
        for frames in profile.symbols.frames()
        for frame in frames
        if "." in (package := go_package(frame.function))
    )
