"""Where source code is found: in files below some folders, or at a host that shows it."""

from __future__ import annotations

import argparse
import posixpath
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from leakdog.errors import LeakdogError

_LIMIT_BYTES = 16 << 20
# What builds in a sandbox name their working folder.
_ALWAYS_TRIMMED = ("/proc/self/cwd/./", "/proc/self/cwd/")


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Add where source code is found."""
    parser.add_argument(
        "--source-path", default="", metavar="DIR[:DIR]", help="where the source is (default: here); parents, too"
    )
    parser.add_argument(
        "--trim-path", default="", metavar="PATH[:PATH]", help="what to leave out of the front of file names"
    )
    parser.add_argument(
        "--link", type=_template, metavar="URL", help="show links instead of source; {file} and {line} are filled in"
    )


def _template(text: str) -> str:
    if "{file}" not in text:
        raise argparse.ArgumentTypeError(
            f"{text!r} has no {{file}}; write it like https://host/repo/{{file}}#L{{line}}"
        )
    return text


def sources_of(args: argparse.Namespace) -> Files | Links:
    """Where it is to be found."""
    files = Files(args.source_path, args.trim_path, str(Path.cwd()))
    return Links(args.link, files) if args.link else files


class Files:
    """Source files on this machine.

    A file is looked for by its name in the profile, less what is trimmed: an absolute one there, another one below
    each folder and each parent of it. Where nothing is to be trimmed, a folder's own name is looked for in the name
    of the file, and what is up to there left out: `/build/shop/a.go` is `/home/me/shop/a.go` for `/home/me/shop`.
    """

    def __init__(self, source_path: str, trim_path: str, here: str) -> None:
        self.named, self.folders = _split(source_path), _split(source_path) or [here]
        self.trimmed = [f"{path.rstrip('/')}/" for path in _split(trim_path)]
        self._known: dict[str, Sequence[str]] = {}

    def name(self, file: str) -> str:
        """A file as it is called in the report."""
        return self._trim(file, self.named)

    def lines(self, file: str, shown: range, held: Iterable[int]) -> dict[int, str | None]:
        """Its text, by the number of the line.

        Raises:
            LeakdogError: there is no such file, or it cannot be read.

        """
        if file not in self._known:
            self._known[file] = _read(self._find(self._trim(file, self.folders)))
        return dict(enumerate(self._known[file][shown.start - 1 : shown.stop - 1], shown.start))

    def _trim(self, file: str, folders: Sequence[str]) -> str:
        if not self.trimmed:
            for folder in folders:
                _, found, rest = file.partition(f"/{posixpath.basename(posixpath.normpath(folder))}/")
                if found:
                    return rest
        for prefix in (*self.trimmed, *_ALWAYS_TRIMMED):
            if file.startswith(prefix):
                return file.removeprefix(prefix)
        return file

    def _find(self, file: str) -> Path:
        if file.startswith("/"):
            candidates = [Path(file)]
        else:
            candidates = [above / file for folder in self.folders for above in (Path(folder), *Path(folder).parents)]
        for candidate in candidates:
            if candidate.is_file():
                return candidate
        below = "" if file.startswith("/") else f" below {':'.join(self.folders)} or its parents"
        raise LeakdogError(f"{file} is not there{below}; say with --source-path where the source is")


class Links:
    """Source files at a host that shows them, such as `https://host/repo/blob/main/{file}#L{line}`."""

    def __init__(self, template: str, files: Files) -> None:
        self.template, self.name = template, files.name

    def lines(self, file: str, shown: range, held: Iterable[int]) -> dict[int, str | None]:
        """Where the lines that hold something can be read."""
        place = self.template.replace("{file}", quote(file.lstrip("/")))
        return {line: place.replace("{line}", str(line)) for line in held}


def _split(paths: str) -> list[str]:
    return [path for path in paths.split(":") if path]


def _read(path: Path) -> Sequence[str]:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT_BYTES + 1)
    except OSError as error:
        raise LeakdogError(f"{path}: {error.strerror}") from error
    if len(data) > _LIMIT_BYTES:
        raise LeakdogError(f"{path} has more than {_LIMIT_BYTES >> 20} MiB; it is no source")
    lines = data.decode("utf-8", "replace").split("\n")
    return [line.removesuffix("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]
